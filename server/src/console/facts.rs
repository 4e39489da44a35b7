//! What the host said about a replica, word by word.

use ::console::Fact;
use chrono::{DateTime, Utc};
use domain::observation::Observation;
use std::fmt::Debug;

pub(super) fn facts(seen: &Observation) -> Vec<Fact> {
    let mut facts = vec![
        number("Replication mode", seen.mode, seen.mode.into()),
        number("VM", seen.enabled, seen.enabled.into()),
        plain(
            "Health state",
            health(seen.health_state).to_owned(),
            Some(seen.health_state.to_string()),
        ),
        plain(
            "Operational status",
            statuses(&seen.operational_status),
            Some(list(&seen.operational_status)),
        ),
    ];
    for relationship in &seen.relationships {
        let which = if relationship.index == 0 { "" } else { ", extended" };
        facts.push(number(
            &format!("Replication state{which}"),
            relationship.state,
            relationship.state.into(),
        ));
        facts.push(number(
            &format!("Replication health{which}"),
            relationship.health,
            relationship.health.into(),
        ));
        facts.push(plain(
            &format!("Last log received{which}"),
            time(relationship.last_replication),
            None,
        ));
        facts.push(plain(
            &format!("Last log applied{which}"),
            time(relationship.last_apply),
            None,
        ));
    }
    facts.push(plain("Jobs listed", seen.jobs.len().to_string(), None));
    facts.push(match seen.recovery_checkpoints.as_slice() {
        [] => plain("Recovery checkpoints", "none".to_owned(), None),
        some => plain(
            "Recovery checkpoints",
            some.len().to_string(),
            Some(some.join(", ")),
        ),
    });
    facts.push(plain("Host's clock", time(Some(seen.host_time)), None));
    facts.push(plain("Host booted", time(Some(seen.boot.booted_at)), None));
    facts.push(plain(
        "Management service started",
        time(Some(seen.boot.service_started_at)),
        None,
    ));
    facts
}

fn plain(label: &str, value: String, raw: Option<String>) -> Fact {
    Fact {
        label: label.to_owned(),
        value,
        raw,
    }
}

fn number(label: &str, value: impl Debug, raw: u16) -> Fact {
    plain(label, spaced(&format!("{value:?}")), Some(raw.to_string()))
}

/// `ReadyForReplication` as "Ready for replication"; a number without a name says so.
fn spaced(name: &str) -> String {
    if name.starts_with("Other") {
        return "Not documented".to_owned();
    }
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            text.push(' ');
            text.extend(letter.to_lowercase());
        } else {
            text.push(letter);
        }
    }
    text
}

fn health(state: u16) -> &'static str {
    match state {
        5 => "OK",
        20 => "Major failure",
        25 => "Critical failure",
        _ => "Not documented",
    }
}

fn statuses(numbers: &[u16]) -> String {
    let first = match numbers.first() {
        None => "none",
        Some(2) => "OK",
        Some(3) => "Degraded",
        Some(5) => "Predictive failure",
        Some(10) => "Stopped",
        Some(11) => "In service",
        Some(15) => "Dormant",
        Some(_) => "See the numbers",
    };
    first.to_owned()
}

fn list(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or("never".to_owned(), |at| {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_as_words() {
        assert_eq!(spaced("ReadyForReplication"), "Ready for replication");
        assert_eq!(spaced("Other(99)"), "Not documented");
        assert_eq!(spaced("Ok"), "Ok");
    }
}
