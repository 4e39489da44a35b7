//! Pausing primaries (promise 7): which may be paused, how a pause is let go, and the watchdog that lets go of what nobody holds any more.
//!
//! A pause is a row of the store before it is anything else. It ends in one way only: the primary was *seen* to replicate again. Whoever
//! paused it - an attempt of this process, one that was killed, another worker - the same [`release`](release::release) ends it.

pub(crate) mod permit;
pub(crate) mod release;
pub(crate) mod watchdog;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{AttemptId, ReplicaId, TenantId};
use hyperv::primary::PrimaryHost;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use store::records::Replica;
use tokio::sync::Notify;

/// For so long no pause is thought of after one that came to nothing: the watched gaps are tried meanwhile.
const SHY: TimeDelta = TimeDelta::minutes(10);

/// A tenant's own host that may be asked to pause.
#[derive(Clone)]
pub struct TenantPrimary {
    pub tenant: TenantId,
    /// The names by which replicas' hosts know it; compared without case.
    pub names: Vec<String>,
    pub host: Arc<dyn PrimaryHost>,
}

/// What this process knows of primaries and their pauses.
pub(crate) struct Pausing {
    primaries: Vec<TenantPrimary>,
    /// A tenant's budget is counted and spent in one piece.
    pub spending: tokio::sync::Mutex<()>,
    /// Pauses that are just being let go.
    releasing: Mutex<BTreeSet<AttemptId>>,
    shy: Mutex<BTreeMap<ReplicaId, DateTime<Utc>>>,
    /// A pause is to be let go.
    pub wake: Notify,
}

impl Pausing {
    pub fn new(primaries: Vec<TenantPrimary>) -> Self {
        Self {
            primaries,
            spending: tokio::sync::Mutex::default(),
            releasing: Mutex::default(),
            shy: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// The host that a replica's primary runs on: the tenant's one that bears the name that the replica's host told. Several are none.
    pub fn of(&self, replica: &Replica) -> Option<&TenantPrimary> {
        let told = replica.primary_host.as_deref()?.trim();
        let bears = |it: &&TenantPrimary| {
            it.tenant == replica.tenant && it.names.iter().any(|name| name.eq_ignore_ascii_case(told))
        };
        let mut found = self.primaries.iter().filter(bears);
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The host that a pause names, then the tenant's others: a VM moves between them.
    pub fn candidates(&self, tenant: &TenantId, key: &str) -> Vec<&TenantPrimary> {
        let theirs = self.primaries.iter().filter(|it| it.tenant == *tenant);
        let (mut named, others): (Vec<_>, Vec<_>) = theirs.partition(|it| it.host.id().as_str() == key);
        // Without the host that was paused, a look at the others says nothing.
        if !named.is_empty() {
            named.extend(others);
        }
        named
    }

    /// A pause of this replica came to nothing.
    pub fn came_to_nothing(&self, replica: ReplicaId, now: DateTime<Utc>) {
        let mut shy = self.shy.lock().unwrap_or_else(PoisonError::into_inner);
        shy.retain(|_, until| *until > now);
        shy.insert(replica, now + SHY);
    }

    fn is_shy(&self, replica: ReplicaId, now: DateTime<Utc>) -> bool {
        let shy = self.shy.lock().unwrap_or_else(PoisonError::into_inner);
        shy.get(&replica).is_some_and(|until| *until > now)
    }

    /// Takes a pause to let it go; `None` while another task is at it.
    fn take(&self, attempt: AttemptId) -> Option<Releasing<'_>> {
        let mut all = self.releasing.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only where it is handed out: dropped here it would wait for the lock that is held, and take the other task's mark away.
        all.insert(attempt).then(|| Releasing {
            pausing: self,
            attempt,
        })
    }
}

/// A pause is being let go while this lives.
struct Releasing<'a> {
    pausing: &'a Pausing,
    attempt: AttemptId,
}

impl Drop for Releasing<'_> {
    fn drop(&mut self) {
        let all = self.pausing.releasing.lock();
        all.unwrap_or_else(PoisonError::into_inner).remove(&self.attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_a_pause_being_let_go_leaves_it_to_the_other() {
        let pausing = Pausing::new(Vec::new());
        let attempt = AttemptId(uuid::Uuid::nil());
        let first = pausing.take(attempt);
        assert!(first.is_some());
        assert!(pausing.take(attempt).is_none());
        assert!(pausing.take(attempt).is_none(), "the mark of the first stands");
        drop(first);
        assert!(pausing.take(attempt).is_some());
    }
}
