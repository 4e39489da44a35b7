//! The catalogue of policies and who has which.

use super::{StoreConsole, fault};
use ::console::{
    AssignmentRow, NextDay, PoliciesView, PolicyOf, PolicyRow, PolicySource, ReplicaId, TenantId, UiError,
    VersionRow, terms,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Zone, opening};
use domain::ids::PolicyId;
use std::collections::{BTreeMap, HashMap};
use store::policies::{Assignee, Assignment, PolicyVersion};
use store::records::Replica;
use store::traits::Scope;

/// Zones that are told of a change.
const ZONES_MAX: usize = 8;
/// A zone's next day opens within so long.
const NEXT_WITHIN: TimeDelta = TimeDelta::days(4);

/// Who has which policy, nearest first.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    site: Option<PolicyId>,
    tenants: HashMap<TenantId, PolicyId>,
    replicas: HashMap<ReplicaId, PolicyId>,
}

impl Assigned {
    pub(super) fn new(assignments: &[Assignment]) -> Self {
        let mut all = Self::default();
        for one in assignments {
            let policy = one.policy.clone();
            match &one.assignee {
                Assignee::Site => all.site = Some(policy),
                Assignee::Tenant { tenant } => {
                    all.tenants.insert(tenant.clone(), policy);
                }
                Assignee::Replica { replica } => {
                    all.replicas.insert(*replica, policy);
                }
            }
        }
        all
    }

    /// What a replica has, and by which assignment.
    pub(super) fn of(&self, replica: &Replica) -> Option<(&PolicyId, PolicySource)> {
        let own = self
            .replicas
            .get(&replica.id)
            .map(|id| (id, PolicySource::Replica));
        let tenants = || {
            self.tenants
                .get(&replica.tenant)
                .map(|id| (id, PolicySource::Tenant))
        };
        own.or_else(tenants)
            .or_else(|| self.site.as_ref().map(|id| (id, PolicySource::Site)))
    }
}

impl StoreConsole {
    pub(super) async fn assigned(&self) -> Result<Assigned, UiError> {
        let assignments = self.store.assignments(&self.scope).await.map_err(fault::ui)?;
        Ok(Assigned::new(&assignments))
    }

    /// The policy that a replica's next day will have.
    pub(super) async fn policy_of(&self, replica: &Replica) -> Result<Option<PolicyOf>, UiError> {
        let assigned = self.assigned().await?;
        let Some((id, source)) = assigned.of(replica) else {
            return Ok(None);
        };
        let policies = self.store.policies().await.map_err(fault::ui)?;
        Ok(policies
            .into_iter()
            .find(|it| it.policy.id == *id)
            .map(|it| PolicyOf {
                id: it.policy.id.to_string(),
                name: it.policy.terms.name,
                version: it.policy.version,
                source,
            }))
    }

