//! Replicas as the hosts showed them last, bound to a tenant or not: what rules can be tried on before they are made.

use crate::whose::{entries, whose};
use chrono::{DateTime, Utc};
use domain::binding::{BindingError, Entry, TenantRule};
use domain::calendar::Zone;
use domain::ids::{HostId, TenantId, VmGuid};
use domain::observation::ReplicationMode;
use hyperv::host::{ReplicaSighting, Survey};
use std::collections::BTreeMap;

/// Whose replicas are whose, and what their days are counted in. May be exchanged while the engine runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    pub rules: Vec<TenantRule>,
    /// UTC for those that are not here.
    pub zones: BTreeMap<TenantId, Zone>,
}

impl Tenancy {
    /// The zone that a tenant's days are counted in.
    #[must_use]
    pub fn zone(&self, tenant: &TenantId) -> Zone {
        self.zones.get(tenant).copied().unwrap_or(Zone::UTC)
    }
}

/// A replica as the newest survey of its host showed it.
#[derive(Debug, Clone)]
pub struct Sighted {
    pub host: HostId,
    pub vm: VmGuid,
    /// Chosen on the tenant's side: for people only.
    pub name: String,
    pub seen_at: DateTime<Utc>,
    sighting: ReplicaSighting,
    entries: Vec<Entry>,
}

impl Sighted {
    /// The replicas of a survey.
    pub(crate) fn of(host: &HostId, survey: &Survey, seen_at: DateTime<Utc>) -> Vec<Self> {
        let entries = entries(&survey.authorization);
        let is_replica = |sighting: &&ReplicaSighting| {
            matches!(
                sighting.observation.mode,
                ReplicationMode::Replica | ReplicationMode::ExtendedReplica
            )
        };
        let one = |sighting: &ReplicaSighting| Self {
            host: host.clone(),
            vm: sighting.observation.vm,
            name: sighting.observation.name.clone(),
            seen_at,
            sighting: sighting.clone(),
            entries: entries.clone(),
        };
        survey.replicas.iter().filter(is_replica).map(one).collect()
    }

    /// Whose it is by these rules, as the observer decides it. What is bound by what was known before a failover is not in this.
    ///
    /// # Errors
    /// Nobody's, or several tenants'.
    pub fn whose(&self, rules: &[TenantRule]) -> Result<TenantId, BindingError> {
        whose(&self.sighting, &self.entries, rules)
    }
}
