//! The keys of rows in the one order they are listed in: of the site, of each tenant, of each replica.

use crate::traits::Scope;
use domain::ids::{ReplicaId, TenantId};
use std::collections::{BTreeMap, BTreeSet};

/// A row's replica and that replica's tenant never change, so keys are only added.
pub(super) struct Index<K> {
    site: BTreeSet<K>,
    tenants: BTreeMap<TenantId, BTreeSet<K>>,
    replicas: BTreeMap<ReplicaId, (TenantId, BTreeSet<K>)>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self {
            site: BTreeSet::new(),
            tenants: BTreeMap::new(),
            replicas: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Copy> Index<K> {
    pub(super) fn insert(&mut self, tenant: &TenantId, replica: ReplicaId, key: K) {
        self.site.insert(key);
        match self.tenants.get_mut(tenant) {
            Some(keys) => _ = keys.insert(key),
            None => _ = self.tenants.insert(tenant.clone(), BTreeSet::from([key])),
        }
        let (_, keys) = self
            .replicas
            .entry(replica)
            .or_insert_with(|| (tenant.clone(), BTreeSet::new()));
        keys.insert(key);
    }

    /// The keys that the scope may see, of one replica if asked for one; `None` when there are none.
    pub(super) fn of(&self, scope: &Scope, replica: Option<ReplicaId>) -> Option<&BTreeSet<K>> {
        match (scope.owner(), replica) {
            (None, None) => Some(&self.site),
            (Some(tenant), None) => self.tenants.get(tenant),
            (_, Some(replica)) => {
                let (tenant, keys) = self.replicas.get(&replica)?;
                scope.sees(tenant).then_some(keys)
            }
        }
    }

    /// The newest key of a replica, and how many it has.
    pub(super) fn last(&self, replica: ReplicaId) -> Option<(K, u64)> {
        let (_, keys) = self.replicas.get(&replica)?;
        Some((*keys.last()?, keys.len() as u64))
    }
}
