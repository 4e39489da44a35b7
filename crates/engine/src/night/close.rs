//! The closer: what became of each day, by the points that there are and by what was seen.

use super::Ledger;
use crate::ports::{apart, chain};
use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::attribution::{Held, attribute, owner_of};
use domain::code::Code;
use domain::ids::{PointId, ReplicaId};
use domain::obligation::{Obligation, ObligationKey, Outcome, SealedPoint, judge};
use std::collections::BTreeSet;
use store::obligations::LiveObligation;
use store::traits::StoreError;

/// Points of a replica that one day is judged by, at most: more than one every few minutes.
const POINTS: u32 = 1_000;

/// Closes every day that is decided, oldest first; whether there was one.
pub(super) async fn close(shared: &Shared, ledger: &Ledger, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut due: Vec<&LiveObligation> = ledger
        .live
        .values()
        .filter(|it| may_be_decided(&it.obligation, ledger, now))
        .collect();
    due.sort_by_key(|it| (it.obligation.window.open, it.obligation.key));
    let mut any = false;
    for live in due {
        let outcome = decide(shared, ledger, &live.obligation, now).await?;
        if outcome == Outcome::Open {
            continue;
        }
        let key = live.obligation.key;
        match shared.ports.store.obligation_close(key, &outcome, now).await {
            Ok(()) => {
                tracing::info!(obligation = %key, outcome = outcome.kind().as_str(), "an SLA day is closed")
            }
            // Another worker closed it, by the same rule on what it knew.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        any = true;
    }
    Ok(any)
}

fn may_be_decided(obligation: &Obligation, ledger: &Ledger, now: DateTime<Utc>) -> bool {
    let window = &obligation.window;
    let newest = ledger.points.get(&obligation.key.replica);
    obligation.excluded.is_some()
        || now >= window.next_open
        || newest.is_some_and(|point| point.taken >= window.open)
}

async fn decide(
    shared: &Shared,
    ledger: &Ledger,
    obligation: &Obligation,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let (store, window, replica) = (&shared.ports.store, &obligation.window, obligation.key.replica);
    if obligation.excluded.is_some() {
        return Ok(judge(obligation, &[], now, || attribute(window, &[], 0)));
    }
    let spent = spent_before(shared, obligation).await?;
    let unwritten = unwritten(shared, replica).await?;
    let points: Vec<SealedPoint> = store
        .point_heads(&SITE, Some(replica), Some(window.next_open), POINTS)
        .await?
        .into_iter()
        .filter(|point| {
            point.taken >= window.open && !spent.contains(&point.id) && Some(point.id) != unwritten
        })
        .map(|point| SealedPoint {
            point: point.id,
            taken: point.taken,
            sealed: point.sealed,
        })
        .collect();
    let unseen = unseen(shared, replica).await?.filter(|from| *from < now);
    let mut held: Vec<Held> = store
        .blocker_intervals(&SITE, replica, window.open, window.due.min(now))
        .await?
        .into_iter()
        .map(|interval| {
            let code = interval.code.parse().unwrap_or(Code::UN);
            Held {
                code,
                owner: owner_of(code),
                from: interval.from,
                // What has not ended is known to last for as long as somebody looks.
                to: interval.to.or(unseen).unwrap_or(now).max(interval.from),
            }
        })
        .collect();
    held.extend(unseen.map(|from| Held {
        code: Code::UN,
        owner: owner_of(Code::UN),
        from,
        to: now,
    }));
    let usable_secs = u64::from(ledger.expected_secs(replica));
    Ok(judge(obligation, &points, now, || {
        attribute(window, &held, usable_secs)
    }))
}

/// From when on nothing is known of a replica, if nobody looks again. The observers write that down too, when they look or fail to; after a
/// downtime a day may be closed before they do.
async fn unseen(shared: &Shared, replica: ReplicaId) -> Result<Option<DateTime<Utc>>, StoreError> {
    let status = shared.ports.store.status(&SITE, replica).await?;
    let fresh = TimeDelta::seconds(i64::from(shared.freshness_secs(replica)));
    Ok(status.map(|it| it.observation.seen_at + fresh))
}

/// The point that the store has sealed and whose snapshot file is not in the vault yet: nobody could restore it, so no day is met by it. Its
/// attempt keeps the lease until the file is written, by itself or by the rescue.
async fn unwritten(shared: &Shared, replica: ReplicaId) -> Result<Option<PointId>, StoreError> {
    let store = &shared.ports.store;
    let Some(lease) = store.lease(replica).await? else {
        return Ok(None);
    };
    let attempt = store.attempt(&SITE, lease.attempt).await?;
    let AttemptState::Sealed { point, .. } = attempt.state else {
        return Ok(None);
    };
    let sealed = store.point(&SITE, point).await?;
    let exists = apart(&shared.ports.vault, move |vault| {
        vault.exists(&sealed.tenant, &sealed.snapshot)
    });
    Ok(match exists.await {
        Ok(Ok(true)) => None,
        Ok(Ok(false)) => Some(point),
        Ok(Err(error)) => {
            tracing::warn!(point.id = %point, error = %chain(&error), "whether a sealed point is in the vault cannot be seen");
            Some(point)
        }
        Err(error) => {
            tracing::warn!(point.id = %point, error = %chain(&error), "whether a sealed point is in the vault cannot be seen");
            Some(point)
        }
    })
}

/// Points that the day before has been met by. They matter only where a change of policy has let two days overlap: one point serves one
/// obligation.
async fn spent_before(shared: &Shared, obligation: &Obligation) -> Result<BTreeSet<PointId>, StoreError> {
    let Some(day) = obligation.key.day.pred() else {
        return Ok(BTreeSet::new());
    };
    let key = ObligationKey {
        day,
        ..obligation.key
    };
    let before = match shared.ports.store.obligation(&SITE, key).await {
        Ok(row) => row,
        Err(StoreError::NotFound { .. }) => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    Ok(match before.outcome {
        Outcome::Met { point, .. } | Outcome::MetLate { point, .. } => [point].into(),
        _ => BTreeSet::new(),
    })
}
