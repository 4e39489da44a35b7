//! The primary is paused, so that the logs stop and the replica comes to rest (promise 7). Only where log applies alone are in the way, and
//! where the gate is clear by itself not at all.

use super::wait::REAL_MIN;
use super::{Run, Stop, gate};
use crate::board::Judged;
use crate::pausing::permit::{Denied, may};
use crate::ports::chain;
use crate::shared::SITE;
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::Deferral;
use domain::blocker::Blocker;
use domain::verdict::Verdict;
use hyperv::host::Started;
use hyperv::primary::PrimaryHost;
use std::sync::Arc;
use std::time::Duration;
use store::pauses::{Pause, PauseState};
use store::traits::StoreError;

const LOOK: Duration = Duration::from_secs(1);
/// A log that is arriving: the replica is not at rest before it was applied.
const RECEIVING: u16 = 106;

pub(super) async fn pause(run: &mut Run) -> Result<(), Stop> {
    let Some(blocker) = run.facts.applying.take() else {
        return Ok(());
    };
    run.journal("intent", serde_json::Value::Null).await?;
    match paused(run).await {
        Ok(()) => Ok(()),
        Err(NotPaused::Stop(stop)) => Err(stop),
        Err(NotPaused::Denied(denied)) => {
            let why = chain(&denied);
            tracing::info!(attempt.id = %run.attempt.id, why, "the primary is not paused");
            run.shared
                .pausing
                .came_to_nothing(run.replica.id, run.shared.now());
            run.journal("done", serde_json::json!({ "not_paused": why }))
                .await?;
            Err(Deferral::Blocked { blocker }.into())
        }
    }
}

/// Why the replica was not brought to rest.
enum NotPaused {
    Denied(Denied),
    Stop(Stop),
}

