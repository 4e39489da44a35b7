//! The doctor: whether a host refuses and holds as described, tried on a canary replica. Trust in a host is earned.
//!
//! It takes a checkpoint when the canary is clear, waits until a log has been received that the host would like to apply, exports,
//! waits for one more log, exports again and compares: both exports must be equal and no apply may have touched the time between.
//! Afterwards the logs that were kept back must be applied. Where it can be timed, a checkpoint is asked for in the middle of an
//! apply, and the host has to refuse it or to let it wait. An enrolment holds for this host and its build.

mod mid_apply;

use crate::attempt::{self, Run, Stop};
use crate::ports::chain;
use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Deferral, Step};
use domain::blocker::{Blocker, NotReady};
use domain::evidence::ProofBreak;
use domain::ids::{HostId, ReplicaId};
use domain::observation::HostTrust;
use domain::verdict::Verdict;
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

pub(crate) async fn run(shared: &Arc<Shared>, request: DoctorRequest) -> Result<DoctorReport, DoctorFailure> {
    let replica = shared.ports.store.replica(&SITE, request.canary).await?;
    if replica.host != request.host {
        return Err(DoctorFailure::WrongHost {
            replica: request.canary,
            host: request.host,
        });
    }
    let Some((id, _guard)) = attempt::reserve(shared, &replica) else {
        return Err(DoctorFailure::Interrupted {
            what: "an attempt is running on the canary".to_owned(),
        });
    };
    let mut run = Run::claim(shared, replica, id).await?;
    run.lenient = true;
    let identity = run.host.identity().await.map_err(|e| interrupted(chain(&e)))?;
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

async fn examine(run: &mut Run, request: &DoctorRequest) -> Result<Seen, DoctorFailure> {
    let patience = TimeDelta::seconds(i64::from(request.patience_secs));
    clear(run, request).await?;
    step(run, Step::Checkpoint).await?;
    let held_from = received(run).await?;
    let secs = request.patience_secs;
    let first_log = log_after(run, held_from, patience, secs).await?;
    let first = exported(run, "a").await?;
    let second_log = log_after(run, Some(first_log), patience, secs).await?;
    let second = exported(run, "b").await?;
    let known_refusals = refusal_codes(run);
    if let Some(mut hold) = run.hold_so_far() {
        hold.known_refusals.clone_from(&known_refusals);
        domain::proof::prove(&hold).map_err(not_held)?;
    } else {
        return Err(DoctorFailure::NotHeld {
            breaks: vec![ProofBreak::NotWatched],
        });
    }
    step(run, Step::Release).await?;
    compare(run, &first, &second).await?;
    applied_after(run, second_log, patience, request.patience_secs).await?;
    let mid_apply = mid_apply::try_checkpoint(run, patience).await?;
    Ok((2, known_refusals, mid_apply))
}

/// Waits until nothing but the missing enrolment speaks against the canary.
async fn clear(run: &mut Run, request: &DoctorRequest) -> Result<(), DoctorFailure> {
    let until = run.shared.now() + TimeDelta::seconds(i64::from(request.patience_secs));
    run.step = Step::GateBefore;
    loop {
        let (judged, sighting) = run.look().await.map_err(stopped)?;
        let only_unproven = match &judged.verdict {
            Verdict::Clear => true,
            Verdict::Unknown { .. } => false,
            Verdict::Blocked { blockers } => {
                if let Some(build) = blockers.iter().find_map(too_old) {
                    return Err(DoctorFailure::TooOld { build });
                }
                blockers.iter().all(|b| {
                    matches!(
                        b,
                        Blocker::NotReady {
                            reason: NotReady::HostUnproven { .. }
                        }
                    )
                }) && !run.last_apply_unknown(&judged)
            }
        };
        if only_unproven {
            run.facts.disks = sighting.disks;
            run.facts.before = Some(judged);
            return Ok(());
        }
        if run.shared.now() >= until {
            let patience_secs = request.patience_secs;
            return Err(DoctorFailure::NeverClear {
                patience_secs,
                verdict: Box::new(judged.verdict),
            });
        }
        pause(run).await;
    }
}

fn too_old(blocker: &Blocker) -> Option<String> {
    match blocker {
        Blocker::NotReady {
            reason: NotReady::HostTooOld { build },
        } => Some(build.clone()),
        _ => None,
    }
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

/// `LastReplicationTime` now, on the host's clock.
async fn received(run: &mut Run) -> Result<Option<DateTime<Utc>>, DoctorFailure> {
    let sighting = run
        .host
        .look(run.replica.vm, run.shared.now())
        .await
        .map_err(|e| interrupted(chain(&e)))?;
    Ok(sighting.observation.inbound().and_then(|r| r.last_replication))
}

/// Waits for a log received after `after`, watching the applies meanwhile.
async fn log_after(
    run: &mut Run,
    after: Option<DateTime<Utc>>,
    patience: TimeDelta,
    patience_secs: u32,
) -> Result<DateTime<Utc>, DoctorFailure> {
    let until = run.shared.now() + patience;
    loop {
        let look = run
            .host
            .job_look(run.replica.vm)
            .await
            .map_err(|e| interrupted(chain(&e)))?;
        run.facts.looks.push(look);
        match received(run).await? {
            Some(at) if after.is_none_or(|after| at > after) => return Ok(at),
            _ if run.shared.now() >= until => return Err(DoctorFailure::NoLog { patience_secs }),
            _ => pause(run).await,
        }
    }
}

async fn applied_after(
    run: &mut Run,
    log: DateTime<Utc>,
    patience: TimeDelta,
    patience_secs: u32,
) -> Result<(), DoctorFailure> {
    let until = run.shared.now() + patience;
    loop {
        let sighting = run
            .host
            .look(run.replica.vm, run.shared.now())
            .await
            .map_err(|e| interrupted(chain(&e)))?;
        let applied = sighting.observation.last_apply();
        if applied.is_some_and(|at| at >= log) {
            return Ok(());
        }
        if run.shared.now() >= until {
            return Err(DoctorFailure::NotAppliedAfterwards { patience_secs });
        }
        pause(run).await;
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

/// An apply speaks against the host; a gap in our own watching speaks against nobody.
fn not_held(breaks: Vec<ProofBreak>) -> DoctorFailure {
    let by_host = |b: &ProofBreak| {
        matches!(
            b,
            ProofBreak::LastApplyMoved { .. } | ProofBreak::ApplyInWindow { .. }
        )
    };
    if breaks.iter().any(by_host) {
        DoctorFailure::NotHeld { breaks }
    } else {
        interrupted(domain::words::explain_failure(
            &domain::attempt::Failure::Unproven { breaks },
        ))
    }
}

async fn pause(run: &Run) {
    run.shared
        .ports
        .world
        .sleep(Duration::from_secs(1), Duration::from_millis(50))
        .await;
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
