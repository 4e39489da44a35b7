//! One obligation with its whole story.

use crate::{AttemptRow, DayMark, Fact, Mark, PointId, ReplicaId, Timeline, Zone};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One SLA day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    pub mark: DayMark,
    /// "met", "met late", "missed", "excused", "not counted", "open".
    pub word: String,
    pub corrected: bool,
}

/// One obligation with its whole story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayView {
    pub as_of: DateTime<Utc>,
    /// The zone that was frozen when the day opened.
    pub zone: Zone,
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub day: NaiveDate,
    /// The replica's days before and after, where there are some.
    pub previous: Option<NaiveDate>,
    pub next: Option<NaiveDate>,
    pub mark: Mark,
    /// Effective: "Open", "Met", "Met late", "Missed", "Excused", "Not counted".
    pub outcome: String,
    /// What it was closed as, where a correction made something else of it.
    pub closed_as: Option<String>,
    pub headline: String,
    pub sentences: Vec<String>,
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
    pub next_open: DateTime<Utc>,
    /// When Stillpoint opened it; later than `opens` after a downtime.
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub point: Option<PointId>,
    pub policy: String,
    pub policy_version: u32,
    /// As they were frozen.
    pub terms: Vec<Fact>,
    /// Begun in all, deferrals included; deferrals; failures that cost an attempt.
    pub attempts_total: u32,
    pub deferrals: u32,
    pub failures: u32,
    /// In the order they began; equal deferrals in a row are one row with `times`.
    pub attempts: Vec<AttemptRow>,
    /// The window's, until its next open at most.
    pub timeline: Timeline,
    /// Of a day that is late, missed or excused.
    pub attribution: Option<AttributionView>,
    /// Oldest first.
    pub corrections: Vec<CorrectionRow>,
    /// Why it cannot be corrected, in a sentence; `None` when it can.
    pub uncorrectable: Option<String>,
}

/// Whose a lost day was, with evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributionView {
    /// "the provider", "the tenant", "neither".
    pub owner: String,
    /// The code that took the most of the window among the owner's.
    pub cause: Option<String>,
    pub shares: Vec<ShareRow>,
    pub window_secs: u64,
    /// Longest stretch without a blocker of the tenant or of others.
    pub gap_secs: u64,
    /// How long an attempt needs.
    pub usable_secs: u64,
}

/// How much of a window one code took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRow {
    pub code: String,
    pub title: String,
    pub owner: String,
    pub secs: u64,
}

/// An appended correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRow {
    pub seq: u32,
    pub at: DateTime<Utc>,
    pub author: String,
    pub reason: String,
    /// "Excused as the tenant's", "Attributed to the provider", "Restored to what the rule said".
    pub change: String,
    pub mark: Mark,
}
