//! The narrow column: calendar, disks, what the host said.

use super::super::model::{is_stale, weeks};
use crate::components::{empty, mark, mark_class, mark_word, panel, panel_of, told};
use crate::format;
use console::{DayMark, Mark, ReplicaView};
use leptos::prelude::*;

/// The last 28 SLA days as a calendar.
pub fn calendar(r: &ReplicaView) -> AnyView {
    let cell = |day: &Option<DayMark>| match day {
        None => view! { <td></td> }.into_any(),
        Some(DayMark { day, mark: None }) => {
            view! { <td><span class="day none">{day.format("%-d").to_string()}</span></td> }.into_any()
        }
        Some(DayMark { day, mark: Some(m) }) => {
            let title = format!("{}: {}", format::day(*day), mark_word(*m));
            let class = format!("day {}", mark_class(*m));
            view! { <td><span class=class title=title.clone()>{day.format("%-d").to_string()}{mark(*m)}<span class="hidden">{mark_word(*m)}</span></span></td> }.into_any()
        }
    };
    let rows = weeks(&r.days)
        .iter()
        .map(|week| view! { <tr>{week.iter().map(cell).collect_view()}</tr> })
        .collect_view();
    let legend = [
        (Mark::Met, "met"),
        (Mark::Late, "late"),
        (Mark::Missed, "missed"),
        (Mark::Excused, "excused"),
        (Mark::Unknown, "not known"),
        (Mark::Open, "open"),
    ]
    .map(|(m, word)| view! { <span>{mark(m)} " " {word}</span> })
    .collect_view();
    let heads = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .map(|d| view! { <th scope="col">{d}</th> })
        .collect_view();
    let body = view! {
        <table class="calendar"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
        <p class="legend">{legend}</p>
    }
    .into_any();
    panel(
        "calendar",
        "28 days",
        format!(
            "SLA days, {} · as of {}",
            r.zone.name,
            format::clock_secs(&r.zone, r.as_of)
        ),
        body,
    )
}

/// The disks that a point must hold.
pub fn disks(r: &ReplicaView) -> AnyView {
    let rows = r
        .disks
        .iter()
        .map(|d| view! { <li class="mono">{d.clone()}</li> })
        .collect_view();
    let note = format!(
        "all, or no point · as of {}",
        format::clock_secs(&r.zone, r.as_of)
    );
    let body = if r.disks.is_empty() {
        empty("The host has named no disk yet.")
    } else {
        view! { <ul class="list plain">{rows}</ul> }.into_any()
    };
    panel("disks", "Disks", note, body)
}

/// The host's own words.
pub fn facts(r: &ReplicaView) -> AnyView {
    let rows = r
        .facts
        .iter()
        .map(|f| {
            let raw = f
                .raw
                .clone()
                .map(|raw| view! { <span class="mono dim">" " {raw}</span> });
            view! { <div><dt>{f.label.clone()}</dt><dd>{told(&r.zone, r.as_of, &f.value)}{raw}</dd></div> }
        })
        .collect_view();
    let note = r.verdict.observed.map_or_else(
        || "never read".to_owned(),
        |at| {
            format!(
                "read {} ago · as of {}",
                format::age(r.as_of, at),
                format::clock_secs(&r.zone, r.as_of)
            )
        },
    );
    let body = if r.facts.is_empty() {
        empty("Nothing was read on a host yet: the next survey brings it.")
    } else {
        view! { <dl class="facts two">{rows}</dl> }.into_any()
    };
    panel_of("facts", "What the host said", note, is_stale(r), body)
}
