//! The store in one SQLite file.
//!
//! * One writer connection, and every write transaction starts with `BEGIN IMMEDIATE`: a transaction that reads and then writes
//!   never has to be upgraded, so it waits for the lock instead of failing half-way.
//! * A pool of readers that cannot write (`query_only`). WAL: readers never wait for the writer.
//! * `synchronous=FULL`: what was committed survives a power cut. A journal entry that is lost is a checkpoint that nobody removes.
//! * Several processes may have the file open (server and commands); SQLite's lock orders their writes.
//! * Nothing is needed after a kill: the next open replays or drops what was in the log.

mod alarm;
mod attempts;
mod audit;
mod cancels;
mod corrections;
mod days;
mod ended;
mod events;
mod findings;
#[cfg(any(test, feature = "conformance"))]
mod history;
mod holds;
mod hosts;
mod intervals;
mod invitations;
mod journal;
mod leases;
mod notices;
mod obligations;
mod once;
mod open;
mod overview;
mod pauses;
mod people;
#[cfg(test)]
mod plans;
mod points;
mod policies;
mod poll;
mod proofs;
mod replicas;
mod row;
mod sealed;
mod secrets;
mod sessions;
mod tenants;
#[cfg(test)]
mod tests;
mod throttle;
mod tokens;
mod tries;
mod wishes;
mod write;

use crate::traits::{Result, Scope, StoreError};
use domain::ids::TenantId;
use sqlx::SqlitePool;
use std::path::Path;
use tokio::sync::watch;

/// Every aggregate's trait over one SQLite file. Cheap to clone: clones share the connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    reader: SqlitePool,
    newest: watch::Sender<i64>,
}

impl SqliteStore {
    /// Opens the file, creating it (mode 0600) and its folder (0700) if missing, and brings its schema up to date.
    ///
    /// # Errors
    /// `Newer` for a file that a newer Stillpoint wrote, `Full` without room, `Open` for everything else.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        open::open(path.as_ref()).await
    }

    /// Ticks with the newest event number after every commit of *this* process that wrote one. Events of other processes on the
    /// same file do not tick: whoever streams looks every few seconds as well.
    #[must_use]
    pub fn event_watch(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// Asks the file a question that reads a page: whether the store can be used at all.
    ///
    /// # Errors
    /// `Database` when it cannot.
    pub async fn ready(&self) -> Result<()> {
        sqlx::query("SELECT count(*) FROM host_status")
            .fetch_one(&self.reader)
            .await
            .map(|_| ())
            .map_err(failed("answer"))
    }

    /// Closes all connections; the last one moves the log into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

impl Scope {
    /// What is bound in `(CAST($n AS TEXT) IS NULL OR tenant = $n)`: nothing for the site.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.owner().map(TenantId::as_str)
    }
}

/// The statement for the site or the one for a tenant; `$1` is bound to [`Scope::tenant`] in both.
fn scoped(scope: &Scope, (site, tenant): (&'static str, &'static str)) -> &'static str {
    scope.tenant().map_or(site, |_| tenant)
}

/// `SQLITE_FULL`, the primary code; the extended ones hold it in their low byte.
const SQLITE_FULL: u32 = 13;

/// Turns a driver's error into the store's: `action` completes "the state database failed to ...".
fn failed(action: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| {
        if primary_code(&error) == Some(SQLITE_FULL) {
            return StoreError::Full;
        }
        StoreError::Database {
            action,
            source: Box::new(error),
        }
    }
}

/// SQLite's primary result code of an error, if SQLite gave it.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn is_foreign_key_violation(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
