//! What will become of the night: its counts, what keeps it, what is at risk. From the plan and the forecast, once per picture.

use super::StoreConsole;
use super::holds::held;
use super::picture::Picture;
use crate::tonight::{Standing, Tonight, tonight};
use ::console::{Cause, Chance, Forecast, Mark, OwedCounts, RiskRow, words};
use domain::blocker::Actor;
use domain::forecast::{Estimate, Reason};
use domain::ids::ReplicaId;
use domain::planner::Move;
use domain::words::explain_move;
use engine::Foreseen;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::obligations::DayHead;
use store::records::Replica;
use store::traits::Scope;

/// Rows of the forecast.
const RISKS_MAX: usize = 50;

/// What the plan and the forecast say of a picture.
#[derive(Debug)]
pub(super) struct Ahead {
    pub owed: OwedCounts,
    /// Replicas with an open day that may be missed.
    pub at_risk: HashSet<ReplicaId>,
    /// `None` before the first plan.
    pub causes: Option<Vec<Cause>>,
    /// `None` before the first forecast.
    pub forecast: Option<Forecast>,
}

type Replicas<'a> = HashMap<ReplicaId, &'a Replica>;

impl StoreConsole {
    /// Looked at once for all questions of a page.
    pub(super) fn ahead(&self, picture: &Picture) -> Arc<Ahead> {
        picture
            .ahead
            .get_or_init(|| Arc::new(self.look_ahead(picture)))
            .clone()
    }

    fn look_ahead(&self, picture: &Picture) -> Ahead {
        let (planned, foreseen) = (self.engine.planned(), self.engine.foreseen());
        let days: Vec<DayHead> = picture
            .subjects
            .iter()
            .flat_map(|it| it.row.days.iter().cloned())
            .collect();
        let replicas: Replicas<'_> = picture
            .subjects
            .iter()
            .map(|it| (it.row.replica.id, &it.row.replica))
            .collect();
        let sees = |id| replicas.contains_key(&id);
        let tonight = tonight(planned.as_deref(), foreseen.as_deref(), &days, sees, picture.now);
        let covering = days.iter().filter(|day| day.window.covers(picture.now));
        let tenants: BTreeSet<_> = covering.map(|day| &day.tenant).collect();
        let zones: BTreeSet<_> = tenants.iter().map(|tenant| self.zone_of(tenant).name()).collect();
        let stuck = tonight.causes.iter().filter(|it| it.actor != Actor::Nobody);
        let is_too_late =
            |it: &&Standing<'_>| it.slack_secs < 0 || matches!(it.decision.what, Move::GiveUp { .. });
        let owed = OwedCounts {
            total: tonight.counts.owed,
            tenants: tenants.len() as u64,
            zones: zones.len() as u64,
            met: tonight.counts.met,
            open: tonight.counts.open,
            running: tonight.counts.running,
            at_risk: tonight.counts.at_risk,
            too_late: tonight.at_risk.iter().filter(is_too_late).count() as u64,
            stuck: stuck.map(|it| it.replicas as u64).sum(),
            excluded: tonight.counts.excluded,
        };
        let causes = || {
            tonight
                .causes
                .iter()
                .map(|it| self.cause(it, &replicas))
                .collect()
        };
        Ahead {
            owed,
            at_risk: tonight.at_risk.iter().map(|it| it.owed.key.replica).collect(),
            causes: planned.as_ref().map(|_| causes()),
            forecast: foreseen
                .as_deref()
                .map(|foreseen| self.forecast(foreseen, &tonight, &replicas)),
        }
    }

