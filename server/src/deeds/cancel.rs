//! Ask for a running attempt to be stopped. It is a wish: whoever runs it reads it, undoes what was begun and says so.

use super::{DeedError, Deeds, SITE, written};
use domain::attempt::AttemptState;
use domain::ids::AttemptId;
use store::cancels::CancelRequest;
use store::records::Attempt;
use store::traits::StoreError;

impl Deeds {
    /// Asks for an attempt to be stopped; the first request stays.
    ///
    /// # Errors
    /// The field that is not right, an attempt that is not there, or one that has ended.
    pub async fn cancel(&self, attempt: AttemptId, reason: &str) -> Result<Attempt, DeedError> {
        self.object.deed("attempt.cancel");
        match self.store.attempt(&SITE, attempt).await {
            Ok(found) => {
                self.say_replica(&format!("attempt {attempt} on "), found.replica)
                    .await
            }
            Err(_) => self.object.say(format!("attempt {attempt}"), None),
        }
        let reason = written::reason("reason", reason)?;
        self.object.detail("reason", &reason);
        let request = CancelRequest {
            at: self.now,
            author: self.author.clone(),
            reason,
        };
        self.store
            .cancel_request(&SITE, attempt, &request)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => {
                    DeedError::Conflict(format!("attempt {attempt} has ended: nothing to cancel"))
                }
                other => other.into(),
            })?;
        Ok(self.store.attempt(&SITE, attempt).await?)
    }

    /// The attempt that runs on a replica.
    ///
    /// # Errors
    /// When none does.
    pub async fn running_on(&self, replica: domain::ids::ReplicaId) -> Result<AttemptId, DeedError> {
        let newest = self.store.attempts(&SITE, Some(replica), None, 1).await?;
        match newest.first() {
            Some(attempt) if matches!(attempt.state, AttemptState::Running { .. }) => Ok(attempt.id),
            _ => Err(DeedError::Conflict(
                "no attempt runs on this replica: nothing to cancel".to_owned(),
            )),
        }
    }
}
