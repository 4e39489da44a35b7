//! Proof: one more full look while the checkpoint still holds, then the pure function decides. Without it the data is discarded.

use super::{Run, Stop, gate};
use domain::attempt::Failure;
use domain::evidence::ProofBreak;

pub(super) async fn prove(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let after = gate::glance(run).await?;
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
