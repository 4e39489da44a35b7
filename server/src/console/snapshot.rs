//! The site as last read from the store: one copy for all screens, so that a page costs no walk through the state database.
//!
//! A keeper reads it whole now and then and in between only what the store's events name, at most every second. What screens show carries
//! the instant of that reading: a keeper that hangs shows as age, never as freshness. Where nobody keeps it - tests, one-off questions -
//! it is read whole for every question.

mod changed;
mod keeper;
mod read;
#[cfg(test)]
mod tests;
mod unpromised;

pub(super) use read::days_around;

use super::{ConsoleStore, Now, fault};
use ::console::{ReplicaId, UiError};
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::obligations::DayHead;
use store::records::{Attempt, Finding, HostStatus, PointHead, Replica, ReplicaStatus};
use store::traits::Scope;
use tokio::time::Instant;

/// The whole site, whoever will look at it: a view shows what its own scope sees.
pub(super) const SITE: Scope = Scope::Site {
    reason: "the screens' snapshot",
};

/// One replica with the newest of everything.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub replica: Replica,
    pub status: Option<ReplicaStatus>,
    pub attempt: Option<Attempt>,
    pub newest: Option<PointHead>,
    pub points: u64,
    /// The SLA days around now, oldest first.
    pub days: Vec<DayHead>,
}

/// Everything at one instant.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// When it was read, by the world's clock.
    pub read_at: DateTime<Utc>,
    /// In the store's order of replicas.
    pub rows: Vec<Arc<Row>>,
    pub hosts: Vec<HostStatus>,
    pub findings: Vec<Finding>,
    /// All events up to this number are in it.
    seq: i64,
    /// When everything, and when every status was read, by the machine's clock.
    whole_at: Instant,
    statuses_at: Instant,
}

impl Snapshot {
    /// The rows that a scope sees. Here and nowhere else is another tenant's replica left out.
    pub(super) fn rows_of<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Row>> {
        self.rows
            .iter()
            .filter(move |row| sees(scope, &row.replica.tenant))
    }

    /// The findings that a scope sees: a tenant those of its own replicas.
    pub(super) fn findings_of<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Finding> {
        let own: BTreeMap<ReplicaId, ()> = match scope {
            Scope::Site { .. } => BTreeMap::new(),
            Scope::Tenant(_) => self.rows_of(scope).map(|row| (row.replica.id, ())).collect(),
        };
        self.findings.iter().filter(move |finding| match scope {
            Scope::Site { .. } => true,
            Scope::Tenant(_) => finding.replica.is_some_and(|id| own.contains_key(&id)),
        })
    }
}

/// Whether a scope sees a tenant's things.
pub(super) fn sees(scope: &Scope, tenant: &TenantId) -> bool {
    match scope {
        Scope::Site { .. } => true,
        Scope::Tenant(own) => own == tenant,
    }
}

/// The shared copy.
pub struct Snapshots {
    store: Arc<dyn ConsoleStore>,
    now: Now,
    /// `None` as long as nobody keeps it.
    kept: RwLock<Option<Arc<Snapshot>>>,
    /// One reading at a time: those who wait get what it found.
    reading: tokio::sync::Mutex<()>,
}

impl Snapshots {
    /// A copy that is read for every question until somebody keeps it.
    #[must_use]
    pub fn new(store: Arc<dyn ConsoleStore>, now: Now) -> Self {
        Self {
            store,
            now,
            kept: RwLock::new(None),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    /// The newest copy, or one that is read now where nobody keeps one.
    ///
    /// # Errors
    /// The store's, in words.
    pub(super) async fn current(&self) -> Result<Arc<Snapshot>, UiError> {
        match self.newest() {
            Some(kept) => Ok(kept),
            None => Ok(Arc::new(self.whole().await.map_err(fault::ui)?)),
        }
    }

    /// What the API may read of the copy.
    ///
    /// # Errors
    /// The store's, in words.
    pub async fn site(&self) -> Result<SiteCopy, UiError> {
        Ok(SiteCopy(self.current().await?))
    }

    /// After a deed: whoever did it sees it at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn catch_up(&self) -> store::traits::Result<()> {
        if self.newest().is_some() {
            self.refresh().await?;
        }
        Ok(())
    }

    fn newest(&self) -> Option<Arc<Snapshot>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The whole site for the operator's endpoints.
pub struct SiteCopy(Arc<Snapshot>);

impl SiteCopy {
    /// When it was read, by the world's clock.
    #[must_use]
    pub fn read_at(&self) -> DateTime<Utc> {
        self.0.read_at
    }

    /// Every replica.
    pub fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.0.rows.iter().map(|row| &row.replica)
    }

    /// The SLA days around now, of every replica.
    pub fn days(&self) -> impl Iterator<Item = &DayHead> {
        self.0.rows.iter().flat_map(|row| &row.days)
    }
}
