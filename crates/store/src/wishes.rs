//! Backups that somebody of a tenant asked for beside the plan.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::wish::WishRefused;
use domain::ids::ReplicaId;

/// One wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub replica: ReplicaId,
    pub author: String,
    pub at: DateTime<Utc>,
}

/// Wishes. They are kept as long as they count.
#[async_trait]
pub trait WishStore: Send + Sync {
    /// Takes a wish, or says which limit it would pass (`domain::door::wish::check`), in one transaction: of many at once no more are
    /// taken than may be. `NotFound` for a replica that the scope does not see.
    async fn wish_make(&self, scope: &Scope, wish: &Wish) -> Result<std::result::Result<(), WishRefused>>;
    /// Those for a replica that still count at `at`, newest first. `NotFound` for a replica that the scope does not see.
    async fn wishes(&self, scope: &Scope, replica: ReplicaId, at: DateTime<Utc>) -> Result<Vec<Wish>>;
}
