//! Writes that carry a key: done once, however often they are sent.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{PersonId, TokenId};

/// So long a key is remembered, from its first request on.
pub const ONCE_SECS: i64 = 24 * 3_600;
/// The most keys of a log-in or token: beyond it the one that was begun longest ago is forgotten.
pub const ONCE_MAX: usize = 1_000;

/// Whose key: the same text of two people, or of a person and their token, is two keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnceBy {
    pub person: PersonId,
    pub token: Option<TokenId>,
    /// 8 to 128 visible ASCII characters.
    pub key: String,
}

/// A request that wants to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceAsk {
    pub by: OnceBy,
    /// Of what is asked: the same request has the same.
    pub request: [u8; 32],
    pub at: DateTime<Utc>,
    /// It has ended by then, or was broken off.
    pub lease: DateTime<Utc>,
    /// Whether it may be begun again when it was broken off, since doing it twice does no more than doing it once.
    pub again: bool,
}

/// What was answered; its body as whoever asks sealed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceAnswer {
    pub status: u16,
    pub sealed: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnceFound {
    /// It is the asker's to do, and `run` names that.
    Begun { run: u32 },
    /// Another request is doing it.
    Runs { until: DateTime<Utc> },
    /// Another request was broken off, and nobody knows how far it came.
    BrokenOff { begun: DateTime<Utc> },
    /// It was done.
    Answered(OnceAnswer),
    /// The key came with another request.
    Another,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnceRow {
    pub request: [u8; 32],
    pub begun: DateTime<Utc>,
    pub run: u32,
    pub lease: DateTime<Utc>,
    pub answer: Option<OnceAnswer>,
}

/// The rule of both databases.
pub(crate) fn judge(row: Option<&OnceRow>, ask: &OnceAsk) -> OnceFound {
    let Some(row) = row.filter(|row| row.begun > ask.at - TimeDelta::seconds(ONCE_SECS)) else {
        return OnceFound::Begun {
            run: row.map_or(1, |row| row.run.saturating_add(1)),
        };
    };
    if row.request != ask.request {
        return OnceFound::Another;
    }
    match &row.answer {
        Some(answer) => OnceFound::Answered(answer.clone()),
        None if ask.at < row.lease => OnceFound::Runs { until: row.lease },
        None if ask.again => OnceFound::Begun {
            run: row.run.saturating_add(1),
        },
        None => OnceFound::BrokenOff { begun: row.begun },
    }
}

/// Keys of somebody who is not in the scope are `NotFound`.
#[async_trait]
pub trait OnceStore: Send + Sync {
    /// Begins, or says what is known, in one transaction: of any number that ask at once one begins.
    async fn once_begin(&self, scope: &Scope, ask: &OnceAsk) -> Result<OnceFound>;
    /// What came of a run. `Conflict` when the key is another run's by now.
    async fn once_answer(&self, scope: &Scope, by: &OnceBy, run: u32, answer: &OnceAnswer) -> Result<()>;
    /// Nothing was done: the key is free again. `Conflict` when it is another run's by now, or was answered.
    async fn once_release(&self, scope: &Scope, by: &OnceBy, run: u32) -> Result<()>;
    /// Removes at most `limit` keys that are over, the oldest first; how many. The site's alone.
    async fn once_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64>;
}