impl From<Denied> for NotPaused {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Stop> for NotPaused {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}
impl From<StoreError> for NotPaused {
    fn from(error: StoreError) -> Self {
        Self::Stop(error.into())
    }
}

async fn paused(run: &mut Run) -> Result<(), NotPaused> {
    let shared = run.shared.clone();
    let (primary, secs_max, per_night_max) = may(&shared, &run.replica, &run.charge.terms)?;
    let host = primary.host.clone();
    let unseen = |text: String| Denied::Unseen { text };
    let look = host.look(run.replica.vm).await.map_err(|e| unseen(chain(&e)))?;
    // Paused already: by the tenant, whose pause is none of ours.
    let pausable = look.pausable().ok_or_else(|| Denied::NotReplicating {
        state: look.state().into(),
    })?;
    let until = intend(run, host.id().as_str(), secs_max, per_night_max).await?;
    run.failpoint("pause-primary.intended")?;
    run.alive()?;
    let asked = host.pause(pausable).await;
    run.failpoint("pause-primary.asked")?;
    let store = &shared.ports.store;
    match asked {
        Ok(Started::Done | Started::Job { .. }) => {}
        Ok(Started::Refused { return_value }) => {
            // It said so itself: whatever holds its logs back is not of our making.
            let (id, now) = (run.attempt.id, shared.now());
            store.pause_step(id, PauseState::Resumed, now, None).await?;
            run.facts.pause_intended = false;
            return Err(Denied::Refused { return_value }.into());
        }
        Err(error) => {
            return Err(Denied::Unsure { text: chain(&error) }.into());
        }
    }
    seen_paused(run, &host, until, secs_max).await?;
    let (id, now) = (run.attempt.id, shared.now());
    store.pause_step(id, PauseState::Paused, now, None).await?;
    run.failpoint("pause-primary.paused")?;
    run.facts.before = Some(drained(run, until, secs_max).await?);
    let held = serde_json::json!({ "primary": host.id(), "until": until });
    run.journal("done", held).await?;
    Ok(())
}

/// Writes the intent down, if the tenant's night has room for it.
async fn intend(
    run: &mut Run,
    primary: &str,
    secs_max: u32,
    per_night_max: u32,
) -> Result<DateTime<Utc>, NotPaused> {
    let shared = run.shared.clone();
    let store = &shared.ports.store;
    let _spending = shared.pausing.spending.lock().await;
    let spent = store
        .pauses_since(&run.replica.tenant, run.charge.night_open(&shared).await?)
        .await?;
    if spent >= per_night_max {
        return Err(Denied::Spent { spent, per_night_max }.into());
    }
    let now = shared.now();
    let until = now + TimeDelta::seconds(i64::from(secs_max));
    let intent = Pause {
        attempt: run.attempt.id,
        replica: run.replica.id,
        tenant: run.replica.tenant.clone(),
        vm: run.replica.vm,
        primary: primary.to_owned(),
        intended: now,
        until,
        state: PauseState::Intended,
        paused: None,
        resumed: None,
        trouble: None,
    };
    match store.pause_intend(&intent).await {
        Ok(()) => {}
        Err(StoreError::Conflict { .. }) => return Err(Denied::Standing.into()),
        Err(error) => return Err(error.into()),
    }
    run.facts.pause_intended = true;
    Ok(until)
}

async fn seen_paused(
    run: &Run,
    host: &Arc<dyn PrimaryHost>,
    until: DateTime<Utc>,
    secs_max: u32,
) -> Result<(), NotPaused> {
    loop {
        let look = host.look(run.replica.vm).await;
        let look = look.map_err(|e| Denied::Unseen { text: chain(&e) })?;
        if look.is_paused() {
            return Ok(());
        }
        // The job has ended, and it is not paused: it failed.
        if look.is_not_paused() {
            let state = look.state().into();
            return Err(Denied::NotReplicating { state }.into());
        }
        if run.shared.now() >= until {
            return Err(Denied::NotSeenPaused { secs: secs_max }.into());
        }
        run.alive()?;
        run.shared.ports.world.sleep(LOOK, REAL_MIN).await;
    }
}

/// Waits until everything that was received is applied and the gate is clear. What else comes up meanwhile is a reason of its own.
async fn drained(run: &mut Run, until: DateTime<Utc>, secs_max: u32) -> Result<Judged, NotPaused> {
    loop {
        let judged = gate::glance(run).await?;
        if only_applies(&judged.verdict).is_none() {
            gate::only_clear(&judged.verdict)?;
            if is_at_rest(&judged) {
                return Ok(judged);
            }
        }
        if run.shared.now() >= until {
            return Err(Denied::NotDrained { secs: secs_max }.into());
        }
        run.alive()?;
        run.shared.ports.world.sleep(LOOK, REAL_MIN).await;
    }
}

/// The log apply that is in the way, if nothing else is.
pub(super) fn only_applies(verdict: &Verdict) -> Option<&Blocker> {
    let Verdict::Blocked { blockers } = verdict else {
        return None;
    };
    let applies = |blocker: &Blocker| matches!(blocker, Blocker::LogBeingApplied { .. });
    blockers.first().filter(|_| blockers.iter().all(applies))
}

/// Nothing was received that is not applied, and nothing arrives.
fn is_at_rest(judged: &Judged) -> bool {
    let seen = &judged.observation;
    let pending = seen
        .inbound()
        .is_some_and(|r| r.last_replication > r.last_apply && r.last_replication.is_some());
    let arriving = |job: &domain::job::Job| job.job_type == RECEIVING && job.state.is_running();
    !pending && !seen.jobs.iter().any(arriving)
}

impl Run {
    /// What the store says of this attempt's pause, for the evidence.
    pub(super) async fn pause_record(&self) -> Result<Option<domain::evidence::PauseRecord>, Stop> {
        if !self.facts.pause_intended {
            return Ok(None);
        }
        let pauses = self
            .shared
            .ports
            .store
            .pauses_of(&SITE, self.replica.id, 1)
            .await?;
        let ours = pauses.into_iter().find(|pause| pause.attempt == self.attempt.id);
        Ok(ours.map(|pause| domain::evidence::PauseRecord {
            primary: pause.primary,
            asked: pause.intended,
            paused: pause.paused,
            resumed: pause.resumed,
        }))
    }
}
