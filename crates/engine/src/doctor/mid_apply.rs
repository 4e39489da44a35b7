//! Asking for a checkpoint in the middle of an apply.

use super::{DoctorFailure, interrupted, pause, stopped};
use crate::attempt::Run;
use crate::attempt::undo::destroy;
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
    /// It made the checkpoint, and nothing tells whether before or after the apply had ended.
    NotTold,
    /// No apply was met that lasted long enough.
    NotTimed,
}

/// Tries it on the next applies; gives up without a verdict when none can be met in time.
pub(super) async fn try_checkpoint(run: &mut Run, patience: TimeDelta) -> Result<MidApply, DoctorFailure> {
    let until = run.shared.now() + patience;
    let mut told = MidApply::NotTimed;
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
        let (mut made, mut answered) = (None, None);
        let refused = match answer {
            Started::Refused { .. } => true,
            Started::Done => false,
            Started::Job { class, id } => {
                let payload = serde_json::json!({ "class": class, "id": id });
                run.journal("intent", payload).await.map_err(stopped)?;
                run.shared.board.own_job(run.replica.id, &id);
                let waited = for_job(
                    run.host.as_ref(),
                    run.shared.ports.world.as_ref(),
                    (&class, &id),
                    until,
                )
                .await;
                match waited.map_err(|e| interrupted(chain(&e)))? {
                    Waited::Finished(job) if job.state.is_success() => {
                        let found = run.host.checkpoint_of_job(run.replica.vm, &id, &run.tag).await;
                        let found = found.map_err(|e| interrupted(chain(&e)))?;
                        made = found.map(|checkpoint| checkpoint.instance_id);
                        answered = Some(job);
                        false
                    }
                    _ => true,
                }
            }
        };
        let apply = applies(run).await?.into_iter().find(|now| now.id == apply.id);
        let marks = run.marks(made);
        destroy(&run.shared, run.host.as_ref(), &marks)
            .await
            .map_err(|e| interrupted(chain(&e)))?;
        if refused {
            return Ok(MidApply::Refused);
        }
        match order(apply.as_ref(), answered.as_ref()) {
            Order::InTheMiddle => return Err(DoctorFailure::CheckpointMidApply),
            Order::Afterwards => return Ok(MidApply::Waited),
            Order::NotTold => told = MidApply::NotTold,
        }
    }
    Ok(told)
}

/// When the checkpoint was made, against the apply that ran when it was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    InTheMiddle,
    Afterwards,
    NotTold,
}

/// Both as they are listed after the checkpoint was made. Times are cut to whole seconds, so only more than one tells an order.
fn order(apply: Option<&Job>, checkpoint: Option<&Job>) -> Order {
    if apply.is_some_and(|job| job.state.is_running()) {
        return Order::InTheMiddle;
    }
    let second = TimeDelta::seconds(1);
    let (Some(ended), Some(job)) = (apply.and_then(Job::ended), checkpoint) else {
        return Order::NotTold;
    };
    match (job.started, job.ended()) {
        (_, Some(made)) if made + second <= ended => Order::InTheMiddle,
        (Some(asked), Some(made)) if asked + second <= ended && made >= ended + second => Order::Afterwards,
        _ => Order::NotTold,
    }
}

async fn running_apply(run: &Run) -> Result<Option<Job>, DoctorFailure> {
    Ok(applies(run).await?.into_iter().find(|j| j.state.is_running()))
}

async fn applies(run: &Run) -> Result<Vec<Job>, DoctorFailure> {
    let look = run.host.job_look(run.replica.vm).await;
    Ok(look.map_err(|e| interrupted(chain(&e)))?.applies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::job::{JobClass, JobState};

    fn job(state: JobState, started: i64, secs: u64) -> Job {
        Job {
            id: "J".to_owned(),
            class: JobClass::Concrete,
            job_type: 108,
            state,
            error_code: 0,
            error_text: None,
            percent: 100,
            started: DateTime::from_timestamp(1_800_000_000 + started, 0),
            elapsed_ms: Some(secs * 1000),
            owner: None,
        }
    }

    #[test]
    fn a_checkpoint_made_before_the_apply_ended_was_made_in_its_middle_though_the_apply_is_over_when_we_look()
    {
        let apply = job(JobState::Completed, 0, 9);
        let done = |started, secs| job(JobState::Completed, started, secs);
        for (made, expected) in [
            (done(4, 2), Order::InTheMiddle),
            (done(4, 7), Order::Afterwards),
            // Within a second, or asked for when the apply was over.
            (done(4, 5), Order::NotTold),
            (done(9, 3), Order::NotTold),
        ] {
            assert_eq!(order(Some(&apply), Some(&made)), expected, "{made:?}");
        }
        let running = job(JobState::Running, 0, 9);
        assert_eq!(order(Some(&running), None), Order::InTheMiddle);
        assert_eq!(order(None, Some(&done(4, 2))), Order::NotTold);
    }
}
