//! The hoster's catalogue of policies and who has which.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{PolicyId, ReplicaId, TenantId};
use domain::policy::{Policy, Terms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One version with who made it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub policy: Policy,
    pub author: String,
    pub at: DateTime<Utc>,
}

/// Who a policy is assigned to. A replica's own assignment goes before its tenant's, that before the site's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub enum Assignee {
    /// Everyone without an assignment of their own.
    Site,
    Tenant {
        tenant: TenantId,
    },
    Replica {
        replica: ReplicaId,
    },
}

/// Which policy somebody has, from the next SLA day that opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub assignee: Assignee,
    pub policy: PolicyId,
    pub author: String,
    pub at: DateTime<Utc>,
}

/// Who has which policy, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    newest: BTreeMap<PolicyId, PolicyVersion>,
    assigned: BTreeMap<Assignee, PolicyId>,
}

impl Catalogue {
    /// From the newest versions and the assignments that hold.
    #[must_use]
    pub fn new(policies: Vec<PolicyVersion>, assignments: Vec<Assignment>) -> Self {
        Self {
            newest: policies
                .into_iter()
                .map(|it| (it.policy.id.clone(), it))
                .collect(),
            assigned: assignments
                .into_iter()
                .map(|it| (it.assignee, it.policy))
                .collect(),
        }
    }

    /// The policy of a replica and by whose assignment it has it: its own goes before its tenant's, that before the site's. `None` only
    /// in a store without the site's assignment, which there is none of.
    #[must_use]
    pub fn of(&self, tenant: &TenantId, replica: ReplicaId) -> Option<(&Policy, Assignee)> {
        let tenant = tenant.clone();
        [
            Assignee::Replica { replica },
            Assignee::Tenant { tenant },
            Assignee::Site,
        ]
        .into_iter()
        .find_map(|assignee| {
            let policy = self.newest.get(self.assigned.get(&assignee)?)?;
            Some((&policy.policy, assignee))
        })
    }
}

/// The policy that a new store begins with.
pub const POLICY_FIRST: &str = "standard";
/// Who made it.
pub const POLICY_FIRST_AUTHOR: &str = "stillpoint";

/// Policies and assignments. Versions and assignments are appended, never changed.
///
/// A store is never without one: it begins with policy `standard` (`Terms::standard()`) assigned to the site by `stillpoint`.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// Appends the next version of a policy (1 for a new one); the same terms as the newest version add none and return it.
    /// Terms that fail their own check are refused by the caller before.
    async fn policy_put(
        &self,
        id: &PolicyId,
        terms: &Terms,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<Policy>;
    /// The newest version of every policy, by id.
    async fn policies(&self) -> Result<Vec<PolicyVersion>>;
    /// All versions of one, oldest first; `NotFound` when there is none.
    async fn policy_versions(&self, id: &PolicyId) -> Result<Vec<PolicyVersion>>;
    /// Assigns, or with `None` takes an assignment away. What holds already, said again, adds nothing. `NotFound` when the policy or
    /// the replica does not exist, `Conflict` when the site's would be taken away.
    async fn policy_assign(
        &self,
        assignee: &Assignee,
        policy: Option<&PolicyId>,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()>;
    /// What holds now: the site's, then tenants', then replicas', each by id. A tenant's scope sees the site's, its own and its replicas'.
    async fn assignments(&self, scope: &Scope) -> Result<Vec<Assignment>>;
}
