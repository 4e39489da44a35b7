//! Proof: one more full look while the checkpoint still holds, then the pure function decides. Without it the data is discarded.

use super::{Run, Stop, gate};
use domain::attempt::{Deferral, Failure};
use domain::blocker::Blocker;
use domain::evidence::ProofBreak;
use domain::verdict::Verdict;

pub(super) async fn prove(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let after = gate::glance(run).await?;
    still_whole(&after.verdict)?;
    let Some(hold) = run.hold_so_far() else {
        return Err(Failure::Unproven {
            breaks: vec![ProofBreak::NotWatched],
        }
        .into());
    };
    if let Err(breaks) = run.shared.ports.judge.prove(&hold) {
        return Err(Failure::Unproven { breaks }.into());
    }
    run.facts.after = Some(after);
    run.journal("done", serde_json::to_value(&hold).unwrap_or_default())
        .await?;
    run.facts.hold = Some(hold);
    Ok(())
}

/// What began during the export and is no apply - a failover, a resynchronization, a move, a merge - may have written as well.
///
/// Applies are the proof's business: one that waits for our checkpoint to go is as it should be.
pub(super) fn still_whole(verdict: &Verdict) -> Result<(), Stop> {
    let Verdict::Blocked { blockers } = verdict else {
        return Ok(());
    };
    let apply = |b: &&Blocker| {
        matches!(
            b,
            Blocker::LogBeingApplied { .. } | Blocker::ApplyInterrupted { .. } | Blocker::ApplyFailed { .. }
        )
    };
    match blockers.iter().find(|b| !apply(b)) {
        None => Ok(()),
        Some(blocker) => Err(Deferral::Blocked {
            blocker: blocker.clone(),
        }
        .into()),
    }
}
