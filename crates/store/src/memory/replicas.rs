//! Replicas, their newest status, and the rest of what a poll leaves (delegated to the files beside this one).

use super::{MemoryStore, Tables};
use crate::records::{BlockerInterval, Finding, HostStatus, Replica, ReplicaStatus};
use crate::rules::{kept, missing, told, verdict_key};
use crate::traits::{PollWrite, ReplicaStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{FencingToken, HostId, ReplicaId, TenantId, VmGuid};
use domain::observation::HostTrust;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct Replicas {
    rows: BTreeMap<ReplicaId, Row>,
    tenants: BTreeMap<TenantId, OfTenant>,
}

struct Row {
    replica: Replica,
    status: Option<(ReplicaStatus, String)>,
    /// The highest fencing token ever handed out. Lives here, not in the lease, so it survives a released lease.
    token_last: u64,
}

#[derive(Default)]
struct OfTenant {
    ids: BTreeSet<ReplicaId>,
    names: BTreeSet<(String, ReplicaId)>,
    vms: HashMap<VmGuid, ReplicaId>,
}

impl Replicas {
    fn seen(&self, scope: &Scope, id: ReplicaId) -> Result<&Row> {
        self.rows
            .get(&id)
            .filter(|row| scope.sees(&row.replica.tenant))
            .ok_or_else(|| missing("replica", id))
    }

    pub(super) fn tenant(&self, id: ReplicaId) -> Option<&TenantId> {
        self.rows.get(&id).map(|row| &row.replica.tenant)
    }

    pub(super) fn tenant_of(&self, id: ReplicaId) -> Result<&TenantId> {
        self.tenant(id).ok_or_else(|| missing("replica", id))
    }

    pub(super) fn known(&self, id: ReplicaId) -> Option<&Replica> {
        self.rows.get(&id).map(|row| &row.replica)
    }

    pub(super) fn of_vm(&self, tenant: &TenantId, vm: VmGuid) -> Option<&Replica> {
        let id = self.tenants.get(tenant)?.vms.get(&vm)?;
        self.known(*id)
    }

    /// By tenant, name and id.
    fn list(&self, scope: &Scope) -> Vec<Replica> {
        let names = |of: &OfTenant| -> Vec<Replica> {
            of.names
                .iter()
                .filter_map(|(_, id)| self.known(*id).cloned())
                .collect()
        };
        match scope.owner() {
            None => self.tenants.values().flat_map(names).collect(),
            Some(tenant) => self.tenants.get(tenant).map_or_else(Vec::new, names),
        }
    }

    /// In their order.
    pub(super) fn ids(&self, scope: &Scope) -> Box<dyn Iterator<Item = ReplicaId> + '_> {
        match scope.owner() {
            None => Box::new(self.rows.keys().copied()),
            Some(tenant) => Box::new(
                self.tenants
                    .get(tenant)
                    .into_iter()
                    .flat_map(|of| of.ids.iter().copied()),
            ),
        }
    }

    /// By replica id.
    fn statuses(&self, scope: &Scope) -> Vec<ReplicaStatus> {
        self.ids(scope)
            .filter_map(|id| self.rows.get(&id)?.status.as_ref())
            .map(|(status, _)| status.clone())
            .collect()
    }

    /// One more than any before on the replica, which is known.
    pub(super) fn token_next(&mut self, id: ReplicaId) -> Result<FencingToken> {
        let row = self.rows.get_mut(&id).ok_or_else(|| missing("replica", id))?;
        row.token_last += 1;
        Ok(FencingToken(row.token_last))
    }
}

