//! What people laid on the plan by hand: holds, and causes they have acknowledged.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId, TenantId};
use serde::{Deserialize, Serialize};

/// What is held: nothing starts there, obligations stay open and visible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum HoldTarget {
    Host { host: HostId },
    Tenant { tenant: TenantId },
    Replica { replica: ReplicaId },
}

/// A hold until a time, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorHold {
    /// 1, 2, 3...
    pub id: i64,
    pub target: HoldTarget,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub reason: String,
    pub author: String,
    /// Lifted before its time, by whom.
    pub lifted: Option<(DateTime<Utc>, String)>,
}

impl OperatorHold {
    /// Whether nothing may start there at `now`: from its beginning until its end or until it was lifted, half-open.
    #[must_use]
    pub fn holds_at(&self, now: DateTime<Utc>) -> bool {
        let lifted = self.lifted.as_ref().is_some_and(|(at, _)| *at <= now);
        self.from <= now && now < self.until && !lifted
    }
}

/// A cause that somebody has taken note of: it is not raised again until it changes or the acknowledgement ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The cause's stable key: `host:hv-r-01:B5`.
    pub cause: String,
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub note: String,
    pub author: String,
}

impl Acknowledgement {
    /// Whether the cause stays quiet at `now`, half-open.
    #[must_use]
    pub fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.at <= now && now < self.until
    }
}

/// Holds and acknowledgements; appended and ended, never deleted.
#[async_trait]
pub trait HoldStore: Send + Sync {
    /// Begins a hold and returns it with its id. `Conflict` when it would end before it begins, `NotFound` for an unknown replica;
    /// hosts and tenants are known to the configuration, not here.
    async fn hold_begin(
        &self,
        target: &HoldTarget,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: &str,
        author: &str,
    ) -> Result<OperatorHold>;
    /// `NotFound` for an unknown id, `Conflict` for one that is over at `at` or was lifted before.
    async fn hold_lift(&self, id: i64, at: DateTime<Utc>, author: &str) -> Result<OperatorHold>;
    /// Those that hold at `now`, newest first. A tenant's scope sees those that hold something of its own: the tenant, its replicas, hosts
    /// that they are on.
    async fn holds_active(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<OperatorHold>>;
    /// The newest of all that the scope sees, active or not; at most 1000.
    async fn holds(&self, scope: &Scope, limit: u32) -> Result<Vec<OperatorHold>>;
    /// Replaces an earlier acknowledgement of the same cause.
    async fn acknowledge(&self, acknowledgement: &Acknowledgement) -> Result<()>;
    /// Those that are valid at `now`, by cause. A tenant's scope sees those of causes that are the tenant's.
    async fn acknowledgements(&self, scope: &Scope, now: DateTime<Utc>) -> Result<Vec<Acknowledgement>>;
}
