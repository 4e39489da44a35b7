//! The planner's world: every open obligation, and what is to be made beside them.

use crate::night::Ledger;
use crate::pausing::permit::Spent;
use crate::planned::Purpose;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::DayWindow;
use domain::ids::ReplicaId;
use domain::obligation::{Exclusion, ObligationKey};
use domain::planner::{Owed, World};
use domain::policy::Terms;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::records::Replica;
use store::traits::StoreError;

/// The world as the ledger has it, with the purpose of each entry.
pub(super) async fn gather(
    shared: &Shared,
    ledger: &mut Ledger,
) -> Result<(World, Vec<Purpose>), StoreError> {
    let running = shared.running();
    let mut world = World {
        owed: Vec::with_capacity(ledger.live.len()),
        running: Vec::with_capacity(running.len()),
        hosts: ledger.records.clone(),
    };
    for (replica, run) in &running {
        if let Some(row) = ledger.rows.get(replica) {
            world.running.push((run.host.clone(), row.tenant.clone()));
        }
    }
    let mut purposes = Vec::with_capacity(ledger.live.len());
    let mut owing = BTreeSet::new();
    let mut spent = Spent::default();
    let mut frozen: BTreeMap<(String, u32), Arc<Terms>> = BTreeMap::new();
    for live in ledger.live.values().filter(|it| it.obligation.excluded.is_none()) {
        let day = &live.obligation;
        let Some(row) = ledger.rows.get(&day.key.replica) else {
            continue;
        };
        owing.insert(row.id);
        // Frozen with the day: those of one version are the same, but for a window that the tenant moved, and that is the day's own.
        let version = (day.policy.to_string(), day.policy_version);
        let terms = frozen
            .entry(version)
            .or_insert_with(|| Arc::new(day.terms.clone()));
        let what = (day.key, day.window, terms.clone());
        let can_pause = spent.can_pause(shared, row, &day.terms, day.window.open).await?;
        world.owed.push(Owed {
            can_pause,
            ..ledger.owed(shared, row, what, &ledger.past_of(live))
        });
        purposes.push(Purpose::Obligation);
    }
    for (row, window, purpose) in beside(shared, ledger, &owing) {
        let (key, terms) = match (ledger.days.get(&row.id), ledger.catalogue.of(&row.tenant, row.id)) {
            (Some((day, _)), Some((policy, _))) => (key(row.id, *day), Arc::new(policy.terms.clone())),
            _ => continue,
        };
        let past = ledger.past(shared, row.id).await?;
        let owed: Owed = ledger.owed(shared, &row, (key, window, terms), &past);
        world.owed.push(owed);
        purposes.push(purpose);
    }
    Ok((world, purposes))
}

fn key(replica: ReplicaId, day: domain::calendar::SlaDay) -> ObligationKey {
    ObligationKey { replica, day }
}

/// Replicas that owe nothing now and are backed up all the same: those without any point, and all others every so often where the
/// configuration asks for it. Those that cannot be started anyhow are left out.
fn beside(
    shared: &Shared,
    ledger: &Ledger,
    owing: &BTreeSet<ReplicaId>,
) -> Vec<(Replica, DayWindow, Purpose)> {
    let now = shared.now();
    // What the contract leaves out today is not made as a first point either.
    let left_out: BTreeSet<ReplicaId> = ledger
        .live
        .values()
        .filter(|it| matches!(it.obligation.excluded, Some(Exclusion::Agreed { .. })))
        .map(|it| it.obligation.key.replica)
        .collect();
    let idle = ledger
        .rows
        .values()
        .filter(|row| !owing.contains(&row.id) && !left_out.contains(&row.id));
    idle.filter(|row| ledger.is_bound(shared, row) || shared.runs_here(row.id))
        .filter_map(|row| {
            let (_, day) = ledger.days.get(&row.id)?;
            let every = shared.config.backup_every_secs;
            let (open, due, purpose) = match (ledger.points.get(&row.id), every) {
                (None, _) => (row.first_seen, day.next_open, Purpose::First),
                (Some(point), Some(every)) => {
                    let open = point.taken + TimeDelta::seconds(i64::from(every));
                    (open, open + TimeDelta::seconds(i64::from(every)), Purpose::Extra)
                }
                (Some(_), None) => return None,
            };
            (purpose == Purpose::First || open <= now).then(|| {
                let window = DayWindow {
                    open,
                    due,
                    next_open: due.max(next(due, now)),
                };
                (row.clone(), window, purpose)
            })
        })
        .collect()
}

/// What is made beside the obligations is never too late.
fn next(due: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    due.max(now) + TimeDelta::days(1)
}
