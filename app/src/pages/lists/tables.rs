//! Attempts and restore points as tables.

use crate::components::{mark, moment, moment_secs, told};
use crate::format;
use chrono::{DateTime, Utc};
use console::{AttemptRow, Mark, PointRow, Zone};
use leptos::prelude::*;

/// Attempts; `named` adds replica, tenant and host.
pub fn attempt_table(rows: &[AttemptRow], zone: &Zone, as_of: DateTime<Utc>, named: bool) -> AnyView {
    let body = rows
        .iter()
        .enumerate()
        .map(|(i, row)| attempt(i, row, zone, as_of, named))
        .collect_view();
    view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"When"</th>
                {named.then(|| view! { <th scope="col">"Replica"</th><th scope="col">"Tenant"</th> })}
                <th scope="col">"Outcome"</th><th scope="col">"Reason and measure"</th><th scope="col" class="num">"Took"</th>
            </tr></thead>
            <tbody>{body}</tbody>
        </table>
    }
    .into_any()
}

fn attempt(i: usize, row: &AttemptRow, zone: &Zone, as_of: DateTime<Utc>, named: bool) -> AnyView {
    let when = if row.times > 1 {
        let from = format::clock_secs(zone, row.first_started);
        view! { {from} "–" {moment_secs(zone, as_of, row.started)} }.into_any()
    } else {
        moment_secs(zone, as_of, row.started)
    };
    let times = (row.times > 1).then(|| format!(" ×{}", row.times));
    let code = row
        .code
        .clone()
        .map(|code| view! { <span class="code">{code}" "</span> });
    let point = row
        .point
        .map(|id| view! { " · " <a href=format!("/points/{id}")>"evidence"</a> });
    let took = match row.ended {
        Some(ended) if row.mark != Mark::Late => format::span((ended - row.started).num_seconds()),
        None => format::age(as_of, row.started),
        _ => "—".to_owned(),
    };
    let named = named.then(|| view! { <td class="second"><a href=format!("/replicas/{}", row.replica)>{row.name.clone()}</a></td><td class="second dim">{row.tenant.clone()}</td> });
    let steps = row.steps.iter().map(|s| view! { <li><span class="dim">{format::clock_secs(zone, s.at)}</span> " " {s.step.clone()} " " <span class="dim">{s.phase.clone()}</span></li> }).collect_view();
    let steps = (!row.steps.is_empty())
        .then(|| view! { <details class="steps"><summary>"Steps"</summary><ol>{steps}</ol></details> });
    view! {
        <tr data-row=i>
            <td class="first when">{when}</td>
            {named}
            <td class="side"><span class="standing">{mark(row.mark)}<span>{row.outcome.clone()}{times}</span></span></td>
            <td class="second reason">{code}{told(zone, as_of, &row.reason)}{point}{steps}</td>
            <td class="num m">{took}</td>
        </tr>
    }
    .into_any()
}

/// Restore points; `named` adds replica, tenant and host.
pub fn point_table(rows: &[PointRow], zone: &Zone, as_of: DateTime<Utc>, named: bool) -> AnyView {
    let row = |(i, p): (usize, &PointRow)| {
        let named = named.then(|| {
            view! {
                <td class="second"><a href=format!("/replicas/{}", p.replica)>{p.name.clone()}</a></td>
                <td class="second dim">{p.tenant.clone()}</td>
                <td class="m mono">{p.host.clone()}</td>
            }
        });
        let taken = format::full(zone, p.taken);
        let label = format!("Evidence of {} taken {taken}", p.name);
        let restore = format!("Restore {} as of {taken}", p.name);
        view! {
            <tr data-row=i>
                <td class="first">{moment(zone, as_of, p.taken)}</td>
                {named}
                <td class="num m">{p.disks}</td>
                <td class="num second">{format::bytes(p.size_bytes)}</td>
                <td class="num m">{format::bytes(p.added_bytes)}" new"</td>
                <td class="second"><span class="standing">{mark(p.mark)}<span>{p.proof.clone()}</span></span></td>
                <td class="num side"><a href=format!("/points/{}", p.id) aria-label=label>"Evidence"</a>" "<a class="m" href=format!("/points/{}#out", p.id) aria-label=restore>"Restore…"</a></td>
            </tr>
        }
        .into_any()
    };
    let body = rows.iter().enumerate().map(row).collect_view();
    view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Taken"</th>
                {named.then(|| view! { <th scope="col">"Replica"</th><th scope="col">"Tenant"</th><th scope="col" class="m">"Host"</th> })}
                <th scope="col" class="num m">"Disks"</th><th scope="col" class="num">"Size"</th><th scope="col" class="num m">"New"</th>
                <th scope="col">"Proof"</th><th scope="col"><span class="hidden">"Evidence"</span></th>
            </tr></thead>
            <tbody>{body}</tbody>
        </table>
    }
    .into_any()
}
