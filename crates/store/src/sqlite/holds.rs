//! Holds, and causes that somebody has taken note of.

use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::holds::{Acknowledgement, HoldStore, HoldTarget, OperatorHold};
use crate::rules::{LINES_READ_MAX, conflict, kept, missing, night, told};
use crate::traits::{Result, Scope, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use sqlx::sqlite::SqliteRow;

macro_rules! select_hold {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, who, from_at, until_at, reason, author, lifted_at, lifted_by FROM hold h \
             WHERE (CAST($1 AS TEXT) IS NULL OR (h.kind = 'tenant' AND h.who = $1) \
             OR EXISTS (SELECT 1 FROM replica r WHERE r.tenant = $1 \
             AND ((h.kind = 'replica' AND r.id = h.who) OR (h.kind = 'host' AND r.host = h.who)))) AND ",
            $rest
        )
    };
}

#[async_trait]
impl HoldStore for SqliteStore {
    async fn hold_begin(
        &self,
        target: &HoldTarget,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: &str,
        author: &str,
    ) -> Result<OperatorHold> {
        let (from, until) = (kept(from), kept(until));
        if until <= from {
            return Err(conflict("hold", "that would end before it begins"));
        }
        let mut write = self.write().await?;
        let tenant = write.held_tenant(target).await?;
        let (kind, who) = named(target);
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO hold (kind, who, from_at, until_at, reason, author) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        )
        .bind(kind)
        .bind(who)
        .bind(micros(from))
        .bind(micros(until))
        .bind(reason)
        .bind(author)
        .fetch_one(write.conn())
        .await
        .map_err(failed("begin a hold"))?;
        let hold = OperatorHold {
            id,
            target: target.clone(),
            from,
            until,
            reason: reason.to_owned(),
            author: author.to_owned(),
            lifted: None,
        };
        write.event(told::hold(&hold, tenant.as_ref(), from)).await?;
        self.commit(write).await?;
        Ok(hold)
    }

    async fn hold_lift(&self, id: i64, at: DateTime<Utc>, author: &str) -> Result<OperatorHold> {
        let mut write = self.write().await?;
        let row = sqlx::query(select_hold!("id = $2"))
            .bind(None::<&str>)
            .bind(id)
            .fetch_optional(write.conn())
            .await
            .map_err(failed("read a hold"))?
            .ok_or_else(|| missing("hold", id))?;
        let hold = night::lifted(hold(&row)?, at, author)?;
        sqlx::query("UPDATE hold SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL")
            .bind(id)
            .bind(micros(at))
            .bind(author)
            .execute(write.conn())
            .await
            .map_err(failed("lift a hold"))?;
        let tenant = write.held_tenant(&hold.target).await?;
        write.event(told::hold(&hold, tenant.as_ref(), at)).await?;
        self.commit(write).await?;
        Ok(hold)
    }

    async fn holds_active(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<OperatorHold>> {
        sqlx::query(select_hold!(
            "until_at > $2 AND from_at <= $2 AND (lifted_at IS NULL OR lifted_at > $2) ORDER BY id DESC"
        ))
        .bind(scope.tenant())
        .bind(micros(now))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list holds"))?
        .iter()
        .map(hold)
        .collect()
    }

    async fn holds(&self, scope: &Scope, limit: u32) -> Result<Vec<OperatorHold>> {
        sqlx::query(select_hold!("1 ORDER BY id DESC LIMIT $2"))
            .bind(scope.tenant())
            .bind(i64::from(limit.min(LINES_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list holds"))?
            .iter()
            .map(hold)
            .collect()
    }

    async fn acknowledge(&self, acknowledgement: &Acknowledgement) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO acknowledgement (cause, at, until_at, note, author) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&acknowledgement.cause)
        .bind(micros(acknowledgement.at))
        .bind(micros(acknowledgement.until))
        .bind(&acknowledgement.note)
        .bind(&acknowledgement.author)
        .execute(write.conn())
        .await
        .map_err(failed("acknowledge a cause"))?;
        self.commit(write).await
    }

    async fn acknowledgements(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<Acknowledgement>> {
        sqlx::query(
            "SELECT id, cause, at, until_at, note, author FROM acknowledgement a \
             WHERE (CAST($1 AS TEXT) IS NULL OR substr(cause, 1, length($1) + 8) = 'tenant:' || $1 || ':') AND until_at > $2 AND at <= $2 \
             AND id = (SELECT max(n.id) FROM acknowledgement n WHERE n.cause = a.cause) ORDER BY cause",
        )
        .bind(scope.tenant())
        .bind(micros(now))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list acknowledgements"))?
        .iter()
        .map(acknowledgement)
        .collect()
    }
}

impl super::write::Write {
    /// Whose events the hold's are; none for a host's.
    async fn held_tenant(&mut self, target: &HoldTarget) -> Result<Option<TenantId>> {
        Ok(match target {
            HoldTarget::Host { .. } => None,
            HoldTarget::Tenant { tenant } => Some(tenant.clone()),
            HoldTarget::Replica { replica } => Some(self.tenant_of(*replica).await?),
        })
    }
}

fn named(target: &HoldTarget) -> (&'static str, String) {
    match target {
        HoldTarget::Host { host } => ("host", host.to_string()),
        HoldTarget::Tenant { tenant } => ("tenant", tenant.to_string()),
        HoldTarget::Replica { replica } => ("replica", replica.to_string()),
    }
}

fn hold(row: &SqliteRow) -> Result<OperatorHold> {
    let cells = Cells::new(row, "hold", "id");
    let id: i64 = cells.raw("id")?;
    let kind: String = cells.raw("kind")?;
    let target = match kind.as_str() {
        "host" => HoldTarget::Host {
            host: cells.parsed("who")?,
        },
        "tenant" => HoldTarget::Tenant {
            tenant: cells.parsed("who")?,
        },
        "replica" => HoldTarget::Replica {
            replica: cells.parsed("who")?,
        },
        _ => {
            return Err(StoreError::Inconsistent {
                table: "hold",
                column: "kind",
                row: id.to_string(),
                source: format!("`{kind}` is unknown").into(),
            });
        }
    };
    let by: Option<String> = cells.raw("lifted_by")?;
    Ok(OperatorHold {
        id,
        target,
        from: cells.time("from_at")?,
        until: cells.time("until_at")?,
        reason: cells.raw("reason")?,
        author: cells.raw("author")?,
        lifted: cells.time_opt("lifted_at")?.zip(by),
    })
}

fn acknowledgement(row: &SqliteRow) -> Result<Acknowledgement> {
    let cells = Cells::new(row, "acknowledgement", "id");
    Ok(Acknowledgement {
        cause: cells.raw("cause")?,
        at: cells.time("at")?,
        until: cells.time("until_at")?,
        note: cells.raw("note")?,
        author: cells.raw("author")?,
    })
}
