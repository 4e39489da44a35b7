//! Status marks: shape and colour; the word always stands beside them.

use crate::format;
use chrono::{DateTime, Utc};
use console::{Mark, Standing, Zone};
use leptos::prelude::*;

/// The class that gives a mark its colour.
pub fn mark_class(mark: Mark) -> &'static str {
    match mark {
        Mark::Met => "met",
        Mark::Late => "late",
        Mark::Missed => "missed",
        Mark::Excused => "excused",
        Mark::Running => "running",
        Mark::Unknown => "unknown",
        Mark::Open => "open",
    }
}

/// The word for a mark, for titles and readers.
pub fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Met => "met",
        Mark::Late => "late or waiting",
        Mark::Missed => "missed",
        Mark::Excused => "excused",
        Mark::Running => "running",
        Mark::Unknown => "not known",
        Mark::Open => "open",
    }
}

/// The mark itself, 10 px.
pub fn mark(mark: Mark) -> AnyView {
    let class = format!("mark {}", mark_class(mark));
    let shape = match mark {
        Mark::Met => view! { <circle cx="5" cy="5" r="5" class="fill"/> }.into_any(),
        Mark::Late => view! {
            <circle cx="5" cy="5" r="4.25" class="ring"/>
            <path d="M5 .75a4.25 4.25 0 0 1 0 8.5z" class="fill"/>
        }
        .into_any(),
        Mark::Missed => view! { <path d="M1.2 1.2l7.6 7.6M8.8 1.2l-7.6 7.6" class="cross"/> }.into_any(),
        Mark::Excused => view! { <circle cx="5" cy="5" r="4.1" class="ring"/> }.into_any(),
        Mark::Running => view! {
            <circle cx="5" cy="5" r="4.25" class="ring dash"/>
            <circle cx="5" cy="5" r="1.6" class="fill"/>
        }
        .into_any(),
        Mark::Unknown => view! {
            <rect x=".6" y=".6" width="8.8" height="8.8" rx="1.6" class="ring thin"/>
            <path d="M1.2 5.6L5.6 1.2M1.6 8.8L8.8 1.6M4.6 9L9 4.6" class="ring thin"/>
        }
        .into_any(),
        Mark::Open => view! { <circle cx="5" cy="5" r="4.25" class="ring dash"/> }.into_any(),
    };
    view! { <svg class=class viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">{shape}</svg> }
        .into_any()
}

/// A state as mark, code and words: `◐ B1 Log being applied`.
pub fn standing(now: Standing, zone: &Zone, as_of: DateTime<Utc>) -> AnyView {
    // Of a blocker the row names what it is; since when stands on the replica's screen.
    let at = match now.mark {
        Mark::Met | Mark::Late | Mark::Missed if now.code.is_none() => {
            now.at.map(|at| format::moment(zone, as_of, at))
        }
        // Where nobody counts how far it is, how long it takes says more than an empty bar.
        Mark::Running if now.percent.is_none() => now.at.map(|at| format!("for {}", format::age(as_of, at))),
        _ => None,
    };
    let at = at.map(|at| view! { <span class="dim">" " {at}</span> });
    let percent = now
        .percent
        .map(|p| view! { <span class="dim">" " {p} " %"</span> });
    view! {
        <span class="standing">
            {mark(now.mark)}
            {now.code.map(|code| view! { <span class="code">{code}</span> })}
            <span>{now.text}{percent}{at}</span>
        </span>
    }
    .into_any()
}
