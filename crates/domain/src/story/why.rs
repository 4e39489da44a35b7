//! Why a window was not used, as clauses.

use crate::attribution::Attribution;
use crate::code::Code;
use crate::obligation::{Obligation, Owner};
use crate::words::{list, span};

/// How many shares of the window are told; the rest is noise.
const SHARES_MAX: usize = 3;

/// The clause after "Missed: ".
pub(super) fn lost(attribution: &Attribution, obligation: &Obligation) -> String {
    let zone = obligation.zone;
    let window = format!(
        "the window {}-{}",
        zone.wall_time(obligation.window.open),
        zone.wall_time(obligation.window.due)
    );
    let (gap, usable) = (attribution.gap_secs, attribution.usable_secs);
    let others = attribution.shares.iter().any(|s| s.owner != Owner::Provider);
    if gap < usable && others {
        // A correction may have moved the owner: the cause is still what took the most among those that were not the provider's.
        let cause = attribution
            .shares
            .iter()
            .find(|s| s.owner == attribution.owner && s.owner != Owner::Provider)
            .or_else(|| attribution.shares.iter().find(|s| s.owner != Owner::Provider))
            .map_or_else(|| "something".to_owned(), |s| named(s.code));
        let longest = if gap == 0 {
            "there was none at all".to_owned()
        } else {
            format!("the longest was {}", span(gap))
        };
        return format!("{cause} left no gap of {} in {window}; {longest}", span(usable));
    }
    let left = if others {
        format!(
            "blockers of others left a gap of {} in {window}, and {} is enough",
            span(gap),
            span(usable)
        )
    } else {
        format!("nothing of the tenant's or of others stood in {window}")
    };
    match attribution.shares.first() {
        Some(most) => format!("{left}; what took the most of it was {}", named(most.code)),
        None => format!("nothing blocked the replica in {window}, yet no backup was sealed by due"),
    }
}

/// What took how much of the window.
pub(super) fn shares(attribution: &Attribution) -> Option<String> {
    let told: Vec<String> = attribution
        .shares
        .iter()
        .take(SHARES_MAX)
        .map(|s| format!("{} took {}", named(s.code), span(s.secs)))
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "Of the window's {}, {}.",
            span(attribution.window_secs),
            list(&told)
        )
    })
}

fn named(code: Code) -> String {
    format!("{} ({code})", code.nouns())
}

/// With its first letter in upper case.
pub(super) fn capital(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
