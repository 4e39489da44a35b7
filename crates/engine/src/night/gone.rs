//! Which replicas are on no host, and since when. A host that does not answer makes nothing known.

use super::Ledger;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
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
            match (presence(row, ledger, shared), self.0.get_mut(&row.id)) {
                (Presence::Gone { since }, None | Some((_, Some(_)))) => {
                    self.0.insert(row.id, (since, None));
                }
                (Presence::Shown | Presence::NotKnown, Some((since, until @ None)))
                    if row.last_seen > *since =>
                {
                    *until = Some(row.last_seen);
                }
                // Shown all the time, and nothing could be read of it: it was never gone.
                (Presence::Shown, Some((_, None))) => {
                    self.0.remove(&row.id);
                }
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

/// Where a replica is, by the surveys.
enum Presence {
    /// A host shows the VM, readable or not, and it is nobody else's.
    Shown,
    /// No host does, and each was asked long enough after the VM left the one that had it.
    Gone {
        /// When it was seen last.
        since: DateTime<Utc>,
    },
    /// A host does not answer, or the VM may be on its way from one to another.
    NotKnown,
}

fn presence(row: &Replica, ledger: &Ledger, shared: &Shared) -> Presence {
    // A VM that is shown and cannot be read, or whose tenant nobody can tell, is not gone; one that is another tenant's now is.
    let shown = shared.hosts.keys().any(|host| shared.board.showed(host, row.vm));
    let taken_over = || {
        let others = ledger
            .rows
            .values()
            .filter(|it| it.vm == row.vm && it.id != row.id);
        others.into_iter().any(|it| it.last_seen > row.last_seen)
    };
    if shown && !taken_over() {
        return Presence::Shown;
    }
    // A migration: the next host was asked before the VM came, and the last one after it went. Two rounds of polls find it there.
    let way = TimeDelta::seconds(2 * i64::from(shared.config.poll_secs));
    let left = shared.board.left(row.vm).map(|at| at + way);
    let from = left
        .filter(|_| !shown)
        .map_or(row.last_seen, |at| at.max(row.last_seen));
    let asked = |host: &HostId| {
        let status = ledger.hosts.iter().find(|status| status.host == *host);
        status
            .and_then(|status| status.last_survey)
            .is_some_and(|at| at > from)
    };
    if !shared.hosts.is_empty() && shared.hosts.keys().all(asked) {
        return Presence::Gone { since: row.last_seen };
    }
    Presence::NotKnown
}
