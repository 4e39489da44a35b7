//! Replicas that nothing is promised for: a finding that no host's survey makes, built with the copy that all screens, the rail's count and
//! the figures are drawn from.

use super::super::policies::Assigned;
use super::Row;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use store::policies::Assignment;
use store::records::{Finding, Replica};

/// A replica that no policy reaches. The store is never without the site's, so this is seen only where somebody took it out by hand.
const NO_POLICY: &str = "no-policy";

/// What the surveys found, and what no policy reaches, the oldest first.
pub(super) fn all(
    found: Vec<Finding>,
    rows: &[Arc<Row>],
    assignments: &[Assignment],
    at: DateTime<Utc>,
) -> Vec<Finding> {
    let assigned = Assigned::new(assignments);
    let unpromised = rows
        .iter()
        .map(|row| &row.replica)
        .filter(|replica| assigned.of(replica).is_none())
        .map(|replica| no_policy(replica, at));
    let mut all: Vec<Finding> = found.into_iter().chain(unpromised).collect();
    all.sort_by(|a, b| (a.since, &a.key).cmp(&(b.since, &b.key)));
    all
}

fn no_policy(replica: &Replica, at: DateTime<Utc>) -> Finding {
    Finding {
        key: format!("{NO_POLICY}:{}", replica.id),
        kind: NO_POLICY.to_owned(),
        host: Some(replica.host.clone()),
        replica: Some(replica.id),
        text: format!(
            "Replica {} of tenant {} has no policy: nothing is owed for it, and no day of it is counted.",
            replica.name, replica.tenant
        ),
        since: replica.first_seen.min(at),
        last_seen: at,
    }
}
