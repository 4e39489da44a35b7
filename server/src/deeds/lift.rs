//! Lift a hold before its time.

use super::{DeedError, Deeds};
use store::holds::OperatorHold;
use store::traits::StoreError;

impl Deeds {
    /// Lifts the hold with this number now.
    ///
    /// # Errors
    /// When there is none, or when it holds no more.
    pub async fn lift(&self, id: i64) -> Result<OperatorHold, DeedError> {
        self.object.say(format!("hold {id}"), None);
        self.store
            .hold_lift(id, self.now, &self.author)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => DeedError::Conflict(format!(
                    "hold {id} is over, or was lifted before: nothing to lift"
                )),
                other => other.into(),
            })
    }
}