    fn cause(&self, it: &domain::causes::Cause, replicas: &Replicas<'_>) -> Cause {
        let code = it.kind.code();
        let mark = match code {
            Some(code) => words::mark(code.as_str()),
            None if it.actor == Actor::Nobody || it.held.is_some() => Mark::Late,
            None => Mark::Missed,
        };
        let name = replicas
            .get(&it.first.replica)
            .map_or_else(String::new, |it| it.name.clone());
        Cause {
            key: it.key.clone(),
            code: code.map(|code| code.to_string()),
            title: it.kind.title().to_owned(),
            mark,
            queue: it.kind.is_queue(),
            host: match self.scope {
                Scope::Site { .. } => it.host.as_ref().map(ToString::to_string),
                Scope::Tenant(_) => None,
            },
            replicas: it.replicas as u64,
            tenants: it.tenants as u64,
            at_risk: it.at_risk as u64,
            too_late: it.too_late as u64,
            since: it.since_oldest,
            next_look: self.engine.next_look(it.first.replica),
            next_due: it.next_due,
            least_slack_secs: it.least_slack_secs,
            whose: words::actor(it.actor).to_owned(),
            needs_person: it.actor != Actor::Nobody,
            releases: code.map_or_else(String::new, |code| format!("Released when: {}.", code.release())),
            first: (it.first.replica, name),
            acknowledged: None,
            held: it.held.as_ref().map(held),
        }
    }
}

impl StoreConsole {
    fn forecast(&self, foreseen: &Foreseen, tonight: &Tonight<'_>, replicas: &Replicas<'_>) -> Forecast {
        let mut forecast = Forecast::default();
        for one in foreseen
            .each
            .values()
            .filter(|it| replicas.contains_key(&it.key.replica))
        {
            *match one.estimate {
                Estimate::Risk { .. } => &mut forecast.estimated,
                Estimate::None { .. } => &mut forecast.no_estimate,
            } += 1;
        }
        let mut rows: Vec<RiskRow> = tonight
            .at_risk
            .iter()
            .filter_map(|it| self.risk(it, replicas))
            .collect();
        // What is plain without any history is as certain as can be.
        rows.sort_by_key(|row| {
            let missed = match row.chance {
                Chance::Known { missed_bp } => missed_bp,
                Chance::NoEstimate { .. } => u16::MAX,
            };
            (Reverse(missed), row.slack_secs, row.replica)
        });
        rows.truncate(RISKS_MAX);
        forecast.rows = rows;
        forecast
    }

    fn risk(&self, it: &Standing<'_>, replicas: &Replicas<'_>) -> Option<RiskRow> {
        let replica = replicas.get(&it.owed.key.replica)?;
        let (chance, reason) = told(it);
        Some(RiskRow {
            replica: replica.id,
            name: replica.name.clone(),
            tenant: replica.tenant.to_string(),
            // Infrastructure is the hoster's.
            host: match self.scope {
                Scope::Site { .. } => it.owed.host.to_string(),
                Scope::Tenant(_) => String::new(),
            },
            day: it.owed.key.day.0,
            chance,
            reason,
            due: it.owed.window.due,
            slack_secs: it.slack_secs,
            next_look: match it.decision.what {
                Move::Wait { next, .. } => Some(next),
                Move::Start { .. } | Move::GiveUp { .. } | Move::Running => None,
            },
        })
    }
}

/// The chance and the reason; without an estimate, what is plain.
fn told(it: &Standing<'_>) -> (Chance, String) {
    let plain = || {
        let slack_secs = it.slack_secs;
        match it.decision.what {
            Move::GiveUp { .. } => Reason::GivenUp.sentence(),
            _ if slack_secs < 0 => Reason::Short { slack_secs }.sentence(),
            _ => explain_move(&it.decision.what).sentence,
        }
    };
    match it.foresight.map(|it| it.estimate) {
        Some(estimate) => {
            let (chance, reason) = chance(&estimate);
            (chance, reason.unwrap_or_else(plain))
        }
        None => (
            Chance::NoEstimate {
                days_seen: 0,
                days_needed: domain::forecast::DAYS_NEEDED,
            },
            plain(),
        ),
    }
}

/// An estimate on screen.
pub(super) fn chance(estimate: &Estimate) -> (Chance, Option<String>) {
    match estimate {
        Estimate::Risk {
            probability_bp,
            reason,
        } => (
            Chance::Known {
                missed_bp: probability_bp.get(),
            },
            Some(reason.sentence()),
        ),
        Estimate::None {
            days_seen,
            days_needed,
        } => (
            Chance::NoEstimate {
                days_seen: *days_seen,
                days_needed: *days_needed,
            },
            None,
        ),
    }
}