    pub(super) async fn policies_view(&self) -> Result<PoliciesView, UiError> {
        if matches!(self.scope, Scope::Tenant(_)) {
            return Err(UiError::Forbidden);
        }
        let now = (self.now)();
        let picture = self.picture().await?;
        let (policies, assignments, live) = futures::try_join!(
            self.store.policies(),
            self.store.assignments(&self.scope),
            self.store.obligations_live(),
        )
        .map_err(fault::ui)?;
        let mut open: HashMap<(PolicyId, u32), u64> = HashMap::new();
        for one in live {
            let key = (one.obligation.policy, one.obligation.policy_version);
            *open.entry(key).or_default() += 1;
        }
        let assigned = Assigned::new(&assignments);
        let mut by_policy: HashMap<&PolicyId, Who<'_>> = HashMap::new();
        let mut by_assignee: HashMap<Assignee, u64> = HashMap::new();
        for subject in &picture.subjects {
            let replica = &subject.row.replica;
            let Some((id, source)) = assigned.of(replica) else {
                continue;
            };
            let who = by_policy.entry(id).or_default();
            who.replicas += 1;
            *who.tenants.entry(&replica.tenant).or_default() += 1;
            let assignee = match source {
                PolicySource::Replica => Assignee::Replica { replica: replica.id },
                PolicySource::Tenant => Assignee::Tenant {
                    tenant: replica.tenant.clone(),
                },
                PolicySource::Site => Assignee::Site,
            };
            *by_assignee.entry(assignee).or_default() += 1;
        }
        let mut rows = Vec::with_capacity(policies.len());
        for newest in &policies {
            let versions = self
                .store
                .policy_versions(&newest.policy.id)
                .await
                .map_err(fault::ui)?;
            let who = by_policy.get(&newest.policy.id);
            rows.push(PolicyRow {
                id: newest.policy.id.to_string(),
                version: newest.policy.version,
                terms: newest.policy.terms.clone(),
                author: newest.author.clone(),
                at: newest.at,
                versions: version_rows(&versions, &open),
                replicas: who.map_or(0, |who| who.replicas),
                applies_from: who.map_or_else(Vec::new, |who| self.applies_from(newest, who, now)),
            });
        }
        let names: HashMap<ReplicaId, String> = picture
            .subjects
            .iter()
            .map(|it| {
                (
                    it.row.replica.id,
                    format!("{}/{}", it.row.replica.tenant, it.row.replica.name),
                )
            })
            .collect();
        let assignments = assignments.into_iter().map(|one| {
            let (to, id, name) = match &one.assignee {
                Assignee::Site => ("site", String::new(), String::new()),
                Assignee::Tenant { tenant } => ("tenant", tenant.to_string(), self.tenant_name(tenant)),
                Assignee::Replica { replica } => {
                    let name = names.get(replica).cloned().unwrap_or_else(|| replica.to_string());
                    ("replica", replica.to_string(), name)
                }
            };
            AssignmentRow {
                to: to.to_owned(),
                id,
                name,
                policy: one.policy.to_string(),
                author: one.author,
                at: one.at,
                replicas: by_assignee.get(&one.assignee).copied().unwrap_or(0),
            }
        });
        Ok(PoliciesView {
            as_of: now,
            zone: self.zone(),
            policies: rows,
            assignments: assignments.collect(),
            tenants: self.site().tenants.clone(),
        })
    }

    /// The next day of each zone of those who have the policy, by its newest window.
    fn applies_from(&self, policy: &PolicyVersion, who: &Who<'_>, now: DateTime<Utc>) -> Vec<NextDay> {
        let zones: BTreeMap<&str, Zone> = who
            .tenants
            .keys()
            .map(|tenant| self.zone_of(tenant))
            .map(|zone| (zone.name(), zone))
            .collect();
        let next = |zone: Zone| {
            let days = opening(zone, policy.policy.terms.window, now, now + NEXT_WITHIN);
            let (day, window) = days.into_iter().next()?;
            Some(NextDay {
                zone: zone.name().to_owned(),
                day: day.0,
                opens: window.open,
            })
        };
        let mut days: Vec<NextDay> = zones.into_values().filter_map(next).collect();
        days.sort_by(|a, b| a.opens.cmp(&b.opens).then_with(|| a.zone.cmp(&b.zone)));
        days.truncate(ZONES_MAX);
        days
    }
}

/// Who has a policy.
#[derive(Debug, Default)]
struct Who<'a> {
    replicas: u64,
    tenants: HashMap<&'a TenantId, u64>,
}

fn version_rows(versions: &[PolicyVersion], open: &HashMap<(PolicyId, u32), u64>) -> Vec<VersionRow> {
    let row = |(index, one): (usize, &PolicyVersion)| {
        let before = index.checked_sub(1).and_then(|before| versions.get(before));
        let key = (one.policy.id.clone(), one.policy.version);
        VersionRow {
            version: one.policy.version,
            author: one.author.clone(),
            at: one.at,
            changes: before.map_or_else(Vec::new, |before| {
                terms::changes(&before.policy.terms, &one.policy.terms)
            }),
            open: open.get(&key).copied().unwrap_or(0),
        }
    };
    versions.iter().enumerate().map(row).rev().collect()
}
