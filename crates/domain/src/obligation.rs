//! One replica and one SLA day: opened once, frozen, closed once; afterwards only corrections are appended (design 4a, promise 5).

use crate::attribution::Attribution;
use crate::calendar::{DayWindow, SlaDay, Zone};
use crate::ids::{PointId, PolicyId, ReplicaId, TenantId};
use crate::policy::Terms;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What identifies an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObligationKey {
    pub replica: ReplicaId,
    pub day: SlaDay,
}

impl fmt::Display for ObligationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.replica, self.day)
    }
}

/// What is owed, as it stood when the day opened. Never changed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    pub key: ObligationKey,
    pub tenant: TenantId,
    pub zone: Zone,
    pub policy: PolicyId,
    pub policy_version: u32,
    pub terms: Terms,
    pub window: DayWindow,
    /// When Stillpoint opened it; later than the window's open after a downtime.
    pub opened_at: DateTime<Utc>,
    /// Why the day does not count; decided before or at its opening and never later.
    pub excluded: Option<Exclusion>,
}

/// Why a day is outside the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "exclusion", rename_all = "kebab-case")]
pub enum Exclusion {
    /// The replica was first seen after the day had opened; it counts from the next.
    Appeared { first_seen: DateTime<Utc> },
    /// Agreed before the day opened.
    Agreed { reason: String, author: String },
    /// The replica was on no host when the day opened, and came back later.
    Absent {
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    },
    /// The zone skips the whole window of that day.
    NoWindow,
}

/// Who a thing was up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The hoster, Stillpoint included.
    Provider,
    Tenant,
    /// Neither: a carrier, a disaster.
    External,
}

/// What became of an obligation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    Open,
    Met {
        point: PointId,
        taken: DateTime<Utc>,
        sealed: DateTime<Utc>,
    },
    MetLate {
        point: PointId,
        taken: DateTime<Utc>,
        sealed: DateTime<Utc>,
        attribution: Attribution,
    },
    Missed {
        attribution: Attribution,
    },
    /// Missed, and not the provider's: with evidence and an owner.
    Excused {
        owner: Owner,
        /// In words; by rule or by a person.
        why: String,
        attribution: Attribution,
    },
    Excluded {
        exclusion: Exclusion,
    },
}

/// The kind of an outcome, for counting, filtering and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    Open,
    Met,
    MetLate,
    Missed,
    Excused,
    Excluded,
}

impl Outcome {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Open => OutcomeKind::Open,
            Self::Met { .. } => OutcomeKind::Met,
            Self::MetLate { .. } => OutcomeKind::MetLate,
            Self::Missed { .. } => OutcomeKind::Missed,
            Self::Excused { .. } => OutcomeKind::Excused,
            Self::Excluded { .. } => OutcomeKind::Excluded,
        }
    }
}

impl OutcomeKind {
    /// As it stands in stores and URLs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Met => "met",
            Self::MetLate => "met-late",
            Self::Missed => "missed",
            Self::Excused => "excused",
            Self::Excluded => "excluded",
        }
    }
}

/// What a person appended to a closed day; the original stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub key: ObligationKey,
    /// 1, 2, 3... per obligation.
    pub seq: u32,
    pub at: DateTime<Utc>,
    /// Who: never empty.
    pub author: String,
    /// Why: never empty.
    pub reason: String,
    pub change: Change,
}

/// What a correction says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Excused: up to somebody other than the provider.
    Excuse { owner: Owner },
    /// The miss was another's than the rule said; it stays a miss.
    Attribute { owner: Owner },
    /// An excuse or attribution is taken back: what the rule said holds again.
    Restore,
}

/// Why a correction cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCorrection {
    #[error("obligation {key} is still open until {until}: it can be corrected once it is closed")]
    StillOpen {
        key: ObligationKey,
        until: DateTime<Utc>,
    },
    #[error("obligation {key} was {kind}: only a missed, late or excused day can be excused or attributed", kind = kind.as_str())]
    NothingToCorrect { key: ObligationKey, kind: OutcomeKind },
    #[error("a correction needs {0}")]
    Empty(&'static str),
    #[error("a day cannot be excused as the provider's own")]
    OwnExcuse,
}

