//! The gate reads the host itself, before the checkpoint and again once it exists. Only `Clear` goes on.

use super::{Run, Stop};
use crate::board::{Judged, Terms};
use crate::ports::chain;
use domain::attempt::Deferral;
use domain::blocker::Unknown;
use domain::verdict::Verdict;
use hyperv::host::ReplicaSighting;

/// A fresh look, folded in and judged by what the host is now.
pub(super) async fn look(run: &mut Run) -> Result<(Judged, ReplicaSighting), Stop> {
    let unreadable = |what: String| {
        Stop::from(Deferral::Unknown {
            why: Unknown::Unreadable { what },
        })
    };
    let identity = run.host.identity().await.map_err(|e| unreadable(chain(&e)))?;
    let trust = run.shared.board.trust(run.host.id(), &identity);
    let sighting = run
        .host
        .look(run.replica.vm, run.shared.now())
        .await
        .map_err(|e| unreadable(chain(&e)))?;
    let terms = Terms {
        judge: run.shared.ports.judge.as_ref(),
        trust: &trust,
        now: run.shared.now(),
        freshness_secs: run.shared.config.freshness_secs,
    };
    let judged = run
        .shared
        .board
        .judge(run.replica.id, sighting.observation.clone(), terms)
        .ok_or_else(|| unreadable("a look that was overtaken by a later one".to_owned()))?;
    run.facts.trust = Some(trust);
    Ok((judged, sighting))
}

fn only_clear(verdict: &Verdict) -> Result<(), Stop> {
    match verdict {
        Verdict::Clear => Ok(()),
        Verdict::Unknown { why } => Err(Deferral::Unknown { why: why.clone() }.into()),
        Verdict::Blocked { blockers } => match blockers.first() {
            Some(blocker) => Err(Deferral::Blocked {
                blocker: blocker.clone(),
            }
            .into()),
            None => {
                let what = "a verdict that blocks without a blocker".to_owned();
                Err(Deferral::Unknown {
                    why: Unknown::Unreadable { what },
                }
                .into())
            }
        },
    }
}

pub(super) async fn before(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let (judged, sighting) = look(run).await?;
    only_clear(&judged.verdict)?;
    run.facts.disks = sighting.disks;
    run.facts.before = Some(judged);
    run.journal("done", serde_json::Value::Null).await
}

/// After the checkpoint was accepted: an apply may have begun in between, and an unprotected host lets it.
pub(super) async fn at(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let (judged, _) = look(run).await?;
    only_clear(&judged.verdict)?;
    run.facts.at = Some(judged);
    run.journal("done", serde_json::Value::Null).await
}
