//! The policies' panels.

use super::form::{assign, edit};
use crate::components::form::done;
use crate::components::{empty, moment, panel};
use crate::format;
use crate::urlq::{escape, replica_href};
use chrono::{DateTime, Utc};
use console::{AssignmentRow, NextDay, PoliciesView, PolicyRow, ReplicaQuery, VersionRow, terms};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(v: &PoliciesView, can_manage: bool, told: Option<String>, asked: Option<String>) -> AnyView {
    let new = can_manage.then(|| view! { <a class="button" href="/policies?edit=">"New policy…"</a> });
    let policies = v.policies.iter().map(|p| policy(v, p, can_manage)).collect_view();
    view! {
        <div class="head">
            <div><h1>"Policies"</h1><p class="sub">"Versions are appended and never changed. A day keeps the terms that it was opened under; a new version or assignment applies from the next SLA day. Times in " {v.zone.name.clone()} "."</p></div>
            <div class="actions">{new}</div>
        </div>
        {done(told)}
        {asked.filter(|_| can_manage).map(|id| edit(v, &id))}
        <div class="columns">
            <div>{policies}</div>
            <div>{assignments(v)}{can_manage.then(|| assign(v))}</div>
        </div>
    }
    .into_any()
}

fn policy(v: &PoliciesView, p: &PolicyRow, can_manage: bool) -> AnyView {
    let facts = terms::facts(&p.terms)
        .into_iter()
        .skip(1)
        .map(|f| view! { <div><dt>{f.label}</dt><dd>{f.value}</dd></div> })
        .collect_view();
    let versions = p.versions.iter().map(|one| version(v, one)).collect_view();
    let who = replica_href(&ReplicaQuery {
        policy: Some(p.id.clone()),
        ..Default::default()
    });
    let heading = format!("policy-{}", p.id);
    let labelled = heading.clone();
    let next = can_manage.then(|| {
        let label = format!("New version of {}", p.terms.name);
        view! { <p class="text ruled"><a class="button" href=format!("/policies?edit={}", escape(&p.id)) aria-label=label>"New version…"</a></p> }
    });
    view! {
        <section class="panel" id=p.id.clone() aria-labelledby=labelled>
            <header>
                <h2 id=heading>{p.terms.name.clone()} <span class="mono dim">" " {p.id.clone()}</span></h2>
                <span class="note">"version " {p.version} " · " <a class="act" href=who>{format::things(p.replicas, "replica", "replicas")}</a> " · as of " {format::clock_secs(&v.zone, v.as_of)}</span>
            </header>
            <dl class="facts two">{facts}</dl>
            <table class="rows">
                <thead><tr><th scope="col">"Version"</th><th scope="col">"Changed"</th><th scope="col" class="num">"Open days"</th><th scope="col">"By"</th><th scope="col" class="num">"When"</th></tr></thead>
                <tbody>{versions}</tbody>
            </table>
            {next}
        </section>
    }
    .into_any()
}

fn version(v: &PoliciesView, one: &VersionRow) -> AnyView {
    let changes = if one.changes.is_empty() {
        "first version".into_any()
    } else {
        one.changes
            .iter()
            .map(|c| view! { <span class="change"><span class="dim">{c.label.clone()} " "</span>{c.was.clone()} " → " <b>{c.is.clone()}</b></span> })
            .collect_view()
            .into_any()
    };
    view! {
        <tr>
            <td class="first num-left">{one.version}</td>
            <td class="second reason">{changes}</td>
            <td class="num second">{format::count(one.open)}</td>
            <td class="second">{one.author.clone()}</td>
            <td class="num second side">{since(v, one.at)}</td>
        </tr>
    }
    .into_any()
}

/// From when a change made now applies, in a sentence.
pub fn applies_from(v: &PoliciesView, days: &[NextDay]) -> String {
    let one = |d: &NextDay| {
        format!(
            "{} in {} (opens {} {})",
            format::date(d.day),
            d.zone,
            format::moment(&v.zone, v.as_of, d.opens),
            v.zone.name
        )
    };
    match days {
        [] => "It applies from the first SLA day that opens under it.".to_owned(),
        [only] => format!("It applies from {}.", one(only)),
        [first, rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(one).collect();
            format!("It applies from {}; from {}.", one(first), rest.join(", "))
        }
    }
}

fn assignments(v: &PoliciesView) -> AnyView {
    let note = format!("as of {}", format::clock_secs(&v.zone, v.as_of));
    if v.assignments.is_empty() {
        return panel(
            "assignments",
            "Who has which",
            note,
            empty("Nothing is assigned."),
        );
    }
    let row = |a: &AssignmentRow| {
        let name = match a.to.as_str() {
            "replica" => view! { <a href=format!("/replicas/{}", a.id)>{a.name.clone()}</a> }.into_any(),
            "site" => "Everyone else".into_any(),
            _ => a.name.clone().into_any(),
        };
        view! {
            <li>
                <div class="line"><b>{name}</b><a class="act" href=format!("#{}", a.policy)>{a.policy.clone()}</a></div>
                <p>{format::capital(&a.to)} " · " {format::things(a.replicas, "replica", "replicas")} <span class="dim">" · " {a.author.clone()} " " {since(v, a.at)}</span></p>
            </li>
        }
    };
    let rows = v.assignments.iter().map(row).collect_view();
    panel(
        "assignments",
        "Who has which",
        note,
        view! { <ul class="list">{rows}</ul> }.into_any(),
    )
}

/// What the product comes with was written down at the beginning of time.
fn since(v: &PoliciesView, at: DateTime<Utc>) -> AnyView {
    if at == DateTime::UNIX_EPOCH {
        return "from the beginning".into_any();
    }
    moment(&v.zone, v.as_of, at)
}
