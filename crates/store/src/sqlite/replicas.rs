//! Replicas, their newest status, and the rest of what a poll leaves (delegated to the files beside this one).

use super::row::Cells;
use super::{SqliteStore, failed};
use crate::records::{BlockerInterval, Finding, HostStatus, Replica, ReplicaStatus};
use crate::rules::missing;
use crate::traits::{PollWrite, ReplicaStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId, TenantId, VmGuid};
use domain::observation::HostTrust;
use sqlx::sqlite::SqliteRow;

macro_rules! select_replica {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, vm, name, host, primary_host, interval_secs, disks_json, first_seen, last_seen \
             FROM replica WHERE ",
            $rest
        )
    };
}

macro_rules! select_status {
    ($rest:literal) => {
        concat!(
            "SELECT s.replica, s.observation_json, s.verdict_json, s.since, s.memory_json, s.cadence_json \
             FROM replica_status s JOIN replica r ON r.id = s.replica WHERE ",
            $rest
        )
    };
}

// Of the site, of a tenant: an index is chosen before anything is bound.
pub(super) const REPLICAS: (&str, &str) = (
    select_replica!("CAST($1 AS TEXT) IS NULL ORDER BY tenant, name, id"),
    select_replica!("tenant = $1 ORDER BY tenant, name, id"),
);
pub(super) const STATUSES: (&str, &str) = (
    select_status!("CAST($1 AS TEXT) IS NULL ORDER BY s.replica"),
    select_status!("r.tenant = $1 ORDER BY s.replica"),
);

#[async_trait]
impl ReplicaStore for SqliteStore {
    async fn poll_write(&self, write: PollWrite) -> Result<()> {
        self.poll(write).await
    }

    async fn replica(&self, scope: &Scope, id: ReplicaId) -> Result<Replica> {
        sqlx::query(select_replica!(
            "id = $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1)"
        ))
        .bind(scope.tenant())
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a replica"))?
        .as_ref()
        .map(replica)
        .transpose()?
        .ok_or_else(|| missing("replica", id))
    }

    async fn replica_of(&self, tenant: &TenantId, vm: VmGuid) -> Result<Option<Replica>> {
        sqlx::query(select_replica!("tenant = $1 AND vm = $2"))
            .bind(tenant.as_str())
            .bind(vm.to_string())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("find a replica"))?
            .as_ref()
            .map(replica)
            .transpose()
    }

    async fn replicas(&self, scope: &Scope) -> Result<Vec<Replica>> {
        sqlx::query(super::scoped(scope, REPLICAS))
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list replicas"))?
            .iter()
            .map(replica)
            .collect()
    }

    async fn status(&self, scope: &Scope, id: ReplicaId) -> Result<Option<ReplicaStatus>> {
        // A replica without a status is None; a replica of somebody else is not there.
        self.replica(scope, id).await?;
        sqlx::query(select_status!(
            "s.replica = $2 AND (CAST($1 AS TEXT) IS NULL OR r.tenant = $1)"
        ))
        .bind(scope.tenant())
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a status"))?
        .as_ref()
        .map(status)
        .transpose()
    }

    async fn statuses(&self, scope: &Scope) -> Result<Vec<ReplicaStatus>> {
        sqlx::query(super::scoped(scope, STATUSES))
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list statuses"))?
            .iter()
            .map(status)
            .collect()
    }

    async fn blocker_intervals(
        &self,
        scope: &Scope,
        id: ReplicaId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<BlockerInterval>> {
        self.replica(scope, id).await?;
        self.intervals(scope, id, from, to).await
    }

    async fn findings(&self, scope: &Scope) -> Result<Vec<Finding>> {
        self.findings_open(scope).await
    }

    async fn finding_resolve(&self, key: &str, at: DateTime<Utc>) -> Result<()> {
        self.finding_close(key, at).await
    }

    async fn hosts(&self) -> Result<Vec<HostStatus>> {
        self.host_statuses().await
    }

    async fn host_trust_set(&self, host: &HostId, trust: &HostTrust) -> Result<()> {
        self.host_trust(host, trust).await
    }
}

fn replica(row: &SqliteRow) -> Result<Replica> {
    let cells = Cells::new(row, "replica", "id");
    Ok(Replica {
        id: cells.parsed("id")?,
        tenant: cells.parsed("tenant")?,
        vm: cells.parsed("vm")?,
        name: cells.raw("name")?,
        host: cells.parsed("host")?,
        primary_host: cells.raw("primary_host")?,
        interval_secs: cells.count("interval_secs")?,
        disks: cells.json("disks_json")?,
        first_seen: cells.time("first_seen")?,
        last_seen: cells.time("last_seen")?,
    })
}

fn status(row: &SqliteRow) -> Result<ReplicaStatus> {
    let cells = Cells::new(row, "replica_status", "replica");
    Ok(ReplicaStatus {
        replica: cells.parsed("replica")?,
        observation: cells.json("observation_json")?,
        verdict: cells.json("verdict_json")?,
        since: cells.time("since")?,
        memory: cells.json("memory_json")?,
        cadence: cells.json("cadence_json")?,
    })
}
