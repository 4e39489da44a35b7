//! The forecast: how likely an obligation is to be missed, and the reason. No more than counting what happened here before:
//!
//! * *blocked*: of the blockers of this kind at this site that had lasted as long as this one has, how many outlasted the slack;
//! * *short*: of the attempts at this site, how many took so much longer than expected that the slack would not have been enough;
//! * *room*: how much is to be done before it on its host or on the whole site, against the slots until due;
//! * *record*: of this replica's days that were still open at this point of the window, how many were lost.
//!
//! Each count is smoothed towards a wider one (tenant, site, and a written-down prior), so that few days say little. The four are taken
//! as independent: the risk is one minus the product of what each leaves. Without enough days of its own a replica has no estimate.

pub mod calibration;
pub mod night;
mod reason;
mod record;
mod survival;

pub use reason::Reason;
pub use record::{Day, End, Record};
pub use survival::{Lengths, Overruns};

use crate::code::Code;
use crate::ids::TenantId;
use crate::planner::{Move, Seen, Wait};
use crate::policy::BasisPoints;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Closed days that a replica needs before anything is said about it.
pub const DAYS_NEEDED: u32 = 7;

/// What happened at this site so far. Made once per forecast of all replicas; asking it allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// How long blockers lasted, by [`Code::ALL`]'s order.
    lengths: [Lengths; Code::ALL.len()],
    overruns: Overruns,
    record: Record,
    tenants: BTreeMap<TenantId, Record>,
}

impl Site {
    /// `lasted`: blockers with the seconds that they held and whether they ended (what still holds counts as "at least so long").
    /// `attempts`: (expected, actual) seconds of sealed attempts. `days`: closed days of all replicas with their tenant.
    #[must_use]
    pub fn learn<'a>(
        lasted: impl IntoIterator<Item = (Code, u32, bool)>,
        attempts: impl IntoIterator<Item = (u32, u32)>,
        days: impl IntoIterator<Item = (&'a TenantId, Day)>,
    ) -> Self {
        let mut by_code: [Vec<(u32, bool)>; Code::ALL.len()] = Default::default();
        for (code, secs, ended) in lasted {
            by_code[code as usize].push((secs, ended));
        }
        let mut all = Vec::new();
        let mut by_tenant: BTreeMap<&TenantId, Vec<Day>> = BTreeMap::new();
        for (tenant, day) in days {
            all.push(day);
            by_tenant.entry(tenant).or_default().push(day);
        }
        Self {
            lengths: by_code.map(Lengths::learn),
            overruns: Overruns::learn(attempts),
            record: Record::learn(&all),
            tenants: by_tenant
                .into_iter()
                .map(|(tenant, days)| (tenant.clone(), Record::learn(&days)))
                .collect(),
        }
    }

    /// The chance of a blocker that has lasted `lasted_secs` to last more than `more_secs` longer.
    #[must_use]
    pub fn outlasts(&self, code: Code, lasted_secs: u32, more_secs: u32) -> f64 {
        let prior = survival::prior(code);
        self.lengths[code as usize].outlasts(prior, lasted_secs, more_secs)
    }
}

/// What an obligation is doing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing but its turn keeps it.
    Free,
    Blocked {
        code: Code,
        lasted_secs: u32,
    },
    /// An attempt runs for so long.
    Running {
        secs: u32,
    },
    /// Nothing more is started by itself.
    GivenUp,
}

impl State {
    /// From the planner's decision and the newest look. `running_since` is the start of the attempt that runs, if one does.
    #[must_use]
    pub fn of(what: &Move, seen: &Seen, running_since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let secs = |from: DateTime<Utc>| u32::try_from((now - from).num_seconds().max(0)).unwrap_or(u32::MAX);
        match (what, seen) {
            (Move::GiveUp { .. }, _) => Self::GivenUp,
            (Move::Running, _) => Self::Running {
                secs: running_since.map_or(0, secs),
            },
            (Move::Start { .. }, _) => Self::Free,
            (
                Move::Wait {
                    why: Wait::Blocked { code, since },
                    ..
                },
                _,
            )
            // A wait for another reason does not make the blocker go away.
            | (_, Seen::Blocked { code, since, .. }) => Self::Blocked {
                code: *code,
                lasted_secs: secs(*since),
            },
            _ => Self::Free,
        }
    }
}

/// Whose slots a [`Room`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Host,
    /// All hosts together.
    Site,
}

/// What there is to do until an obligation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Slot-seconds that this obligation and those before it in the order still need.
    pub needed_secs: u64,
    /// Slots times seconds until due.
    pub free_secs: u64,
    pub place: Place,
}

/// One open obligation, as the forecast looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Today<'a> {
    pub tenant: &'a TenantId,
    /// The replica's closed days, newest first; those that were excluded left out.
    pub days: &'a [Day],
    pub state: State,
    /// See [`crate::planner::slack_secs`].
    pub slack_secs: i64,
    /// What an attempt on this replica takes.
    pub expected_secs: u32,
    /// For so long nothing can start in any case: its window is closed, a hold, a breaker or a pause after a failure runs.
    pub not_before_secs: u32,
    /// Share of the window that has passed without a lasting blocker, 0..=1.
    pub passed: f64,
    pub room: Option<Room>,
    /// Deferrals by log applies so far.
    pub apply_deferrals: u32,
}

