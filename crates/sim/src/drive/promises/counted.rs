//! What counts (design 4a), and promise 6 in the books: an outcome is what the points say, a deferral costs no attempt, no day is forgotten.

use super::{SITE, Scene, breach, read};
use crate::Ms;
use crate::drive::site::Breach;
use crate::drive::stage::SET_BACK;
use chrono::{Days, NaiveTime, TimeDelta};
use domain::attempt::{AttemptState, Failure};
use domain::calendar::SlaDay;
use domain::ids::{AttemptId, PointId};
use domain::obligation::{ObligationKey, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use store::obligations::{AttemptEnd, ObligationAttempt, ObligationRow, ObligationStore as _};
use store::traits::{AttemptStore as _, ReplicaStore as _};

/// The opener looks every 30 s, and a write that is lost costs a round.
const OPEN_LATE: Ms = 120_000;

/// Days whose outcome was recomputed, and the points that met them.
#[derive(Debug, Default)]
pub struct Counted {
    known: BTreeSet<ObligationKey>,
    spent: BTreeMap<PointId, ObligationKey>,
    noted: BTreeSet<AttemptId>,
}

impl Counted {
    /// A day that was just seen closed.
    pub fn closed(&mut self, scene: &Scene<'_>, row: &ObligationRow) -> Result<(), Breach> {
        let key = row.obligation.key;
        if !self.known.insert(key) {
            return Ok(());
        }
        let say = |text: String| Breach { promise: 5, text };
        let window = &row.obligation.window;
        let points = read(scene.store.points(&SITE, Some(key.replica)))?;
        let in_time = |taken, sealed| window.open <= taken && taken < window.due && sealed <= window.due;
        match &row.outcome {
            Outcome::Met { point, .. } | Outcome::MetLate { point, .. } => {
                if let Some(other) = self.spent.insert(*point, key) {
                    return Err(say(format!("one point serves {key} and {other}")));
                }
                let found = points.iter().find(|it| it.id == *point);
                let Some(found) = found else {
                    return Err(say(format!("{key} was met by a point that is not there")));
                };
                let met = in_time(found.taken, found.sealed);
                let late = !met && window.open <= found.taken && found.sealed < window.next_open;
                let called_met = matches!(row.outcome, Outcome::Met { .. });
                if called_met != met || !called_met && !late {
                    let text = format!(
                        "{key} is {} by a point of {} sealed {}, and its window is {} to {}",
                        row.outcome.kind().as_str(),
                        found.taken,
                        found.sealed,
                        window.open,
                        window.due
                    );
                    return Err(say(text));
                }
            }
            Outcome::Missed { .. } | Outcome::Excused { .. } => {
                let good = |it: &&store::records::Point| {
                    in_time(it.taken, it.sealed) && !self.spent.contains_key(&it.id)
                };
                if let Some(point) = points.iter().find(good) {
                    return Err(say(format!("{key} is missed, and point {} met it", point.id)));
                }
            }
            Outcome::Open | Outcome::Excluded { .. } => {}
        }
        Ok(())
    }

    /// Whether the point has met another day.
    pub fn is_spent_elsewhere(&self, point: PointId, key: ObligationKey) -> bool {
        self.spent.get(&point).is_some_and(|other| *other != key)
    }

    /// Waiting is not failing: what was deferred is noted as such, and only real failures cost an attempt.
    pub fn tally(
        &mut self,
        scene: &Scene<'_>,
        key: ObligationKey,
        tried: &[ObligationAttempt],
    ) -> Result<(), Breach> {
        for one in tried {
            let Some(end) = one.end.filter(|_| !self.noted.contains(&one.attempt)) else {
                continue;
            };
            self.noted.insert(one.attempt);
            let attempt = read(scene.store.attempt(&SITE, one.attempt))?;
            let good = match &attempt.state {
                AttemptState::Running { .. } => false,
                AttemptState::Sealed { .. } => end == AttemptEnd::Sealed,
                AttemptState::Deferred { .. } => matches!(end, AttemptEnd::Deferred { .. }),
                AttemptState::Failed { failure, .. } => {
                    end == AttemptEnd::Failed {
                        counts: !is_nobodys(failure),
                    }
                }
            };
            if !good {
                let text = format!("attempt {} for {key} was noted as {end:?}", one.attempt);
                return Err(Breach { promise: 6, text });
            }
        }
        Ok(())
    }
}

fn is_nobodys(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Killed { .. } | Failure::LeaseLost | Failure::Cancelled | Failure::CancelledByPerson { .. }
    )
}

/// Nothing is forgotten: a replica that was on its host all the time owes every day, the latest one until its end.
pub fn nothing_forgotten(scene: &Scene<'_>) -> Option<Breach> {
    scene.engine?;
    let now = scene.wall();
    let today = SlaDay(now.date_naive());
    let quiet = scene.now() - scene.quiet_since > OPEN_LATE;
    let midnight =
        now - now.with_time(NaiveTime::MIN).single()? < TimeDelta::milliseconds(OPEN_LATE + SET_BACK);
    if !quiet || midnight {
        return None;
    }
    let yesterday = today.pred()?;
    let first = SlaDay(today.0.checked_sub_days(Days::new(60))?);
    let heads = match read(scene.store.day_heads(&SITE, None, first, today)) {
        Ok(heads) => heads,
        Err(breach) => return Some(breach),
    };
    let rows = match read(scene.store.replicas(&SITE)) {
        Ok(rows) => rows,
        Err(breach) => return Some(breach),
    };
    let site = scene.shared.site();
    for row in rows {
        let machine = site.machines.iter().find(|m| m.vm == row.vm)?;
        if machine.was_away || now - row.first_seen < TimeDelta::days(1) {
            continue;
        }
        let days = heads
            .iter()
            .filter(|head| head.replica == row.id)
            .map(|head| head.day);
        let days: BTreeSet<SlaDay> = days.collect();
        let newest = days.last().copied()?;
        if newest < yesterday {
            return breach(
                6,
                format!("{} owes nothing since {newest}, and it is {now}", row.name),
            );
        }
        let gap = days
            .iter()
            .find(|day| **day != newest && day.succ().is_none_or(|next| !days.contains(&next)));
        if let Some(gap) = gap {
            return breach(
                6,
                format!(
                    "{} owes {gap} and {newest}, and not the day after {gap}",
                    row.name
                ),
            );
        }
    }
    None
}
