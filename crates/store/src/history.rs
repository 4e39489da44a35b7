//! What ended, by when it ended: what the forecast learns from, a stretch of time at a time.

use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::DayWindow;
use domain::code::Code;
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::{ObligationKey, OutcomeKind};

/// A closed day as it was closed; corrections do not change how a day went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDay {
    pub key: ObligationKey,
    pub tenant: TenantId,
    pub window: DayWindow,
    pub closed_at: DateTime<Utc>,
    pub kind: OutcomeKind,
    /// Of the point that met it, in time or late: its checkpoint was accepted, and it was sealed.
    pub point: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What took most of the window of a day that was not met in time.
    pub cause: Option<Code>,
    /// Deferrals by a log being applied.
    pub apply_deferrals: u32,
}

/// A blocker that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastBlocker {
    pub replica: ReplicaId,
    pub code: Code,
    pub from: DateTime<Utc>,
    /// The first instant without it.
    pub to: DateTime<Utc>,
}

/// History, of the whole site. Stretches are half-open.
#[async_trait]
pub trait HistoryStore: Send + Sync {
    /// Days closed from `from` to before `to`, by when they were closed, then by replica and day.
    async fn days_closed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastDay>>;
    /// Blockers that ended from `from` to before `to`, by their end, then by replica, code and beginning. Log applies (B1) are left out:
    /// they are the most of all and are over within minutes.
    async fn blockers_ended(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastBlocker>>;
}
