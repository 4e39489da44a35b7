//! The doctor: whether a host refuses and holds as described, tried on a canary replica. Trust in a host is earned.
//!
//! It takes a checkpoint when the canary is clear (and again when an apply was faster), waits until a log has been received that the host would like to apply, exports,
//! waits for one more log, exports again and compares: both exports must be equal and no apply may have touched the time between.
//! Afterwards the logs that were kept back must be applied. Where it can be timed, a checkpoint is asked for in the middle of an
//! apply, and the host has to refuse it or to let it wait. An enrolment holds for this host and its build.
//!
//! Only what the host did speaks against it. Where the watch has a hole (a slow machine, a restart), everything is let go and
//! begun anew.

mod held;
mod mid_apply;

use crate::attempt::wait::REAL_MIN;
use crate::attempt::{self, Charge, Run, Stop};
use crate::board::job_look_of;
use crate::ports::chain;
use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Deferral, Step};
use domain::blocker::{Blocker, NotReady};
use domain::evidence::ProofBreak;
use domain::ids::{HostId, ReplicaId};
use domain::observation::{HostTrust, Observation};
use domain::verdict::Verdict;
use held::Held;
use std::sync::Arc;
use std::time::Duration;
use store::traits::StoreError;

pub use mid_apply::MidApply;

/// What to try, and on which replica.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    pub host: HostId,
    /// A replica on that host that receives logs regularly.
    pub canary: ReplicaId,
    /// How long to wait for each thing that has to happen by itself (world seconds): a quiet moment, a log, an apply.
    pub patience_secs: u32,
}

/// What was seen on a host that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorReport {
    pub trust: HostTrust,
    /// Logs that arrived while the checkpoint existed.
    pub logs_held_back: u32,
    pub known_refusals: Vec<u32>,
    pub mid_apply: MidApply,
}

/// Why a host was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum DoctorFailure {
    #[error("replica {replica} is not on host {host}: choose a canary that is")]
    WrongHost { replica: ReplicaId, host: HostId },
    #[error("host build {build} has no reference points: Windows Server 2016 or later is needed")]
    TooOld { build: String },
    #[error("the canary was not clear within {patience_secs} s: {verdict:?}. Choose another canary, or wait")]
    NeverClear {
        patience_secs: u32,
        verdict: Box<Verdict>,
    },
    #[error(
        "no log arrived within {patience_secs} s while the checkpoint existed: choose a canary that replicates more often"
    )]
    NoLog { patience_secs: u32 },
    /// The host does not hold applies back.
    #[error(
        "an apply touched the canary's disks while the checkpoint existed: this host must not be trusted ({breaks:?})"
    )]
    NotHeld { breaks: Vec<ProofBreak> },
    #[error("two exports of the same checkpoint differ in disk {disk}: this host must not be trusted")]
    Differs { disk: String },
    #[error("the host made a checkpoint in the middle of an apply: this host must not be trusted")]
    CheckpointMidApply,
    #[error(
        "the logs that were kept back were not applied within {patience_secs} s after the checkpoint was gone"
    )]
    NotAppliedAfterwards { patience_secs: u32 },
    /// Something else went wrong; nothing is said about the host.
    #[error("the doctor could not finish: {what}")]
    Interrupted { what: String },
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl DoctorFailure {
    /// Whether it speaks of the host: trying again, or on another canary, would not make it a host to trust.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::NotHeld { .. } | Self::Differs { .. } | Self::TooOld { .. } | Self::CheckpointMidApply => {
                true
            }
            Self::WrongHost { .. }
            | Self::NeverClear { .. }
            | Self::NoLog { .. }
            | Self::NotAppliedAfterwards { .. }
            | Self::Interrupted { .. }
            | Self::Store(_) => false,
        }
    }
}

