//! Whether a person wants the attempt stopped. Asked of the store, so that the wish may come from any process.

use crate::shared::{SITE, Shared};
use domain::ids::AttemptId;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::cancels::CancelRequest;
use tokio_util::sync::CancellationToken;

/// A person waits for it; machine time.
const ASK: Duration = Duration::from_secs(1);

/// Waits for a request and stops the attempt. A store that does not answer is the heartbeat's to tell.
pub(super) async fn listen(
    shared: Arc<Shared>,
    attempt: AttemptId,
    cancelled: Arc<OnceLock<CancelRequest>>,
    stop: CancellationToken,
) {
    loop {
        if let Ok(Some(asked)) = shared.ports.store.cancel_of(&SITE, attempt).await {
            let _first = cancelled.set(asked);
            stop.cancel();
            return;
        }
        shared.ports.machine.sleep(ASK).await;
    }
}
