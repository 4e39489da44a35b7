//! Restore points still owed over the night.

use super::super::model::{axis, lines};
use crate::components::{empty, panel};
use crate::format;
use console::NightView;
use leptos::prelude::*;

/// A staircase down to zero: every step is a sealed point. Widths in per cent, so it needs no script.
pub fn chart(night: &NightView) -> AnyView {
    let note = format!(
        "sealed points · as of {}",
        format::clock_secs(&night.zone, night.as_of)
    );
    let Some(paths) = lines(night) else {
        return panel(
            "owed",
            "Restore points still owed",
            note,
            empty("Nothing is owed yet: no replica has been observed."),
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
    let due_mark = (due < 99.5 || now < 60.0).then(|| {
        let x = format!("{due}%");
        view! {
            <line class="due" x1=x.clone() x2=x.clone() y1="8" y2="168"/>
            <text class="due-text" x=x y="160" dx="-6" text-anchor="end">"due " {format::clock(&night.zone, night.due)}</text>
        }
    });
    let label = format!(
        "Restore points still owed: {open} of {} at {}",
        night.counts.total,
        format::clock(&night.zone, night.as_of)
    );
    let x = format!("{now}%");
    let body = view! {
        <div class="chart">
            <div class="scale" aria-hidden="true"><span>{format::count(night.counts.total)}</span><span>"0"</span></div>
            <svg class="plot" height="194" width="100%" role="img" aria-label=label>
                <svg x="0" y="8" width="100%" height="160" viewBox="0 0 1000 100" preserveAspectRatio="none">
                    <path class="area" d=paths.area/>
                    <path class="line" d=paths.line vector-effect="non-scaling-stroke"/>
                </svg>
                <line class="grid" x1="0" x2="100%" y1="168" y2="168"/>
                {ticks}
                {due_mark}
                <line class="now" x1=x.clone() x2=x.clone() y1="4" y2="168"/>
                <text class="now-text" x=x y="18" dx=gap text-anchor=anchor>{format!("now {} · {open} owed", format::clock(&night.zone, night.as_of))}</text>
            </svg>
        </div>
    }
    .into_any();
    panel("owed", "Restore points still owed", note, body)
}
