//! One replica between two surveys.

use crate::board::Terms;
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
    let sighting = port.look(vm, shared.now()).await?;
    // The trust of the last survey: a close watch only says when to ask the gate, which reads everything itself.
    let Some(newest) = shared.board.newest(replica) else {
        return Ok(false);
    };
    let unproven = |v: &Verdict| v.words().iter().any(|w| w.code == "NR");
    if unproven(&newest.verdict) {
        return Ok(false);
    }
    let identity = port.identity().await?;
    let trust = shared.board.trust(host, &identity);
    let terms = Terms {
        judge: shared.ports.judge.as_ref(),
        trust: &trust,
        now: shared.now(),
        freshness_secs: shared.config.freshness_secs,
    };
    let judged = shared.board.judge(replica, sighting.observation, terms);
    Ok(judged.is_some_and(|j| j.verdict == Verdict::Clear))
}
