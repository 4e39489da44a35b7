//! The night as the operator watches it.

use crate::{AttemptId, Mark, ReplicaId, Zone};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Top bar and rail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// The oldest of the newest looks at every replica; `None` before the first survey.
    pub oldest_observation: Option<DateTime<Utc>>,
    /// Beyond this age an observation says nothing any more, seconds.
    pub freshness_limit_secs: u32,
    /// The world's seconds per real second: 1 except in a demo.
    pub speed: u32,
    pub replicas: u64,
    pub running: u64,
    pub waiting: u64,
    pub findings: u64,
    pub tenants: Vec<TenantRow>,
}

/// A tenant for the scope switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRow {
    pub id: String,
    pub name: String,
    pub replicas: u64,
}

/// The home screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// The SLA day, in `zone`.
    pub day: NaiveDate,
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// Beyond this age a look at a host says nothing any more, seconds.
    pub freshness_limit_secs: u32,
    pub counts: NightCounts,
    /// How many replicas had no restore point of this night yet, at each change; ascending, ends at `as_of`.
    pub open_over_time: Vec<OpenAt>,
    pub running: Vec<RunningRow>,
    /// Grouped by cause, most replicas first.
    pub causes: Vec<Cause>,
    pub hosts: Vec<HostRow>,
    pub findings: Vec<FindingRow>,
}

/// Every replica is counted in exactly one of `met`, `running`, `waiting`, `ready`, `failed`, `unknown`, `excused`;
/// they add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NightCounts {
    pub total: u64,
    pub tenants: u64,
    /// Has a point of this night.
    pub met: u64,
    /// An attempt runs now.
    pub running: u64,
    /// A blocker holds.
    pub waiting: u64,
    /// Clear and in line for a slot.
    pub ready: u64,
    /// The last attempt of this night failed and none runs.
    pub failed: u64,
    /// The gate says Unknown.
    pub unknown: u64,
    pub excused: u64,
    /// Of the waiting: those whose blocker only a person can release.
    pub needs_person: u64,
    /// Attempts of this night that ended sealed or failed, or run.
    pub attempts: u64,
    /// Attempts put off in this night.
    pub deferrals: u64,
}

/// One step of the line "replicas without a point of this night".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAt {
    pub at: DateTime<Utc>,
    pub open: u64,
}

/// An attempt that runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningRow {
    pub attempt: AttemptId,
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub host: String,
    /// Words of [`crate::words::step`].
    pub step: String,
    /// In this step since.
    pub since: DateTime<Utc>,
    pub started: DateTime<Utc>,
    pub percent: Option<u8>,
}

/// All replicas that wait for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// `B1`..`B8`, `NR`, `BE`, `UN`.
    pub code: String,
    pub title: String,
    pub mark: Mark,
    pub replicas: u64,
    /// Hosts, by id, ascending.
    pub hosts: Vec<String>,
    /// Longest and shortest holding.
    pub since_oldest: DateTime<Utc>,
    pub since_newest: DateTime<Utc>,
    /// When the next of these replicas is looked at; `None` when a change wakes us.
    pub next_look: Option<DateTime<Utc>>,
    /// Words of [`crate::words::actor`].
    pub whose: String,
    /// What releases it, in a sentence.
    pub releases: String,
    /// The only replica, where it is one: the row links to it.
    pub only: Option<(ReplicaId, String)>,
}

/// A host with its load and age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRow {
    pub host: String,
    pub build: Option<String>,
    /// "enrolled", "not proven yet", "too old".
    pub trust: String,
    pub trust_mark: Mark,
    pub replicas: u64,
    /// Attempts of ours that run there, and how many may.
    pub slots_used: u32,
    pub slots_max: u32,
    pub last_survey: Option<DateTime<Utc>>,
    /// The last error, in plain words, if it is newer than the last survey.
    pub error: Option<String>,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    pub key: String,
    /// "Unmapped replica", "Foreign checkpoint": words of [`crate::words::finding`].
    pub title: String,
    pub text: String,
    pub host: Option<String>,
    pub replica: Option<ReplicaId>,
    pub since: DateTime<Utc>,
}
