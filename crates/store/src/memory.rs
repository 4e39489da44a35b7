//! The store in the process's own memory: for the simulator, which drives the real engine over thousands of replicas, and for
//! tests. Nothing survives the process.
//!
//! * The same rules as in a database: both pass one conformance suite, and `tests/alike.rs` asks both the same random questions.
//! * One mutex around all tables. A method takes it once and does no I/O and no waiting under it, so it is one transaction.
//! * A write first asks everything that may be refused and only then changes anything: what is refused leaves nothing.
//! * A call costs O(log n) and what it returns. Every order that a method promises is an index, and rows are cloned only to be
//!   returned.
//! * Always built: it needs no dependency and little code, and `stillpoint sim` is part of the product's binary.
//!
//! Each aggregate is one file: its tables, its rules, its trait. A new one is a field of [`Tables`] beside them.

mod alarm;
mod attempts;
mod audit;
mod cancels;
mod ended;
mod events;
mod findings;
mod holds;
mod hosts;
mod index;
mod intervals;
mod invitations;
mod journal;
mod leases;
mod notices;
mod obligations;
mod once;
mod overview;
mod pauses;
mod people;
mod points;
mod policies;
mod poll;
mod proofs;
mod replicas;
mod secrets;
mod sessions;
mod tenants;
#[cfg(test)]
mod tests;
mod throttle;
mod tokens;
mod wishes;

use crate::traits::{Result, StoreError};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Every aggregate's trait over one set of tables. Cheap to clone: clones share them.
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tables: Mutex<Tables>,
    newest: watch::Sender<i64>,
    mishaps: Option<Arc<dyn Mishaps>>,
}

/// What may go wrong with a write, where a simulator wants it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    None,
    /// Nothing is written, and the answer is an error.
    Lost,
    /// It is written, and the answer is an error all the same: a connection that broke after the commit.
    Unanswered,
}

/// Asked once per write.
pub trait Mishaps: Send + Sync {
    fn next(&self) -> Mishap;
}

#[derive(Default)]
struct Tables {
    replicas: replicas::Replicas,
    intervals: intervals::Intervals,
    findings: findings::Findings,
    hosts: hosts::Hosts,
    attempts: attempts::Attempts,
    leases: leases::Leases,
    points: points::Points,
    policies: policies::Policies,
    obligations: obligations::Obligations,
    holds: holds::Holds,
    cancels: cancels::Cancels,
    pauses: pauses::Pauses,
    notices: notices::Notices,
    alarm: alarm::Alarm,
    events: events::Events,
    secrets: secrets::Secrets,
    tenants: tenants::Tenants,
    people: people::People,
    sessions: sessions::Sessions,
    tokens: tokens::Tokens,
    invitations: invitations::Invitations,
    throttle: throttle::Throttle,
    once: once::Once,
    audit: audit::Audit,
    wishes: wishes::Wishes,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose writes fail when `mishaps` says so.
    #[must_use]
    pub fn with_mishaps(mishaps: Arc<dyn Mishaps>) -> Self {
        Self {
            shared: Arc::new(Shared {
                mishaps: Some(mishaps),
                ..Shared::default()
            }),
        }
    }

    /// Ticks with the newest event number after every write that left one.
    #[must_use]
    pub fn event_watch(&self) -> watch::Receiver<i64> {
        self.shared.newest.subscribe()
    }

    /// Nothing under the lock panics on purpose; if something did, what it had not changed yet is still whole.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.shared.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, ask: impl FnOnce(&Tables) -> T) -> T {
        ask(&self.tables())
    }

    fn write<T>(&self, change: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        let mishap = self.shared.mishaps.as_ref().map_or(Mishap::None, |it| it.next());
        if mishap == Mishap::Lost {
            return Err(broken());
        }
        let mut tables = self.tables();
        let before = tables.events.newest();
        let outcome = change(&mut tables);
        let newest = tables.events.newest();
        drop(tables);
        if newest > before {
            self.shared.newest.send_if_modified(|seen| {
                let newer = newest > *seen;
                *seen = newest.max(*seen);
                newer
            });
        }
        if mishap == Mishap::Unanswered && outcome.is_ok() {
            return Err(broken());
        }
        outcome
    }
}

fn broken() -> StoreError {
    StoreError::Database {
        action: "answer",
        source: "a simulated fault".into(),
    }
}

/// Secrets are among the tables: none of them is ever printed.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
