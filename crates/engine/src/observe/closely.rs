//! One replica between two surveys.

use crate::board::Terms;
use crate::budget::Errand;
use crate::shared::Shared;
use domain::ids::{HostId, ReplicaId};
use domain::verdict::Verdict;
use hyperv::host::HostError;

/// Looks again at one replica and folds it in: the close watch.
pub(crate) async fn look_closely(
    shared: &Shared,
    host: &HostId,
    replica: ReplicaId,
    vm: domain::ids::VmGuid,
) -> Result<bool, HostError> {
    let Some(port) = shared.hosts.get(host) else {
        return Ok(false);
    };
    shared.may_ask(port.as_ref(), Errand::CloseLook).await;
    let glance = port.glance(vm, shared.now()).await?;
    // The trust of the last survey: a close watch only says when to ask the gate, which reads everything itself.
    let Some(newest) = shared.board.newest(replica) else {
        return Ok(false);
    };
    let unproven = |v: &Verdict| v.words().iter().any(|w| w.code == "NR");
    if unproven(&newest.verdict) {
        return Ok(false);
    }
    let trust = shared.board.trust(host, &glance.identity);
    let terms = Terms {
        judge: shared.ports.judge.as_ref(),
        trust: &trust,
        now: shared.now(),
        freshness_secs: shared.freshness_secs(replica),
    };
    let judged = shared.board.judge(replica, glance.observation, terms);
    Ok(judged.is_some_and(|j| j.verdict == Verdict::Clear))
}
