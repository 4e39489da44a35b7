//! Checkpoint: journal the intent, ask, wait, find what was made by its tag or its job.

use super::undo::Marks;
use super::wait::{REAL_MIN, Waited, for_job};
use super::{Run, Stop, gate};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{Deferral, Failure};
use domain::blocker::{Blocker, NotReady};
use domain::job::Job;
use domain::verdict::Verdict;
use hyperv::host::{Checkpoint, HostError, Started};
use std::time::Duration;

impl Run {
    /// How long our hold may last at most, on the world's clock.
    pub(super) fn hold_deadline(&self) -> DateTime<Utc> {
        let since = self.facts.hold_since.unwrap_or_else(|| self.shared.now());
        since + TimeDelta::seconds(i64::from(self.hold_secs_max()))
    }
    /// By the policy, and no more than the configuration allows.
    fn hold_secs_max(&self) -> u32 {
        self.charge
            .terms
            .hold_secs_max
            .min(self.shared.config.hold_secs_max)
    }
    pub(super) fn held_secs(&self) -> u64 {
        let since = self.facts.hold_since.unwrap_or_else(|| self.shared.now());
        u64::try_from((self.shared.now() - since).num_seconds()).unwrap_or(0)
    }
    pub(super) fn hold_too_long(&self) -> Stop {
        let hold_secs_max = u64::from(self.hold_secs_max());
        let reason = NotReady::HoldTooLong {
            held_secs: self.held_secs(),
            hold_secs_max,
        };
        Deferral::Blocked {
            blocker: Blocker::NotReady { reason },
        }
        .into()
    }

    /// The host said no. A look right after names the blocker.
    pub(super) async fn refused(&mut self, return_value: u32, job: Option<Job>) -> Stop {
        let blocker = match gate::glance(self).await {
            Ok(judged) => match judged.verdict {
                Verdict::Blocked { blockers } => blockers.into_iter().next(),
                Verdict::Clear | Verdict::Unknown { .. } => None,
            },
            Err(_) => None,
        };
        let error_code = job.as_ref().map_or(0, |j| j.error_code);
        let text = job.and_then(|j| j.error_text);
        Deferral::Refused {
            return_value,
            error_code,
            text,
            blocker,
        }
        .into()
    }

    /// By what our checkpoints are known, those given among them.
    pub(crate) fn marks(&self, made: impl IntoIterator<Item = String>) -> Marks {
        Marks {
            replica: self.replica.id,
            vm: self.replica.vm,
            tag: self.tag.clone(),
            made: made.into_iter().collect(),
        }
    }

    /// Our checkpoint, found by its name.
    async fn named(&self) -> Result<Option<Checkpoint>, HostError> {
        let all = self.host.checkpoints(self.replica.vm).await?;
        Ok(all.into_iter().find(|c| c.name == self.tag.0))
    }
}

pub(super) async fn take(run: &mut Run) -> Result<(), Stop> {
    if run.facts.checkpoint.is_some() {
        return Ok(());
    }
    run.journal("intent", serde_json::json!({ "tag": run.tag }))
        .await?;
    run.failpoint("checkpoint.intent")?;
    run.alive()?;
    let Some(before) = run.facts.before.as_ref().map(|j| j.observation.host_time) else {
        return Err(Failure::Host {
            step: run.step,
            text: "the gate was not asked".to_owned(),
        }
        .into());
    };
    run.facts.hold_since = Some(run.shared.now());
    let started = run.host.checkpoint_create(run.replica.vm, &run.tag).await;
    run.failpoint("checkpoint.asked")?;
    let mut job_id = None;
    let mut started_at = before;
    let mut made_at = None;
    match started.map_err(|e| run.host_failed(&e))? {
        Started::Refused { return_value } => {
            run.answer("CreateSnapshot", return_value, None);
            return Err(run.refused(return_value, None).await);
        }
        Started::Done => run.answer("CreateSnapshot", 0, None),
        Started::Job { class, id } => {
            run.journal("intent", serde_json::json!({ "class": class, "id": id }))
                .await?;
            run.shared.board.own_job(run.replica.id, &id);
            let job = finished(run, &class, &id).await?;
            run.answer("CreateSnapshot", 4096, job.clone());
            if let Some(job) = job {
                if !job.state.is_success() || job.error_code != 0 {
                    return Err(run.refused(4096, Some(job)).await);
                }
                started_at = job.started.unwrap_or(before);
                made_at = job.ended();
            }
            job_id = Some(id);
        }
    }
    run.facts.checkpoint_started = Some(started_at);
    let found = find(run, job_id.as_deref())
        .await
        .map_err(|e| run.host_failed(&e))?;
    let Some(checkpoint) = found else {
        let text = "the checkpoint's job succeeded and no checkpoint of ours is there".to_owned();
        return Err(Failure::Host { step: run.step, text }.into());
    };
    if checkpoint.name != run.tag.0 {
        // Known by its InstanceID alone, and only here: should we die now, a rescuer reads it from the journal.
        run.journal(
            "intent",
            serde_json::json!({ "checkpoint": checkpoint, "job": job_id }),
        )
        .await?;
        let text = format!(
            "the host gave our checkpoint the name `{}` and would not change it: one that cannot be told from others' is not kept",
            checkpoint.name
        );
        return Err(Failure::Host { step: run.step, text }.into());
    }
    let made_at = match made_at {
        Some(at) => at,
        None => {
            let identity = run.host.identity().await;
            identity.map_err(|e| run.host_failed(&e))?.now
        }
    };
    // Not before: an apply that failed while nothing of ours was there has failed, whatever its code.
    run.shared.board.hold_begin(run.replica.id, made_at);
    run.facts.checkpoint_made = Some(made_at);
    run.shared
        .board
        .own_checkpoint(run.replica.id, &checkpoint.instance_id);
    run.facts.taken = Some(run.shared.now());
    run.journal(
        "done",
        serde_json::json!({ "checkpoint": checkpoint, "job": job_id }),
    )
    .await?;
    run.facts.checkpoint = Some(checkpoint);
    Ok(())
}

async fn find(run: &Run, job: Option<&str>) -> Result<Option<Checkpoint>, HostError> {
    if let Some(job) = job
        && let Some(made) = run.host.checkpoint_of_job(run.replica.vm, job, &run.tag).await?
    {
        return Ok(Some(made));
    }
    run.named().await
}

/// Waits for the checkpoint's job, looking at the applies meanwhile: the proof begins here.
async fn finished(run: &mut Run, class: &str, id: &str) -> Result<Option<Job>, Stop> {
    loop {
        let slice =
            run.shared.now() + TimeDelta::seconds(i64::from(run.shared.config.hold_look_secs.min(20)));
        let until = slice.min(run.hold_deadline());
        let waited = for_job(
            run.host.as_ref(),
            run.shared.ports.world.as_ref(),
            (class, id),
            until,
        )
        .await;
        match waited.map_err(|e| run.host_failed(&e))? {
            Waited::Finished(job) => return Ok(Some(job)),
            Waited::Vanished => return Ok(None),
            Waited::StillRunning => {}
        }
        run.alive()?;
        if run.shared.now() >= run.hold_deadline() {
            return Err(run.hold_too_long());
        }
        if let Ok(look) = run.host.job_look(run.replica.vm).await {
            run.facts.looks.push(look);
        }
        run.shared
            .ports
            .world
            .sleep(Duration::from_millis(100), REAL_MIN)
            .await;
    }
}
