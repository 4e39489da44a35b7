//! One attempt: a saga whose steps are journaled before and after, can be repeated, and can be undone by anybody.
//!
//! Order of sealing: the withheld snapshot is journaled, then the store seals (guarded by the fencing token), then the vault writes
//! the snapshot file. So the file never exists without gate, proof and token, and a sealed point whose file is still missing is
//! finished by the rescuer from the journal.

mod cancel;
mod charge;
mod checkpoint;
mod claim;
mod clean_up;
mod ending;
mod export;
mod extra;
mod gate;
mod ingest;
mod pause;
mod prove;
mod release;
mod resume;
mod seal;
mod stop;
pub(crate) mod undo;
pub(crate) mod wait;

pub(crate) use charge::Charge;
pub use extra::{Begun, NotBegun};
pub(crate) use seal::seal_intent;

use crate::board::Judged;
use crate::failpoint::FailAction;
use crate::names;
use crate::ports::chain;
use crate::shared::{Running, RunningGuard, SITE, Shared};
use chrono::{DateTime, Utc};
use domain::attempt::{Failure, Step};
use domain::blocker::Blocker;
use domain::evidence::{HoldRecord, HostAnswer, JobLook};
use domain::ids::{AttemptId, HostId, PointId, TenantId};
use domain::job::Job;
use domain::memory::LastApply;
use domain::observation::HostTrust;
use domain::planner::Full;
use hyperv::host::{AttachedDisk, Checkpoint, HostError, ReplicaHost, ReplicaSighting, Tag};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
pub(crate) use stop::Stop;
use store::cancels::CancelRequest;
use store::records::{Attempt, Replica};
use store::traits::StoreError;
use tokio_util::sync::CancellationToken;
use vault::contract::Withheld;

/// What an attempt came to in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ended: sealed, deferred or failed, and nothing of it is left behind.
    Ended { attempt: Box<Attempt> },
    /// Another worker holds the replica, or a rescue comes first.
    Busy { owner: String },
    /// As many attempts run as may at once; nothing was begun.
    Full { limit: Full },
    /// Stopped as a kill would; the rescuer finishes or undoes it.
    Abandoned { why: String },
    /// Another worker took the replica over.
    LeaseLost,
}

/// What became known on the way; each step fills in its part.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub trust: Option<HostTrust>,
    pub before: Option<Judged>,
    /// The log apply that the primary is to be paused for.
    pub applying: Option<Blocker>,
    /// The intent to pause the primary is in the store.
    pub pause_intended: bool,
    pub disks: Vec<AttachedDisk>,
    pub checkpoint: Option<Checkpoint>,
    pub checkpoint_started: Option<DateTime<Utc>>,
    /// Host's clock when the checkpoint was known to exist.
    pub checkpoint_made: Option<DateTime<Utc>>,
    /// World's clock when the checkpoint was asked for, and when the host had made it.
    pub hold_since: Option<DateTime<Utc>>,
    pub taken: Option<DateTime<Utc>>,
    pub at: Option<Judged>,
    pub looks: Vec<JobLook>,
    pub export_ended: Option<DateTime<Utc>>,
    pub after: Option<Judged>,
    pub hold: Option<HoldRecord>,
    pub held_secs: Option<u64>,
    pub answers: Vec<HostAnswer>,
    pub withheld: Option<Withheld>,
    pub point: Option<PointId>,
}

/// One attempt that runs.
pub(crate) struct Run {
    pub shared: Arc<Shared>,
    pub host: Arc<dyn ReplicaHost>,
    pub replica: Replica,
    pub attempt: Attempt,
    pub charge: Charge,
    pub tag: Tag,
    pub folder: PathBuf,
    pub unc: String,
    pub facts: Facts,
    pub step: Step,
    /// Watch only, and leave the judgement to the end: the doctor has to see what happens.
    pub lenient: bool,
    heartbeat: tokio::task::JoinHandle<()>,
    asked_to_stop: tokio::task::JoinHandle<()>,
    /// The primary is being resumed.
    releasing: Option<tokio::task::JoinHandle<()>>,
    /// Who wants it stopped, once somebody does.
    cancelled: Arc<OnceLock<CancelRequest>>,
    /// Fires when the lease is lost or the engine has to stop now.
    pub stop: CancellationToken,
    pub lost: Arc<AtomicBool>,
}

