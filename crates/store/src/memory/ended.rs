//! What ended, by when it ended.

use super::MemoryStore;
use crate::history::{HistoryStore, PastBlocker, PastDay};
use crate::rules::kept;
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

#[async_trait]
impl HistoryStore for MemoryStore {
    async fn days_closed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastDay>> {
        Ok(self.read(|tables| tables.obligations.closed_between(kept(from), kept(to))))
    }

    async fn blockers_ended(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastBlocker>> {
        Ok(self.read(|tables| tables.intervals.ended_between(kept(from), kept(to))))
    }
}
