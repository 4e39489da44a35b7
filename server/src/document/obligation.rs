//! Days in JSON: as rows, and one with its whole story.

use super::{correction, stamp};
use chrono::{DateTime, Utc};
use domain::code::Code;
use domain::obligation::effective;
use domain::story::Tries;
use serde_json::{Value, json};
use store::obligations::{AttemptEnd, DayHead, ObligationAttempt, ObligationRow};

/// One day in a list.
pub fn row(day: &DayHead) -> Value {
    json!({
        "replica": day.replica, "tenant": day.tenant, "day": day.day, "open": stamp(day.window.open),
        "due": stamp(day.window.due), "next_open": stamp(day.window.next_open), "counts_as": day.kind, "owner": day.owner,
        "corrected": day.corrected, "attempts": day.attempts, "deferrals": day.deferrals, "taken": day.taken.map(stamp),
    })
}

/// A day with its story, its attempts and its corrections.
pub fn document(row: &ObligationRow, attempts: &[ObligationAttempt], now: DateTime<Utc>) -> Value {
    let day = &row.obligation;
    let outcome = effective(&row.outcome, &row.corrections);
    let deferrals = deferrals(attempts);
    let tries = Tries {
        attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
        failures: row.tally.failures,
        deferrals: &deferrals,
        blocked: None,
    };
    let story = day.story(&outcome, &tries, row.corrections.last(), now);
    let attempt =
        |it: &ObligationAttempt| json!({ "attempt": it.attempt, "began": stamp(it.began), "end": it.end });
    json!({
        "as_of": stamp(now), "replica": day.key.replica, "tenant": day.tenant, "day": day.key.day, "zone": day.zone,
        "policy": { "id": day.policy, "version": day.policy_version, "terms": day.terms },
        "open": stamp(day.window.open), "due": stamp(day.window.due), "next_open": stamp(day.window.next_open),
        "opened_at": stamp(day.opened_at), "closed_at": row.closed_at.map(stamp),
        "outcome": row.outcome, "counts_as": outcome.kind(),
        "headline": story.headline, "sentences": story.sentences,
        "tally": row.tally, "attempts": attempts.iter().map(attempt).collect::<Vec<_>>(),
        "corrections": row.corrections.iter().map(correction::document).collect::<Vec<_>>(),
    })
}

/// How often an attempt was put off, by what.
pub fn deferrals(attempts: &[ObligationAttempt]) -> Vec<(Code, u32)> {
    let count = |code| {
        let by = attempts
            .iter()
            .filter(|it| it.end == Some(AttemptEnd::Deferred { code }));
        u32::try_from(by.count()).unwrap_or(u32::MAX)
    };
    let all = Code::ALL.into_iter().map(|code| (code, count(code)));
    let mut all: Vec<_> = all.filter(|(_, times)| *times > 0).collect();
    all.sort_by_key(|(code, times)| (std::cmp::Reverse(*times), *code));
    all
}
