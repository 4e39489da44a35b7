//! The night as the operator watches it.

use crate::{
    AttemptId, Cause, Forecast, Held, HoldRow, Mark, NoticeRow, OpenAt, Pace, PauseRow, ReplicaId, Zone,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::door::permission::Permission;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Obligations of the night that are expected to be missed; `None` before the first plan.
    pub at_risk: Option<u64>,
    /// Holds in force.
    pub holds: u64,
    pub findings: u64,
    pub tenants: Vec<TenantRow>,
    /// Who asks; `None` where nobody logs in.
    pub viewer: Option<Viewer>,
}

/// Somebody who looks, and what they may do: what would be refused is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub login: String,
    pub may: BTreeSet<Permission>,
}

impl Viewer {
    /// Whether the deed, or the page, is theirs.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.may.contains(&permission)
    }
}

/// A tenant for the scope switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRow {
    pub id: String,
    pub name: String,
    pub replicas: u64,
}

/// The home screen: the obligations whose window covers now, over all zones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// The SLA day that most of the obligations are of.
    pub day: NaiveDate,
    /// From the first window's open to the last one's due.
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// Beyond this age a look at a host says nothing any more, seconds.
    pub freshness_limit_secs: u32,
    /// Of the looks at the replicas in scope the oldest; `None` before the first survey.
    pub oldest_observation: Option<DateTime<Utc>>,
    pub counts: NightCounts,
    pub owed: OwedCounts,
    pub ended: EndedCounts,
    /// How many obligations of the night were open, at each change; ascending, ends at `as_of`.
    pub open_over_time: Vec<OpenAt>,
    pub pace: Pace,
    /// `None` before the first plan.
    pub forecast: Option<Forecast>,
    pub running: Vec<RunningRow>,
    /// What breaches first at the top; `None` before the first plan.
    pub causes: Option<Vec<Cause>>,
    pub hosts: Vec<HostRow>,
    /// Pauses of primaries that were not seen resumed, oldest first.
    pub pauses: Vec<PauseRow>,
    /// In force, newest first.
    pub holds: Vec<HoldRow>,
    /// Of the last 24 hours, newest first, at most 8; `None` for a tenant, who is not shown what the hoster is told.
    pub notices: Option<Vec<NoticeRow>>,
    /// Whether anybody outside is told of them.
    pub tells: bool,
    pub findings: Vec<FindingRow>,
}

/// Obligations whose window covers `as_of`. `met + open == total`; excluded ones stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwedCounts {
    pub total: u64,
    /// Tenants and time zones that they are of.
    pub tenants: u64,
    pub zones: u64,
    pub met: u64,
    pub open: u64,
    /// Of the open ones: an attempt runs.
    pub running: u64,
    /// Of the open ones: expected to be missed, by the forecast or for want of time.
    pub at_risk: u64,
    /// Of those: expected to be too late already, or given up.
    pub too_late: u64,
    /// Of the open ones: nothing moves without a person.
    pub stuck: u64,
    pub excluded: u64,
}

/// Obligations whose due time passed within the 24 hours before `as_of`, excluded ones left out. The five add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EndedCounts {
    pub total: u64,
    pub met: u64,
    pub late: u64,
    /// Not met, and the next day has not opened: it can still be late.
    pub overdue: u64,
    pub missed: u64,
    pub excused: u64,
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
    /// Requests to it in the last minute, and how many may be; `None` where nobody counts.
    pub requests: Option<(u32, u32)>,
    /// Why nothing starts there after failures in a row, in a sentence.
    pub breaker: Option<String>,
    pub held: Option<Held>,
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
