//! One poll's changes in one transaction.

use super::row::{document, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation};
use crate::records::{Replica, ReplicaStatus};
use crate::rules::{conflict, missing, poll_instant, told, verdict_key};
use crate::traits::{PollWrite, Result, StoreError};
use chrono::{DateTime, Utc};
use domain::ids::{ReplicaId, TenantId};
use sqlx::Row;

impl SqliteStore {
    pub(super) async fn poll(&self, poll: PollWrite) -> Result<()> {
        let at = poll_instant(&poll);
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
            error if is_unique_violation(&error) => conflict("replica", replica.id),
            error => failed("write a replica")(error),
        })?;
        // History never changes tenant: a changed binding is another replica.
        if written.rows_affected() != 1 {
            return Err(conflict("replica", replica.id));
        }
        let changed = before.is_none_or(|row| {
            row.try_get::<String, _>("name").ok().as_deref() != Some(replica.name.as_str())
                || row.try_get::<String, _>("host").ok().as_deref() != Some(replica.host.as_str())
        });
        if !changed {
            return Ok(());
        }
        self.event(told::replica(replica, at)).await
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
        self.event(told::verdict(status, &key, &tenant, at)).await
    }

    pub(super) async fn tenant_of(&mut self, replica: ReplicaId) -> Result<TenantId> {
        let tenant: Option<String> = sqlx::query_scalar("SELECT tenant FROM replica WHERE id = $1")
            .bind(replica.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a replica's tenant"))?;
        tenant
            .ok_or_else(|| missing("replica", replica))?
            .parse()
            .map_err(|source| StoreError::Inconsistent {
                table: "replica",
                column: "tenant",
                row: replica.to_string(),
                source: Box::new(source),
            })
    }
}
