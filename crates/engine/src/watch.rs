//! The close watch: once a second a host's jobs say which of the watched replicas a log is being applied to; one whose apply has ended
//! is looked at, and wakes the plan when it is clear.

use crate::budget::Errand;
use crate::observe::look_closely;
use crate::shared::Shared;
use domain::ids::{HostId, ReplicaId, VmGuid};
use hyperv::host::HostError;
use std::sync::Arc;
use std::time::Duration;

const CLOSELY: Duration = Duration::from_secs(1);
const CLOSELY_REAL_MIN: Duration = Duration::from_millis(100);
/// Replicas of one host that are looked at per second. An enumeration costs two requests however many are watched, a look eight; those
/// with the least slack come first.
const LOOKS_MAX: usize = 4;

/// Watches until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, host: HostId) {
    while !shared.soft.is_cancelled() {
        // A host that does not answer is the observer's to report.
        if let Err(error) = round(&shared, &host).await {
            tracing::debug!(host.id = %host, %error, "the close watch got no answer");
        }
        tokio::select! {
            biased;
            () = shared.soft.cancelled() => return,
            () = shared.ports.world.sleep(CLOSELY, CLOSELY_REAL_MIN) => {}
        }
    }
}

async fn round(shared: &Shared, host: &HostId) -> Result<(), HostError> {
    let mut watched: Vec<(ReplicaId, VmGuid)> = shared.board.watched(host);
    watched.retain(|(replica, _)| !shared.runs_here(*replica));
    let Some(port) = shared.hosts.get(host).filter(|_| !watched.is_empty()) else {
        return Ok(());
    };
    let vms: Vec<VmGuid> = watched.iter().map(|(_, vm)| *vm).collect();
    shared.may_ask(port.as_ref(), Errand::Jobs).await;
    let applying = port.applying(&vms).await?;
    shared.board.watched_at_set(host, shared.now());
    let ended = watched.into_iter().filter(|(_, vm)| !applying.contains(vm));
    for (replica, vm) in ended.take(LOOKS_MAX) {
        // One that vanished is the next survey's to report; the others are looked at all the same.
        if let Ok(true) = look_closely(shared, host, replica, vm).await {
            shared.wake_plan.notify_one();
        }
    }
    Ok(())
}