const STEPS: [Step; 12] = [
    Step::Claim,
    Step::GateBefore,
    Step::PausePrimary,
    Step::Checkpoint,
    Step::ResumePrimary,
    Step::GateAt,
    Step::Export,
    Step::Prove,
    Step::Release,
    Step::Ingest,
    Step::Seal,
    Step::CleanUp,
];

/// The step's name at failpoints.
pub(crate) fn step_name(step: Step) -> &'static str {
    match step {
        Step::Claim => "claim",
        Step::GateBefore => "gate-before",
        Step::PausePrimary => "pause-primary",
        Step::Checkpoint => "checkpoint",
        Step::ResumePrimary => "resume-primary",
        Step::GateAt => "gate-at",
        Step::Export => "export",
        Step::Prove => "prove",
        Step::Release => "release",
        Step::Ingest => "ingest",
        Step::Seal => "seal",
        Step::CleanUp => "clean-up",
    }
}

/// Takes a replica for an attempt of this process, within the limits: what runs here, and `elsewhere`, is counted.
pub(crate) fn reserve(
    shared: &Arc<Shared>,
    replica: &Replica,
    elsewhere: &[(HostId, TenantId)],
) -> Result<(AttemptId, RunningGuard), NotBegun> {
    let attempt = names::new_attempt(shared.ports.ids.as_ref());
    let running = Running {
        attempt,
        host: replica.host.clone(),
        tenant: replica.tenant.clone(),
        vm: replica.vm,
        reserved_bytes: 0,
    };
    let limits = shared.config.limits();
    let guard = shared
        .begin_within(replica.id, running, &limits, elsewhere)
        .map_err(|limit| NotBegun::Full { limit })?;
    let guard = guard.ok_or_else(|| NotBegun::Busy {
        owner: shared.config.owner.clone(),
    })?;
    Ok((attempt, guard))
}

/// Runs one attempt on a reserved replica from claim to clean-up.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    replica: Replica,
    id: AttemptId,
    charge: Charge,
    guard: RunningGuard,
) -> Result<Outcome, StoreError> {
    let _guard = guard;
    if shared.ports.failpoints.at("before:claim") == FailAction::Abort {
        return Ok(Outcome::Abandoned {
            why: "failpoint before:claim".to_owned(),
        });
    }
    match Run::claim(shared, replica, id, charge).await {
        Ok(mut run) => {
            let outcome = run.finish().await;
            run.shared.board.own_nothing(run.replica.id);
            Ok(outcome)
        }
        Err(StoreError::Leased { owner, .. }) => Ok(Outcome::Busy { owner }),
        Err(error) => Err(error),
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.heartbeat.abort();
        self.asked_to_stop.abort();
    }
}

impl Run {
    /// Takes the lease and keeps it alive as long as the value lives.
    pub async fn claim(
        shared: &Arc<Shared>,
        replica: Replica,
        id: AttemptId,
        charge: Charge,
    ) -> Result<Self, StoreError> {
        let Some(host) = shared.hosts.get(&replica.host).cloned() else {
            return Err(StoreError::NotFound {
                what: "configured host",
                id: replica.host.to_string(),
            });
        };
        let attempt = claim::claim(shared, id, replica.id).await?;
        claim::count(shared, &attempt, charge.obligation).await;
        let tag = names::tag(attempt.id, attempt.token);
        let lost = Arc::new(AtomicBool::new(false));
        let stop = shared.hard.child_token();
        let cancelled = Arc::new(OnceLock::new());
        let asked = cancel::listen(shared.clone(), attempt.id, cancelled.clone(), stop.clone());
        let beating = claim::heartbeat(shared.clone(), attempt.clone(), lost.clone(), stop.clone());
        Ok(Self {
            heartbeat: tokio::spawn(beating),
            asked_to_stop: tokio::spawn(asked),
            releasing: None,
            cancelled,
            shared: shared.clone(),
            host,
            folder: shared.config.staging.local.join(&tag.0),
            unc: format!("{}\\{}", shared.config.staging.unc.trim_end_matches('\\'), tag.0),
            replica,
            attempt,
            charge,
            tag,
            facts: Facts::default(),
            step: Step::Claim,
            lenient: false,
            stop,
            lost,
        })
    }
}

