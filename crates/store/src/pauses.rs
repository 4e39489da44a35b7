//! Pauses of primaries: the intent is durable before the pause, and ends only when the primary was seen to replicate again (promise 7).

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, ReplicaId, TenantId, VmGuid};
use serde::{Deserialize, Serialize};

/// How far a pause has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

impl PauseState {
    /// All of them, in the only order they can follow each other in; some may be left out.
    pub const ALL: [Self; 4] = [Self::Intended, Self::Paused, Self::Resuming, Self::Resumed];

    /// As stored and as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Paused => "paused",
            Self::Resuming => "resuming",
            Self::Resumed => "resumed",
        }
    }
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
    /// Records the intent: state `Intended`, nothing else has happened yet (`Conflict` otherwise). The same intent again is fine as long
    /// as it is only that. `Conflict` while another pause of the replica is not resumed and for a replica of another tenant;
    /// `NotFound` for an unknown replica.
    async fn pause_intend(&self, pause: &Pause) -> Result<()>;
    /// Moves it on: states only go forward (`Conflict` otherwise), may leave some out, and keep the instant they were first reached at;
    /// the same state again may change `trouble`. `trouble` is what is said with the newest step. `NotFound` for an attempt without
    /// a pause.
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
    /// Of a replica in scope, newest first, at most 1000.
    async fn pauses_of(&self, scope: &Scope, replica: ReplicaId, limit: u32) -> Result<Vec<Pause>>;
}