pub(crate) async fn run(shared: &Arc<Shared>, request: DoctorRequest) -> Result<DoctorReport, DoctorFailure> {
    let replica = shared.ports.store.replica(&SITE, request.canary).await?;
    if replica.host != request.host {
        return Err(DoctorFailure::WrongHost {
            replica: request.canary,
            host: request.host,
        });
    }
    let (id, _guard) = attempt::reserve(shared, &replica, &[]).map_err(|why| DoctorFailure::Interrupted {
        what: why.to_string(),
    })?;
    // Asked before the lease is taken: a host that does not answer must not leave one behind.
    let host = shared
        .hosts
        .get(&request.host)
        .ok_or_else(|| interrupted(format!("host {} is not in the configuration", request.host)))?;
    let identity = host.identity().await.map_err(|e| interrupted(chain(&e)))?;
    let charge = Charge::now(shared, &replica).await?;
    let charge = Charge {
        obligation: None,
        ..charge
    };
    let mut run = Run::claim(shared, replica, id, charge).await?;
    run.lenient = true;
    let result = examine(&mut run, &request).await;
    shared.board.own_nothing(request.canary);
    let reason = Deferral::Blocked {
        blocker: Blocker::NotReady {
            reason: NotReady::HostUnproven {
                build: identity.build.clone(),
            },
        },
    };
    // The canary's lease is given back, or left to the rescuer together with what could not be removed.
    let unwound = run
        .unwind(AttemptState::Deferred {
            reason,
            at: shared.now(),
        })
        .await;
    let (logs_held_back, known_refusals, mid_apply) = result?;
    unwound.map_err(|e| interrupted(format!("clean-up: {e:?}")))?;
    let trust = HostTrust::Enrolled {
        build: identity.build,
        canary: run.replica.vm,
        enrolled_at: shared.now(),
        run: run.attempt.id.to_string(),
        known_refusals: known_refusals.clone(),
    };
    shared.ports.store.host_trust_set(&request.host, &trust).await?;
    shared.board.enrolled_set(&request.host, Some(trust.clone()));
    Ok(DoctorReport {
        trust,
        logs_held_back,
        known_refusals,
        mid_apply,
    })
}

type Seen = (u32, Vec<u32>, MidApply);

/// How often an examination begins anew when it could not be watched.
const ANEW_MAX: u32 = 3;

/// Why an examination did not go on.
enum Halt {
    /// What was seen does not tell; another examination may.
    Anew {
        what: String,
    },
    Over(DoctorFailure),
}

impl From<DoctorFailure> for Halt {
    fn from(failure: DoctorFailure) -> Self {
        Self::Over(failure)
    }
}

async fn examine(run: &mut Run, request: &DoctorRequest) -> Result<Seen, DoctorFailure> {
    let mut anew = 0;
    loop {
        match examine_once(run, request).await {
            Ok(seen) => return Ok(seen),
            Err(Halt::Over(failure)) => return Err(failure),
            Err(Halt::Anew { what }) if anew < ANEW_MAX => {
                anew += 1;
                tracing::warn!(host.id = %request.host, what, anew, "the examination begins anew");
                held::let_go(run).await?;
            }
            Err(Halt::Anew { what }) => return Err(interrupted(what)),
        }
    }
}

async fn examine_once(run: &mut Run, request: &DoctorRequest) -> Result<Seen, Halt> {
    let secs = request.patience_secs;
    let patience = TimeDelta::seconds(i64::from(secs));
    let began = held::take(run, request).await?;
    let first_log = log_after(run, &began, began.received, patience, secs).await?;
    let first = exported(run, "a").await?;
    began.watched(run)?;
    let second_log = log_after(run, &began, Some(first_log), patience, secs).await?;
    let second = exported(run, "b").await?;
    let known_refusals = refusal_codes(run);
    began.held(run, &known_refusals)?;
    step(run, Step::Release).await?;
    compare(run, &first, &second).await?;
    applied_after(run, second_log, patience, secs).await?;
    let mid_apply = mid_apply::try_checkpoint(run, patience).await?;
    Ok((2, known_refusals, mid_apply))
}

async fn step(run: &mut Run, step: Step) -> Result<(), DoctorFailure> {
    run.step = step;
    run.once(step).await.map_err(stopped)
}

/// Exports the checkpoint into a folder of its own and returns that folder.
async fn exported(run: &mut Run, name: &str) -> Result<std::path::PathBuf, DoctorFailure> {
    let (folder, unc) = (run.folder.clone(), run.unc.clone());
    run.folder = folder.join(name);
    run.unc = format!("{unc}\\{name}");
    run.facts.export_ended = None;
    let result = step(run, Step::Export).await;
    let made = std::mem::replace(&mut run.folder, folder);
    run.unc = unc;
    result.map(|()| made)
}

