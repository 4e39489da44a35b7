//! The night as an operator watches it: all obligations whose window covers now, what they have come to and what keeps the rest. A pure
//! function of the plan and the days, for the command line and the screens alike.

use chrono::{DateTime, Utc};
use domain::causes::{Cause, Waiting, causes};
use domain::forecast::night::{Foresight, standing};
use domain::ids::ReplicaId;
use domain::obligation::{ObligationKey, OutcomeKind};
use domain::planner::{Decision, Move, Owed, slack_secs};
use engine::{Foreseen, Planned, Purpose};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use store::obligations::DayHead;

/// How many obligations have come to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All whose window covers now, excluded ones left out.
    pub owed: u64,
    pub met: u64,
    /// Not met yet.
    pub open: u64,
    /// Of the open ones, those with an attempt that runs.
    pub running: u64,
    /// Of the open ones, those that may be missed: by the forecast, or since they are late or given up.
    pub at_risk: u64,
    pub excluded: u64,
    /// Beside the night: due times that passed without a backup, and the next day has not opened.
    pub overdue: u64,
}

/// One open obligation with what the plan says of it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub owed: &'a Owed,
    pub decision: &'a Decision,
    pub slack_secs: i64,
    /// Where it was foreseen.
    pub foresight: Option<&'a Foresight>,
}

impl Standing<'_> {
    /// Whether it may be missed: as foreseen, or plainly since then.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        self.slack_secs < 0
            || matches!(self.decision.what, Move::GiveUp { .. })
            || self.foresight.is_some_and(|it| it.is_at_risk)
    }
}

/// The night.
#[derive(Debug, Clone)]
pub struct Tonight<'a> {
    pub counts: Counts,
    pub causes: Vec<Cause>,
    /// Those that may be missed, the latest first.
    pub at_risk: Vec<Standing<'a>>,
}

/// The night at `now` of the replicas that `sees` lets through. `days` are theirs around now, `planned` and `foreseen` what was planned and
/// foreseen last.
#[must_use]
pub fn tonight<'a>(
    planned: Option<&'a Planned>,
    foreseen: Option<&'a Foreseen>,
    days: &[DayHead],
    sees: impl Fn(ReplicaId) -> bool,
    now: DateTime<Utc>,
) -> Tonight<'a> {
    let mut counts = Counts::default();
    let mut open: HashSet<ObligationKey> = HashSet::new();
    for day in days.iter().filter(|day| sees(day.replica)) {
        let overdue = day.window.due <= now && now < day.window.next_open;
        if day.kind == OutcomeKind::Open && overdue {
            counts.overdue += 1;
        }
        if !day.window.covers(now) {
            continue;
        }
        match day.kind {
            OutcomeKind::Excluded => counts.excluded += 1,
            OutcomeKind::Met => counts.met += 1,
            OutcomeKind::Open => {
                counts.open += 1;
                open.insert(ObligationKey {
                    replica: day.replica,
                    day: day.day,
                });
            }
            // Nothing else can have come of it before it is due.
            OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused => {}
        }
    }
    counts.owed = counts.met + counts.open;
    let standings: Vec<Standing<'_>> = planned
        .map(|planned| standings(planned, foreseen, &open, now))
        .unwrap_or_default();
    counts.running = count(&standings, |it| matches!(it.decision.what, Move::Running));
    counts.at_risk = count(&standings, |it| it.is_at_risk());
    let whats = standings
        .iter()
        .map(|it| standing(it.owed, &it.decision.what, now));
    let whats: Vec<Cow<'_, Move>> = whats.collect();
    let waiting = standings.iter().zip(&whats).map(|(it, what)| Waiting {
        key: it.owed.key,
        tenant: &it.owed.tenant,
        host: &it.owed.host,
        what,
        since: it.foresight.map_or(it.owed.window.open, |it| it.since),
        due: it.owed.window.due,
        slack_secs: it.slack_secs,
        at_risk: it.is_at_risk(),
    });
    let causes = causes(waiting);
    let mut at_risk: Vec<Standing<'_>> = standings.into_iter().filter(|it| it.is_at_risk()).collect();
    at_risk.sort_by_key(|it| (it.slack_secs, it.owed.key));
    Tonight {
        counts,
        causes,
        at_risk,
    }
}

fn count(standings: &[Standing<'_>], what: impl Fn(&Standing<'_>) -> bool) -> u64 {
    standings.iter().filter(|it| what(it)).count() as u64
}

/// What the plan says of these obligations, in the plan's order.
fn standings<'a>(
    planned: &'a Planned,
    foreseen: Option<&'a Foreseen>,
    open: &HashSet<ObligationKey>,
    now: DateTime<Utc>,
) -> Vec<Standing<'a>> {
    let owed: HashMap<ObligationKey, &Owed> = planned
        .world
        .owed
        .iter()
        .zip(&planned.purposes)
        .filter(|(owed, purpose)| **purpose == Purpose::Obligation && open.contains(&owed.key))
        .map(|(owed, _)| (owed.key, owed))
        .collect();
    planned
        .decisions
        .iter()
        .filter_map(|decision| {
            let owed = owed.get(&decision.key)?;
            Some(Standing {
                owed,
                decision,
                slack_secs: slack_secs(owed, now),
                foresight: foreseen.and_then(|it| it.each.get(&decision.key)),
            })
        })
        .collect()
}
