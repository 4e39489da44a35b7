//! The holds' panels.

use crate::components::form::{choice, deed, done, hidden, text, until};
use crate::components::{capital_on, empty, mark, moment, panel};
use crate::format;
use console::forms::Told;
use console::{HoldRow, HoldsView, Mark};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(v: &HoldsView, can_hold: bool, told: Option<String>, lift: Option<String>) -> AnyView {
    view! {
        <div class="head"><div><h1>"Holds"</h1><p class="sub">"Where a hold lies nothing starts until it ends or is lifted; obligations stay open, count, and can be missed. Times in " {v.zone.name.clone()} "."</p></div></div>
        {done(told)}
        {lift.filter(|_| can_hold).map(|id| lift_panel(v, &id))}
        <div class="columns">
            <div>{active(v, can_hold)}{past(v)}</div>
            <div>{can_hold.then(|| new(v))}</div>
        </div>
    }
    .into_any()
}

fn name(h: &HoldRow) -> AnyView {
    match h.replica {
        Some(id) => view! { <a href=format!("/replicas/{id}")>{h.name.clone()}</a> }.into_any(),
        None => h.name.clone().into_any(),
    }
}

fn active(v: &HoldsView, can_hold: bool) -> AnyView {
    let note = format!(
        "{} in force · as of {}",
        format::count(v.active.len() as u64),
        format::clock_secs(&v.zone, v.as_of)
    );
    if v.active.is_empty() {
        return panel(
            "active",
            "In force",
            note,
            empty("Nothing is held: whatever is still may be backed up."),
        );
    }
    let row = |(i, h): (usize, &HoldRow)| {
        let lift = can_hold.then(|| {
            let label = format!("Lift the hold on {}", h.name);
            view! { <a href=format!("/holds?lift={}", h.id) aria-label=label>"Lift…"</a> }
        });
        view! {
            <tr data-row=i>
                <td class="first"><span class="standing">{mark(Mark::Late)}<span><span class="dim">{capital_on(h)} " "</span>{name(h)}</span></span></td>
                <td class="num second">{moment(&v.zone, v.as_of, h.from)}</td>
                <td class="num">{moment(&v.zone, v.as_of, h.until)}</td>
                <td class="num second">{format::count(h.keeps)}</td>
                <td class="second reason">{h.reason.clone()}</td>
                <td class="second">{h.author.clone()}</td>
                <td class="num side">{lift}</td>
            </tr>
        }
    };
    let rows = v.active.iter().enumerate().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"What"</th><th scope="col" class="num">"Since"</th><th scope="col" class="num">"Until"</th>
                <th scope="col" class="num">"Open under it"</th><th scope="col">"Reason"</th><th scope="col">"By"</th><th scope="col"><span class="hidden">"Lift"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("active", "In force", note, body)
}

fn past(v: &HoldsView) -> AnyView {
    let note = format!(
        "newest first, at most 100 · as of {}",
        format::clock_secs(&v.zone, v.as_of)
    );
    if v.past.is_empty() {
        return panel("past", "Over", note, empty("No hold has ended yet."));
    }
    let row = |h: &HoldRow| {
        let end = match &h.lifted {
            Some((at, by)) => {
                view! { "lifted " {moment(&v.zone, v.as_of, *at)} " by " {by.clone()} }.into_any()
            }
            None => view! { "ran out " {moment(&v.zone, v.as_of, h.until)} }.into_any(),
        };
        view! {
            <tr>
                <td class="first"><span class="dim">{capital_on(h)} " "</span>{name(h)}</td>
                <td class="num second">{moment(&v.zone, v.as_of, h.from)}</td>
                <td class="second side">{end}</td>
                <td class="second reason">{h.reason.clone()}</td>
                <td class="second">{h.author.clone()}</td>
            </tr>
        }
    };
    let rows = v.past.iter().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr><th scope="col">"What"</th><th scope="col" class="num">"Since"</th><th scope="col">"Ended"</th><th scope="col">"Reason"</th><th scope="col">"By"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("past", "Over", note, body)
}

/// A host or a tenant by choice; a replica is held on its own screen, where it cannot be mistaken.
fn new(v: &HoldsView) -> AnyView {
    let form = |on: &'static str,
                label: &'static str,
                submit: &'static str,
                options: Vec<(String, String)>| {
        if options.is_empty() {
            return empty("None is configured.");
        }
        let fields = view! {
            {hidden("on", on.to_owned())}
            <div class="fields one">{choice(label, "name", options, "")}{until("4h")}{text("Reason", "reason", "", "")}</div>
        }
        .into_any();
        deed("/forms/hold", Told::Hold, "/holds", false, submit, fields)
    };
    let hosts = v.hosts.iter().map(|h| (h.clone(), h.clone())).collect();
    let tenants = v
        .tenants
        .iter()
        .map(|(id, name)| (id.to_string(), name.clone()))
        .collect();
    let body = view! {
        <div class="text">{form("host", "Host", "Hold the host", hosts)}</div>
        <div class="text ruled">{form("tenant", "Tenant", "Hold the tenant", tenants)}</div>
        <p class="text ruled">"A single replica is held on its own screen. What runs already goes on; cancel it there if it must end."</p>
    }
    .into_any();
    panel("new", "Hold", "at most 90 days".to_owned(), body)
}

fn lift_panel(v: &HoldsView, id: &str) -> AnyView {
    let Some(h) = v.active.iter().find(|h| h.id.to_string() == id) else {
        return panel(
            "lift",
            "Lift a hold",
            String::new(),
            empty("This hold is over: there is nothing to lift."),
        );
    };
    let body = view! {
        <div class="text">
            <p>"The hold on " {h.on.clone()} " " <b>{h.name.clone()}</b> " (" {h.reason.clone()} ", " {h.author.clone()} ") ends now instead of " {moment(&v.zone, v.as_of, h.until)} ". The next plan counts "
            {format::things(h.keeps, "open obligation", "open obligations")} " again; they start in the order of their slack, within the limits."</p>
            {deed("/forms/lift", Told::Lift, "/holds", true, "Lift the hold", hidden("id", h.id.to_string()))}
        </div>
    }
    .into_any();
    panel("lift", "Lift a hold", String::new(), body)
}
