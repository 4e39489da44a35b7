//! What the alarm remembers beside the outbox.

use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::causes::CauseKind;
use domain::ids::TenantId;
use domain::obligation::ObligationKey;

/// An obligation whose due time passed unmet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreachRow {
    pub key: ObligationKey,
    pub tenant: TenantId,
    pub due: DateTime<Utc>,
    /// What kept it then: the cause's key and kind.
    pub cause: Option<(String, CauseKind)>,
}

/// Memory of the alarm: the same after a restart, so that nothing is told twice.
#[async_trait]
pub trait AlarmStore: Send + Sync {
    /// Keys of all notices that were ever made, sorted.
    async fn notice_keys(&self) -> Result<Vec<String>>;
    /// Writes down those that are not there yet, in one transaction; what was written first stays. `NotFound` for an unknown obligation:
    /// then none is written.
    async fn breaches_put(&self, breaches: &[BreachRow]) -> Result<()>;
    /// Those that were due at `from` or later, by due time, then by replica and day.
    async fn breaches_since(&self, from: DateTime<Utc>) -> Result<Vec<BreachRow>>;
    /// A watcher's newest sign of life; an earlier one than is known changes nothing.
    async fn sign_put(&self, watcher: &str, at: DateTime<Utc>) -> Result<()>;
    /// The newest sign of every watcher, by its name.
    async fn signs(&self) -> Result<Vec<(String, DateTime<Utc>)>>;
}
