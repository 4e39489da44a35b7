//! What no rule remembers any more goes: sessions and keys of writes that are over, and tallies of tries, which anybody can make more of.

use super::{BEFORE, DoorFault, Doors};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Rows of one removal: the writer is free for others between two.
const ROWS: u32 = 500;
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(3_600);

impl Doors {
    /// One round.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self) -> Result<(), DoorFault> {
        let now = self.now();
        while self.store.sessions_purge(&BEFORE, now, ROWS).await? >= u64::from(ROWS) {}
        while self.store.log_in_purge(&BEFORE, now, ROWS).await? >= u64::from(ROWS) {}
        while self.store.once_purge(&BEFORE, now, ROWS).await? >= u64::from(ROWS) {}
        Ok(())
    }

    /// A round now and every hour, until told to stop. What failed was logged and is tried again with the next.
    pub async fn keep_swept(self: Arc<Self>, stop: CancellationToken) {
        loop {
            drop(self.sweep().await);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
