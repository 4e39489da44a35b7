//! What will become of the night: its pace, what is at risk, what keeps it, and what was told to the outside.

use crate::{Chance, Held, Mark, ReplicaId};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One step of the line "obligations that are open".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAt {
    pub at: DateTime<Utc>,
    pub open: u64,
}

/// How fast obligations have to be met.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// How many may still be open after each due time ahead; ascending in time, falling to 0. At most 48 steps.
    pub may_be_open: Vec<OpenAt>,
    /// Met in the hour before `as_of`.
    pub last_hour: u64,
    /// The most that any due time ahead asks for, per hour, rounded up; `None` when nothing is open.
    pub needed_per_hour: Option<u64>,
}

/// Replicas at risk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// Open obligations with an estimate, and those of too little history for one.
    pub estimated: u64,
    pub no_estimate: u64,
    /// Those at risk, the likeliest to be missed first, then the least slack; at most 50 of `at_risk` in [`OwedCounts`].
    pub rows: Vec<RiskRow>,
}

/// One replica at risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRow {
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub host: String,
    pub day: NaiveDate,
    pub chance: Chance,
    /// What makes the most of the risk, in a sentence.
    pub reason: String,
    pub due: DateTime<Utc>,
    /// Seconds beside what an attempt takes; negative when it is expected to be too late.
    pub slack_secs: i64,
    /// At the latest; `None` while it runs or when it was given up.
    pub next_look: Option<DateTime<Utc>>,
}

/// Something that was told to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRow {
    pub key: String,
    /// "At risk", "Breached", "Stuck", "Not watching", "Watching again".
    pub kind: String,
    pub mark: Mark,
    pub subject: String,
    pub sentence: String,
    pub at: DateTime<Utc>,
    pub delivered: Option<DateTime<Utc>>,
    pub tries: u32,
    pub last_error: Option<String>,
}

/// One reason that keeps obligations from being met: a resync storm on a host is one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The same as long as the cause is the same; what is acknowledged.
    pub key: String,
    /// `B1`..`B8`, `NR`, `BE`, `UN` where a blocker is the reason.
    pub code: Option<String>,
    pub title: String,
    pub mark: Mark,
    /// Only the queue: it ends as others end.
    pub queue: bool,
    /// Where it is one host's.
    pub host: Option<String>,
    pub replicas: u64,
    pub tenants: u64,
    /// Of the replicas: at risk, and of those expected to be too late.
    pub at_risk: u64,
    pub too_late: u64,
    /// The longest.
    pub since: DateTime<Utc>,
    /// When the next of these replicas is looked at, at the latest.
    pub next_look: Option<DateTime<Utc>>,
    pub next_due: DateTime<Utc>,
    /// Seconds beside what an attempt takes, of the tightest; negative when it is expected to be too late.
    pub least_slack_secs: i64,
    /// Words of [`crate::words::actor`].
    pub whose: String,
    pub needs_person: bool,
    /// What releases it, in a sentence.
    pub releases: String,
    /// The tightest of its replicas; the only one, where it is one.
    pub first: (ReplicaId, String),
    pub acknowledged: Option<Acknowledged>,
    pub held: Option<Held>,
}

/// Who took note of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub by: String,
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub note: String,
}
