//! What screens, API and tenants' pages need from the engine that runs in this process, if one does.

use ::console::{ReplicaId, UiError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::HostId;
use domain::planner::Full;
use engine::{Foreseen, Planned, Sighted};
use std::sync::Arc;

/// Begins the attempt that was reserved. Dropped uncalled, it gives back what was reserved and nothing has happened.
pub type Begin = Box<dyn FnOnce() + Send>;

/// Why an attempt that somebody asked for is not begun. Nothing has happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    #[error("no engine runs in this process: start `stillpoint serve`, or use `stillpoint backup`")]
    NoEngine,
    #[error("the replica is being worked on by {owner}; look at its attempts")]
    Busy { owner: String },
    #[error("{0}: ask again when one of them has ended")]
    Full(Full),
    /// It was told in the log.
    #[error("the state cannot be read: look at the log, and ask again")]
    Failed,
}

impl From<NotBegun> for UiError {
    fn from(why: NotBegun) -> Self {
        Self::Conflict {
            text: why.to_string(),
        }
    }
}

/// What the screens need from the running engine.
#[async_trait]
pub trait EngineDoor: Send + Sync {
    /// Takes replica and slot for one attempt beside the plan, within the limits.
    ///
    /// # Errors
    /// Why it is not begun.
    async fn reserve(&self, replica: ReplicaId) -> Result<Begin, NotBegun>;
    /// When the replica is looked at again, if a time and not a change wakes us.
    fn next_look(&self, replica: ReplicaId) -> Option<DateTime<Utc>>;
    /// Requests to a host in the last minute, and how many may be; `None` where it is not asked from here.
    fn requests(&self, host: &HostId) -> Option<(u32, u32)>;
    /// What was planned last; `None` before the first round.
    fn planned(&self) -> Option<Arc<Planned>>;
    /// What was foreseen last; `None` before the first forecast.
    fn foreseen(&self) -> Option<Arc<Foreseen>>;
    /// Replicas as the hosts showed them last; `None` where no host is watched from here.
    fn sighted(&self) -> Option<Vec<Sighted>> {
        None
    }
}

/// No engine runs in this process.
#[derive(Debug, Clone, Copy)]
pub struct NoEngine;

#[async_trait]
impl EngineDoor for NoEngine {
    async fn reserve(&self, _replica: ReplicaId) -> Result<Begin, NotBegun> {
        Err(NotBegun::NoEngine)
    }
    fn next_look(&self, _replica: ReplicaId) -> Option<DateTime<Utc>> {
        None
    }
    fn requests(&self, _host: &HostId) -> Option<(u32, u32)> {
        None
    }
    fn planned(&self) -> Option<Arc<Planned>> {
        None
    }
    fn foreseen(&self) -> Option<Arc<Foreseen>> {
        None
    }
}
