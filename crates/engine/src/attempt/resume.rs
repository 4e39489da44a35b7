//! The primary is let go as soon as the host has accepted the checkpoint: from then on the host itself holds the applies back. The attempt
//! does not wait long for it, since its own looks have to go on; what is not seen resumed by then is the watchdog's.

use super::wait::REAL_MIN;
use super::{Run, Stop};
use crate::pausing::release::{Released, release};
use crate::ports::chain;
use std::time::Duration;

/// Looks at whether it has resumed, one a second of the world's time: well below the 60 s between two looks at the host.
const LOOKS_MAX: u32 = 15;

pub(super) async fn resume(run: &mut Run) -> Result<(), Stop> {
    if !run.facts.pause_intended || run.releasing.is_some() {
        return Ok(());
    }
    run.journal("intent", serde_json::Value::Null).await?;
    run.failpoint("resume-primary.intent")?;
    run.let_go();
    for _ in 0..LOOKS_MAX {
        if run.releasing.as_ref().is_none_or(|task| task.is_finished()) {
            break;
        }
        let clock = &run.shared.ports.world;
        clock.sleep(Duration::from_secs(1), REAL_MIN).await;
    }
    run.journal("done", serde_json::Value::Null).await
}

impl Run {
    /// Begins to resume the primary, if it was paused and nobody has begun yet.
    fn let_go(&mut self) {
        if !self.facts.pause_intended || self.releasing.is_some() {
            return;
        }
        let (shared, attempt) = (self.shared.clone(), self.attempt.id);
        self.releasing = Some(tokio::spawn(async move {
            match release(&shared, attempt).await {
                Ok(Released::Resumed) => {}
                Ok(Released::NotYet { .. }) => shared.pausing.wake.notify_one(),
                Err(error) => {
                    tracing::warn!(attempt.id = %attempt, error = %chain(&error), "the primary could not be resumed");
                    shared.pausing.wake.notify_one();
                }
            }
        }));
    }

    /// However the attempt ends: the primary was asked to resume before that is written down.
    pub(super) async fn let_go_now(&mut self) {
        self.let_go();
        if let Some(task) = self.releasing.as_mut() {
            // A panic in there was reported by the runtime; the watchdog goes on from the store.
            let _ended = task.await;
        }
    }
}
