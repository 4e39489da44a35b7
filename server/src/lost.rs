//! A day that was late, missed or excused, told in words: why, and what came after it. Tenants' pages, their API and the reports say the same.

use crate::document::obligation::deferrals;
use chrono::{DateTime, Utc};
use domain::calendar::Zone;
use domain::ids::ReplicaId;
use domain::obligation::{ObligationKey, OutcomeKind, effective};
use domain::story::Tries;
use std::collections::BTreeMap;
use store::obligations::{DayHead, ObligationStore};
use store::traits::{OverviewStore, Scope, StoreError};

/// When restore points were taken, by replica, oldest first.
pub type Taken = BTreeMap<ReplicaId, Vec<DateTime<Utc>>>;

/// How an instant is written: [`Zone::wall`], or [`Zone::wall_exact`] where the zone is not named beside it.
pub type Wall = fn(Zone, DateTime<Utc>) -> String;

/// Why a day was lost, and what came after it: a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub why: String,
    pub next: String,
}

/// Whether a day is one of those that are told.
#[must_use]
pub fn is_lost(day: &DayHead) -> bool {
    matches!(
        day.kind,
        OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused
    )
}

/// What was taken from `since` on.
///
/// # Errors
/// The store's.
pub async fn taken<S: OverviewStore + ?Sized>(
    store: &S,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<Taken, StoreError> {
    let mut all = Taken::new();
    for point in store.point_times(scope, since).await? {
        all.entry(point.replica).or_default().push(point.taken);
    }
    Ok(all)
}

/// Why a day was lost: the headline of its own page.
///
/// # Errors
/// The store's.
pub async fn why<S: ObligationStore + ?Sized>(
    store: &S,
    scope: &Scope,
    day: &DayHead,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let key = ObligationKey {
        replica: day.replica,
        day: day.day,
    };
    let (row, tried) = futures::try_join!(store.obligation(scope, key), store.attempts_of(scope, key))?;
    let outcome = effective(&row.outcome, &row.corrections);
    let deferrals = deferrals(&tried);
    let tries = Tries {
        attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
        failures: row.tally.failures,
        deferrals: &deferrals,
        blocked: None,
    };
    let story = row
        .obligation
        .story(&outcome, &tries, row.corrections.last(), now);
    Ok(story.headline)
}

/// What came after a lost day.
#[must_use]
pub fn next(day: &DayHead, taken: &Taken, zone: Zone, wall: Wall) -> String {
    if let (OutcomeKind::MetLate, Some(taken)) = (day.kind, day.taken) {
        return format!(
            "The restore point of {} is whole and stands for this day.",
            wall(zone, taken)
        );
    }
    let points = taken.get(&day.replica).map(Vec::as_slice).unwrap_or_default();
    match points.iter().find(|taken| **taken >= day.window.due) {
        Some(taken) => format!("Backed up again at {}.", wall(zone, *taken)),
        None => "No restore point has followed yet; it is tried again with every day that opens.".to_owned(),
    }
}

/// Both.
///
/// # Errors
/// The store's.
pub async fn told<S: ObligationStore + ?Sized>(
    store: &S,
    scope: &Scope,
    day: &DayHead,
    taken: &Taken,
    (zone, wall): (Zone, Wall),
    now: DateTime<Utc>,
) -> Result<Told, StoreError> {
    Ok(Told {
        why: why(store, scope, day, now).await?,
        next: next(day, taken, zone, wall),
    })
}
