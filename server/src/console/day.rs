//! One obligation with its whole story.

use super::attempts::collapse;
use super::replica::timeline;
use super::{StoreConsole, fault, kinds, zones};
use crate::document::obligation::deferrals;
use ::console::{
    AttributionView, CorrectionRow, DayView, Mark, PointId, ReplicaId, ShareRow, UiError, terms, words,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::attribution::Attribution;
use domain::calendar::SlaDay;
use domain::obligation::{
    Change, Correction, InvalidCorrection, ObligationKey, Outcome, OutcomeKind, Owner, check_correction,
    effective,
};
use domain::story::Tries;
use store::obligations::ObligationRow;

/// Attempts of a day that are shown: the last of them.
const ATTEMPTS_MAX: usize = 200;
/// The days beside a day are at most so far away.
const NEIGHBOURS: TimeDelta = TimeDelta::days(3);

impl StoreConsole {
    pub(super) async fn day_view(&self, id: ReplicaId, date: NaiveDate) -> Result<DayView, UiError> {
        let now = (self.now)();
        let (store, scope) = (&self.store, &self.scope);
        let key = ObligationKey {
            replica: id,
            day: SlaDay(date),
        };
        let replica = store.replica(scope, id).await.map_err(fault::ui)?;
        let (row, tried, near) = futures::try_join!(
            store.obligation(scope, key),
            store.attempts_of(scope, key),
            store.day_heads(
                scope,
                Some(id),
                SlaDay(date - NEIGHBOURS),
                SlaDay(date + NEIGHBOURS)
            ),
        )
        .map_err(fault::ui)?;
        let owed = &row.obligation;
        let outcome = effective(&row.outcome, &row.corrections);
        let to = shown_to(&row, outcome.kind(), now);
        let mut attempts = Vec::new();
        for one in tried.iter().rev().take(ATTEMPTS_MAX) {
            attempts.push(store.attempt(scope, one.attempt).await.map_err(fault::ui)?);
        }
        let intervals = store
            .blocker_intervals(
                scope,
                id,
                owed.window.open,
                to.max(owed.window.open + TimeDelta::microseconds(1)),
            )
            .await
            .map_err(fault::ui)?;
        let mut rows = Vec::with_capacity(attempts.len());
        for attempt in &attempts {
            rows.push(self.attempt_row(attempt.clone(), replica.name.clone()).await?);
        }
        let mut rows = collapse(rows);
        rows.reverse();
        let deferrals = deferrals(&tried);
        let tries = Tries {
            attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
            failures: row.tally.failures,
            deferrals: &deferrals,
            blocked: None,
        };
        let story = owed.story(&outcome, &tries, row.corrections.last(), now);
        let beside = |side: fn(&NaiveDate, &NaiveDate) -> bool| {
            near.iter().map(|it| it.day.0).filter(move |it| side(it, &date))
        };
        let corrected = outcome.kind() != row.outcome.kind();
        Ok(DayView {
            as_of: now,
            zone: zones::shown(owed.zone, now),
            replica: id,
            name: replica.name.clone(),
            tenant: owed.tenant.to_string(),
            day: date,
            previous: beside(NaiveDate::lt).max(),
            next: beside(NaiveDate::gt).min(),
            mark: kinds::mark(outcome.kind()),
            outcome: kinds::word(outcome.kind()).to_owned(),
            closed_as: corrected.then(|| kinds::word(row.outcome.kind()).to_owned()),
            headline: story.headline,
            sentences: story.sentences,
            opens: owed.window.open,
            due: owed.window.due,
            next_open: owed.window.next_open,
            opened_at: owed.opened_at,
            closed_at: row.closed_at,
            point: point(&outcome),
            policy: owed.policy.to_string(),
            policy_version: owed.policy_version,
            terms: terms::facts(&owed.terms),
            attempts_total: row.tally.attempts,
            deferrals: row.tally.deferrals,
            failures: row.tally.failures,
            attempts: rows,
            timeline: timeline(owed.window.open, to, &intervals, &attempts),
            attribution: attribution(&outcome).map(told),
            corrections: row.corrections.iter().map(correction).collect(),
            uncorrectable: uncorrectable(&row),
        })
    }
}

/// Until when the window is looked at: now, its due time, or where it could still be met late.
fn shown_to(row: &ObligationRow, kind: OutcomeKind, now: DateTime<Utc>) -> DateTime<Utc> {
    let window = &row.obligation.window;
    let end = match kind {
        OutcomeKind::Met | OutcomeKind::Excluded => window.due,
        _ => window.next_open,
    };
    end.min(now).max(window.open + TimeDelta::minutes(1))
}

fn point(outcome: &Outcome) -> Option<PointId> {
    match outcome {
        Outcome::Met { point, .. } | Outcome::MetLate { point, .. } => Some(*point),
        _ => None,
    }
}

fn attribution(outcome: &Outcome) -> Option<&Attribution> {
    match outcome {
        Outcome::MetLate { attribution, .. }
        | Outcome::Missed { attribution }
        | Outcome::Excused { attribution, .. } => Some(attribution),
        Outcome::Open | Outcome::Met { .. } | Outcome::Excluded { .. } => None,
    }
}

fn whose(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "the provider",
        Owner::Tenant => "the tenant",
        Owner::External => "neither the provider nor the tenant",
    }
}

fn told(attribution: &Attribution) -> AttributionView {
    AttributionView {
        owner: whose(attribution.owner).to_owned(),
        cause: attribution.cause.map(|code| code.to_string()),
        shares: attribution
            .shares
            .iter()
            .map(|share| ShareRow {
                code: share.code.to_string(),
                title: words::title(share.code.as_str()).to_owned(),
                owner: kinds::owner(share.owner).to_owned(),
                secs: share.secs,
            })
            .collect(),
        window_secs: attribution.window_secs,
        gap_secs: attribution.gap_secs,
        usable_secs: attribution.usable_secs,
    }
}

fn correction(one: &Correction) -> CorrectionRow {
    let (change, mark) = match one.change {
        Change::Excuse { owner } => (format!("Excused: up to {}", whose(owner)), Mark::Excused),
        Change::Attribute { owner } => (format!("Attributed to {}", whose(owner)), Mark::Missed),
        Change::Restore => ("Restored to what the rule said".to_owned(), Mark::Open),
    };
    CorrectionRow {
        seq: one.seq,
        at: one.at,
        author: one.author.clone(),
        reason: one.reason.clone(),
        change,
        mark,
    }
}

/// Why nothing can be corrected, in a sentence of its own: the reader stands on the day's page.
fn uncorrectable(row: &ObligationRow) -> Option<String> {
    let trial = Correction {
        key: row.obligation.key,
        seq: 1,
        at: row.obligation.opened_at,
        author: "nobody".to_owned(),
        reason: "a trial".to_owned(),
        change: Change::Attribute {
            owner: Owner::Provider,
        },
    };
    match check_correction(&row.obligation, &row.outcome, &trial) {
        Ok(()) => None,
        Err(InvalidCorrection::StillOpen { .. }) => {
            Some("The day is still open: it can be corrected once it is closed.".to_owned())
        }
        Err(InvalidCorrection::NothingToCorrect { kind, .. }) => Some(format!(
            "The day was {}: only a late, missed or excused day can be excused or attributed.",
            kinds::word(kind).to_lowercase()
        )),
        Err(other) => Some(other.to_string()),
    }
}
