//! A rule: tried first, by a plain question in the URL, then made.

use crate::components::form::{choice, deed, hidden, text};
use crate::components::{empty, mark, panel};
use crate::format;
use console::forms::Told;
use console::{ClaimRow, Mark, RuleAnswer, RulePreview, TenantId, TenantsView};
use leptos::prelude::*;

/// A kind for people.
pub fn words(kind: &str) -> &'static str {
    match kind {
        "trust-group" => "Trust group",
        "primary" => "Primary",
        "storage-path" => "Stored in",
        _ => "Rule",
    }
}

/// Asks for a preview; nothing is changed by it.
pub fn try_one(v: &TenantsView) -> AnyView {
    if v.tenants.is_empty() {
        let body = empty("A rule needs a tenant: create one first.");
        return panel("rule", "New rule", String::new(), body);
    }
    let chosen = v.preview.as_ref().map(|it| it.rule.clone()).unwrap_or_default();
    let tenants = v.tenants.iter().map(|it| (it.id.to_string(), it.name.clone()));
    let kinds = ["trust-group", "primary", "storage-path"].map(|it| (it.to_owned(), words(it).to_owned()));
    let body = view! {
        <div class="text">
            <form class="deed" method="get" action="/tenants">
                <div class="fields one">
                    {choice("Tenant", "tenant", tenants.collect(), &chosen.tenant)}
                    {choice("By", "kind", kinds.to_vec(), &chosen.kind)}
                    {text("Which", "text", &chosen.text, "A TrustGroup; a primary's FQDN or *.contoso.example; a folder such as D:\\Replica\\Contoso that holds every disk.")}
                </div>
                <div class="send"><button class="button" type="submit">"Show what it would claim"</button></div>
            </form>
        </div>
    };
    let note = "changes nothing yet".to_owned();
    panel("rule", "New rule", note, body.into_any())
}

/// What came of trying it, and the form that makes it.
pub fn tried(v: &TenantsView, it: &RulePreview, can_manage: bool) -> AnyView {
    let rule = &it.rule;
    let title = "What the rule would claim";
    match &it.answer {
        RuleAnswer::Refused { text } => {
            let body = view! { <div class="text"><p class="refused">{text.clone()}</p></div> };
            panel("preview", title, String::new(), body.into_any())
        }
        RuleAnswer::Tried {
            claims,
            stay,
            seen,
            as_of,
            unseen_hosts,
        } => {
            let note = match as_of {
                Some(at) => format!(
                    "{} of {} replicas seen · oldest look {}",
                    format::count(claims.len() as u64),
                    format::count(*seen),
                    format::clock_secs(&v.zone, *at)
                ),
                None => "no replica was seen yet".to_owned(),
            };
            let table = match claims.is_empty() {
                true => empty("No replica would change its tenant."),
                false => rows(claims),
            };
            let doubly = claims.iter().filter(|it| it.after.len() > 1).count() as u64;
            let doubly = (doubly > 0).then(|| {
                let count = format::things(doubly, "replica would be", "replicas would be");
                view! { <p>{mark(Mark::Late)} " " {count} " claimed by several tenants: nobody's, and not backed up."</p> }
            });
            let hosts: Vec<String> = unseen_hosts.iter().map(ToString::to_string).collect();
            let unseen = (!hosts.is_empty()).then(|| {
                view! { <p>{mark(Mark::Unknown)} " No replica was seen on " {hosts.join(", ")} ": what is there is not in this."</p> }
            });
            let name = v.tenants.iter().find(|it| it.id.as_str() == rule.tenant);
            let name = name.map_or_else(|| rule.tenant.clone(), |it| it.name.clone());
            let fields = view! {
                {hidden("tenant", rule.tenant.clone())}{hidden("kind", rule.kind.clone())}
                {hidden("text", rule.text.clone())}{hidden("change", "add".to_owned())}
            };
            let body = view! {
                {table}
                <div class="text ruled">
                    <p>{words(&rule.kind)} " " <code>{rule.text.clone()}</code> " for " <b>{name}</b> "; " {format::things(*stay, "replica is", "replicas are")} " this tenant's already and stay so. A replica that moves begins anew: its points and history stay with the tenant before."</p>
                    {doubly}{unseen}
                    {can_manage.then(|| deed("/forms/rule", Told::Rule, "/tenants", true, "Make the rule", fields.into_any()))}
                </div>
            };
            panel("preview", title, note, body.into_any())
        }
    }
}

/// Whose a replica is, in words.
fn whose(tenants: &[TenantId]) -> String {
    let names: Vec<&str> = tenants.iter().map(TenantId::as_str).collect();
    match names.as_slice() {
        [] => "nobody's".to_owned(),
        [one] => (*one).to_owned(),
        several => format!("nobody's: {} claim it", several.join(" and ")),
    }
}

fn rows(claims: &[ClaimRow]) -> AnyView {
    let row = |it: &ClaimRow| {
        let sign = if it.after.len() == 1 {
            Mark::Met
        } else {
            Mark::Late
        };
        view! {
            <tr>
                <td class="first">{it.name.clone()}</td>
                <td class="second">{it.host.to_string()}</td>
                <td class="second">{whose(&it.before)}</td>
                <td><span class="standing">{mark(sign)}<span>{whose(&it.after)}</span></span></td>
            </tr>
        }
    };
    let rows = claims.iter().map(row).collect_view();
    view! {
        <table class="rows">
            <thead><tr><th scope="col">"Replica"</th><th scope="col">"Host"</th><th scope="col">"Is now"</th><th scope="col">"Would be"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
