//! Why replicas wait, by cause: one resynchronization storm is one row.

use super::super::model::slack;
use crate::components::{ahead, empty, mark, panel};
use crate::format;
use crate::urlq::replica_href;
use console::{Cause, Filter, NightView, ReplicaQuery};
use leptos::prelude::*;

/// What breaches first at the top.
pub fn causes(night: &NightView) -> AnyView {
    let note = format!(
        "{} open, {} running · grouped by cause · as of {}",
        format::count(night.owed.open),
        format::count(night.owed.running),
        format::clock_secs(&night.zone, night.as_of)
    );
    let body = match night.causes.as_deref() {
        None => empty("Nothing has been planned yet: the first plan comes within seconds of the start."),
        Some([]) => empty("Nothing waits: every obligation is met, running or about to start."),
        Some(causes) => table(night, causes),
    };
    panel("causes", "Why replicas wait", note, body)
}

fn table(night: &NightView, causes: &[Cause]) -> AnyView {
    let rows = causes
        .iter()
        .enumerate()
        .map(|(i, cause)| row(night, i, cause))
        .collect_view();
    view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Cause"</th><th scope="col" class="num">"Replicas"</th><th scope="col">"Where"</th>
                <th scope="col">"For"</th><th scope="col">"Next look"</th><th scope="col">"Whose move"</th>
                <th scope="col" class="num">"Least slack"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(night: &NightView, i: usize, cause: &Cause) -> AnyView {
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
    let releases = format!("Released when: {}", cause.releases);
    view! {
        <tr data-row=i>
            <td class="first"><span class="standing">{mark(cause.mark)}{cause.code.clone().map(|code| view! { <span class="code">{code}</span> })}<a href=href title=releases>{cause.title.clone()}</a>{only}</span></td>
            <td class="num side">{format::count(cause.replicas)}</td>
            <td class="second mono">{cause.host.clone().unwrap_or_else(|| "—".to_owned())}</td>
            <td class="second">{format::age(night.as_of, cause.since)}</td>
            <td class="second">{ahead(&night.zone, night.as_of, cause.next_look)}</td>
            <td class="second">{cause.whose.clone()}</td>
            <td class="num">{slack(cause.least_slack_secs)}</td>
        </tr>
    }
    .into_any()
}
