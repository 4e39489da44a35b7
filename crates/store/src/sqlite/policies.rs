//! The hoster's catalogue of policies and who has which.

use super::row::{Cells, document, micros};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::policies::{Assignee, Assignment, POLICY_FIRST, POLICY_FIRST_AUTHOR, PolicyStore, PolicyVersion};
use crate::rules::night::may_take_away;
use crate::rules::{missing, told};
use crate::traits::{Result, Scope, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{PolicyId, TenantId};
use domain::policy::{Policy, Terms};
use sqlx::sqlite::SqliteRow;

macro_rules! select_version {
    ($rest:literal) => {
        concat!(
            "SELECT v.policy, v.version, v.terms_json, v.author, v.at FROM policy_version v ",
            $rest
        )
    };
}

impl SqliteStore {
    /// A new store begins with a policy for everyone. It has always been so, hence the epoch.
    pub(super) async fn policy_begin(&self) -> Result<()> {
        let mut write = self.write().await?;
        let assigned: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM policy_assignment WHERE kind = 'site' LIMIT 1")
                .fetch_optional(write.conn())
                .await
                .map_err(failed("read the site's policy"))?;
        if assigned.is_some() {
            return Ok(());
        }
        let at = micros(DateTime::<Utc>::UNIX_EPOCH);
        sqlx::query(
            "INSERT INTO policy_version (policy, version, terms_json, author, at) VALUES ($1, 1, $2, $3, $4)",
        )
        .bind(POLICY_FIRST)
        .bind(document(&Terms::standard())?)
        .bind(POLICY_FIRST_AUTHOR)
        .bind(at)
        .execute(write.conn())
        .await
        .map_err(failed("write the first policy"))?;
        sqlx::query(
            "INSERT INTO policy_assignment (kind, who, policy, author, at) VALUES ('site', '', $1, $2, $3)",
        )
        .bind(POLICY_FIRST)
        .bind(POLICY_FIRST_AUTHOR)
        .bind(at)
        .execute(write.conn())
        .await
        .map_err(failed("assign the first policy"))?;
        self.commit(write).await
    }
}

#[async_trait]
impl PolicyStore for SqliteStore {
    async fn policy_put(
        &self,
        id: &PolicyId,
        terms: &Terms,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<Policy> {
        let mut write = self.write().await?;
        let newest = write.policy_newest(id).await?;
        let version = match newest {
            Some(newest) if newest.terms == *terms => return Ok(newest),
            Some(newest) => newest.version + 1,
            None => 1,
        };
        let policy = Policy {
            id: id.clone(),
            version,
            terms: terms.clone(),
        };
        sqlx::query(
            "INSERT INTO policy_version (policy, version, terms_json, author, at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.as_str())
        .bind(i64::from(version))
        .bind(document(terms)?)
        .bind(author)
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("write a policy"))?;
        write.event(told::policy(&policy, at)).await?;
        self.commit(write).await?;
        Ok(policy)
    }

    async fn policies(&self) -> Result<Vec<PolicyVersion>> {
        sqlx::query(select_version!(
            "WHERE v.version = (SELECT max(n.version) FROM policy_version n WHERE n.policy = v.policy) \
             ORDER BY v.policy"
        ))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list policies"))?
        .iter()
        .map(version)
        .collect()
    }

    async fn policy_versions(&self, id: &PolicyId) -> Result<Vec<PolicyVersion>> {
        let versions: Vec<_> = sqlx::query(select_version!("WHERE v.policy = $1 ORDER BY v.version"))
            .bind(id.as_str())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list versions of a policy"))?
            .iter()
            .map(version)
            .collect::<Result<_>>()?;
        if versions.is_empty() {
            return Err(missing("policy", id));
        }
        Ok(versions)
    }

    async fn policy_assign(
        &self,
        assignee: &Assignee,
        policy: Option<&PolicyId>,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        match policy {
            None => may_take_away(assignee)?,
            Some(policy) if write.policy_newest(policy).await?.is_none() => {
                return Err(missing("policy", policy));
            }
            Some(_) => {}
        }
        let tenant = match assignee {
            Assignee::Site => None,
            Assignee::Tenant { tenant } => Some(tenant.clone()),
            Assignee::Replica { replica } => Some(write.tenant_of(*replica).await?),
        };
        let (kind, who) = named(assignee);
        let before: Option<Option<String>> = sqlx::query_scalar(
            "SELECT policy FROM policy_assignment WHERE kind = $1 AND who = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(kind)
        .bind(&who)
        .fetch_optional(write.conn())
        .await
        .map_err(failed("read an assignment"))?;
        if before.flatten().as_deref() == policy.map(PolicyId::as_str) {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO policy_assignment (kind, who, policy, author, at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(kind)
        .bind(who)
        .bind(policy.map(PolicyId::as_str))
        .bind(author)
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("assign a policy"))?;
        write
            .event(told::assigned(assignee, policy, tenant.as_ref(), at))
            .await?;
        self.commit(write).await
    }

    async fn assignments(&self, scope: &Scope) -> Result<Vec<Assignment>> {
        let mut assignments = sqlx::query(
            "SELECT id, kind, who, policy, author, at FROM policy_assignment \
             WHERE id IN (SELECT max(id) FROM policy_assignment GROUP BY kind, who) AND policy IS NOT NULL \
             AND (CAST($1 AS TEXT) IS NULL OR kind = 'site' OR (kind = 'tenant' AND who = $1) \
             OR (kind = 'replica' AND who IN (SELECT id FROM replica WHERE tenant = $1)))",
        )
        .bind(scope.tenant())
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list assignments"))?
        .iter()
        .map(assignment)
        .collect::<Result<Vec<_>>>()?;
        assignments.sort_unstable_by(|a, b| a.assignee.cmp(&b.assignee));
        Ok(assignments)
    }
}

impl Write {
    async fn policy_newest(&mut self, id: &PolicyId) -> Result<Option<Policy>> {
        sqlx::query(select_version!(
            "WHERE v.policy = $1 ORDER BY v.version DESC LIMIT 1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.conn())
        .await
        .map_err(failed("read a policy"))?
        .as_ref()
        .map(|row| version(row).map(|version| version.policy))
        .transpose()
    }
}

fn named(assignee: &Assignee) -> (&'static str, String) {
    match assignee {
        Assignee::Site => ("site", String::new()),
        Assignee::Tenant { tenant } => ("tenant", TenantId::to_string(tenant)),
        Assignee::Replica { replica } => ("replica", replica.to_string()),
    }
}

fn version(row: &SqliteRow) -> Result<PolicyVersion> {
    let cells = Cells::new(row, "policy_version", "policy");
    Ok(PolicyVersion {
        policy: Policy {
            id: cells.parsed("policy")?,
            version: cells.count("version")?,
            terms: cells.json("terms_json")?,
        },
        author: cells.raw("author")?,
        at: cells.time("at")?,
    })
}

fn assignment(row: &SqliteRow) -> Result<Assignment> {
    let cells = Cells::new(row, "policy_assignment", "id");
    let kind: String = cells.raw("kind")?;
    let assignee = match kind.as_str() {
        "site" => Assignee::Site,
        "tenant" => Assignee::Tenant {
            tenant: cells.parsed("who")?,
        },
        "replica" => Assignee::Replica {
            replica: cells.parsed("who")?,
        },
        _ => {
            return Err(StoreError::Inconsistent {
                table: "policy_assignment",
                column: "kind",
                row: cells.raw::<i64>("id")?.to_string(),
                source: format!("`{kind}` is unknown").into(),
            });
        }
    };
    Ok(Assignment {
        assignee,
        policy: cells.parsed("policy")?,
        author: cells.raw("author")?,
        at: cells.time("at")?,
    })
}
