//! Obligations open over the night: the burn-down, and the frontier of due times ahead.

use super::super::model::{axis, frontier, lines, pace, top};
use crate::components::{empty, panel};
use crate::format;
use console::NightView;
use leptos::prelude::*;

/// A staircase down to zero: every step is a sealed point. Widths in per cent, so it needs no script.
pub fn chart(night: &NightView) -> AnyView {
    let note = format!(
        "{} · as of {}",
        pace(night),
        format::clock_secs(&night.zone, night.as_of)
    );
    let Some(paths) = lines(night) else {
        return panel(
            "owed",
            "Obligations open tonight",
            note,
            empty("No obligation's window covers now: the next opens with its tenant's day."),
        );
    };
    let axis = axis(night);
    let now = axis.at(night.as_of);
    let open = night.open_over_time.last().map_or(0, |p| p.open);
    let ticks = axis
        .ticks(&night.zone, 10)
        .into_iter()
        .map(|(x, text)| {
            // What stands at an edge stays inside.
            let anchor = if x < 2.0 { "start" } else if x > 98.0 { "end" } else { "middle" };
            let x = format!("{x}%");
            view! { <line class="grid" x1=x.clone() x2=x.clone() y1="168" y2="173"/><text class="tick" x=x y="188" text-anchor=anchor>{text}</text> }
        })
        .collect_view();
    // The label keeps to the side that has room.
    let (anchor, gap) = if now < 70.0 { ("start", "7") } else { ("end", "-7") };
    let due = axis.at(night.due);
    // Above the frontier, and clear of what is said about now.
    let due_y = if now > 72.0 { "36" } else { "18" };
    let due_mark = (due < 99.5 || now < 60.0).then(|| {
        let x = format!("{due}%");
        view! {
            <line class="due" x1=x.clone() x2=x.clone() y1="8" y2="168"/>
            <text class="due-text" x=x y=due_y dx="-6" text-anchor="end">"last due " {format::clock(&night.zone, night.due)}</text>
        }
    });
    let label = format!(
        "Obligations open: {open} of {} at {}; {}",
        night.owed.total,
        format::clock(&night.zone, night.as_of),
        pace(night)
    );
    let frontier =
        frontier(night).map(|d| view! { <path class="frontier" d=d vector-effect="non-scaling-stroke"/> });
    let x = format!("{now}%");
    let body = view! {
        <div class="chart">
            <div class="scale" aria-hidden="true"><span>{format::count(top(night).unwrap_or(0))}</span><span>"0"</span></div>
            <svg class="plot" height="194" width="100%" role="img" aria-label=label>
                <svg x="0" y="8" width="100%" height="160" viewBox="0 0 1000 100" preserveAspectRatio="none">
                    <path class="area" d=paths.area/>
                    {frontier}
                    <path class="line" d=paths.line vector-effect="non-scaling-stroke"/>
                </svg>
                <line class="grid" x1="0" x2="100%" y1="168" y2="168"/>
                {ticks}
                {due_mark}
                <line class="now" x1=x.clone() x2=x.clone() y1="4" y2="168"/>
                <text class="now-text" x=x y="18" dx=gap text-anchor=anchor>{format!("now {} · {} open", format::clock(&night.zone, night.as_of), format::count(open))}</text>
            </svg>
        </div>
    }
    .into_any();
    panel("owed", "Obligations open tonight", note, body)
}
