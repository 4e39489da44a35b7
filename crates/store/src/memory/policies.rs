//! The hoster's catalogue of policies and who has which.

use super::{MemoryStore, Tables};
use crate::policies::{Assignee, Assignment, POLICY_FIRST, POLICY_FIRST_AUTHOR, PolicyStore, PolicyVersion};
use crate::rules::night::may_take_away;
use crate::rules::{kept, missing, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{PolicyId, TenantId};
use domain::policy::{Policy, Terms};
use std::collections::BTreeMap;

pub(super) struct Policies {
    /// Oldest first, never empty.
    versions: BTreeMap<PolicyId, Vec<PolicyVersion>>,
    /// What holds now; earlier ones are asked for by nobody.
    assignments: BTreeMap<Assignee, Assignment>,
}

/// A new store begins with a policy for everyone. It has always been so, hence the epoch.
impl Default for Policies {
    fn default() -> Self {
        let mut policies = Self {
            versions: BTreeMap::new(),
            assignments: BTreeMap::new(),
        };
        // The name is a slug: a test of both stores asks for it.
        if let Ok(id) = POLICY_FIRST.parse::<PolicyId>() {
            let at = DateTime::<Utc>::UNIX_EPOCH;
            policies.append(id.clone(), 1, Terms::standard(), POLICY_FIRST_AUTHOR, at);
            policies.assign(Assignee::Site, Some(id), POLICY_FIRST_AUTHOR, at);
        }
        policies
    }
}

impl Policies {
    fn newest(&self, id: &PolicyId) -> Option<&Policy> {
        self.versions.get(id)?.last().map(|version| &version.policy)
    }

    fn append(
        &mut self,
        id: PolicyId,
        version: u32,
        terms: Terms,
        author: &str,
        at: DateTime<Utc>,
    ) -> Policy {
        let policy = Policy {
            id: id.clone(),
            version,
            terms,
        };
        self.versions.entry(id).or_default().push(PolicyVersion {
            policy: policy.clone(),
            author: author.to_owned(),
            at: kept(at),
        });
        policy
    }

    fn assign(&mut self, assignee: Assignee, policy: Option<PolicyId>, author: &str, at: DateTime<Utc>) {
        match policy {
            None => _ = self.assignments.remove(&assignee),
            Some(policy) => {
                let assignment = Assignment {
                    assignee: assignee.clone(),
                    policy,
                    author: author.to_owned(),
                    at: kept(at),
                };
                self.assignments.insert(assignee, assignment);
            }
        }
    }
}

impl Tables {
    fn policy_assign(
        &mut self,
        assignee: &Assignee,
        policy: Option<&PolicyId>,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        match policy {
            None => may_take_away(assignee)?,
            Some(policy) if self.policies.newest(policy).is_none() => return Err(missing("policy", policy)),
            Some(_) => {}
        }
        let tenant: Option<&TenantId> = match assignee {
            Assignee::Site => None,
            Assignee::Tenant { tenant } => Some(tenant),
            Assignee::Replica { replica } => Some(self.replicas.tenant_of(*replica)?),
        };
        let before = self.policies.assignments.get(assignee);
        if before.map(|before| &before.policy) == policy {
            return Ok(());
        }
        self.events.push(told::assigned(assignee, policy, tenant, at));
        self.policies
            .assign(assignee.clone(), policy.cloned(), author, at);
        Ok(())
    }
}

#[async_trait]
impl PolicyStore for MemoryStore {
    async fn policy_put(
        &self,
        id: &PolicyId,
        terms: &Terms,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<Policy> {
        self.write(|tables| {
            let version = match tables.policies.newest(id) {
                Some(newest) if newest.terms == *terms => return Ok(newest.clone()),
                Some(newest) => newest.version + 1,
                None => 1,
            };
            let policy = tables
                .policies
                .append(id.clone(), version, terms.clone(), author, at);
            tables.events.push(told::policy(&policy, at));
            Ok(policy)
        })
    }

    async fn policies(&self) -> Result<Vec<PolicyVersion>> {
        Ok(self.read(|tables| {
            let versions = tables.policies.versions.values();
            versions.filter_map(|versions| versions.last().cloned()).collect()
        }))
    }

    async fn policy_versions(&self, id: &PolicyId) -> Result<Vec<PolicyVersion>> {
        self.read(|tables| tables.policies.versions.get(id).cloned())
            .ok_or_else(|| missing("policy", id))
    }

    async fn policy_assign(
        &self,
        assignee: &Assignee,
        policy: Option<&PolicyId>,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.write(|tables| tables.policy_assign(assignee, policy, author, at))
    }

    async fn assignments(&self, scope: &Scope) -> Result<Vec<Assignment>> {
        Ok(self.read(|tables| {
            let seen = |assignee: &Assignee| match assignee {
                Assignee::Site => true,
                Assignee::Tenant { tenant } => scope.sees(tenant),
                Assignee::Replica { replica } => tables
                    .replicas
                    .tenant(*replica)
                    .is_some_and(|tenant| scope.sees(tenant)),
            };
            let all = tables.policies.assignments.values();
            all.filter(|it| seen(&it.assignee)).cloned().collect()
        }))
    }
}
