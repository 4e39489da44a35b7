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
    pub tries: u32,
    /// When to try next; `None` once delivered.
    pub next: Option<DateTime<Utc>>,
    pub delivered: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// The outbox.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Puts a notice in; `false` when its key is there already.
    async fn notice_put(&self, key: &str, kind: &str, body: &serde_json::Value, at: DateTime<Utc>) -> Result<bool>;
    /// Those to be tried at `now`, oldest first.
    async fn notices_due(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Notice>>;
    /// Delivered at `at`; no more tries.
    async fn notice_delivered(&self, id: i64, at: DateTime<Utc>) -> Result<()>;
    /// A try failed; the next is at `next`.
    async fn notice_failed(&self, id: i64, error: &str, next: DateTime<Utc>) -> Result<()>;
    /// The newest, delivered or not.
    async fn notices(&self, limit: u32) -> Result<Vec<Notice>>;
}
