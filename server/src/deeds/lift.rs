//! Lift a hold before its time.

use super::{DeedError, Deeds};
use store::holds::{HoldTarget, OperatorHold};
use store::traits::StoreError;

impl Deeds {
    /// Lifts the hold with this number now.
    ///
    /// # Errors
    /// When there is none, or when it holds no more.
    pub async fn lift(&self, id: i64) -> Result<OperatorHold, DeedError> {
        self.object.deed("hold.lift");
        self.object.say(format!("hold {id}"), None);
        let lifted = self
            .store
            .hold_lift(id, self.now, &self.author)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => DeedError::Conflict(format!(
                    "hold {id} is over, or was lifted before: nothing to lift"
                )),
                other => other.into(),
            })?;
        // Whose it was is known only now; its people read of the end as they did of the beginning.
        match &lifted.target {
            HoldTarget::Host { host } => self.object.say(format!("hold {id} of host {host}"), None),
            HoldTarget::Tenant { tenant } => {
                self.object
                    .say(format!("hold {id} of tenant {tenant}"), Some(tenant));
            }
            HoldTarget::Replica { replica } => self.say_replica(&format!("hold {id} of "), *replica).await,
        }
        Ok(lifted)
    }
}
