//! The narrow column: calendar, disks, what the host said.

use super::super::model::weeks;
use crate::components::{mark, mark_class, mark_word, panel, settled};
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
    let rows = weeks(&settled(&r.days))
        .iter()
        .map(|week| view! { <tr>{week.iter().map(cell).collect_view()}</tr> })
        .collect_view();
    let legend = [
        (Mark::Met, "met"),
        (Mark::Late, "late"),
        (Mark::Missed, "missed"),
        (Mark::Excused, "excused"),
        (Mark::Unknown, "not known"),
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
    panel("calendar", "28 days", format!("SLA days, {}", r.zone.name), body)
}

/// The disks that a point must hold.
pub fn disks(r: &ReplicaView) -> AnyView {
    let rows = r
        .disks
        .iter()
        .map(|d| view! { <li class="mono">{d.clone()}</li> })
        .collect_view();
    panel(
        "disks",
        "Disks",
        "all, or no point".to_owned(),
        view! { <ul class="list plain">{rows}</ul> }.into_any(),
    )
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
            view! { <div><dt>{f.label.clone()}</dt><dd>{f.value.clone()}{raw}</dd></div> }
        })
        .collect_view();
    let note = r
        .verdict
        .observed
        .map_or_else(String::new, |at| format!("read {} ago", format::age(r.as_of, at)));
    panel(
        "facts",
        "What the host said",
        note,
        view! { <dl class="facts">{rows}</dl> }.into_any(),
    )
}
