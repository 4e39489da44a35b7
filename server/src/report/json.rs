//! The report in JSON. Percentages are strings, so that no reader's floating point changes a digit; `null` where nothing was owed.

use super::{
    Corrected, Day, Finality, LETTERS_WORDS, Line, PERCENT_WORDS, Policy, Report, TRAFFIC_WORDS, letter,
};
use domain::sla::Ratio;
use serde_json::{Value, json};

/// The document.
#[must_use]
pub fn json(report: &Report) -> Value {
    let tally = report.figures.tally;
    json!({
        "name": report.name.as_str(), "made_by": report.brand.name.as_str(), "month": report.month, "zone": report.zone.as_str(), "made_at": report.made_at.as_str(),
        "final": report.finality == Finality::Final, "state": report.finality_words(),
        "edition": report.edition().code(), "percent_means": PERCENT_WORDS,
        "policies": report.policies.iter().map(policy).collect::<Vec<_>>(),
        "raw": ratio(report.figures.raw), "contract": ratio(report.figures.contract),
        "target": { "kept": report.kept().words(), "days_allowed": report.figures.budget.allowed, "days_lost": report.figures.budget.used },
        "late": tally.late, "missed": tally.missed, "excused": tally.excused, "excluded": tally.excluded, "open": tally.open,
        "tenants": report.tenants.iter().map(|one| json!({
            "tenant": one.tenant.as_str(), "raw": ratio(one.raw), "contract": ratio(one.contract), "late": one.late, "target": one.kept.words(),
        })).collect::<Vec<_>>(),
        "worst": report.worst.as_ref().map(line),
        "longest_gap": report.longest_gap.as_ref().map(|gap| json!({
            "tenant": gap.tenant.as_str(), "replica": gap.replica.as_str(), "from": gap.from.as_str(), "to": gap.to.as_str(), "secs": gap.secs,
        })),
        "replicas": report.lines.iter().map(line).collect::<Vec<_>>(),
        "days": report.days.iter().map(day).collect::<Vec<_>>(),
        "corrections": report.corrections.iter().map(corrected).collect::<Vec<_>>(),
        "traffic": { "bytes": report.traffic_bytes, "means": TRAFFIC_WORDS }, "letters_mean": LETTERS_WORDS,
    })
}

fn policy(policy: &Policy) -> Value {
    json!({ "name": policy.name.as_str(), "version": policy.version, "target": policy.target })
}

fn ratio(ratio: Ratio) -> Value {
    json!({ "met": ratio.met, "of": ratio.of, "pct": ratio.pct.map(|pct| pct.to_string()) })
}

fn line(line: &Line) -> Value {
    json!({
        "tenant": line.tenant.as_str(), "replica": line.replica.as_str(), "raw": ratio(line.raw), "contract": ratio(line.contract), "late": line.late,
        "days": line.days.iter().map(|kind| letter(*kind)).collect::<String>(),
    })
}

fn day(day: &Day) -> Value {
    json!({
        "day": day.day, "tenant": day.tenant.as_str(), "replica": day.replica.as_str(), "outcome": day.outcome, "whose": day.whose,
        "story": day.story.as_str(), "next": day.next.as_str(),
    })
}

fn corrected(one: &Corrected) -> Value {
    json!({
        "day": one.day, "tenant": one.tenant.as_str(), "replica": one.replica.as_str(), "kind": one.kind, "whose": one.whose, "author": one.author.as_str(),
        "reason": one.reason.as_str(), "at": one.at.as_str(),
    })
}
