//! Which replicas are on no host, and since when. A host that does not answer makes nothing known.

use super::Ledger;
use crate::shared::Shared;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId};
use std::collections::BTreeMap;
use store::records::Replica;

/// Stretches on no host: since when, and until when once it is back.
#[derive(Debug, Default)]
pub(super) struct Absences(BTreeMap<ReplicaId, (DateTime<Utc>, Option<DateTime<Utc>>)>);

impl Absences {
    /// Compares with what the newest surveys have shown.
    pub fn note(&mut self, ledger: &Ledger, shared: &Shared) {
        for row in ledger.rows.values() {
            match (gone_since(row, ledger, shared), self.0.get_mut(&row.id)) {
                (Some(since), None | Some((_, Some(_)))) => {
                    self.0.insert(row.id, (since, None));
                }
                (None, Some((since, until @ None))) if row.last_seen > *since => *until = Some(row.last_seen),
                _ => {}
            }
        }
    }

    /// Since when it is gone, if it still is.
    pub fn gone(&self, replica: ReplicaId) -> Option<DateTime<Utc>> {
        let (since, until) = self.0.get(&replica)?;
        until.is_none().then_some(*since)
    }

    /// The newest stretch that is over.
    pub fn over(&self, replica: ReplicaId) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (since, until) = self.0.get(&replica)?;
        Some((*since, (*until)?))
    }
}

/// When it was seen last, if every host of the configuration has been surveyed since and none has shown it under this binding.
fn gone_since(row: &Replica, ledger: &Ledger, shared: &Shared) -> Option<DateTime<Utc>> {
    let surveyed = |host: &HostId| {
        let status = ledger.hosts.iter().find(|status| status.host == *host)?;
        status.last_survey
    };
    let all_looked = !shared.hosts.is_empty()
        && shared
            .hosts
            .keys()
            .all(|host| surveyed(host).is_some_and(|at| at > row.last_seen));
    // A VM that is shown and cannot be read, or whose tenant nobody can tell, is not gone; one that is another tenant's now is.
    let shown = shared.hosts.keys().any(|host| shared.board.shows(host, row.vm));
    let taken_over = || {
        let others = ledger
            .rows
            .values()
            .filter(|it| it.vm == row.vm && it.id != row.id);
        others.into_iter().any(|it| it.last_seen > row.last_seen)
    };
    (all_looked && (!shown || taken_over())).then_some(row.last_seen)
}
