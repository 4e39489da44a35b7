//! Export, watched: while the host copies, the applies are read at least every 20 s, well below the 60 s that the proof allows.

use super::claim::staging_full;
use super::prove::still_whole;
use super::undo::stop_job;
use super::wait::REAL_MIN;
use super::{Run, Stop, gate};
use crate::board::job_look_of;
use crate::ports::chain;
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::Failure;
use domain::evidence::{HoldRecord, ProofBreak};
use domain::job::Job;
use domain::proof::LOOK_GAP_SECS_MAX;
use hyperv::host::{HostError, Started};
use std::path::Path;

impl Run {
    /// The hold as watched so far, its end being the newest look.
    pub(crate) fn hold_so_far(&self) -> Option<HoldRecord> {
        let before = job_look_of(&self.facts.before.as_ref()?.observation);
        let newest = self.facts.looks.last()?.host_time;
        Some(HoldRecord {
            before,
            looks: self.facts.looks.clone(),
            checkpoint_started: self.facts.checkpoint_started?,
            checkpoint_made: self.facts.checkpoint_made,
            export_ended: self.facts.export_ended.unwrap_or(newest),
            known_refusals: self
                .facts
                .trust
                .as_ref()
                .map(|t| t.known_refusals().to_vec())
                .unwrap_or_default(),
        })
    }
}

pub(super) async fn export(run: &mut Run) -> Result<(), Stop> {
    if run.facts.export_ended.is_some() {
        return Ok(());
    }
    let Some(checkpoint) = run.facts.checkpoint.clone() else {
        return Err(Failure::Host {
            step: run.step,
            text: "there is no checkpoint to export".to_owned(),
        }
        .into());
    };
    run.journal(
        "intent",
        serde_json::json!({ "folder": run.folder, "unc": run.unc }),
    )
    .await?;
    run.failpoint("export.intent")?;
    make_private(&run.folder).map_err(|e| {
        let text = format!("cannot make the export folder {}: {e}", run.folder.display());
        Stop::from(Failure::Host { step: run.step, text })
    })?;
    run.alive()?;
    look(run).await.map_err(|e| run.host_failed(&e))?;
    let started = run.host.export(run.replica.vm, &checkpoint, &run.unc).await;
    run.failpoint("export.asked")?;
    match started.map_err(|e| run.host_failed(&e))? {
        Started::Refused { return_value } => {
            run.answer("ExportSystemDefinition", return_value, None);
            return Err(run.refused(return_value, None).await);
        }
        Started::Done => run.answer("ExportSystemDefinition", 0, None),
        Started::Job { class, id } => {
            run.journal("intent", serde_json::json!({ "class": class, "id": id }))
                .await?;
            run.shared.board.own_job(run.replica.id, &id);
            let job = watch(run, &class, &id).await?;
            run.answer("ExportSystemDefinition", 4096, Some(job.clone()));
            if !job.state.is_success() || job.error_code != 0 {
                // The host's own words for a full share are many; how full it is, we can see.
                if let Some(stop) = staging_full(run).await {
                    return Err(stop);
                }
                let text = job.error_text.unwrap_or_else(|| "no reason was given".to_owned());
                let text = format!(
                    "the export ended in state {} with error {}: {text}",
                    u16::from(job.state),
                    job.error_code
                );
                return Err(Failure::Host { step: run.step, text }.into());
            }
        }
    }
    // The end is where it was seen, after the fact: a window too long is safe, one too short is not.
    let ended = look(run).await.map_err(|e| run.host_failed(&e))?;
    if run.shared.now() > run.hold_deadline() {
        // It ended between two looks, and too late all the same: the tenant's lag is not ours to spend.
        return Err(run.hold_too_long());
    }
    run.facts.export_ended = Some(ended);
    run.journal("done", serde_json::json!({ "ended": ended })).await
}

async fn look(run: &mut Run) -> Result<DateTime<Utc>, HostError> {
    let look = run.host.job_look(run.replica.vm).await?;
    let at = look.host_time;
    run.facts.looks.push(look);
    Ok(at)
}

