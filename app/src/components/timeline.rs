//! What stood in the way: a lane per blocker, attempts as ticks below. Per cent in x, pixels in y, so text never scales.

use crate::axis::Axis;
use crate::components::{mark_class, panel};
use crate::format;
use chrono::{DateTime, Utc};
use console::{AttemptTick, Lane, Mark, Span, Timeline, Zone};
use leptos::prelude::*;

const TOP: u32 = 22;
const LANE: u32 = 26;

/// What is drawn, for whom and when.
struct Frame<'a> {
    t: &'a Timeline,
    zone: &'a Zone,
    as_of: DateTime<Utc>,
}

/// The panel, with the same told as a table behind it.
pub fn timeline(t: &Timeline, zone: &Zone, as_of: DateTime<Utc>) -> AnyView {
    let r = &Frame { t, zone, as_of };
    let axis = Axis {
        from: t.from,
        to: t.to,
    };
    let note = format!(
        "{}–{} {} · as of {}",
        format::moment(r.zone, r.as_of, t.from),
        format::clock(r.zone, axis.to),
        r.zone.name,
        format::clock_secs(r.zone, r.as_of)
    );
    let lanes = t.lanes.len() as u32;
    let attempts_y = TOP + lanes * LANE;
    let bottom = attempts_y + LANE + 8;
    let height = bottom + 24;
    let labels = t.lanes.iter().map(|l| view! { <span title=l.title.clone()><span class="code">{l.code.clone()}</span>" "{l.title.clone()}</span> }).collect_view();
    let ticks = axis
        .ticks(r.zone, 9)
        .into_iter()
        .map(|(x, text)| {
            let anchor = if x < 3.0 { "start" } else if x > 97.0 { "end" } else { "middle" };
            let x = format!("{x}%");
            view! { <line class="grid" x1=x.clone() x2=x.clone() y1="12" y2=bottom/><text class="tick" x=x y=bottom + 17 text-anchor=anchor>{text}</text> }
        })
        .collect_view();
    let bars = t
        .lanes
        .iter()
        .zip(0u32..)
        .map(|(lane, i)| bars(r, axis, lane, TOP + i * LANE))
        .collect_view();
    let attempts = t
        .attempts
        .iter()
        .map(|a| tick(r, axis, a, attempts_y))
        .collect_view();
    let label = format!(
        "{} and {} from {} to {}; the table below says the same",
        format::things(u64::from(lanes), "kind of blocker", "kinds of blocker"),
        format::things(t.attempts.len() as u64, "attempt", "attempts"),
        format::clock(r.zone, t.from),
        format::clock(r.zone, axis.to)
    );
    let is_now = r.as_of <= axis.to + chrono::TimeDelta::minutes(1);
    let now = axis.at(r.as_of);
    let (anchor, gap) = if now > 90.0 { ("end", "-6") } else { ("start", "6") };
    let now = format!("{now}%");
    let body = view! {
        <div class="timeline">
            <div class="lanes" aria-hidden="true">{labels}<span class="tries">"Attempts"</span></div>
            <svg class="plot" width="100%" height=height role="img" aria-label=label>
                {ticks}
                {bars}
                {attempts}
                {is_now.then(|| view! {
                    <line class="now" x1=now.clone() x2=now.clone() y1="6" y2=bottom/>
                    <text class="now-text" x=now y="10" dx=gap text-anchor=anchor>"now"</text>
                })}
            </svg>
        </div>
        <details class="more"><summary>"As a table"</summary>{table(r)}</details>
    }
    .into_any();
    panel("timeline", "What stood in the way", note, body)
}

fn bars(r: &Frame<'_>, axis: Axis, lane: &Lane, y: u32) -> AnyView {
    let class = format!(
        "bar {} {}",
        mark_class(lane.mark),
        if lane.code == "B1" { "thin" } else { "" }
    );
    let one = |span: &Span| {
        let to = span.to.unwrap_or(r.as_of.min(r.t.to));
        let title = format!("{} {}: {}", lane.code, lane.title, between(r, span));
        let wide = axis.at(to) - axis.at(span.from);
        // A bar with room for words has them; on a phone that takes twice the share.
        let words_class = if wide > 32.0 { "on-bar" } else { "on-bar desk-only" };
        let words = (wide > 16.0).then(|| view! { <text class=words_class x=axis.percent(span.from) dx="7" y=y + 12>{between(r, span)}</text> });
        view! { <g class=class.clone()><title>{title}</title><rect x=axis.percent(span.from) y=y width=axis.width(span.from, to, 0.25) height="16"/>{words}</g> }
    };
    lane.spans.iter().map(one).collect_view().into_any()
}

fn between(r: &Frame<'_>, span: &Span) -> String {
    let from = format::clock(r.zone, span.from);
    match span.to {
        Some(to) => format!("{from}–{}", format::clock(r.zone, to)),
        None => format!("since {from}"),
    }
}

fn tick(r: &Frame<'_>, axis: Axis, a: &AttemptTick, y: u32) -> AnyView {
    let title = format!("{} {}", format::clock_secs(r.zone, a.from), a.text);
    let class = format!("attempt {}", mark_class(a.mark));
    let x = axis.percent(a.from);
    let to = a.to.unwrap_or(r.as_of.min(r.t.to));
    let shape = match a.mark {
        // A deferral is an instant, the others took a while.
        Mark::Late | Mark::Unknown => view! { <line x1=x.clone() x2=x y1=y y2=y + 22/> }.into_any(),
        _ => view! { <line class="start" x1=x.clone() x2=x.clone() y1=y y2=y + 22/><rect x=x y=y + 5 width=axis.width(a.from, to, 0.35) height="12" rx="1"/> }.into_any(),
    };
    view! { <g class=class><title>{title}</title>{shape}</g> }.into_any()
}

fn table(r: &Frame<'_>) -> AnyView {
    let spans = r.t.lanes.iter().flat_map(|lane| {
        lane.spans.iter().map(|span| {
            let held = format::span((span.to.unwrap_or(r.as_of.min(r.t.to)) - span.from).num_seconds());
            view! { <tr><td class="first">{between(r, span)}</td><td class="second"><span class="code">{lane.code.clone()}</span>" "{lane.title.clone()}</td><td class="num side">{held}</td></tr> }
        })
    });
    let spans = spans.collect_view();
    view! {
        <table class="rows">
            <thead><tr><th scope="col">"When"</th><th scope="col">"What"</th><th scope="col" class="num">"Held"</th></tr></thead>
            <tbody>{spans}</tbody>
        </table>
    }
    .into_any()
}
