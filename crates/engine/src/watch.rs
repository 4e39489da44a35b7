//! The close watch: a few replicas per host, looked at second by second for the end of an apply.

use crate::observe::look_closely;
use crate::shared::Shared;
use domain::ids::HostId;
use std::sync::Arc;
use std::time::Duration;

const CLOSELY: Duration = Duration::from_secs(1);
const CLOSELY_REAL_MIN: Duration = Duration::from_millis(100);

/// Watches until the engine stops; wakes the plan when a watched replica is seen clear.
pub(crate) async fn run(shared: Arc<Shared>, host: HostId) {
    while !shared.soft.is_cancelled() {
        for (replica, vm) in shared
            .board
            .watched(&host)
            .into_iter()
            .take(shared.config.close_watch_max)
        {
            if shared.runs_here(replica) {
                continue;
            }
            // A host that does not answer is the observer's to report.
            if let Ok(true) = look_closely(&shared, &host, replica, vm).await {
                shared.wake_plan.notify_one();
            }
        }
        tokio::select! {
            biased;
            () = shared.soft.cancelled() => return,
            () = shared.ports.world.sleep(CLOSELY, CLOSELY_REAL_MIN) => {}
        }
    }
}
