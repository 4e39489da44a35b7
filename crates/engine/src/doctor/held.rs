//! The canary's checkpoint: taken when it is clear, watched while it exists, and let go.

use super::{DoctorFailure, DoctorRequest, Halt, glance, interrupted, pause, stopped};
use crate::attempt::undo::Leftovers;
use crate::attempt::{Facts, Run, Stop};
use crate::board::{Judged, job_look_of};
use crate::ports::chain;
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{Failure, Step};
use domain::blocker::{Blocker, NotReady};
use domain::evidence::{HoldRecord, JobLook, ProofBreak};
use domain::job::Job;
use domain::verdict::Verdict;

/// A checkpoint that is there, as it was first seen. What an apply did before that speaks against nobody.
pub(super) struct Held {
    first: JobLook,
    /// `LastReplicationTime` then, on the host's clock.
    pub received: Option<DateTime<Utc>>,
}

/// Takes the checkpoint as soon as the canary is clear. An apply may begin between that look and the call, and a good host
/// refuses then: that is tried again until patience is over.
pub(super) async fn take(run: &mut Run, request: &DoctorRequest) -> Result<Held, DoctorFailure> {
    let until = run.shared.now() + TimeDelta::seconds(i64::from(request.patience_secs));
    loop {
        clear(run, request, until).await?;
        run.step = Step::Checkpoint;
        match run.once(Step::Checkpoint).await {
            Ok(()) => break,
            Err(Stop::Deferred(reason)) if run.shared.now() < until => {
                let why = domain::words::explain_deferral(&reason).sentence;
                tracing::info!(host.id = %request.host, why, "the checkpoint was put off; it is tried again");
                let_go(run).await?;
                pause(run).await;
            }
            Err(stop) => return Err(stopped(stop)),
        }
    }
    let seen = glance(run).await?;
    run.facts.looks.clear();
    Ok(Held {
        first: job_look_of(&seen),
        received: seen.inbound().and_then(|r| r.last_replication),
    })
}

/// Waits until nothing but the missing enrolment speaks against the canary.
async fn clear(run: &mut Run, request: &DoctorRequest, until: DateTime<Utc>) -> Result<(), DoctorFailure> {
    run.step = Step::GateBefore;
    loop {
        let verdict = match run.look().await {
            Ok((judged, sighting)) => {
                if only_unproven(run, &judged)? {
                    run.facts.disks = sighting.disks;
                    run.facts.before = Some(judged);
                    return Ok(());
                }
                judged.verdict
            }
            // A look that failed, or that a survey overtook, says nothing yet.
            Err(Stop::Deferred(reason)) => match *reason {
                domain::attempt::Deferral::Unknown { why } => Verdict::Unknown { why },
                other => return Err(stopped(other.into())),
            },
            Err(stop) => return Err(stopped(stop)),
        };
        if run.shared.now() >= until {
            return Err(DoctorFailure::NeverClear {
                patience_secs: request.patience_secs,
                verdict: Box::new(verdict),
            });
        }
        pause(run).await;
    }
}

fn only_unproven(run: &Run, judged: &Judged) -> Result<bool, DoctorFailure> {
    match &judged.verdict {
        Verdict::Clear => Ok(true),
        Verdict::Unknown { .. } => Ok(false),
        Verdict::Blocked { blockers } => {
            if let Some(build) = blockers.iter().find_map(too_old) {
                return Err(DoctorFailure::TooOld { build });
            }
            let unproven = |b: &Blocker| {
                matches!(
                    b,
                    Blocker::NotReady {
                        reason: NotReady::HostUnproven { .. }
                    }
                )
            };
            Ok(blockers.iter().all(unproven) && !run.last_apply_unknown(judged))
        }
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

impl Held {
    /// Whether the looks so far leave no hole.
    pub fn watched(&self, run: &Run) -> Result<(), Halt> {
        let is_hole = |b: &ProofBreak| {
            matches!(
                b,
                ProofBreak::LookGap { .. } | ProofBreak::Restarted { .. } | ProofBreak::ClockBackwards { .. }
            )
        };
        let known_refusals = super::refusal_codes(run);
        let breaks = self.breaks(run, &known_refusals);
        if breaks.iter().any(is_hole) {
            return Err(against(breaks, &known_refusals));
        }
        Ok(())
    }

    /// Whether the host held everything back from when the checkpoint was first seen until now.
    pub fn held(&self, run: &Run, known_refusals: &[u32]) -> Result<(), Halt> {
        let breaks = self.breaks(run, known_refusals);
        if breaks.is_empty() {
            return Ok(());
        }
        Err(against(breaks, known_refusals))
    }

    fn breaks(&self, run: &Run, known_refusals: &[u32]) -> Vec<ProofBreak> {
        let looks = run.facts.looks.clone();
        let hold = HoldRecord {
            before: self.first.clone(),
            checkpoint_started: self.first.host_time,
            checkpoint_made: None,
            export_ended: looks.last().map_or(self.first.host_time, |look| look.host_time),
            looks,
            known_refusals: known_refusals.to_vec(),
        };
        domain::proof::prove(&hold).err().unwrap_or_default()
    }
}

/// An apply speaks against the host; a hole in our own watching speaks against nobody.
fn against(breaks: Vec<ProofBreak>, known_refusals: &[u32]) -> Halt {
    let refused = |job: &Job| {
        !job.state.is_running() && !job.state.is_success() && known_refusals.contains(&job.error_code)
    };
    let by_host = |b: &ProofBreak| match b {
        ProofBreak::LastApplyMoved { .. } => true,
        // Before the end of the hold, one that runs may be waiting to be refused.
        ProofBreak::ApplyInWindow { job } => !refused(job),
        _ => false,
    };
    if breaks.iter().any(by_host) {
        DoctorFailure::NotHeld { breaks }.into()
    } else {
        let what = domain::words::explain_failure(&Failure::Unproven { breaks });
        Halt::Anew { what }
    }
}

/// Removes all that was made and forgets all that was seen, so that the examination can begin anew under the same lease.
pub(super) async fn let_go(run: &mut Run) -> Result<(), DoctorFailure> {
    let shared = run.shared.clone();
    let journal = shared.ports.store.journal_of(run.attempt.id).await?;
    let left = Leftovers::of(&run.attempt, run.replica.vm, &journal, &shared.config.staging);
    left.undo(&shared, run.host.as_ref())
        .await
        .map_err(|e| interrupted(format!("clean-up: {}", chain(&e))))?;
    shared.board.own_nothing(run.replica.id);
    run.facts = Facts {
        trust: run.facts.trust.take(),
        ..Facts::default()
    };
    Ok(())
}