/// Reads both exports into the vault without ever sealing them, and compares the digests of their disks.
async fn compare(
    run: &mut Run,
    first: &std::path::Path,
    second: &std::path::Path,
) -> Result<(), DoctorFailure> {
    let mut digests = Vec::new();
    for folder in [first, second] {
        let own = std::mem::replace(&mut run.folder, folder.to_owned());
        run.facts.withheld = None;
        let result = step(run, Step::Ingest).await;
        run.folder = own;
        result?;
        digests.push(run.facts.withheld.take().map(|w| w.disks).unwrap_or_default());
    }
    let (Some(second), Some(first)) = (digests.pop(), digests.pop()) else {
        return Err(interrupted("an export was not read".to_owned()));
    };
    for (a, b) in first.iter().zip(&second) {
        if a.digest != b.digest || a.size_bytes != b.size_bytes {
            return Err(DoctorFailure::Differs { disk: a.name.clone() });
        }
    }
    if first.len() == second.len() {
        Ok(())
    } else {
        Err(interrupted("the exports hold different disks".to_owned()))
    }
}

/// Waits for a log received after `after` (host's clock), watching the applies meanwhile.
async fn log_after(
    run: &mut Run,
    began: &Held,
    after: Option<DateTime<Utc>>,
    patience: TimeDelta,
    patience_secs: u32,
) -> Result<DateTime<Utc>, Halt> {
    let until = run.shared.now() + patience;
    loop {
        let seen = glance(run).await?;
        run.facts.looks.push(job_look_of(&seen));
        began.watched(run)?;
        match seen.inbound().and_then(|r| r.last_replication) {
            Some(at) if after.is_none_or(|after| at > after) => return Ok(at),
            _ if run.shared.now() >= until => return Err(DoctorFailure::NoLog { patience_secs }.into()),
            _ => calmly(run).await,
        }
    }
}

/// What the host says of the canary now.
async fn glance(run: &Run) -> Result<Observation, DoctorFailure> {
    let glance = run.host.glance(run.replica.vm, run.shared.now()).await;
    Ok(glance.map_err(|e| interrupted(chain(&e)))?.observation)
}

async fn applied_after(
    run: &mut Run,
    log: DateTime<Utc>,
    patience: TimeDelta,
    patience_secs: u32,
) -> Result<(), DoctorFailure> {
    let until = run.shared.now() + patience;
    loop {
        if glance(run).await?.last_apply().is_some_and(|at| at >= log) {
            return Ok(());
        }
        if run.shared.now() >= until {
            return Err(DoctorFailure::NotAppliedAfterwards { patience_secs });
        }
        calmly(run).await;
    }
}

/// Error codes of applies that began under our checkpoint and ended without success. That they had written nothing is shown by
/// the comparison of the two exports.
fn refusal_codes(run: &Run) -> Vec<u32> {
    let Some(from) = run.facts.checkpoint_started else {
        return Vec::new();
    };
    let ended = run.facts.looks.iter().flat_map(|l| &l.applies).filter(|j| {
        !j.state.is_running()
            && !j.state.is_success()
            && j.error_code != 0
            && j.started.is_some_and(|s| s >= from)
    });
    let mut codes: Vec<u32> = ended.map(|j| j.error_code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Between two looks that have to catch a moment.
async fn pause(run: &Run) {
    run.shared
        .ports
        .world
        .sleep(Duration::from_secs(1), Duration::from_millis(50))
        .await;
}

/// Between two looks at what takes as long as it takes; well below the longest gap that a proof allows.
async fn calmly(run: &Run) {
    let pause = run.shared.config.hold_look();
    run.shared.ports.world.sleep(pause, REAL_MIN).await;
}

fn interrupted(what: String) -> DoctorFailure {
    DoctorFailure::Interrupted { what }
}

fn stopped(stop: Stop) -> DoctorFailure {
    match stop {
        Stop::Deferred(reason) => interrupted(domain::words::explain_deferral(&reason).sentence),
        Stop::Failed(failure) => interrupted(domain::words::explain_failure(&failure)),
        Stop::LeaseLost => interrupted("another worker took the canary over".to_owned()),
        Stop::Abandoned { why } => interrupted(why),
    }
}
