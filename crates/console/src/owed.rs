//! What is owed: an obligation in force, and what the plan says of it.

use crate::{AttemptId, Mark, ReplicaId};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Why an obligation waits or runs, as the planner said it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// When it was planned.
    pub at: DateTime<Utc>,
    /// Words of `domain::words::explain_move`.
    pub title: String,
    pub sentence: String,
    /// `B1`..`B8`, `NR`, `BE`, `UN` where a blocker is the reason.
    pub code: Option<String>,
    pub mark: Mark,
    /// Words of [`crate::words::actor`].
    pub whose: String,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// When it is looked at again at the latest.
    pub next: Option<DateTime<Utc>>,
    /// Its place among those that start now or only wait for room, counted from 1; `None` where something else keeps it.
    pub turn: Option<u64>,
    /// How many those are.
    pub in_line: u64,
    /// Seconds until due beside what an attempt takes; negative when it is expected to be too late.
    pub slack_secs: i64,
    /// What an attempt on this replica takes.
    pub expected_secs: u32,
}

/// How likely an obligation is to be missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "chance", rename_all = "kebab-case")]
pub enum Chance {
    /// Hundredths of a percent of being missed, 0 to 10000.
    Known { missed_bp: u16 },
    /// Too few closed days for an estimate.
    NoEstimate { days_seen: u32, days_needed: u32 },
}

/// The obligation that a replica is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedView {
    pub day: NaiveDate,
    pub mark: Mark,
    /// Effective: "Open", "Met", "Met late", "Missed", "Excused", "Not counted".
    pub outcome: String,
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// `domain::obligation::Obligation::story`.
    pub headline: String,
    pub sentences: Vec<String>,
    /// `None` when it is not in the plan (met, closed), or nothing was planned yet.
    pub plan: Option<PlanView>,
    /// `None` once it is no longer open.
    pub chance: Option<Chance>,
    /// What makes the most of the risk, in a sentence.
    pub risk: Option<String>,
}

/// A pause of a primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRow {
    pub attempt: AttemptId,
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    /// The primary's key in the configuration.
    pub primary: String,
    /// "Asked for", "Paused", "Resuming", "Resumed".
    pub state: String,
    pub mark: Mark,
    pub intended: DateTime<Utc>,
    pub paused: Option<DateTime<Utc>>,
    /// The watchdog resumes after this, whoever is at work.
    pub until: DateTime<Utc>,
    /// Observed resumed.
    pub resumed: Option<DateTime<Utc>>,
    pub trouble: Option<String>,
}
