//! Pauses of primaries: the intent is durable before the pause, and ends only when the primary was seen to replicate again (promise 7).

use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, ReplicaId, TenantId, VmGuid};
use serde::{Deserialize, Serialize};

/// How far a pause has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseState {
    /// About to be asked for; the primary may or may not be paused.
    Intended,
    /// The primary has said that it is paused.
    Paused,
    /// Resuming was asked for; not yet seen.
    Resuming,
    /// The primary was seen to replicate again.
    Resumed,
}

/// One pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub attempt: AttemptId,
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub vm: VmGuid,
    /// The primary's key in the configuration.
    pub primary: String,
    pub intended: DateTime<Utc>,
    /// The watchdog resumes after this, whoever is at work.
    pub until: DateTime<Utc>,
    pub state: PauseState,
    pub paused: Option<DateTime<Utc>>,
    pub resumed: Option<DateTime<Utc>>,
    /// Why it could not be resumed yet, for people.
    pub trouble: Option<String>,
}

/// Pauses; at most one per replica is not yet resumed.
#[async_trait]
pub trait PauseStore: Send + Sync {
    /// Records the intent; `Conflict` while another pause of the replica is not resumed.
    async fn pause_intend(&self, pause: &Pause) -> Result<()>;
    /// Moves it on: states only go forward (`Conflict` otherwise); the same state again may change `trouble`.
    async fn pause_step(
        &self,
        attempt: AttemptId,
        state: PauseState,
        at: DateTime<Utc>,
        trouble: Option<&str>,
    ) -> Result<()>;
    /// All that were not seen to be resumed, oldest first.
    async fn pauses_unresumed(&self) -> Result<Vec<Pause>>;
    /// How many were intended for a tenant since `from`: what its budget has spent.
    async fn pauses_since(&self, tenant: &TenantId, from: DateTime<Utc>) -> Result<u32>;
    /// Of a replica, newest first.
    async fn pauses_of(&self, replica: ReplicaId, limit: u32) -> Result<Vec<Pause>>;
}
