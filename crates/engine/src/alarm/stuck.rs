//! What waits for a person: pauses that were not seen resumed, attempts that do not move, rescues that cannot end.

use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::alarm::Stuck;
use domain::attempt::{AttemptState, Step};
use std::collections::BTreeSet;
use store::pauses::Pause;
use store::records::Attempt;
use store::traits::StoreError;

/// After the end of a pause so much is given to resuming and to seeing it.
const RESUMING: TimeDelta = TimeDelta::minutes(2);
/// A step that asks the host for something, and what is left to do after the end of an attempt.
const STEP_SECS: u32 = 3_600;
/// Reading an export into the vault.
const INGEST_SECS: u32 = 12 * 3_600;

pub(super) struct Found {
    pauses: Vec<Pause>,
    /// With since when they stand still and for how long that is nothing unusual.
    attempts: Vec<(Attempt, DateTime<Utc>, u32)>,
}

impl Found {
    pub async fn look(shared: &Shared, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let store = &shared.ports.store;
        let mut pauses = store.pauses_unresumed().await?;
        pauses.retain(|pause| pause.until + RESUMING < now);
        let mut attempts = Vec::new();
        let mut seen = BTreeSet::new();
        for attempt in store.attempts_unfinished().await? {
            if let AttemptState::Running { step, since } = attempt.state {
                let most = match step {
                    Step::Export | Step::Prove | Step::Release => {
                        shared.hold_secs_max(attempt.replica).saturating_add(STEP_SECS)
                    }
                    Step::Ingest => INGEST_SECS,
                    Step::Claim
                    | Step::GateBefore
                    | Step::PausePrimary
                    | Step::Checkpoint
                    | Step::ResumePrimary
                    | Step::GateAt
                    | Step::Seal
                    | Step::CleanUp => STEP_SECS,
                };
                seen.insert(attempt.id);
                attempts.push((attempt, since, most));
            }
        }
        // An attempt that is over and still has its lease has left something behind that nobody could remove yet.
        let machine_now = shared.ports.machine.unix_ms();
        for lease in store.leases_expired(machine_now).await? {
            if !seen.insert(lease.attempt) {
                continue;
            }
            let attempt = store.attempt(&SITE, lease.attempt).await?;
            if let AttemptState::Deferred { at, .. }
            | AttemptState::Failed { at, .. }
            | AttemptState::Sealed { at, .. } = attempt.state
            {
                attempts.push((attempt, at, STEP_SECS));
            }
        }
        Ok(Self { pauses, attempts })
    }

    pub fn told(&self) -> Vec<Stuck<'_>> {
        let pauses = self.pauses.iter().map(|pause| {
            let since = pause.paused.unwrap_or(pause.intended);
            let most = (pause.until - since).num_seconds().max(0);
            Stuck::Pause {
                attempt: pause.attempt,
                replica: pause.replica,
                tenant: &pause.tenant,
                since,
                secs_max: u32::try_from(most).unwrap_or(u32::MAX),
            }
        });
        let attempts = self.attempts.iter().map(|(attempt, since, most)| Stuck::Attempt {
            attempt: attempt.id,
            replica: attempt.replica,
            host: &attempt.host,
            since: *since,
            secs_max: *most,
        });
        pauses.chain(attempts).collect()
    }
}
