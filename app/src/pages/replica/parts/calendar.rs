//! The SLA calendar: months, a cell per SLA day, each the way to its story.

use super::super::model::{Month, months};
use crate::components::{empty, mark, mark_class, panel};
use crate::format;
use console::{CalendarDay, Mark, ReplicaView};
use leptos::prelude::*;

/// The present month and two before it.
pub fn calendar(r: &ReplicaView) -> AnyView {
    let note = format!("{} · as of {}", r.zone.name, format::clock_secs(&r.zone, r.as_of));
    if r.calendar.is_empty() {
        return panel(
            "calendar",
            "SLA calendar",
            note,
            empty("No SLA day was opened yet."),
        );
    }
    let months = months(&r.calendar)
        .into_iter()
        .rev()
        .map(|month| table(r, &month))
        .collect_view();
    let legend = [
        (Mark::Met, "met"),
        (Mark::Late, "late"),
        (Mark::Missed, "missed"),
        (Mark::Excused, "excused or not counted"),
        (Mark::Open, "open"),
    ]
    .map(|(m, word)| view! { <span>{mark(m)} " " {word}</span> })
    .collect_view();
    let body = view! {
        {months}
        <p class="legend">{legend}</p>
    }
    .into_any();
    panel("calendar", "SLA calendar", note, body)
}

fn table(r: &ReplicaView, month: &Month<'_>) -> AnyView {
    let heads = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .map(|d| view! { <th scope="col">{d}</th> })
        .collect_view();
    let rows = month
        .weeks
        .iter()
        .map(|week| view! { <tr>{week.iter().map(|day| cell(r, *day)).collect_view()}</tr> })
        .collect_view();
    let share = format!("{} of {}", month.met, month.owed);
    view! {
        <table class="calendar">
            <caption>{month.first.format("%B %Y").to_string()} <span class="dim">" " {format::percent(month.met, month.owed)} " met, " {share}</span></caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn cell(r: &ReplicaView, day: Option<&CalendarDay>) -> AnyView {
    let Some(c) = day else {
        return view! { <td></td> }.into_any();
    };
    let date = c.mark.day;
    let number = date.format("%-d").to_string();
    let Some(m) = c.mark.mark else {
        return view! { <td><span class="day none">{number}</span></td> }.into_any();
    };
    let corrected = if c.corrected { ", corrected" } else { "" };
    let title = format!("{}: {}{corrected}", format::day(date), c.word);
    let class = format!("day {}", mark_class(m));
    view! { <td><a class=class href=format!("/replicas/{}/days/{date}", r.id) title=title.clone() aria-label=title><span>{number}{c.corrected.then_some("*")}</span>{mark(m)}</a></td> }.into_any()
}
