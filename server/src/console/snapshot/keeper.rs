//! Keeping the copy fresh, beside the requests.

use super::Snapshots;
use crate::telling::chain;
use std::sync::Arc;
use std::time::Duration;
use store::traits::Result;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The screens' data are at most so old, and the store is asked at most so often.
const REFRESH: Duration = Duration::from_secs(1);
/// Commands on the same data directory write events that do not tick here: they are looked for so often.
const LOOK: Duration = Duration::from_secs(3);

impl Snapshots {
    /// Reads the first copy and keeps it fresh until `stop`. `newest` ticks when this process appended an event.
    ///
    /// # Errors
    /// The store's, when the first copy cannot be read.
    pub async fn keep(
        self: Arc<Self>,
        mut newest: watch::Receiver<i64>,
        stop: CancellationToken,
    ) -> Result<tokio::task::JoinHandle<()>> {
        self.refresh().await?;
        Ok(tokio::spawn(async move {
            while paused(&mut newest, &stop).await {
                if let Err(error) = self.refresh().await {
                    // The copy stays and grows old, which its readers see.
                    tracing::warn!(error = chain(&error), "the screens' data could not be refreshed");
                }
            }
        }))
    }
}

/// A second at least, then until something happens; `false` ends it.
async fn paused(newest: &mut watch::Receiver<i64>, stop: &CancellationToken) -> bool {
    let wait = async {
        tokio::time::sleep(REFRESH).await;
        tokio::select! {
            changed = newest.changed() => {
                if changed.is_err() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    };
    tokio::select! {
        () = stop.cancelled() => false,
        () = wait => true,
    }
}