/// The forecast of one obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimate {
    /// Not enough history.
    None { days_seen: u32, days_needed: u32 },
    /// The probability of not being met by due, and what makes the most of it.
    Risk {
        probability_bp: BasisPoints,
        reason: Reason,
    },
}

/// From this probability on a replica is called at risk.
pub const AT_RISK_BP: u16 = 2_500;

impl Estimate {
    /// Whether this is a risk that a person should hear of.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        matches!(self, Self::Risk { probability_bp, .. } if probability_bp.get() >= AT_RISK_BP)
    }
}

/// Estimates one obligation. More slack or more room never raises the risk.
#[must_use]
pub fn estimate(site: &Site, today: &Today<'_>) -> Estimate {
    let days_seen = u32::try_from(today.days.len()).unwrap_or(u32::MAX);
    if days_seen < DAYS_NEEDED {
        return Estimate::None {
            days_seen,
            days_needed: DAYS_NEEDED,
        };
    }
    let slack = today.slack_secs - i64::from(today.not_before_secs);
    // What is left for the attempt itself when everything before it is over.
    let left = slack + i64::from(today.expected_secs);
    let mut sum = Sum::default();
    match today.state {
        State::GivenUp => sum.add(1.0, Reason::GivenUp),
        State::Running { secs } => {
            let began = i64::from(secs);
            let p = site.overruns.outlasts(
                today.expected_secs,
                began,
                began + today.slack_secs + i64::from(today.expected_secs),
            );
            sum.add(
                p,
                Reason::Running {
                    secs,
                    expected_secs: today.expected_secs,
                },
            );
        }
        State::Free | State::Blocked { .. } => {
            let p = site.overruns.outlasts(today.expected_secs, 0, left);
            sum.add(p, Reason::Short { slack_secs: slack });
            if let State::Blocked { code, lasted_secs } = today.state {
                // What keeps it in any case runs beside the blocker, not after it.
                let spare = u32::try_from(today.slack_secs.max(0)).unwrap_or(u32::MAX);
                let p = site.outlasts(code, lasted_secs, spare);
                let (seen, outlasted) = site.lengths[code as usize].counts(lasted_secs, spare);
                sum.add(
                    p,
                    Reason::Blocked {
                        code,
                        lasted_secs,
                        slack_secs: spare,
                        seen,
                        outlasted,
                    },
                );
            }
            if let Some(room) = today.room {
                sum.add(pressure(&room), Reason::Room(room));
            }
        }
    }
    let (p, reason) = record_risk(site, today);
    sum.add(p, reason);
    sum.estimate()
}

/// The base rate: replica within tenant within site.
fn record_risk(site: &Site, today: &Today<'_>) -> (f64, Reason) {
    let passed = if today.passed.is_finite() {
        today.passed.clamp(0.0, 1.0)
    } else {
        1.0
    };
    // Days that a lasting blocker took are counted by how long blockers last once one holds.
    let blocked = matches!(today.state, State::Blocked { code, .. } if code.lasts());
    let wide = site.record.risk(passed, blocked, record::first(passed), 1.0);
    let tenant = match site.tenants.get(today.tenant) {
        Some(record) => record.risk(passed, blocked, wide, TENANT_WEIGHT),
        None => wide,
    };
    let own = record::counts(today.days, passed, blocked);
    let p = record::smooth(own, tenant, REPLICA_WEIGHT);
    let usual = today.days.iter().map(|d| d.apply_deferrals).max().unwrap_or(0);
    let reason = if today.apply_deferrals > usual {
        Reason::Applies {
            deferrals: today.apply_deferrals,
            most: usual,
        }
    } else {
        Reason::Record {
            lost: own.lost,
            of: own.lost + own.later,
        }
    };
    (p, reason)
}

/// How many of the site's days weigh as much as a tenant's own.
const TENANT_WEIGHT: f64 = 20.0;
/// How many of the tenant's days weigh as much as a replica's own.
const REPLICA_WEIGHT: f64 = 10.0;

/// The risk of not coming to one's turn: even odds when what is needed equals what is free, hardly any at half of it. The steepness says
/// how far expected lengths are off when many are added up.
fn pressure(room: &Room) -> f64 {
    const STEEPNESS: i32 = 12;
    if room.needed_secs == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 seconds")]
    let load = room.free_secs as f64 / room.needed_secs as f64;
    1.0 / (1.0 + load.powi(STEEPNESS))
}

/// Several risks together, and the greatest of them.
#[derive(Default)]
struct Sum {
    /// The product of what each leaves, as one minus it, so that nothing is 0 risk.
    risk: f64,
    greatest: Option<(f64, Reason)>,
}

impl Sum {
    fn add(&mut self, p: f64, reason: Reason) {
        let p = if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) };
        self.risk = p + self.risk * (1.0 - p);
        if self.greatest.is_none_or(|(most, _)| p > most) {
            self.greatest = Some((p, reason));
        }
    }
    fn estimate(self) -> Estimate {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 10000"
        )]
        let bp = (self.risk.clamp(0.0, 1.0) * 10_000.0).round() as u16;
        Estimate::Risk {
            probability_bp: BasisPoints::new(bp).unwrap_or(BasisPoints::WHOLE),
            reason: self.greatest.map_or(Reason::GivenUp, |(_, reason)| reason),
        }
    }
}

#[cfg(test)]
mod tests;
