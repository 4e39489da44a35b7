//! One replica: verdict, what stood in the way, attempts, points.

use crate::{
    AttemptId, CalendarDay, DayMark, HoldRow, Mark, OwedView, PauseRow, PointId, PointRow, PolicyOf,
    ReplicaId, Standing, VmGuid, Zone,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The replica's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    pub id: ReplicaId,
    pub vm: VmGuid,
    pub name: String,
    pub tenant: String,
    pub host: String,
    pub primary: Option<String>,
    pub interval_secs: u32,
    pub disks: Vec<String>,
    pub size_bytes: Option<u64>,
    pub first_seen: DateTime<Utc>,
    /// Beyond this age an observation says nothing any more, seconds.
    pub freshness_limit_secs: u32,
    /// This night's outcome so far.
    pub tonight: Standing,
    pub due: DateTime<Utc>,
    pub attempts_tonight: u32,
    pub deferrals_tonight: u32,
    pub verdict: VerdictView,
    pub cadence: Option<CadenceView>,
    pub timeline: Timeline,
    /// This night's attempts, newest first; equal deferrals in a row are one row with `times`.
    pub attempts: Vec<AttemptRow>,
    /// Newest first, at most 20.
    pub points: Vec<PointRow>,
    pub points_total: u64,
    /// The last 28 SLA days, oldest first.
    pub days: Vec<DayMark>,
    /// Whole months in the tenant's zone: the present one, up to today, and two before it, oldest first.
    pub calendar: Vec<CalendarDay>,
    /// The obligation that it is in; `None` where none was opened yet.
    pub owed: Option<OwedView>,
    pub policy: Option<PolicyOf>,
    /// In force on it, its tenant or its host, newest first.
    pub holds: Vec<HoldRow>,
    /// Of its primary, newest first, at most 10.
    pub pauses: Vec<PauseRow>,
    /// The attempt that runs, which can be cancelled.
    pub running: Option<AttemptId>,
    /// What the host said, word by word.
    pub facts: Vec<Fact>,
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictView {
    pub kind: VerdictKind,
    /// "Clear", "Log being applied", "No observation".
    pub title: String,
    /// Why, in a sentence.
    pub sentence: String,
    pub since: Option<DateTime<Utc>>,
    pub observed: Option<DateTime<Utc>>,
    /// Empty when clear; for Unknown one entry that explains it.
    pub blockers: Vec<BlockerView>,
}

/// The three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    Clear,
    Blocked,
    Unknown,
}

/// One blocker explained. Made by [`crate::words::blocker`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockerView {
    /// `B1`..`B8`, `NR`, `BE`, `UN`.
    pub code: String,
    pub title: String,
    pub mark: Mark,
    /// What it is, in a sentence or two.
    pub sentence: String,
    /// What was read on the host that says so.
    pub evidence: String,
    pub since: Option<DateTime<Utc>>,
    /// What releases it.
    pub releases: String,
    /// Whose move it is: "nobody's: it clears by itself".
    pub whose: String,
    /// "seconds to minutes".
    pub lasts: String,
    pub next_look: Option<DateTime<Utc>>,
}

/// How this replica's applies come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CadenceView {
    pub period_secs: u32,
    /// Typical and longest apply, milliseconds.
    pub apply_ms_typical: u64,
    pub apply_ms_longest: u64,
    /// How much of the time is still, 0 to 100.
    pub still_percent: u8,
    pub next_gap: Option<DateTime<Utc>>,
    /// From how many applies this was learned.
    pub samples: u32,
}

/// What stood in the way over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// One lane per code that occurs, in evaluation order.
    pub lanes: Vec<Lane>,
    pub attempts: Vec<AttemptTick>,
}

/// One kind of blocker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    pub code: String,
    pub title: String,
    pub mark: Mark,
    pub spans: Vec<Span>,
}

/// From when to when it held; `to` is `None` while it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
}

/// An attempt over the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTick {
    pub id: AttemptId,
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
    pub mark: Mark,
    /// "sealed", "deferred: B1 log being applied".
    pub text: String,
}

/// An attempt as a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    pub id: AttemptId,
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub host: String,
    pub started: DateTime<Utc>,
    pub ended: Option<DateTime<Utc>>,
    pub mark: Mark,
    /// "Sealed", "Deferred", "Failed", "Running".
    pub outcome: String,
    pub code: Option<String>,
    /// Reason and measure, in a sentence.
    pub reason: String,
    /// How many equal deferrals in a row this row stands for; the first started at `first_started`.
    pub times: u32,
    pub first_started: DateTime<Utc>,
    pub point: Option<PointId>,
    pub steps: Vec<StepRow>,
}

/// One journaled step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Words of [`crate::words::step`].
    pub step: String,
    /// `intent`, `done`, `undone`.
    pub phase: String,
    pub at: DateTime<Utc>,
}

/// Attempts of one or all replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptsPage {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    pub rows: Vec<AttemptRow>,
    /// For [`crate::AttemptQuery::cursor`] of the next page; `None` at the end.
    pub next: Option<String>,
}

/// A value as read on the host: "Replication state", "Replicating", "3".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
    /// The raw number or path, where there is one.
    pub raw: Option<String>,
}

/// The answer to "back up now".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// "Requested: one attempt is made now".
    pub text: String,
    pub at: DateTime<Utc>,
}
