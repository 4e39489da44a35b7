//! How an attempt ends that does not seal: what was begun is undone first, then the end is written down, then the lease is given back.

use super::{Outcome, Run, Stop, undo};
use crate::ports::chain;
use domain::attempt::{AttemptState, Step};

impl Run {
    /// Undoes what was begun and writes down how it ended. What cannot be undone now is left, lease and all, to the rescuer.
    pub(super) async fn settle(&mut self, stop: Stop) -> Outcome {
        if !matches!(stop, Stop::Abandoned { .. }) {
            self.let_go_now().await;
        }
        let at = self.shared.now();
        let state = match stop {
            Stop::LeaseLost => return Outcome::LeaseLost,
            Stop::Abandoned { why } => {
                tracing::warn!(attempt.id = %self.attempt.id, why, "attempt abandoned");
                return Outcome::Abandoned { why };
            }
            // Sealed in the store: only the rescuer's way forward is left, never the way back.
            Stop::Deferred(_) | Stop::Failed(_) if self.step >= Step::CleanUp => {
                return Outcome::Abandoned {
                    why: "clean-up has to be repeated".to_owned(),
                };
            }
            Stop::Deferred(reason) => AttemptState::Deferred { reason: *reason, at },
            Stop::Failed(failure) => AttemptState::Failed {
                failure: *failure,
                at,
            },
        };
        match self.unwind(state).await {
            Ok(()) => self.ended().await,
            Err(Stop::LeaseLost) => Outcome::LeaseLost,
            Err(Stop::Abandoned { why }) => Outcome::Abandoned { why },
            Err(other) => Outcome::Abandoned {
                why: format!("{other:?}"),
            },
        }
    }

    /// Undoes everything, then writes the end down and gives the lease back.
    pub async fn unwind(&mut self, state: AttemptState) -> Result<(), Stop> {
        self.journal("intent", serde_json::json!({ "outcome": state }))
            .await?;
        self.failpoint("undo.outcome")?;
        let journal = self.shared.ports.store.journal_of(self.attempt.id).await?;
        let left = undo::Leftovers::of(
            &self.attempt,
            self.replica.vm,
            &journal,
            &self.shared.config.staging,
        );
        left.undo(&self.shared, self.host.as_ref())
            .await
            .map_err(|e| Stop::Abandoned { why: chain(&e) })?;
        self.failpoint("undo.done")?;
        let store = &self.shared.ports.store;
        store.finish(self.attempt.id, self.attempt.token, state).await?;
        self.failpoint("undo.finished")?;
        store.lease_release(self.replica.id, self.attempt.token).await?;
        Ok(())
    }
}
