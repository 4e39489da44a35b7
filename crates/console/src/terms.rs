//! The terms of a policy in words: the same labels in the catalogue, in a day's frozen terms and in what a version changed.

use crate::{Fact, TermChange};
use domain::policy::{BasisPoints, PauseTerms, Terms};
use domain::words::span;

/// `99.5`, `99.95`, `100`: percent without needless digits.
#[must_use]
pub fn percent(share: BasisPoints) -> String {
    let text = share.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Every term with its label, in the order of the screen. The name comes first.
#[must_use]
pub fn facts(terms: &Terms) -> Vec<Fact> {
    let fact = |label: &str, value: String| Fact {
        label: label.to_owned(),
        value,
        raw: None,
    };
    let secs = |secs: u32| span(u64::from(secs));
    let next = if terms.window.due_next_day() {
        " next day"
    } else {
        ""
    };
    let looks: Vec<String> = terms
        .retry
        .look_secs_max
        .iter()
        .map(|(code, every)| format!("{code} every {}", secs(*every)))
        .collect();
    vec![
        fact("Name", terms.name.clone()),
        fact(
            "Window",
            format!("{}–{}{next}", terms.window.open(), terms.window.due()),
        ),
        fact("Target", format!("{} % of days", percent(terms.target_bp))),
        fact("Days owed", terms.owed_days.to_string()),
        fact("Priority", format!("{} of 5", terms.priority)),
        fact("Failed attempts allowed", terms.retry.failures_max.to_string()),
        fact(
            "Wait after a failure",
            format!(
                "{}, doubling up to {}",
                secs(terms.retry.failure_wait_secs),
                secs(terms.retry.failure_wait_secs_max)
            ),
        ),
        fact("Observations count for", secs(terms.freshness_secs)),
        fact("Applies held back at most", secs(terms.hold_secs_max)),
        fact(
            "Pausing the primary",
            match terms.pause {
                PauseTerms::Never => "never".to_owned(),
                PauseTerms::Allowed {
                    secs_max,
                    per_night_max,
                } => {
                    format!("at most {}, {per_night_max} a night and tenant", secs(secs_max))
                }
            },
        ),
        fact(
            "Looks while blocked",
            if looks.is_empty() {
                "as usual".to_owned()
            } else {
                looks.join(", ")
            },
        ),
    ]
}

/// What a version changed against the one before it.
#[must_use]
pub fn changes(before: &Terms, after: &Terms) -> Vec<TermChange> {
    facts(before)
        .into_iter()
        .zip(facts(after))
        .filter(|(was, is)| was.value != is.value)
        .map(|(was, is)| TermChange {
            label: is.label,
            was: was.value,
            is: is.value,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_what_it_changed_and_nothing_else() {
        let before = Terms::standard();
        let mut after = before.clone();
        after.priority = 5;
        after.target_bp = BasisPoints::new(9_990).expect("a share");
        let told: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|c| (c.label, c.was, c.is))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "Target".to_owned(),
                    "99.5 % of days".to_owned(),
                    "99.9 % of days".to_owned()
                ),
                ("Priority".to_owned(), "3 of 5".to_owned(), "5 of 5".to_owned()),
            ]
        );
        assert_eq!(changes(&before, &before), []);
    }

    #[test]
    fn a_share_is_written_without_needless_digits() {
        let told = [9_950, 10_000, 9_905, 0].map(|bp| percent(BasisPoints::new(bp).expect("a share")));
        assert_eq!(told, ["99.5", "100", "99.05", "0"]);
    }
}
