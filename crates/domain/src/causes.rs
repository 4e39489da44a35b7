//! Open obligations by what keeps them: a resync storm on a host is one row of 140 replicas, not 140 rows.

mod kind;

pub use kind::CauseKind;

use crate::blocker::Actor;
use crate::ids::{HostId, TenantId};
use crate::obligation::ObligationKey;
use crate::planner::{Held, Move, Wait};
use crate::words::count;
use chrono::{DateTime, Utc};
use kind::Scope;
use std::collections::{BTreeSet, HashMap};

/// One open obligation with the planner's decision on it.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    pub key: ObligationKey,
    pub tenant: &'a TenantId,
    pub host: &'a HostId,
    pub what: &'a Move,
    /// Since when it has waited for this reason; the blocker's own beginning goes before it.
    pub since: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// See [`crate::planner::slack_secs`].
    pub slack_secs: i64,
    /// Whether the forecast sees it at risk. One without slack is at risk in any case.
    pub at_risk: bool,
}

/// One reason that keeps obligations from being met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The same as long as the cause is the same: `host:hv-r-01:B5`. Fit for URLs and for acknowledgements.
    pub key: String,
    pub kind: CauseKind,
    /// Where, when the cause is one host's.
    pub host: Option<HostId>,
    /// How many tenants it concerns.
    pub tenants: usize,
    pub replicas: usize,
    /// Of these, those that are at risk; those without slack included.
    pub at_risk: usize,
    /// Of these, those that are expected to be too late already.
    pub too_late: usize,
    pub since_oldest: DateTime<Utc>,
    /// The earliest due time among those that can still be met; among all when none can.
    pub next_due: DateTime<Utc>,
    /// The least slack among the same.
    pub least_slack_secs: i64,
    /// The obligation with that slack: for a cause of one replica, that replica.
    pub first: ObligationKey,
    /// Whose move it is.
    pub actor: Actor,
    /// What a person wrote, where a person holds it.
    pub held: Option<Held>,
}

impl Cause {
    /// A line for people: `Resynchronization on hv-r-01`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.host {
            Some(host) => format!("{} on {host}", self.kind.title()),
            None => self.kind.title().to_owned(),
        }
    }
    /// How much it concerns: `140 replicas of 12 tenants, 3 at risk`.
    #[must_use]
    pub fn extent(&self) -> String {
        let mut text = format!(
            "{} of {}",
            count(self.replicas as u64, "replica", "replicas"),
            count(self.tenants as u64, "tenant", "tenants")
        );
        if self.at_risk > 0 {
            text += &format!(", {} at risk", self.at_risk);
        }
        text
    }
}

/// What is known of one cause so far.
struct Group<'a> {
    kind: CauseKind,
    tenants: BTreeSet<&'a TenantId>,
    replicas: usize,
    at_risk: usize,
    too_late: usize,
    since: DateTime<Utc>,
    /// Those that can still be met come first.
    first: (bool, i64, DateTime<Utc>, ObligationKey),
    next_due: (bool, DateTime<Utc>),
    held: Option<&'a Held>,
}

/// Groups what waits by its cause, what will breach first at the top; causes that have nothing left to lose come last. What runs, starts
/// or has not opened has no cause.
#[must_use]
pub fn causes<'a>(waiting: impl IntoIterator<Item = Waiting<'a>>) -> Vec<Cause> {
    let mut groups: HashMap<Scope<'a>, Group<'a>> = HashMap::new();
    for one in waiting {
        let Some((kind, scope)) = kind::of(&one) else {
            continue;
        };
        let late = one.slack_secs < 0;
        let since = match one.what {
            Move::Wait {
                why: Wait::Blocked { since, .. },
                ..
            } => *since,
            _ => one.since,
        };
        let first = (late, one.slack_secs, one.due, one.key);
        let group = groups.entry(scope).or_insert_with(|| Group {
            kind,
            tenants: BTreeSet::new(),
            replicas: 0,
            at_risk: 0,
            too_late: 0,
            since,
            first,
            next_due: (late, one.due),
            held: match one.what {
                Move::Wait {
                    why: Wait::Held(held),
                    ..
                } => Some(held),
                _ => None,
            },
        });
        group.tenants.insert(one.tenant);
        group.replicas += 1;
        group.at_risk += usize::from(one.at_risk || late);
        group.too_late += usize::from(late);
        group.since = group.since.min(since);
        group.first = group.first.min(first);
        group.next_due = group.next_due.min((late, one.due));
    }
    let mut causes: Vec<Cause> = groups.iter().map(|(scope, group)| cause(scope, group)).collect();
    causes.sort_by(|a, b| {
        let lost = |c: &Cause| c.too_late == c.replicas;
        lost(a)
            .cmp(&lost(b))
            .then(a.least_slack_secs.cmp(&b.least_slack_secs))
            .then(b.replicas.cmp(&a.replicas))
            .then_with(|| a.key.cmp(&b.key))
    });
    causes
}

fn cause(scope: &Scope<'_>, group: &Group<'_>) -> Cause {
    Cause {
        key: scope.key(group.kind),
        kind: group.kind,
        host: scope.host().cloned(),
        tenants: group.tenants.len(),
        replicas: group.replicas,
        at_risk: group.at_risk,
        too_late: group.too_late,
        since_oldest: group.since,
        next_due: group.next_due.1,
        least_slack_secs: group.first.1,
        first: group.first.3,
        actor: group.kind.actor(),
        held: group.held.cloned(),
    }
}

/// What keeps one obligation, and the key of its cause; `None` when nothing does.
#[must_use]
pub fn cause_of(one: &Waiting<'_>) -> Option<(CauseKind, String)> {
    let (kind, scope) = kind::of(one)?;
    Some((kind, scope.key(kind)))
}

#[cfg(test)]
mod tests;
