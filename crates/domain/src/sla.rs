//! The SLA's figures: one pure function makes every percentage that is shown, reported or exported. It reads closed days with their
//! corrections and never recomputes what a day came to.

use crate::calendar::SlaDay;
use crate::ids::ReplicaId;
use crate::obligation::{OutcomeKind, Owner};
use crate::policy::BasisPoints;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one obligation came to, corrections included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRecord {
    pub replica: ReplicaId,
    pub day: SlaDay,
    pub kind: OutcomeKind,
    /// Whose a miss, lateness or excuse was.
    pub owner: Option<Owner>,
    /// The target of the policy version that the day was opened under.
    pub target_bp: BasisPoints,
}

/// The stretch in which a replica is looked at, and when it was protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    pub replica: ReplicaId,
    /// When looking begins: the replica's newest point before the range, or where the range or the replica itself begins.
    pub from: DateTime<Utc>,
    /// Where the range, the replica or the present ends.
    pub to: DateTime<Utc>,
    /// When points were taken.
    pub taken: Vec<DateTime<Utc>>,
}

/// A share with its denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    pub met: u64,
    pub of: u64,
    /// Hundredths of a percent, rounded down; `None` when nothing was owed.
    pub pct: Option<BasisPoints>,
}

impl Ratio {
    /// `met` of `of`.
    #[must_use]
    pub fn new(met: u64, of: u64) -> Self {
        Self {
            met,
            of,
            pct: BasisPoints::of(met, of),
        }
    }
}

/// How many days came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub open: u64,
    pub met: u64,
    pub late: u64,
    pub missed: u64,
    pub excused: u64,
    pub excluded: u64,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, kind: OutcomeKind) {
        *match kind {
            OutcomeKind::Open => &mut self.open,
            OutcomeKind::Met => &mut self.met,
            OutcomeKind::MetLate => &mut self.late,
            OutcomeKind::Missed => &mut self.missed,
            OutcomeKind::Excused => &mut self.excused,
            OutcomeKind::Excluded => &mut self.excluded,
        } += 1;
    }
    /// met / (all - excluded). What is still open is not yet counted.
    #[must_use]
    pub fn raw(&self) -> Ratio {
        Ratio::new(self.met, self.met + self.late + self.missed + self.excused)
    }
    /// met / (all - excluded - excused).
    #[must_use]
    pub fn contract(&self) -> Ratio {
        Ratio::new(self.met, self.met + self.late + self.missed)
    }
}

/// The replica with the lowest raw share; of equals the one with more days lost, then the smaller id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    pub replica: ReplicaId,
    pub raw: Ratio,
}

/// The longest time that a replica went without a restore point being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub replica: ReplicaId,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub secs: u64,
}

/// How many days may be lost before the target is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Days that the targets allow to be lost, over closed and open days; rounded down.
    pub allowed: u64,
    /// Days lost: late and missed. Excused ones cost nothing.
    pub used: u64,
    /// Negative once the target is broken.
    pub left: i64,
}

/// Whose the lost days were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    pub provider: u64,
    pub tenant: u64,
    pub external: u64,
}

/// One day over all replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFigures {
    pub day: SlaDay,
    pub tally: Tally,
    pub raw: Ratio,
    pub contract: Ratio,
}

/// Everything that is said about a set of obligations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub tally: Tally,
    pub raw: Ratio,
    pub contract: Ratio,
    pub worst: Option<Worst>,
    pub longest_gap: Option<Gap>,
    pub budget: Budget,
    /// Of the days that are late, missed or excused.
    pub blame: Blame,
    /// By day, oldest first; days without an obligation are absent.
    pub days: Vec<DayFigures>,
}

/// The figures of any set of obligations: a replica's, a tenant's or the hoster's, of a day, a month or any range.
#[must_use]
pub fn figures(records: &[DayRecord], protection: &[Protection]) -> Figures {
    let mut tally = Tally::default();
    let mut blame = Blame::default();
    let mut days: BTreeMap<SlaDay, Tally> = BTreeMap::new();
    let mut replicas: BTreeMap<ReplicaId, Tally> = BTreeMap::new();
    let mut allowed_bp: u64 = 0;
    for record in records {
        tally.count(record.kind);
        days.entry(record.day).or_default().count(record.kind);
        replicas.entry(record.replica).or_default().count(record.kind);
        if !matches!(record.kind, OutcomeKind::Excluded | OutcomeKind::Excused) {
            allowed_bp += u64::from(BasisPoints::WHOLE.get() - record.target_bp.get());
        }
        if matches!(
            record.kind,
            OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused
        ) {
            match record.owner.unwrap_or(Owner::Provider) {
                Owner::Provider => blame.provider += 1,
                Owner::Tenant => blame.tenant += 1,
                Owner::External => blame.external += 1,
            }
        }
    }
    let allowed = allowed_bp / u64::from(BasisPoints::WHOLE.get());
    let used = tally.late + tally.missed;
    Figures {
        tally,
        raw: tally.raw(),
        contract: tally.contract(),
        worst: worst(&replicas),
        longest_gap: protection
            .iter()
            .filter_map(gap)
            .min_by_key(|g| (std::cmp::Reverse(g.secs), g.replica)),
        budget: Budget {
            allowed,
            used,
            left: i64::try_from(allowed).unwrap_or(i64::MAX) - i64::try_from(used).unwrap_or(i64::MAX),
        },
        blame,
        days: days
            .into_iter()
            .map(|(day, tally)| DayFigures {
                day,
                tally,
                raw: tally.raw(),
                contract: tally.contract(),
            })
            .collect(),
    }
}

fn worst(replicas: &BTreeMap<ReplicaId, Tally>) -> Option<Worst> {
    replicas
        .iter()
        .map(|(replica, tally)| Worst {
            replica: *replica,
            raw: tally.raw(),
        })
        .filter(|w| w.raw.of > 0)
        // Exact, not by rounded shares: a/b < c/d as a*d < c*b.
        .min_by(|a, b| {
            (a.raw.met * b.raw.of)
                .cmp(&(b.raw.met * a.raw.of))
                .then((b.raw.of - b.raw.met).cmp(&(a.raw.of - a.raw.met)))
                .then(a.replica.cmp(&b.replica))
        })
}

/// The longest stretch of one replica without a point; `None` when there is no time to look at.
fn gap(protection: &Protection) -> Option<Gap> {
    let mut times: Vec<_> = protection
        .taken
        .iter()
        .copied()
        .filter(|at| protection.from < *at && *at < protection.to)
        .collect();
    times.push(protection.from);
    times.push(protection.to);
    times.sort_unstable();
    times
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(from, to)| from < to)
        .max_by_key(|(from, to)| (*to - *from, std::cmp::Reverse(*from)))
        .map(|(from, to)| Gap {
            replica: protection.replica,
            from,
            to,
            secs: u64::try_from((to - from).num_seconds()).unwrap_or(0),
        })
}

#[cfg(test)]
mod tests;
