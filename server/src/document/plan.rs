//! The plan in JSON, and in words where nothing is planned.

use super::stamp;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::SlaDay;
use domain::ids::ReplicaId;
use domain::obligation::{ObligationKey, effective};
use domain::planner::{Move, slack_secs};
use domain::story::Tries;
use domain::words::explain_move;
use engine::planned::Entry;
use engine::{Planned, Purpose};
use serde_json::{Value, json};
use store::obligations::ObligationStore;
use store::traits::{Result, Scope};

/// An entry of the plan.
pub fn entry(planned: &Planned, entry: &Entry<'_>, name: &str) -> Value {
    let words = explain_move(&entry.decision.what);
    let owed = entry.owed;
    json!({
        "replica": owed.key.replica, "name": name, "tenant": owed.tenant, "host": owed.host, "day": owed.key.day,
        "at": stamp(planned.at), "owes": true,
        "for": match entry.purpose {
            Purpose::Obligation => "obligation",
            Purpose::First => "first point",
            Purpose::Extra => "extra point",
        },
        "what": match entry.decision.what {
            Move::Start { pause: false } => "start",
            Move::Start { pause: true } => "start with the primary paused",
            Move::Wait { .. } => "wait",
            Move::GiveUp { .. } => "given up",
            Move::Running => "running",
        },
        "title": words.title, "sentence": words.sentence, "code": words.code, "whose": words.actor,
        "since": words.since.map(stamp), "until": words.until.map(stamp), "next": words.next.map(stamp),
        "turn": entry.turn, "of": planned.in_line(),
        "due": stamp(owed.window.due), "slack_secs": slack_secs(owed, planned.at), "expected_secs": owed.expected_secs,
        "failures": owed.failures, "apply_deferrals": owed.apply_deferrals,
    })
}

/// A replica that is not in the plan.
pub fn nothing(
    replica: ReplicaId,
    name: &str,
    at: DateTime<Utc>,
    headline: &str,
    sentences: &[String],
) -> Value {
    json!({
        "replica": replica, "name": name, "at": stamp(at), "owes": false, "title": headline,
        "sentence": sentences.join(" "),
    })
}

/// Why a replica is not in the plan: its newest day's story.
///
/// # Errors
/// The store's.
pub async fn owes_nothing(
    store: &dyn ObligationStore,
    scope: &Scope,
    replica: ReplicaId,
    now: DateTime<Utc>,
) -> Result<(String, Vec<String>)> {
    let day = |days| SlaDay((now + TimeDelta::days(days)).date_naive());
    let days = store.day_heads(scope, Some(replica), day(-7), day(1)).await?;
    let Some(newest) = days.iter().rfind(|it| it.window.open <= now) else {
        let none = "No SLA day of it was opened in the last week.";
        return Ok((none.to_owned(), Vec::new()));
    };
    let key = ObligationKey {
        replica,
        day: newest.day,
    };
    let row = store.obligation(scope, key).await?;
    let outcome = effective(&row.outcome, &row.corrections);
    let tries = Tries {
        attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
        failures: row.tally.failures,
        deferrals: &[],
        blocked: None,
    };
    let story = row
        .obligation
        .story(&outcome, &tries, row.corrections.last(), now);
    Ok((format!("{}: {}", key.day, story.headline), story.sentences))
}
