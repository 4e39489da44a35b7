//! The tenants' panels.

use super::{own, rule};
use crate::components::form::{deed, done, hidden, optional, text};
use crate::components::{empty, moment, panel};
use crate::format;
use console::forms::Told;
use console::{RuleRow, TenantCard, TenantsView};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(v: &TenantsView, can_manage: bool, told: Option<String>) -> AnyView {
    view! {
        <div class="head"><div><h1>"Tenants"</h1><p class="sub">"A replica is backed up for the tenant whose rule claims it. What nobody claims, or several do, is not backed up and is among the " <a href="/findings">"findings"</a> ". Times in " {v.zone.name.clone()} "."</p></div></div>
        {done(told)}
        {v.preview.as_ref().map(|it| rule::tried(v, it, can_manage))}
        <div class="columns">
            <div>{all(v, can_manage)}</div>
            <div>{rule::try_one(v)}{can_manage.then(new)}</div>
        </div>
    }
    .into_any()
}

fn all(v: &TenantsView, can_manage: bool) -> AnyView {
    let note = format!(
        "{} · as of {}",
        format::things(v.tenants.len() as u64, "tenant", "tenants"),
        format::clock_secs(&v.zone, v.as_of)
    );
    if v.tenants.is_empty() {
        return panel(
            "tenants",
            "Tenants",
            note,
            empty("No tenant yet: create one here, or in config.toml."),
        );
    }
    let body = v
        .tenants
        .iter()
        .enumerate()
        .map(|(i, it)| one(v, i, it, can_manage))
        .collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Tenant"</th><th scope="col" class="num">"Replicas"</th><th scope="col">"What claims replicas"</th>
            </tr></thead>
            <tbody>{body}</tbody>
        </table>
    };
    panel("tenants", "Tenants", note, body.into_any())
}

fn one(v: &TenantsView, i: usize, it: &TenantCard, can_manage: bool) -> AnyView {
    let rules = match it.rules.is_empty() {
        true => view! { <p class="note">"No rule: no replica is this tenant's."</p> }.into_any(),
        false => {
            let rows = it
                .rules
                .iter()
                .map(|rule| rule_line(v, it, rule, can_manage))
                .collect_view();
            view! { <ul class="claims">{rows}</ul> }.into_any()
        }
    };
    let place = it
        .from_file
        .then(|| view! { <small class="dim">" · config.toml"</small> });
    let href = format!("/replicas?tenant={}", crate::urlq::escape(it.id.as_str()));
    view! {
        <tr data-row=i>
            <td class="first"><b>{it.name.clone()}</b><br/><small class="dim">{it.id.to_string()} " · " {it.zone.clone()}</small>{place}</td>
            <td class="num"><a href=href>{format::count(it.replicas)}</a></td>
            <td class="second reason">{rules}{own::parts(it, can_manage)}</td>
        </tr>
    }
    .into_any()
}

fn rule_line(v: &TenantsView, tenant: &TenantCard, rule: &RuleRow, can_manage: bool) -> AnyView {
    let made = match &rule.made {
        None => view! { <small class="dim">"config.toml, read-only"</small> }.into_any(),
        Some((author, at)) => {
            let fields = view! {
                {hidden("tenant", tenant.id.to_string())}{hidden("kind", rule.kind.clone())}
                {hidden("text", rule.text.clone())}{hidden("change", "remove".to_owned())}
            };
            let label = format!("Take the rule {} {} from {}", rule.kind, rule.text, tenant.name);
            let take = can_manage.then(|| view! {
                <details><summary aria-label=label>"Take away…"</summary>
                    <p>"Replicas that only this rule claims are nobody's from the next look at their host on: they are not backed up any more. Their points stay the tenant's."</p>
                    {deed("/forms/rule", Told::Rule, "/tenants", false, "Take the rule away", fields.into_any())}
                </details>
            });
            view! { <small class="dim">{author.clone()} ", " {moment(&v.zone, v.as_of, *at)}</small>{take} }
                .into_any()
        }
    };
    view! { <li><span class="dim">{rule::words(&rule.kind)} " "</span><code>{rule.text.clone()}</code> " " {made}</li> }.into_any()
}

fn new() -> AnyView {
    let fields = view! {
        <div class="fields one">
            {text("Id", "id", "", "Lower-case letters, digits and hyphens. Also the folder of its repository; it never changes.")}
            {text("Name", "name", "", "")}
            {optional("Zone", "zone", "", "What its days are counted in, such as Europe/Berlin. UTC when empty.")}
        </div>
    };
    let body = view! { <div class="text">{deed("/forms/tenant", Told::Tenant, "/tenants", false, "Create the tenant", fields.into_any())}</div> };
    panel("new", "New tenant", String::new(), body.into_any())
}
