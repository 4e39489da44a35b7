//! Running attempts, hosts, findings.

use crate::components::{empty, mark, moment, panel, told};
use crate::format;
use console::{FindingRow, HostRow, Mark, NightView, RunningRow};
use leptos::prelude::*;

/// Attempts that run now.
pub fn running(night: &NightView) -> AnyView {
    let note = format!(
        "{} · as of {}",
        format::things(night.running.len() as u64, "attempt", "attempts"),
        format::clock_secs(&night.zone, night.as_of)
    );
    if night.running.is_empty() {
        return panel(
            "running",
            "Running now",
            note,
            empty("No attempt runs at the moment."),
        );
    }
    let row = |(i, row): (usize, &RunningRow)| {
        let percent = row.percent.map(|p| format!(" {p}\u{a0}%"));
        view! {
            <tr data-row=night.causes.as_ref().map_or(0, Vec::len) + i>
                <td class="first"><span class="standing">{mark(Mark::Running)}<a href=format!("/replicas/{}", row.replica)>{row.name.clone()}</a></span></td>
                <td class="second">{row.tenant.clone()}</td>
                <td class="side">{row.step.clone()}{percent}</td>
                <td class="second mono">{row.host.clone()}</td>
                <td class="num second">{format::age(night.as_of, row.since)}</td>
                <td class="num second">{moment(&night.zone, night.as_of, row.started)}</td>
            </tr>
        }
        .into_any()
    };
    let rows = night.running.iter().enumerate().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Replica"</th><th scope="col">"Tenant"</th><th scope="col">"Step"</th><th scope="col">"Host"</th>
                <th scope="col" class="num">"In step"</th><th scope="col" class="num">"Started"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("running", "Running now", note, body)
}

/// Hosts: slots in use, age of the last survey, trust.
pub fn hosts(night: &NightView) -> AnyView {
    let note = format!(
        "slots in use · as of {}",
        format::clock_secs(&night.zone, night.as_of)
    );
    if night.hosts.is_empty() {
        return panel("hosts", "Hosts", note, empty("No host is configured."));
    }
    let row = |host: &HostRow| {
        let used = f64::from(host.slots_used.min(host.slots_max)) / f64::from(host.slots_max.max(1)) * 100.0;
        let survey = host.last_survey.map_or_else(
            || "never".to_owned(),
            |at| format!("{} ago", format::age(night.as_of, at)),
        );
        let build = host.build.clone().unwrap_or_else(|| "build not known".to_owned());
        let error = host.error.clone().map(
            |text| view! { <tr class="more"><td colspan="4">{mark(Mark::Unknown)} " " {told(&night.zone, night.as_of, &text)}</td></tr> },
        );
        let requests = host
            .requests
            .map(|(used, max)| format!("{used} of {max} requests a minute"));
        let beside = [
            host.breaker.clone().map(|text| (Mark::Missed, text)),
            host.held.as_ref().map(|held| {
                (
                    Mark::Late,
                    format!(
                        "Held by {} until {}: {}",
                        held.by,
                        format::moment(&night.zone, night.as_of, held.until),
                        held.reason
                    ),
                )
            }),
        ]
        .into_iter()
        .flatten()
        .map(|(m, text)| view! { <tr class="more"><td colspan="4">{mark(m)} " " {text}</td></tr> })
        .collect_view();
        let limit = i64::from(night.freshness_limit_secs);
        let fresh = host
            .last_survey
            .is_some_and(|at| (night.as_of - at).num_seconds() <= limit);
        view! {
            <tr class:stale=!fresh>
                <td class="mono first"><span class="standing" title=format!("{} · {build}", host.trust)>{mark(if fresh { host.trust_mark } else { Mark::Unknown })}<span>{host.host.clone()}</span></span></td>
                <td class="meter-cell"><svg class="meter" width="100%" height="7" aria-hidden="true"><rect width="100%" height="7" rx="1.5" class="ground"/><rect width=format!("{used:.0}%") height="7" rx="1.5" class="fill"/></svg></td>
                <td class="num side" title=requests>{host.slots_used}"/"{host.slots_max}</td>
                <td class="num dim second">{survey}</td>
            </tr>
            {beside}
            {error}
        }
        .into_any()
    };
    let rows = night.hosts.iter().map(row).collect_view();
    let body = view! {
        <table class="rows hosts">
            <thead class="hidden"><tr><th scope="col">"Host"</th><th scope="col">"Load"</th><th scope="col">"Slots"</th><th scope="col">"Last survey"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("hosts", "Hosts", note, body)
}

/// What a person should look at.
pub fn findings(night: &NightView) -> AnyView {
    let note = format!(
        "{} to look at · as of {}",
        format::count(night.findings.len() as u64),
        format::clock_secs(&night.zone, night.as_of)
    );
    if night.findings.is_empty() {
        return panel(
            "findings",
            "Findings",
            note,
            empty("Nothing was found that needs a look."),
        );
    }
    let row = |f: &FindingRow| {
        let place = f
            .host
            .clone()
            .map(|host| view! { <span class="mono">{host}" "</span> });
        let title = match f.replica {
            Some(id) => view! { <a href=format!("/replicas/{id}")>{f.title.clone()}</a> }.into_any(),
            None => f.title.clone().into_any(),
        };
        view! { <li><div class="line"><b>{title}</b><span class="dim">{moment(&night.zone, night.as_of, f.since)}</span></div><p>{place}{told(&night.zone, night.as_of, &f.text)}</p></li> }
    };
    let rows = night.findings.iter().map(row).collect_view();
    panel(
        "findings",
        "Findings",
        note,
        view! { <ul class="list">{rows}</ul> }.into_any(),
    )
}