impl Run {
    async fn finish(&mut self) -> Outcome {
        let pause = self.charge.pause;
        for step in STEPS.into_iter().filter(|step| pause || !step.is_of_a_pause()) {
            self.step = step;
            if let Err(stop) = self.step_whole(step).await {
                return self.settle(stop).await;
            }
        }
        self.let_go_now().await;
        self.ended().await
    }

    async fn step_whole(&mut self, step: Step) -> Result<(), Stop> {
        let name = step_name(step);
        if step != Step::Claim {
            self.failpoint(&format!("before:{name}"))?;
        }
        self.alive()?;
        self.step_once(step).await?;
        if self.shared.ports.failpoints.at(&format!("twice:{name}")) == FailAction::Twice {
            self.step_once(step).await?;
        }
        self.failpoint(&format!("after:{name}"))
    }

    async fn step_once(&mut self, step: Step) -> Result<(), Stop> {
        match step {
            Step::Claim => claim::room(self).await,
            Step::GateBefore => gate::before(self).await,
            Step::PausePrimary => pause::pause(self).await,
            Step::Checkpoint => checkpoint::take(self).await,
            Step::ResumePrimary => resume::resume(self).await,
            Step::GateAt => gate::at(self).await,
            Step::Export => export::export(self).await,
            Step::Prove => prove::prove(self).await,
            Step::Release => release::release(self).await,
            Step::Ingest => ingest::ingest(self).await,
            Step::Seal => seal::seal(self).await,
            Step::CleanUp => clean_up::clean_up(self).await,
        }
    }

    /// One step without failpoints, for the doctor.
    pub async fn once(&mut self, step: Step) -> Result<(), Stop> {
        self.step_once(step).await
    }

    /// A fresh look, folded in and judged.
    pub async fn look(&mut self) -> Result<(Judged, ReplicaSighting), Stop> {
        let (judged, look) = gate::look(self).await?;
        Ok((judged, look.sighting))
    }

    /// Whether nothing may be said about the last apply, even when a blocker is named first.
    pub fn last_apply_unknown(&self, judged: &Judged) -> bool {
        matches!(judged.memory.last, LastApply::Unknown { .. })
    }

    /// A place where a test may stop us as a kill would.
    pub fn failpoint(&self, name: &str) -> Result<(), Stop> {
        match self.shared.ports.failpoints.at(name) {
            FailAction::Abort => Err(Stop::Abandoned {
                why: format!("failpoint {name}"),
            }),
            FailAction::Go | FailAction::Twice => Ok(()),
        }
    }

    /// Asked before everything that changes a host: whether we still may.
    pub fn alive(&self) -> Result<(), Stop> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(Stop::LeaseLost);
        }
        if self.stop.is_cancelled() && self.step < Step::Seal {
            return Err(self.stopped().into());
        }
        Ok(())
    }

    /// Why it is being stopped: a person's wish, or the end of Stillpoint.
    pub fn stopped(&self) -> Failure {
        self.cancelled
            .get()
            .map_or(Failure::Cancelled, |asked| Failure::CancelledByPerson {
                author: asked.author.clone(),
                reason: asked.reason.clone(),
            })
    }

    /// Appends to the journal, guarded by the token.
    pub async fn journal(&self, phase: &str, payload: serde_json::Value) -> Result<(), Stop> {
        let now = self.shared.now();
        let store = &self.shared.ports.store;
        store
            .journal(
                self.attempt.id,
                self.attempt.token,
                self.step,
                phase,
                now,
                payload,
            )
            .await?;
        Ok(())
    }

    /// The host failed in this step.
    pub fn host_failed(&self, error: &HostError) -> Stop {
        Failure::Host {
            step: self.step,
            text: chain(error),
        }
        .into()
    }

    pub fn answer(&mut self, request: &str, return_value: u32, job: Option<Job>) {
        self.facts.answers.push(HostAnswer {
            step: self.step,
            request: request.to_owned(),
            return_value,
            job,
        });
    }

    async fn ended(&self) -> Outcome {
        match self.shared.ports.store.attempt(&SITE, self.attempt.id).await {
            Ok(attempt) => Outcome::Ended {
                attempt: Box::new(attempt),
            },
            Err(error) => Outcome::Abandoned { why: chain(&error) },
        }
    }
}
