//! The gate reads the host itself, before the checkpoint and again once it exists. Only `Clear` goes on.

use super::pause::only_applies;
use super::{Run, Stop};
use crate::board::{Judged, Terms, job_look_of};
use crate::ports::chain;
use crate::whose::{entries, whose};
use domain::attempt::Deferral;
use domain::blocker::{Blocker, NotReady, Unknown};
use domain::observation::Observation;
use domain::verdict::Verdict;
use hyperv::host::{HostIdentity, Look};

fn unreadable(what: String) -> Stop {
    Deferral::Unknown {
        why: Unknown::Unreadable { what },
    }
    .into()
}

/// A survey or a close watch may look later and be folded in sooner. Then this look says nothing, and the next one does.
const OVERTAKEN_MAX: u32 = 3;

fn overtaken() -> Stop {
    unreadable(format!(
        "{OVERTAKEN_MAX} looks in a row were overtaken by later ones"
    ))
}

/// A fresh look at everything, folded in and judged by what the host is now.
pub(super) async fn look(run: &mut Run) -> Result<(Judged, Look), Stop> {
    for _ in 0..OVERTAKEN_MAX {
        let look = run.host.look(run.replica.vm, run.shared.now()).await;
        let look = look.map_err(|e| unreadable(chain(&e)))?;
        if let Some(judged) = judge(run, &look.identity, look.sighting.observation.clone()) {
            return Ok((judged, look));
        }
    }
    Err(overtaken())
}

/// The same without the disks: once they are known, only what is judged has to be read again.
pub(super) async fn glance(run: &mut Run) -> Result<Judged, Stop> {
    for _ in 0..OVERTAKEN_MAX {
        let glance = run.host.glance(run.replica.vm, run.shared.now()).await;
        let glance = glance.map_err(|e| unreadable(chain(&e)))?;
        if let Some(judged) = judge(run, &glance.identity, glance.observation) {
            return Ok(judged);
        }
    }
    Err(overtaken())
}

/// `None` when a later look was folded in meanwhile.
fn judge(run: &mut Run, identity: &HostIdentity, seen: Observation) -> Option<Judged> {
    let trust = run.shared.board.trust(run.host.id(), identity);
    let terms = Terms {
        judge: run.shared.ports.judge.as_ref(),
        trust: &trust,
        now: run.shared.now(),
        freshness_secs: run
            .charge
            .terms
            .freshness_secs
            .min(run.shared.config.freshness_secs),
    };
    let judged = run.shared.board.judge(run.replica.id, seen, terms)?;
    run.facts.trust = Some(trust);
    Some(judged)
}

pub(super) fn only_clear(verdict: &Verdict) -> Result<(), Stop> {
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

/// A GUID is chosen on the tenant's side: only what the host says of the primary now decides whose disks these are.
fn still_ours(run: &Run, look: &Look) -> Result<(), Stop> {
    let bound = whose(
        &look.sighting,
        &entries(&look.authorization),
        &run.shared.tenancy().rules,
    );
    if bound.is_ok_and(|tenant| tenant == run.replica.tenant) {
        return Ok(());
    }
    let reason = NotReady::BoundElsewhere {
        primary: look.sighting.primary_host.clone(),
    };
    Err(Deferral::Blocked {
        blocker: Blocker::NotReady { reason },
    }
    .into())
}

pub(super) async fn before(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let (judged, look) = look(run).await?;
    // Where the primary may be paused, log applies are what the pause is for.
    let applying = only_applies(&judged.verdict)
        .filter(|_| run.charge.pause)
        .cloned();
    if applying.is_none() {
        only_clear(&judged.verdict)?;
    }
    still_ours(run, &look)?;
    run.facts.disks = look.sighting.disks;
    run.facts.before = applying.is_none().then_some(judged);
    run.facts.applying = applying;
    run.journal("done", serde_json::Value::Null).await
}

/// After the checkpoint was accepted: an apply may have begun in between, and an unprotected host lets it.
pub(super) async fn at(run: &mut Run) -> Result<(), Stop> {
    run.journal("intent", serde_json::Value::Null).await?;
    let judged = glance(run).await?;
    // It watched the applies as well as any look of the hold.
    run.facts.looks.push(job_look_of(&judged.observation));
    only_clear(&judged.verdict)?;
    run.facts.at = Some(judged);
    run.journal("done", serde_json::Value::Null).await
}
