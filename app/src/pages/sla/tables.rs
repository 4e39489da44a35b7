//! The SLA's tables: tenants, losses, days.

use super::parts::tenant_href;
use crate::components::{empty, mark, panel};
use crate::format;
use console::{DayFigures, LossRow, SlaTenantRow, SlaView};
use leptos::prelude::*;

fn as_of(v: &SlaView) -> String {
    format!("as of {} {}", format::clock_secs(&v.zone, v.as_of), v.zone.name)
}

/// Every tenant, the lowest contractual share first.
pub fn tenants(v: &SlaView) -> AnyView {
    let note = format!(
        "{} · lowest first · {}",
        format::things(v.tenants.len() as u64, "tenant", "tenants"),
        as_of(v)
    );
    if v.tenants.is_empty() {
        return panel(
            "tenants",
            "Tenants",
            note,
            empty("No tenant owed a day in this range."),
        );
    }
    let row = |(i, r): (usize, &SlaTenantRow)| {
        let f = &r.figures;
        let broken = f.budget.left < 0;
        let worst = f.worst.as_ref().map(|w| view! { <a href=format!("/replicas/{}", w.replica)>{w.name.clone()}</a> <span class="dim">" " {format::share(w.raw)}</span> });
        view! {
            <tr data-row=i>
                <td class="first"><a class="name" href=tenant_href(v, r.tenant.as_str())>{r.name.clone()}</a></td>
                <td class="num side" class:missed-text=broken title=format::of(f.contract)>{format::share(f.contract)}</td>
                <td class="num dim m">{format::of(f.contract)}</td>
                <td class="num second" title=format::of(f.raw)>{format::share(f.raw)}</td>
                <td class="num second">{format::count(f.tally.late)}</td>
                <td class="num second">{format::count(f.tally.missed)}</td>
                <td class="num second m">{format::count(f.tally.excused)}</td>
                <td class="num second m">{format::signed(f.budget.left)} <span class="dim">" of " {format::count(f.budget.allowed)}</span></td>
                <td class="second m">{worst}</td>
            </tr>
        }
    };
    let rows = v.tenants.iter().enumerate().map(row).collect_view();
    let body = view! {
        <table class="rows wide-rows">
            <thead><tr>
                <th scope="col">"Tenant"</th><th scope="col" class="num">"Contract"</th><th scope="col" class="num m">"Days"</th><th scope="col" class="num">"Raw"</th>
                <th scope="col" class="num">"Late"</th><th scope="col" class="num">"Missed"</th><th scope="col" class="num m">"Excused"</th>
                <th scope="col" class="num m">"Budget left"</th><th scope="col" class="m">"Worst replica"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("tenants", "Tenants", note, body)
}

/// What was lost, each with its sentence and whose it was.
pub fn losses(v: &SlaView) -> AnyView {
    let note = format!(
        "{} of {} · newest first · {}",
        v.losses.len(),
        format::count(v.losses_total),
        as_of(v)
    );
    if v.losses.is_empty() {
        return panel(
            "losses",
            "Late, missed and excused days",
            note,
            empty("No closed day of this range was late, missed or excused."),
        );
    }
    let row = |(i, l): (usize, &LossRow)| {
        let corrected = l
            .corrected
            .then(|| view! { <span class="dim">" · corrected"</span> });
        view! {
            <tr data-row=format!("l{i}")>
                <td class="first when"><a href=format!("/replicas/{}/days/{}", l.replica, l.day)>{format::date(l.day)}</a></td>
                <td class="second"><a href=format!("/replicas/{}", l.replica)>{l.name.clone()}</a> <span class="dim">" " {l.tenant.clone()}</span></td>
                <td class="side"><span class="standing">{mark(l.mark)}<span>{l.outcome.clone()}{corrected}</span></span></td>
                <td class="second reason">{l.story.clone()}</td>
                <td class="second">{l.whose.clone()}</td>
                <td class="num second m">{l.attempts.saturating_sub(l.deferrals)}</td>
                <td class="num second m">{l.deferrals}</td>
            </tr>
        }
    };
    let rows = v.losses.iter().enumerate().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Day"</th><th scope="col">"Replica"</th><th scope="col">"Outcome"</th><th scope="col">"Why"</th><th scope="col">"Whose"</th>
                <th scope="col" class="num m">"Attempts"</th><th scope="col" class="num m">"Deferrals"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("losses", "Late, missed and excused days", note, body)
}

/// Day by day.
pub fn days(v: &SlaView) -> AnyView {
    let note = format!(
        "{} · newest first · {}",
        format::things(v.days.len() as u64, "day", "days"),
        as_of(v)
    );
    if v.days.is_empty() {
        return panel(
            "days",
            "Day by day",
            note,
            empty("No day of this range was opened."),
        );
    }
    let row = |d: &DayFigures| {
        let t = d.tally;
        view! {
            <tr>
                <td class="first when">{format::day(d.day.0)}</td>
                <td class="num side">{format::share(d.contract)}</td>
                <td class="num dim">{format::of(d.contract)}</td>
                <td class="num second">{format::share(d.raw)}</td>
                <td class="num dim m">{format::of(d.raw)}</td>
                <td class="num second">{format::count(t.late)}</td>
                <td class="num second">{format::count(t.missed)}</td>
                <td class="num second">{format::count(t.excused)}</td>
                <td class="num second m">{format::count(t.excluded)}</td>
                <td class="num second m">{format::count(t.open)}</td>
            </tr>
        }
    };
    let rows = v.days.iter().rev().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"SLA day"</th><th scope="col" class="num">"Contract"</th><th scope="col" class="num">"Days"</th><th scope="col" class="num">"Raw"</th><th scope="col" class="num m">"Days"</th>
                <th scope="col" class="num">"Late"</th><th scope="col" class="num">"Missed"</th><th scope="col" class="num">"Excused"</th><th scope="col" class="num m">"Not counted"</th><th scope="col" class="num m">"Open"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel("days", "Day by day", note, body)
}