/// Watches until the export's job ends. Cancels it when the hold gets too long, when a look already breaks the proof, or when
/// we have to stop.
async fn watch(run: &mut Run, class: &str, id: &str) -> Result<Job, Stop> {
    let mut last_look = run.shared.now();
    loop {
        let job = match run.host.job(class, id).await {
            Ok(job) => Some(job),
            Err(HostError::NotFound { .. }) => {
                // A restarted service forgets its jobs; then the look says more than the missing job.
                let looked = look(run).await;
                let text = "the export's job vanished from the host's list".to_owned();
                let vanished = Failure::Host { step: run.step, text }.into();
                return Err(looked.ok().and_then(|_| broken(run)).unwrap_or(vanished));
            }
            Err(HostError::Unreachable { .. }) => None,
            Err(error) => return Err(run.host_failed(&error)),
        };
        if let Some(job) = job.filter(|j| !j.state.is_running()) {
            return Ok(job);
        }
        let stop = match look(run).await {
            Ok(_) => {
                last_look = run.shared.now();
                match broken(run) {
                    Some(stop) => Some(named(run, stop).await),
                    None => None,
                }
            }
            // A short silence may still fit between two looks; a long one has broken the proof already.
            Err(error) if run.shared.now() - last_look > TimeDelta::seconds(LOOK_GAP_SECS_MAX) => {
                Some(run.host_failed(&error))
            }
            Err(HostError::Unreachable { .. }) => None,
            Err(error) => Some(run.host_failed(&error)),
        };
        let stop = stop.or_else(|| run.alive().err());
        let stop = match stop {
            None => staging_full(run).await,
            some => some,
        };
        let stop = stop.or_else(|| (run.shared.now() >= run.hold_deadline()).then(|| run.hold_too_long()));
        if let Some(stop) = stop {
            let stopped = stop_job(run.host.as_ref(), run.shared.ports.world.as_ref(), class, id).await;
            if let Err(error) = stopped {
                tracing::warn!(attempt.id = %run.attempt.id, error = %chain(&error), "the export could not be cancelled");
            }
            return Err(stop);
        }
        let pause = run.shared.config.hold_look();
        run.shared.ports.world.sleep(pause, REAL_MIN).await;
    }
}

/// Whether what was seen so far already rules out a proof: then every further second only costs the tenant lag.
fn broken(run: &Run) -> Option<Stop> {
    if run.lenient {
        return None;
    }
    let hold = run.hold_so_far()?;
    let breaks = run.shared.ports.judge.prove(&hold).err()?;
    let final_ones: Vec<ProofBreak> = breaks
        .into_iter()
        .filter(|b| !matches!(b, ProofBreak::NotWatched) && !may_turn_out_refused(b))
        .collect();
    (!final_ones.is_empty()).then(|| Failure::Unproven { breaks: final_ones }.into())
}

/// What came up and is no apply has a name of its own, and is waited for, if the host still shows it.
async fn named(run: &mut Run, stop: Stop) -> Stop {
    let moved = |b: &ProofBreak| matches!(b, ProofBreak::StateMoved { .. });
    let by_state = match &stop {
        Stop::Failed(failure) => {
            matches!(failure.as_ref(), Failure::Unproven { breaks } if breaks.iter().any(moved))
        }
        _ => false,
    };
    if !by_state {
        return stop;
    }
    match gate::glance(run).await {
        Ok(judged) => still_whole(&judged.verdict).err().unwrap_or(stop),
        Err(_) => stop,
    }
}

/// A running apply may be one that waits for the lock and will be refused: only the end of the hold can tell.
fn may_turn_out_refused(broken: &ProofBreak) -> bool {
    matches!(broken, ProofBreak::ApplyInWindow { job } if job.state.is_running())
}

/// One folder per attempt that only we can read. Hosts write through the share, with the share's own rights.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
