//! The forecast as the Night shows it: who may be missed, and what makes the most of it.

use super::StoreConsole;
use super::picture::Picture;
use crate::tonight::{Standing, tonight};
use ::console::{Chance, Forecast, RiskRow};
use domain::forecast::Estimate;
use domain::planner::Move;
use engine::{Foreseen, Planned};
use std::collections::HashMap;
use store::obligations::DayHead;
use store::traits::Scope;

/// Rows of the table at most.
const ROWS_MAX: usize = 50;

impl StoreConsole {
    /// `None` before the first forecast.
    pub(super) fn forecast(
        &self,
        picture: &Picture,
        planned: Option<&Planned>,
        foreseen: Option<&Foreseen>,
    ) -> Option<Forecast> {
        let (planned, foreseen) = (planned?, foreseen?);
        let subjects: HashMap<_, _> = picture
            .subjects
            .iter()
            .map(|it| (it.row.replica.id, &it.row.replica))
            .collect();
        let days: Vec<DayHead> = picture
            .subjects
            .iter()
            .flat_map(|it| it.row.days.iter().cloned())
            .collect();
        let sees = |id| subjects.contains_key(&id);
        let night = tonight(Some(planned), Some(foreseen), &days, sees, picture.now);
        let mut shown: Vec<&Standing<'_>> = night.at_risk.iter().collect();
        shown.sort_by_key(|it| (std::cmp::Reverse(missed_bp(it)), it.slack_secs));
        let row = |it: &&Standing<'_>| {
            let replica = subjects.get(&it.owed.key.replica)?;
            Some(RiskRow {
                replica: replica.id,
                name: replica.name.clone(),
                tenant: replica.tenant.to_string(),
                // Infrastructure is the hoster's.
                host: match &self.scope {
                    Scope::Site { .. } => replica.host.to_string(),
                    Scope::Tenant(_) => String::new(),
                },
                day: it.owed.key.day.0,
                chance: chance(it),
                reason: reason(it),
                due: it.owed.window.due,
                slack_secs: it.slack_secs,
                next_look: match &it.decision.what {
                    Move::Wait { next, .. } => Some(*next),
                    Move::Start { .. } | Move::GiveUp { .. } | Move::Running => None,
                },
            })
        };
        let mine = foreseen.each.values().filter(|it| sees(it.key.replica));
        let (known, unknown): (Vec<_>, Vec<_>) =
            mine.partition(|it| matches!(it.estimate, Estimate::Risk { .. }));
        Some(Forecast {
            estimated: known.len() as u64,
            no_estimate: unknown.len() as u64,
            rows: shown.iter().filter_map(row).take(ROWS_MAX).collect(),
        })
    }
}

fn missed_bp(it: &Standing<'_>) -> Option<u16> {
    match it.foresight.map(|it| it.estimate) {
        Some(Estimate::Risk { probability_bp, .. }) => Some(probability_bp.get()),
        Some(Estimate::None { .. }) | None => None,
    }
}

fn chance(it: &Standing<'_>) -> Chance {
    match it.foresight.map(|it| it.estimate) {
        Some(Estimate::Risk { probability_bp, .. }) => Chance::Known {
            missed_bp: probability_bp.get(),
        },
        Some(Estimate::None {
            days_seen,
            days_needed,
        }) => Chance::NoEstimate {
            days_seen,
            days_needed,
        },
        None => Chance::NoEstimate {
            days_seen: 0,
            days_needed: domain::forecast::DAYS_NEEDED,
        },
    }
}

/// By the estimate, or what is plain without one.
fn reason(it: &Standing<'_>) -> String {
    match it.foresight.map(|it| it.estimate) {
        Some(Estimate::Risk { reason, .. }) => reason.sentence(),
        _ => domain::words::explain_move(&it.decision.what).sentence,
    }
}