/// A sealed restore point, as far as obligations care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedPoint {
    pub point: PointId,
    /// Host accepted the checkpoint.
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
}

/// The rule of design 4a on the points of the replica: what the obligation has come to at `now`. `attribute` is asked for misses only.
///
/// *met*: checkpoint accepted in [open, due) and sealed by due. *met-late*: sealed before the next open. Else *missed*, or excused where
/// the attribution says so. One point serves one obligation: a point taken before this day's open serves an earlier one.
pub fn judge(
    obligation: &Obligation,
    points: &[SealedPoint],
    now: DateTime<Utc>,
    attribute: impl FnOnce() -> Attribution,
) -> Outcome {
    if let Some(exclusion) = &obligation.excluded {
        return Outcome::Excluded {
            exclusion: exclusion.clone(),
        };
    }
    let window = &obligation.window;
    let own = |p: &&SealedPoint| window.open <= p.taken && p.taken < window.next_open;
    let best = points.iter().filter(own).min_by_key(|p| (p.sealed, p.taken));
    match best {
        Some(p) if window.covers(p.taken) && p.sealed <= window.due => Outcome::Met {
            point: p.point,
            taken: p.taken,
            sealed: p.sealed,
        },
        Some(p) if p.sealed < window.next_open => Outcome::MetLate {
            point: p.point,
            taken: p.taken,
            sealed: p.sealed,
            attribution: attribute(),
        },
        _ if now < window.next_open => Outcome::Open,
        _ => {
            let attribution = attribute();
            match attribution.excuse() {
                Some((owner, why)) => Outcome::Excused {
                    owner,
                    why,
                    attribution,
                },
                None => Outcome::Missed { attribution },
            }
        }
    }
}

/// Checks a correction of a day that came to `outcome`.
///
/// # Errors
/// When the day is open, has nothing to correct, or author or reason are missing.
pub fn check_correction(
    obligation: &Obligation,
    outcome: &Outcome,
    correction: &Correction,
) -> Result<(), InvalidCorrection> {
    let key = correction.key;
    if correction.author.trim().is_empty() {
        return Err(InvalidCorrection::Empty("an author"));
    }
    if correction.reason.trim().is_empty() {
        return Err(InvalidCorrection::Empty("a reason"));
    }
    if matches!(
        correction.change,
        Change::Excuse {
            owner: Owner::Provider
        }
    ) {
        return Err(InvalidCorrection::OwnExcuse);
    }
    match outcome.kind() {
        OutcomeKind::Open => Err(InvalidCorrection::StillOpen {
            key,
            until: obligation.window.next_open,
        }),
        kind @ (OutcomeKind::Met | OutcomeKind::Excluded) => {
            Err(InvalidCorrection::NothingToCorrect { key, kind })
        }
        OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused => Ok(()),
    }
}

/// What counts: the outcome as closed with its corrections, oldest first. The last one decides.
#[must_use]
pub fn effective(closed: &Outcome, corrections: &[Correction]) -> Outcome {
    let Some(last) = corrections.last() else {
        return closed.clone();
    };
    match (&last.change, closed) {
        (
            Change::Excuse { owner },
            Outcome::Missed { attribution }
            | Outcome::Excused { attribution, .. }
            | Outcome::MetLate { attribution, .. },
        ) => Outcome::Excused {
            owner: *owner,
            why: last.reason.clone(),
            attribution: attribution.clone(),
        },
        (
            Change::Attribute { owner },
            Outcome::Missed { attribution } | Outcome::Excused { attribution, .. },
        ) => Outcome::Missed {
            attribution: attribution.clone().owned_by(*owner),
        },
        (
            Change::Attribute { owner },
            Outcome::MetLate {
                point,
                taken,
                sealed,
                attribution,
            },
        ) => Outcome::MetLate {
            point: *point,
            taken: *taken,
            sealed: *sealed,
            attribution: attribution.clone().owned_by(*owner),
        },
        _ => closed.clone(),
    }
}

#[cfg(test)]
mod tests;
