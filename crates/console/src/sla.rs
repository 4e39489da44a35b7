//! The SLA's figures on screen. Every number is made by `domain::sla::figures`; here they get their names.

use crate::{Mark, ReplicaId, TenantId, Zone};
use chrono::{DateTime, NaiveDate, Utc};
pub use domain::calendar::SlaDay;
pub use domain::sla::{Blame, Budget, DayFigures, Ratio, Tally};
use serde::{Deserialize, Serialize};

/// Whose figures, of which days.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlaQuery {
    /// `None` for all tenants.
    pub tenant: Option<TenantId>,
    /// Both ends included; without them the month that the newest day is in.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl SlaQuery {
    /// No range is longer: a year and a day.
    pub const DAYS_MAX: i64 = 367;
}

/// Figures of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaView {
    pub as_of: DateTime<Utc>,
    /// For instants only; days are each tenant's own.
    pub zone: Zone,
    pub tenant: Option<TenantId>,
    /// The tenant's name.
    pub name: Option<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub figures: SlaFigures,
    /// Oldest first; days without an obligation are absent.
    pub days: Vec<DayFigures>,
    /// Late, missed and excused days, newest first, at most 100.
    pub losses: Vec<LossRow>,
    pub losses_total: u64,
    /// Every tenant with an obligation in the range, the lowest contractual share first; empty when one tenant was asked for.
    pub tenants: Vec<SlaTenantRow>,
    /// For the switch: id and name of all.
    pub all_tenants: Vec<(TenantId, String)>,
}

/// Everything that is said about a set of obligations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaFigures {
    pub tally: Tally,
    /// met / (all - excluded).
    pub raw: Ratio,
    /// met / (all - excluded - excused).
    pub contract: Ratio,
    pub budget: Budget,
    pub blame: Blame,
    pub worst: Option<WorstView>,
    pub longest_gap: Option<GapView>,
}

/// The replica with the lowest raw share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorstView {
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub raw: Ratio,
}

/// The longest time without a restore point being taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapView {
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub secs: u64,
}

/// A day that was late, missed or excused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossRow {
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub day: NaiveDate,
    pub mark: Mark,
    /// "Met late", "Missed", "Excused".
    pub outcome: String,
    /// "provider", "tenant", "neither".
    pub whose: String,
    /// The headline of its story.
    pub story: String,
    pub attempts: u32,
    pub deferrals: u32,
    pub corrected: bool,
}

/// One tenant in the overview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaTenantRow {
    pub tenant: TenantId,
    pub name: String,
    pub figures: SlaFigures,
}
