//! Why replicas wait, by cause: one resynchronization storm is one row.

use crate::components::form::{deed, hidden, text, until};
use crate::components::{ahead, empty, mark, moment, panel};
use crate::format;
use crate::urlq::{escape, replica_href};
use console::forms::Told;
use console::{Cause, Filter, NightView, ReplicaQuery};
use leptos::prelude::*;

/// What breaches first at the top.
pub fn causes(night: &NightView, can_acknowledge: bool) -> AnyView {
    let queued: u64 = night
        .causes
        .iter()
        .flatten()
        .filter(|c| c.queue)
        .map(|c| c.replicas)
        .sum();
    let waiting: u64 = night
        .causes
        .iter()
        .flatten()
        .filter(|c| !c.queue)
        .map(|c| c.replicas)
        .sum();
    let note = format!(
        "{} waiting · {} queued · {} open · as of {}",
        format::count(waiting),
        format::count(queued),
        format::count(night.owed.open),
        format::clock_secs(&night.zone, night.as_of)
    );
    let body = match night.causes.as_deref() {
        None => empty("Nothing has been planned yet: the first plan comes within seconds of the start."),
        Some([]) if night.owed.total == 0 => empty("Nothing waits: no day is open at the moment."),
        Some([]) => empty("Nothing waits: every obligation is met, running or about to start."),
        Some(causes) => table(night, causes, can_acknowledge),
    };
    panel("causes", "Why replicas wait", note, body)
}

fn table(night: &NightView, causes: &[Cause], can_acknowledge: bool) -> AnyView {
    let rows = causes
        .iter()
        .enumerate()
        .map(|(i, cause)| row(night, i, cause, can_acknowledge))
        .collect_view();
    view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Cause"</th><th scope="col" class="num">"Replicas"</th><th scope="col">"Where"</th>
                <th scope="col" class="num">"For"</th><th scope="col">"Next look"</th><th scope="col">"Whose move"</th>
                <th scope="col" class="num">"Least slack"</th><th scope="col"><span class="hidden">"Acknowledge"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(night: &NightView, i: usize, cause: &Cause, can_acknowledge: bool) -> AnyView {
    let href = if cause.replicas == 1 {
        format!("/replicas/{}", cause.first.0)
    } else {
        replica_href(&ReplicaQuery {
            filter: if cause.held.is_some() {
                Filter::Held
            } else {
                Filter::All
            },
            host: cause.host.clone(),
            code: cause.code.clone(),
            ..Default::default()
        })
    };
    let only = (cause.replicas == 1).then(|| view! { <span class="dim">" " {cause.first.1.clone()}</span> });
    let at_risk = (cause.at_risk > 0)
        .then(|| view! { <span class="missed-text">" · " {format::count(cause.at_risk)} " at risk"</span> });
    let note = cause.acknowledged.as_ref().map(|ack| {
        view! {
            <tr class="more"><td colspan="8">{mark(console::Mark::Excused)} " Acknowledged by " {ack.by.clone()} " until " {moment(&night.zone, night.as_of, ack.until)} ": " {ack.note.clone()}</td></tr>
        }
    });
    let held = cause.held.as_ref().map(|held| {
        view! {
            <tr class="more"><td colspan="8">"Held by " {held.by.clone()} " until " {moment(&night.zone, night.as_of, held.until)} ": " {held.reason.clone()}</td></tr>
        }
    });
    let ack = (can_acknowledge && !cause.queue && cause.held.is_none()).then(|| {
        let words = if cause.acknowledged.is_some() {
            "Renew…"
        } else {
            "Acknowledge…"
        };
        let label = format!("{words} {}", place(cause));
        view! { <a href=format!("/?ack={}", escape(&cause.key)) aria-label=label>{words}</a> }
    });
    let short = cause.least_slack_secs < 3_600;
    view! {
        <tr data-row=i>
            <td class="first"><span class="standing">{mark(cause.mark)}{cause.code.clone().map(|code| view! { <span class="code">{code}</span> })}<span><a href=href title=cause.releases.clone()>{cause.title.clone()}</a>{only}{at_risk}</span></span></td>
            <td class="num side">{format::count(cause.replicas)}</td>
            <td class="second mono">{cause.host.clone().unwrap_or_else(|| "—".to_owned())}</td>
            <td class="second num">{format::age(night.as_of, cause.since)}</td>
            <td class="second">{ahead(&night.zone, night.as_of, cause.next_look)}</td>
            <td class="second">{cause.whose.clone()}</td>
            <td class="num second" class:missed-text=short>{format::slack(cause.least_slack_secs)}</td>
            <td class="num second">{ack}</td>
        </tr>
        {note}
        {held}
    }
    .into_any()
}

/// `Resynchronizing on hv-r-17`.
fn place(cause: &Cause) -> String {
    match &cause.host {
        Some(host) => format!("{} on {host}", cause.title),
        None => cause.title.clone(),
    }
}

/// The form to take note of a cause, by the key in the URL: what is being acknowledged does not move under the reader's hand.
pub fn acknowledge(night: &NightView, key: &str) -> AnyView {
    let Some(cause) = night.causes.iter().flatten().find(|cause| cause.key == key) else {
        let gone = "This cause is gone: nothing waits for it any more.";
        return panel("acknowledge", "Acknowledge a cause", String::new(), empty(gone));
    };
    let extent = format!(
        "{} of {}, {} at risk",
        format::things(cause.replicas, "replica", "replicas"),
        format::things(cause.tenants, "tenant", "tenants"),
        format::count(cause.at_risk)
    );
    let fields = view! {
        {hidden("cause", cause.key.clone())}
        <div class="fields">{until("4h")}{text("Note", "note", "", "What is known and who works on it; it stands beside the cause.")}</div>
    }
    .into_any();
    let body = view! {
        <div class="text">
            <p><b>{place(cause)}</b> " keeps " {extent} ". No notice is sent for it until the time is over, or until it goes away and comes back, or concerns ten times as many. Nothing is held and nothing counts differently."</p>
            {deed("/forms/acknowledge", Told::Acknowledge, "/", true, "Acknowledge", fields)}
        </div>
    }
    .into_any();
    panel("acknowledge", "Acknowledge a cause", String::new(), body)
}
