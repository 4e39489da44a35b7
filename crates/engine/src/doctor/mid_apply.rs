//! Asking for a checkpoint in the middle of an apply.

use super::{DoctorFailure, interrupted, pause, stopped};
use crate::attempt::Run;
use crate::attempt::undo::destroy_named;
use crate::attempt::wait::{Waited, for_job};
use crate::ports::chain;
use chrono::TimeDelta;
use domain::attempt::Step;
use domain::job::Job;
use hyperv::host::Started;

/// What the host did when it was asked for a checkpoint while an apply ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MidApply {
    Refused,
    /// It made the checkpoint after the apply had ended.
    Waited,
    /// No apply was met that lasted long enough.
    NotTimed,
}

/// Tries it on the next applies; gives up without a verdict when none can be met in time.
pub(super) async fn try_checkpoint(run: &mut Run, patience: TimeDelta) -> Result<MidApply, DoctorFailure> {
    let until = run.shared.now() + patience;
    while run.shared.now() < until {
        let Some(apply) = running_apply(run).await? else {
            pause(run).await;
            continue;
        };
        // Journaled like any other, so that a rescuer knows of it.
        run.step = Step::Checkpoint;
        run.journal("intent", serde_json::json!({ "tag": run.tag }))
            .await
            .map_err(stopped)?;
        let answer = run
            .host
            .checkpoint_create(run.replica.vm, &run.tag)
            .await
            .map_err(|e| interrupted(chain(&e)))?;
        let refused = match answer {
            Started::Refused { .. } => true,
            Started::Done => false,
            Started::Job { class, id } => {
                run.shared.board.own_job(run.replica.id, &id);
                let waited = for_job(
                    run.host.as_ref(),
                    run.shared.ports.world.as_ref(),
                    (&class, &id),
                    until,
                )
                .await;
                !matches!(waited.map_err(|e| interrupted(chain(&e)))?, Waited::Finished(job) if job.state.is_success())
            }
        };
        let still_running = running_apply(run).await?.is_some_and(|now| now.id == apply.id);
        destroy_named(
            &run.shared,
            run.host.as_ref(),
            run.replica.vm,
            &run.tag,
            run.replica.id,
        )
        .await
        .map_err(|e| interrupted(chain(&e)))?;
        match (refused, still_running) {
            (true, _) => return Ok(MidApply::Refused),
            (false, true) => return Err(DoctorFailure::CheckpointMidApply),
            // It may have ended before the host even began: that shows nothing but harms nothing either.
            (false, false) => return Ok(MidApply::Waited),
        }
    }
    Ok(MidApply::NotTimed)
}

async fn running_apply(run: &Run) -> Result<Option<Job>, DoctorFailure> {
    let look = run
        .host
        .job_look(run.replica.vm)
        .await
        .map_err(|e| interrupted(chain(&e)))?;
    Ok(look.applies.into_iter().find(|j| j.state.is_running()))
}
