//! The watchdog: every pause that nobody holds any more, or that has lasted long enough, is let go. The same code at the start, after a
//! crash and on a quiet day.

use super::release::{Released, release};
use crate::ports::chain;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::AttemptId;
use domain::pace::doubled_secs;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::pauses::{Pause, PauseState};
use store::traits::StoreError;

const ROUND: Duration = Duration::from_secs(5);
const ROUND_REAL_MIN: Duration = Duration::from_millis(500);
/// Between two tries at one pause: doubled from the first to the longest.
const FIRST_SECS: u64 = 5;
const LONGEST_SECS: u64 = 300;

/// What one activation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Primaries that were seen to replicate again.
    pub resumed: u32,
    /// Those that have to be tried again, with the reason.
    pub waiting: Vec<String>,
}

pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    /// How often each was tried in vain, and when it is tried next.
    tries: BTreeMap<AttemptId, (u32, DateTime<Utc>)>,
}

impl Watchdog {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            tries: BTreeMap::new(),
        }
    }

    /// Until the engine has to stop now; what attempts let go of last is tried once more then.
    pub async fn run(mut self) {
        loop {
            let stopping = self.shared.hard.is_cancelled();
            if let Err(error) = self.activate().await {
                tracing::warn!(error = %chain(&error), "the pauses could not be read");
            }
            if stopping {
                return;
            }
            tokio::select! {
                biased;
                () = self.shared.hard.cancelled() => self.tries.clear(),
                () = self.shared.pausing.wake.notified() => {}
                () = self.shared.ports.world.sleep(ROUND, ROUND_REAL_MIN) => {}
            }
        }
    }

    /// Lets go of every pause whose turn it is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn activate(&mut self) -> Result<Watched, StoreError> {
        let mut done = Watched::default();
        let unresumed = self.shared.ports.store.pauses_unresumed().await?;
        self.tries
            .retain(|attempt, _| unresumed.iter().any(|pause| pause.attempt == *attempt));
        for pause in unresumed {
            let tried = self.tries.get(&pause.attempt).copied();
            if tried.is_some_and(|(_, next)| next > self.shared.now()) || self.is_held(&pause).await? {
                continue;
            }
            match release(&self.shared, pause.attempt).await? {
                Released::Resumed => {
                    self.tries.remove(&pause.attempt);
                    done.resumed += 1;
                }
                Released::NotYet { why } => {
                    let times = tried.map_or(0, |(times, _)| times) + 1;
                    let secs = doubled_secs(FIRST_SECS, LONGEST_SECS, times);
                    let next = self.shared.now() + TimeDelta::seconds(i64::try_from(secs).unwrap_or(0));
                    self.tries.insert(pause.attempt, (times, next));
                    done.waiting
                        .push(format!("the pause of {} stands: {why}", pause.primary));
                }
            }
        }
        Ok(done)
    }

    /// Whether an attempt still needs it: one that runs here, or one of a worker whose lease lives. Not beyond its time.
    async fn is_held(&self, pause: &Pause) -> Result<bool, StoreError> {
        if pause.state >= PauseState::Resuming || self.shared.now() >= pause.until {
            return Ok(false);
        }
        let here = self.shared.running();
        if here.values().any(|running| running.attempt == pause.attempt) {
            return Ok(true);
        }
        let lease = self.shared.ports.store.lease(pause.replica).await?;
        let now_ms = self.shared.ports.machine.unix_ms();
        let owner = &self.shared.config.owner;
        Ok(lease.is_some_and(|lease| {
            lease.attempt == pause.attempt && lease.owner != *owner && lease.expires_unix_ms > now_ms
        }))
    }
}
