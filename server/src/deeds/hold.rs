//! Hold a host, a tenant or a replica: nothing starts there, obligations stay open and visible.

use super::{DeedError, Deeds, Until, written};
use store::holds::{HoldTarget, OperatorHold};
use store::traits::StoreError;

/// Longest hold. A longer one is a decision of its own, made again.
pub const HOLD_SECS_MAX: u64 = 90 * 86_400;

/// What is to be held.
#[derive(Debug, Clone)]
pub struct NewHold {
    pub target: HoldTarget,
    pub until: Until,
    pub reason: String,
}

impl Deeds {
    /// Begins a hold now.
    ///
    /// # Errors
    /// The field that is not right, or what is not there.
    pub async fn hold(&self, new: NewHold) -> Result<OperatorHold, DeedError> {
        self.object.deed("hold.begin");
        match &new.target {
            HoldTarget::Host { host } => self.object.say(format!("host {host}"), None),
            HoldTarget::Tenant { tenant } => self.object.say(format!("tenant {tenant}"), Some(tenant)),
            HoldTarget::Replica { replica } => self.say_replica("", *replica).await,
        }
        let reason = written::reason("reason", &new.reason)?;
        let until = new.until.resolve(self.now, HOLD_SECS_MAX)?;
        self.object.detail("reason", &reason);
        self.detail_until(until);
        match &new.target {
            HoldTarget::Host { host } => self.known.host(host)?,
            HoldTarget::Tenant { tenant } => self.tenant_there(tenant).await?,
            // The store knows replicas.
            HoldTarget::Replica { .. } => {}
        }
        self.store
            .hold_begin(&new.target, self.now, until, &reason, &self.author)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => DeedError::field("until", "is not ahead"),
                other => other.into(),
            })
    }
}
