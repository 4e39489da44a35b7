//! The sign of life to the outside: given while, and only while, everybody who should look does. When the whole process is gone, it stops.

use crate::shared::Shared;
use std::time::Duration;

/// Between two looks whether everybody is alive again.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(shared: &Shared) {
    let Some(heartbeat) = shared.ports.heartbeat.clone() else {
        return;
    };
    let machine = &shared.ports.machine;
    // At the start nobody has looked yet.
    let mut was_alive = false;
    let mut is_told = true;
    loop {
        let alive = shared.signs.all_alive(shared, shared.now());
        if alive {
            let beat = tokio::select! {
                () = shared.soft.cancelled() => return,
                beat = heartbeat.beat() => beat,
            };
            match beat {
                Ok(()) => is_told = true,
                // Once per outage: it is called every minute.
                Err(why) if is_told => {
                    tracing::warn!(why = %why, "the sign of life did not arrive");
                    is_told = false;
                }
                Err(_) => {}
            }
        } else if was_alive {
            tracing::warn!("no sign of life is given: not everybody who should look does");
        }
        was_alive = alive;
        let pause = if alive { shared.config.heartbeat } else { LOOK };
        tokio::select! {
            () = shared.soft.cancelled() => return,
            () = machine.sleep(pause) => {}
        }
    }
}
