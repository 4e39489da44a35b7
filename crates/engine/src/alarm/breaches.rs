//! Obligations whose due time has passed unmet, with what kept them then.

use crate::planned::{Planned, Purpose};
use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::alarm::Breach;
use domain::causes::{CauseKind, Waiting, cause_of};
use domain::code::Code;
use domain::ids::{HostId, ReplicaId};
use domain::obligation::{ObligationKey, OutcomeKind};
use domain::planner::{Last, Move, Owed, Seen};
use std::collections::{HashMap, HashSet};
use store::alarm::BreachRow;
use store::traits::StoreError;

/// Older ones are no news.
const NEWS: TimeDelta = TimeDelta::days(2);
/// A point that was sealed in the last second is seen by the plan a little later.
const GRACE: TimeDelta = TimeDelta::seconds(60);
/// What was closed is read again for so long: another process may have written it down late.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

#[derive(Default)]
pub(super) struct Breaches {
    read_to: Option<DateTime<Utc>>,
}

impl Breaches {
    /// Writes down what is new and gives all that is still news.
    pub async fn look(&mut self, shared: &Shared, now: DateTime<Utc>) -> Result<Vec<BreachRow>, StoreError> {
        let store = &shared.ports.store;
        let mut rows = store.breaches_since(now - NEWS).await?;
        let known: HashSet<ObligationKey> = rows.iter().map(|it| it.key).collect();
        let mut new = shared
            .planned()
            .map_or_else(Vec::new, |planned| open(&planned, now));
        new.retain(|it| !known.contains(&it.key));
        // Those that nobody planned for when they became due: Stillpoint was down, or the plan stood still.
        let from = self.read_to.map_or(now - NEWS, |to| to - OVERLAP);
        let mut closed = store.days_closed(from, DateTime::<Utc>::MAX_UTC).await?;
        closed.retain(|day| {
            let unmet = matches!(
                day.kind,
                OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused
            );
            unmet
                && day.window.due >= now - NEWS
                && !known.contains(&day.key)
                && new.iter().all(|it| it.key != day.key)
        });
        if !closed.is_empty() {
            let replicas = store.replicas(&SITE).await?;
            let hosts: HashMap<ReplicaId, HostId> = replicas.into_iter().map(|it| (it.id, it.host)).collect();
            new.extend(closed.into_iter().map(|day| BreachRow {
                key: day.key,
                tenant: day.tenant,
                due: day.window.due,
                cause: day.cause.zip(hosts.get(&day.key.replica)).map(|(code, host)| {
                    let kind = CauseKind::Blocked { code };
                    (kind.key_on(host), kind)
                }),
            }));
        }
        if !new.is_empty() {
            store.breaches_put(&new).await?;
            rows.extend(new);
        }
        self.read_to = Some(now);
        Ok(rows)
    }
}

/// Of the newest plan.
fn open(planned: &Planned, now: DateTime<Utc>) -> Vec<BreachRow> {
    let late = |owed: &Owed| owed.window.due + GRACE <= planned.at && owed.window.due >= now - NEWS;
    let owed = planned.world.owed.iter().zip(&planned.purposes);
    let late: HashMap<ObligationKey, &Owed> = owed
        .filter(|(owed, purpose)| **purpose == Purpose::Obligation && late(owed))
        .map(|(owed, _)| (owed.key, owed))
        .collect();
    if late.is_empty() {
        return Vec::new();
    }
    let decisions = planned.decisions.iter();
    decisions
        .filter_map(|decision| {
            let owed = late.get(&decision.key)?;
            Some(BreachRow {
                key: owed.key,
                tenant: owed.tenant.clone(),
                due: owed.window.due,
                cause: kept(owed, &decision.what),
            })
        })
        .collect()
}

/// What keeps an obligation; where nothing does any more, what kept it from being earlier.
fn kept(owed: &Owed, what: &Move) -> Option<(String, CauseKind)> {
    let waiting = Waiting {
        key: owed.key,
        tenant: &owed.tenant,
        host: &owed.host,
        what,
        since: owed.window.open,
        due: owed.window.due,
        slack_secs: -1,
        at_risk: true,
    };
    match cause_of(&waiting) {
        // Nobody has looked yet since the start, and nobody looked when it became due.
        Some((CauseKind::NotSeen, _)) => {
            let unknown = CauseKind::Blocked { code: Code::UN };
            return Some((unknown.key_on(&owed.host), unknown));
        }
        Some((kind, key)) => return Some((key, kind)),
        None => {}
    }
    let kind = match (owed.seen, owed.last) {
        (Seen::Blocked { code, .. }, _) | (_, Last::Deferred { code, .. }) => CauseKind::Blocked { code },
        (_, Last::Failed { free: false, .. } | Last::Unproven { .. }) => CauseKind::Failing,
        _ => return None,
    };
    Some((kind.key_on(&owed.host), kind))
}

/// As the alarm takes them.
pub(super) fn told(rows: &[BreachRow]) -> Vec<Breach<'_>> {
    rows.iter()
        .map(|row| Breach {
            key: row.key,
            tenant: &row.tenant,
            due: row.due,
            cause: row.cause.as_ref().map(|(key, kind)| (key.as_str(), *kind)),
        })
        .collect()
}