impl Tables {
    /// The replica is new, or it is under the tenant and GUID it has always had: `poll` has asked.
    pub(super) fn replica(&mut self, replica: Replica, at: DateTime<Utc>) {
        let mut replica = Replica {
            first_seen: kept(replica.first_seen),
            last_seen: kept(replica.last_seen),
            ..replica
        };
        let before = self.replicas.rows.get_mut(&replica.id);
        let changed = before
            .as_ref()
            .is_none_or(|row| row.replica.name != replica.name || row.replica.host != replica.host);
        if changed {
            let of = self.replicas.tenants.entry(replica.tenant.clone()).or_default();
            if let Some(row) = &before {
                of.names.remove(&(row.replica.name.clone(), replica.id));
            }
            of.names.insert((replica.name.clone(), replica.id));
            of.ids.insert(replica.id);
            of.vms.insert(replica.vm, replica.id);
            self.events.push(told::replica(&replica, at));
        }
        match before {
            Some(row) => {
                replica.first_seen = row.replica.first_seen;
                row.replica = replica;
            }
            None => {
                let row = Row {
                    replica,
                    status: None,
                    token_last: 0,
                };
                self.replicas.rows.insert(row.replica.id, row);
            }
        }
    }

    /// The replica is known: `poll` has asked.
    pub(super) fn status(&mut self, status: ReplicaStatus, at: DateTime<Utc>) -> Result<()> {
        let row = self
            .replicas
            .rows
            .get_mut(&status.replica)
            .ok_or_else(|| missing("replica", status.replica))?;
        let status = ReplicaStatus {
            since: kept(status.since),
            ..status
        };
        let key = match row.status.take() {
            // The key is made from a document; the same verdict has the same key.
            Some((before, key)) if before.verdict == status.verdict => key,
            before => {
                let key = verdict_key(&status.verdict)?;
                if before.is_none_or(|(_, before)| before != key) {
                    let event = told::verdict(&status, &key, &row.replica.tenant, at);
                    self.events.push(event);
                }
                key
            }
        };
        row.status = Some((status, key));
        Ok(())
    }
}

#[async_trait]
impl ReplicaStore for MemoryStore {
    async fn poll_write(&self, write: PollWrite) -> Result<()> {
        self.write(|tables| tables.poll(write))
    }

    async fn replica(&self, scope: &Scope, id: ReplicaId) -> Result<Replica> {
        self.read(|tables| tables.replicas.seen(scope, id).map(|row| row.replica.clone()))
    }

    async fn replica_of(&self, tenant: &TenantId, vm: VmGuid) -> Result<Option<Replica>> {
        Ok(self.read(|tables| tables.replicas.of_vm(tenant, vm).cloned()))
    }

    async fn replicas(&self, scope: &Scope) -> Result<Vec<Replica>> {
        Ok(self.read(|tables| tables.replicas.list(scope)))
    }

    async fn status(&self, scope: &Scope, id: ReplicaId) -> Result<Option<ReplicaStatus>> {
        self.read(|tables| {
            // A replica without a status is None; a replica of somebody else is not there.
            let row = tables.replicas.seen(scope, id)?;
            Ok(row.status.as_ref().map(|(status, _)| status.clone()))
        })
    }

    async fn statuses(&self, scope: &Scope) -> Result<Vec<ReplicaStatus>> {
        Ok(self.read(|tables| tables.replicas.statuses(scope)))
    }

    async fn blocker_intervals(
        &self,
        scope: &Scope,
        id: ReplicaId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<BlockerInterval>> {
        self.read(|tables| {
            tables.replicas.seen(scope, id)?;
            Ok(tables.intervals.overlapping(id, from, to))
        })
    }

    async fn findings(&self, scope: &Scope) -> Result<Vec<Finding>> {
        Ok(self.read(|tables| tables.findings_open(scope)))
    }

    async fn finding_resolve(&self, key: &str, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| tables.finding_close(key, at))
    }

    async fn hosts(&self) -> Result<Vec<HostStatus>> {
        Ok(self.read(|tables| tables.hosts.list()))
    }

    async fn host_trust_set(&self, host: &HostId, trust: &HostTrust) -> Result<()> {
        self.write(|tables| {
            tables.host_trust(host, trust);
            Ok(())
        })
    }
}
