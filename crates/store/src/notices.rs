//! Notices for the outside: an outbox, so that each is delivered at least once and made only once.

use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Something that somebody outside should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// 1, 2, 3...
    pub id: i64,
    /// Stable: the same thing is noticed once (`breached:<replica>:<day>`).
    pub key: String,
    /// `at-risk`, `breached`, `stuck`, `not-watching`, `watching-again`.
    pub kind: String,
    pub at: DateTime<Utc>,
    /// The document that is sent.
    pub body: serde_json::Value,
    /// Deliveries tried, the one that worked included.
    pub tries: u32,
    /// When to try next; `None` once delivered or given up.
    pub next: Option<DateTime<Utc>>,
    pub delivered: Option<DateTime<Utc>>,
    /// Of the last try that failed; stays after the delivery.
    pub last_error: Option<String>,
}

/// The outbox.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Puts a notice in, to be tried from `at`; `false` when its key is there already, and then nothing changes.
    async fn notice_put(
        &self,
        key: &str,
        kind: &str,
        body: &serde_json::Value,
        at: DateTime<Utc>,
    ) -> Result<bool>;
    /// Those to be tried at `now`, oldest first, at most 1000.
    async fn notices_due(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Notice>>;
    /// Delivered at `at`; no more tries. Again it changes nothing; `NotFound` for an unknown id.
    async fn notice_delivered(&self, id: i64, at: DateTime<Utc>) -> Result<()>;
    /// A try failed; the next is at `next`, and with `None` there is none any more. Of a delivered one it changes nothing; `NotFound` for
    /// an unknown id.
    async fn notice_failed(&self, id: i64, error: &str, next: Option<DateTime<Utc>>) -> Result<()>;
    /// The newest, delivered or not, newest first, at most 1000.
    async fn notices(&self, limit: u32) -> Result<Vec<Notice>>;
}
