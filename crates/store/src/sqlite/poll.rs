//! One poll's changes in one transaction.

use super::row::{document, micros};
use super::write::{NewEvent, Write};
use super::{SqliteStore, failed, is_unique_violation};
use crate::records::{Replica, ReplicaStatus};
use crate::traits::{PollWrite, Result, StoreError};
use chrono::{DateTime, Utc};
use domain::ids::{ReplicaId, TenantId};
use domain::verdict::Verdict;
use serde_json::{Value, json};
use sqlx::Row;

impl SqliteStore {
    pub(super) async fn poll(&self, poll: PollWrite) -> Result<()> {
        let at = instant(&poll);
        let mut write = self.write().await?;
        for replica in &poll.replicas {
            write.replica(replica, at).await?;
        }
        for status in &poll.statuses {
            write.status(status, at).await?;
        }
        for (replica, code, to) in &poll.close {
            write.interval_close(*replica, code, *to).await?;
        }
        for interval in &poll.open {
            write.interval_open(interval).await?;
        }
        for finding in &poll.findings {
            write.finding(finding, at).await?;
        }
        if let Some(host) = &poll.host {
            write.host(host, at).await?;
        }
        self.commit(write).await
    }
}

/// The world's clock for the events of this poll: as given, else the newest instant in it.
fn instant(poll: &PollWrite) -> DateTime<Utc> {
    let seen = poll.statuses.iter().map(|status| status.observation.seen_at);
    let replicas = poll.replicas.iter().map(|replica| replica.last_seen);
    let findings = poll.findings.iter().map(|finding| finding.last_seen);
    let host = poll
        .host
        .iter()
        .flat_map(|host| [host.last_survey, host.last_error_at])
        .flatten();
    poll.at
        .or_else(|| seen.chain(replicas).chain(findings).chain(host).max())
        .unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

impl Write {
    async fn replica(&mut self, replica: &Replica, at: DateTime<Utc>) -> Result<()> {
        let before = sqlx::query("SELECT name, host FROM replica WHERE id = $1")
            .bind(replica.id.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a replica"))?;
        let written = sqlx::query(
            "INSERT INTO replica (id, tenant, vm, name, host, primary_host, interval_secs, disks_json, first_seen, last_seen) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, host = excluded.host, primary_host = excluded.primary_host, \
             interval_secs = excluded.interval_secs, disks_json = excluded.disks_json, last_seen = excluded.last_seen \
             WHERE replica.tenant = excluded.tenant AND replica.vm = excluded.vm",
        )
        .bind(replica.id.to_string())
        .bind(replica.tenant.as_str())
        .bind(replica.vm.to_string())
        .bind(&replica.name)
        .bind(replica.host.as_str())
        .bind(&replica.primary_host)
        .bind(i64::from(replica.interval_secs))
        .bind(document(&replica.disks)?)
        .bind(micros(replica.first_seen))
        .bind(micros(replica.last_seen))
        .execute(self.conn())
        .await
        .map_err(|error| match error {
            // Another process has just found the same VM under another id: the next poll reads that one.
            error if is_unique_violation(&error) => conflict(replica),
            error => failed("write a replica")(error),
        })?;
        // History never changes tenant: a changed binding is another replica.
        if written.rows_affected() != 1 {
            return Err(conflict(replica));
        }
        let changed = before.is_none_or(|row| {
            row.try_get::<String, _>("name").ok().as_deref() != Some(replica.name.as_str())
                || row.try_get::<String, _>("host").ok().as_deref() != Some(replica.host.as_str())
        });
        if !changed {
            return Ok(());
        }
        self.event(NewEvent {
            at,
            kind: "replica",
            tenant: Some(&replica.tenant),
            subject: replica.id.to_string(),
            payload: json!({ "name": replica.name, "host": replica.host }),
        })
        .await
    }

    async fn status(&mut self, status: &ReplicaStatus, at: DateTime<Utc>) -> Result<()> {
        let key = verdict_key(&status.verdict)?;
        let tenant = self.tenant_of(status.replica).await?;
        let before: Option<String> =
            sqlx::query_scalar("SELECT verdict_key FROM replica_status WHERE replica = $1")
                .bind(status.replica.to_string())
                .fetch_optional(self.conn())
                .await
                .map_err(failed("read a status"))?;
        sqlx::query(
            "INSERT INTO replica_status (replica, observation_json, verdict_json, verdict_key, since, memory_json, cadence_json) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (replica) DO UPDATE SET observation_json = excluded.observation_json, \
             verdict_json = excluded.verdict_json, verdict_key = excluded.verdict_key, since = excluded.since, \
             memory_json = excluded.memory_json, cadence_json = excluded.cadence_json",
        )
        .bind(status.replica.to_string())
        .bind(document(&status.observation)?)
        .bind(document(&status.verdict)?)
        .bind(&key)
        .bind(micros(status.since))
        .bind(status.memory.to_string())
        .bind(status.cadence.to_string())
        .execute(self.conn())
        .await
        .map_err(failed("write a status"))?;
        if before.as_deref() == Some(key.as_str()) {
            return Ok(());
        }
        self.event(NewEvent {
            at,
            kind: "replica",
            tenant: Some(&tenant),
            subject: status.replica.to_string(),
            payload: json!({ "verdict": key, "since": status.since }),
        })
        .await
    }

    pub(super) async fn tenant_of(&mut self, replica: ReplicaId) -> Result<TenantId> {
        let tenant: Option<String> = sqlx::query_scalar("SELECT tenant FROM replica WHERE id = $1")
            .bind(replica.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a replica's tenant"))?;
        let missing = || StoreError::NotFound {
            what: "replica",
            id: replica.to_string(),
        };
        tenant
            .ok_or_else(missing)?
            .parse()
            .map_err(|source| StoreError::Inconsistent {
                table: "replica",
                column: "tenant",
                row: replica.to_string(),
                source: Box::new(source),
            })
    }
}

fn conflict(replica: &Replica) -> StoreError {
    StoreError::Conflict {
        what: "replica",
        id: replica.id.to_string(),
    }
}

/// What the verdict names without its numbers: `clear`, `unknown:stale`, `blocked:migrating,health-critical`.
fn verdict_key(verdict: &Verdict) -> Result<String> {
    let tag = |value: &Value, field: &str| {
        value
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or("unnamed")
            .to_owned()
    };
    let unserialisable = |source: serde_json::Error| StoreError::Database {
        action: "serialise a verdict",
        source: Box::new(source),
    };
    Ok(match verdict {
        Verdict::Clear => "clear".to_owned(),
        Verdict::Unknown { why } => {
            format!(
                "unknown:{}",
                tag(&serde_json::to_value(why).map_err(unserialisable)?, "unknown")
            )
        }
        Verdict::Blocked { blockers } => {
            let mut names = Vec::with_capacity(blockers.len());
            for blocker in blockers {
                let value = serde_json::to_value(blocker).map_err(unserialisable)?;
                let reason = value.get("reason").map(|reason| tag(reason, "reason"));
                names.push(reason.unwrap_or_else(|| tag(&value, "blocker")));
            }
            format!("blocked:{}", names.join(","))
        }
    })
}
