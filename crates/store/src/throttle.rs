//! How often somebody tried to log in, and the browsers that did.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::throttle::{Gate, LogInTry};
use domain::ids::PersonId;

/// The most browsers that are known of a person: beyond it the one that was seen longest ago is forgotten.
pub const DEVICES_MAX: usize = 20;

/// Tries are before anybody is somebody: the site's alone, `NotFound` for a tenant's scope.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// Asks whether a try may be made, and counts it as failed if so, in one transaction: a thousand at once are a thousand.
    async fn log_in_try(&self, scope: &Scope, attempt: &LogInTry, at: DateTime<Utc>) -> Result<Gate>;
    /// The counted try was right.
    async fn log_in_forgive(&self, scope: &Scope, attempt: &LogInTry) -> Result<()>;
    /// Removes at most `limit` tallies that no limit remembers; how many.
    async fn log_in_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64>;
    /// This browser logged in as them.
    async fn device_remember(
        &self,
        scope: &Scope,
        person: PersonId,
        device: &SecretHash,
        at: DateTime<Utc>,
    ) -> Result<()>;
    /// Whether this browser was logged in under that name before.
    async fn device_known(&self, scope: &Scope, login: &LoginName, device: &SecretHash) -> Result<bool>;
}
