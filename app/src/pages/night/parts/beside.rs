//! What people and Stillpoint have laid on the night: pauses of primaries, holds, notices.

use crate::components::{empty, hold_list, mark, moment, moment_secs, panel, told};
use crate::format;
use console::{Mark, NightView, NoticeRow, PauseRow};
use leptos::prelude::*;

/// Shown as long as a primary is paused, above everything else: it is the tenant's recovery point that waits.
pub fn pauses(night: &NightView) -> Option<AnyView> {
    if night.pauses.is_empty() {
        return None;
    }
    let note = format!(
        "{} not seen resumed · as of {}",
        format::things(night.pauses.len() as u64, "primary", "primaries"),
        format::clock_secs(&night.zone, night.as_of)
    );
    let row = |p: &PauseRow| {
        let over = p.until < night.as_of;
        let trouble = p.trouble.clone().map(|text| view! { <tr class="more"><td colspan="6">{mark(Mark::Missed)} " " {told(&night.zone, night.as_of, &text)}</td></tr> });
        view! {
            <tr>
                <td class="first"><span class="standing">{mark(p.mark)}<span><a href=format!("/replicas/{}", p.replica)>{p.name.clone()}</a><span class="dim">" " {p.tenant.clone()}</span></span></span></td>
                <td class="side">{p.state.clone()}</td>
                <td class="second mono">{p.primary.clone()}</td>
                <td class="second num">{moment_secs(&night.zone, night.as_of, p.intended)}</td>
                <td class="second num">{format::age(night.as_of, p.intended)}</td>
                <td class="second num" class:missed-text=over>{moment_secs(&night.zone, night.as_of, p.until)}</td>
            </tr>
            {trouble}
        }
    };
    let rows = night.pauses.iter().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Replica"</th><th scope="col">"State"</th><th scope="col">"Primary"</th><th scope="col" class="num">"Asked for at"</th>
                <th scope="col" class="num">"For"</th><th scope="col" class="num">"Resumed by"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    Some(panel("pauses", "Primaries paused by Stillpoint", note, body))
}

/// Holds in force.
pub fn holds(night: &NightView, can_hold: bool) -> AnyView {
    let note = format!(
        "{} in force · as of {}",
        format::count(night.holds.len() as u64),
        format::clock_secs(&night.zone, night.as_of)
    );
    let body = if night.holds.is_empty() {
        let hold = can_hold.then(|| view! { <a class="act" href="/holds#new">"Hold…"</a> });
        view! { <p class="notice empty">"Nothing is held. " {hold}</p> }.into_any()
    } else {
        hold_list(&night.holds, &night.zone, night.as_of, can_hold)
    };
    panel("holds", "Holds", note, body)
}

/// What was told to the outside.
pub fn notices(night: &NightView) -> AnyView {
    let as_of = format::clock_secs(&night.zone, night.as_of);
    let Some(notices) = &night.notices else {
        return ().into_any();
    };
    let waiting = notices.iter().filter(|n| n.delivered.is_none()).count() as u64;
    let note = if night.tells {
        format!(
            "24 hours · {} not delivered · as of {as_of}",
            format::count(waiting)
        )
    } else {
        format!("24 hours · on this screen only: no webhook is configured · as of {as_of}")
    };
    if notices.is_empty() {
        return panel(
            "notices",
            "Notices",
            note,
            empty("No notice was made in the last 24 hours."),
        );
    }
    let row = |n: &NoticeRow| {
        let delivery = match (n.delivered, &n.last_error) {
            _ if !night.tells && n.delivered.is_none() => ().into_any(),
            (Some(at), _) => view! { <span class="dim">"delivered " {moment(&night.zone, night.as_of, at)}</span> }.into_any(),
            (None, Some(error)) => view! { <span class="missed-text">{format::things(u64::from(n.tries), "try", "tries")} " failed: " {error.clone()}</span> }.into_any(),
            (None, None) => view! { <span class="late-text">"not delivered yet"</span> }.into_any(),
        };
        view! { <li><div class="line"><b>{mark(n.mark)} " " {n.subject.clone()}</b><span class="dim">{moment(&night.zone, night.as_of, n.at)}</span></div><p>{told(&night.zone, night.as_of, &n.sentence)} " " {delivery}</p></li> }
    };
    let rows = notices.iter().map(row).collect_view();
    panel(
        "notices",
        "Notices",
        note,
        view! { <ul class="list">{rows}</ul> }.into_any(),
    )
}
