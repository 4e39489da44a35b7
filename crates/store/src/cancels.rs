//! Attempts that a person wants stopped: asked for anywhere, read by the worker that runs the attempt.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::AttemptId;
use serde::{Deserialize, Serialize};

/// Who wants an attempt stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    pub at: DateTime<Utc>,
    pub author: String,
    pub reason: String,
}

/// Requests to stop an attempt. They are wishes: an attempt that has sealed before it read its request stays sealed.
#[async_trait]
pub trait CancelStore: Send + Sync {
    /// Asks for a running attempt to be stopped; the first request stays. `NotFound` for an attempt that the scope does not see,
    /// `Conflict` for one that has ended.
    async fn cancel_request(&self, scope: &Scope, attempt: AttemptId, request: &CancelRequest) -> Result<()>;
    /// Whether somebody wants it stopped; `None` as well for an attempt that the scope does not see.
    async fn cancel_of(&self, scope: &Scope, attempt: AttemptId) -> Result<Option<CancelRequest>>;
}
