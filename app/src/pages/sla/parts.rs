//! The SLA's head, figures and chart.

use super::model::{lost, month_href, neighbours, range, range_href};
use super::tables::{days, losses, tenants};
use crate::components::{empty, figure, none, panel};
use crate::format;
use console::{DayFigures, Ratio, SlaView};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(v: &SlaView) -> AnyView {
    view! {
        {head(v)}
        {figures(v)}
        {chart(v)}
        {v.tenant.is_none().then(|| tenants(v))}
        {losses(v)}
        {days(v)}
    }
    .into_any()
}

fn head(v: &SlaView) -> AnyView {
    let tenant = v.tenant.as_ref().map(ToString::to_string);
    let (before, after) = neighbours(v.from);
    let link = |to: Option<chrono::NaiveDate>, label: &'static str, text: fn(String) -> String| {
        to.map(|first| {
            let words = text(first.format("%b %Y").to_string());
            view! { <a class="button" href=month_href(tenant.as_deref(), first) title=label>{words}</a> }
        })
    };
    let options = std::iter::once((String::new(), "All tenants".to_owned())).chain(
        v.all_tenants
            .iter()
            .map(|(id, name)| (id.to_string(), name.clone())),
    );
    let chosen = tenant.clone().unwrap_or_default();
    let options = options
        .map(|(id, name)| {
            let selected = id == chosen;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect_view();
    view! {
        <div class="head">
            <div>
                <h1>"SLA " {range(v.from, v.to)} <span class="id">" " {v.name.clone().unwrap_or_else(|| "all tenants".to_owned())}</span></h1>
                <p class="sub">"Days are each tenant's own. Raw counts every day owed; the contract leaves excused ones out; a late day is not met in either. What is still open is not counted yet."</p>
            </div>
            <div class="actions">{link(before, "The month before", |m| format!("← {m}"))}{link(after, "The month after", |m| format!("{m} →"))}</div>
        </div>
        <form class="range" method="get" action="/sla">
            <label class="field"><span>"Tenant"</span><select name="tenant">{options}</select></label>
            <label class="field"><span>"First day"</span><input type="date" name="from" value=v.from.to_string() required/></label>
            <label class="field"><span>"Last day"</span><input type="date" name="to" value=v.to.to_string() required/></label>
            <button class="button" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

fn number(ratio: Ratio) -> (AnyView, String) {
    match ratio.pct {
        Some(pct) => (format!("{pct}").into_any(), format!("% · {}", format::of(ratio))),
        None => (none(), "nothing was owed".to_owned()),
    }
}

fn figures(v: &SlaView) -> AnyView {
    let f = &v.figures;
    let t = f.tally;
    let (contract, contract_of) = number(f.contract);
    let (raw, raw_of) = number(f.raw);
    let class = if f.budget.left < 0 { "missed-text" } else { "" };
    let budget = view! { <span class=class>{format::signed(f.budget.left)}</span> }.into_any();
    let lost = format!(
        "{} provider · {} tenant · {} neither",
        format::count(f.blame.provider),
        format::count(f.blame.tenant),
        format::count(f.blame.external)
    );
    let (worst, worst_below) = match &f.worst {
        Some(w) => (
            view! { <a class="words" href=format!("/replicas/{}", w.replica)>{w.name.clone()}</a> }
                .into_any(),
            format!(
                "worst: {} raw, {} · {}",
                format::share(w.raw),
                format::of(w.raw),
                w.tenant
            ),
        ),
        None => (none(), "no replica owed a day".to_owned()),
    };
    let gap = f.longest_gap.as_ref().map_or_else(
        || "no time without a point to tell of".to_owned(),
        |g| {
            format!(
                "longest gap {}: {}",
                format::span(i64::try_from(g.secs).unwrap_or(i64::MAX)),
                g.name
            )
        },
    );
    view! {
        <div class="figures">
            {figure("Contract", contract, contract_of, format!("{} excused, {} not counted", format::count(t.excused), format::count(t.excluded)))}
            {figure("Raw", raw, raw_of, format!("{} still open", format::count(t.open)))}
            {figure("Lost", format::count(t.missed + t.late).into_any(), format!("{} missed, {} late", format::count(t.missed), format::count(t.late)), lost)}
            {figure("Error budget left", budget, format!("of {} days", format::count(f.budget.allowed)), format!("{} used", format::count(f.budget.used)))}
            {figure("Worst", worst, String::new(), format!("{worst_below} · {gap}"))}
        </div>
    }
    .into_any()
}

const HEIGHT: u64 = 96;

/// What was lost, day by day: columns of late, missed and excused days. Met days would drown them; the table has them all.
fn chart(v: &SlaView) -> AnyView {
    let note = format!(
        "late, missed, excused per day · as of {} {}",
        format::clock_secs(&v.zone, v.as_of),
        v.zone.name
    );
    if v.days.is_empty() {
        return panel(
            "lost",
            "What was lost",
            note,
            empty("No day of this range was opened."),
        );
    }
    let top = v.days.iter().map(lost).max().unwrap_or(0).max(1);
    let slots = (v.to - v.from).num_days().max(0) + 1;
    let step = 100.0 / slots as f64;
    let column = |d: &DayFigures| {
        let x = (d.day.0 - v.from).num_days() as f64 * step;
        let t = d.tally;
        let mut y = HEIGHT + 8;
        let bars = [("missed", t.missed), ("late", t.late), ("excused", t.excused)]
            .map(|(class, n)| {
                let high = n * HEIGHT / top;
                y -= high;
                (n > 0).then(|| view! { <rect class=class x=format!("{:.2}%", x + step * 0.14) width=format!("{:.2}%", step * 0.72) y=y height=high.max(2)/> })
            })
            .collect_view();
        let none = (lost(d) == 0).then(|| {
            let class = if t.open > 0 { "open" } else { "met" };
            view! { <rect class=class x=format!("{:.2}%", x + step * 0.14) width=format!("{:.2}%", step * 0.72) y=HEIGHT + 6 height="2"/> }
        });
        let title = format!(
            "{}: {} contract, {}; {} late, {} missed, {} excused, {} open",
            format::day(d.day.0),
            format::share(d.contract),
            format::of(d.contract),
            t.late,
            t.missed,
            t.excused,
            t.open
        );
        view! { <g><title>{title}</title><rect class="hit" x=format!("{x:.2}%") width=format!("{step:.2}%") y="0" height=HEIGHT + 8/>{none}{bars}</g> }
    };
    let every = if slots > 100 {
        30
    } else if slots > 45 {
        7
    } else {
        1
    };
    let ticks = (0..slots)
        .filter(|i| i % every == 0)
        .map(|i| {
            let day = v.from + chrono::Days::new(u64::try_from(i).unwrap_or(0));
            let text = if every == 1 { day.format("%-d") } else { day.format("%-d %b") }.to_string();
            view! { <text class="tick" x=format!("{:.2}%", (i as f64 + 0.5) * step) y=HEIGHT + 24 text-anchor="middle">{text}</text> }
        })
        .collect_view();
    let total: u64 = v.days.iter().map(lost).sum();
    let label = format!(
        "{total} days lost or excused from {} to {}; the table below says the same",
        format::date(v.from),
        format::date(v.to)
    );
    let columns = v.days.iter().map(column).collect_view();
    let body = view! {
        <div class="chart lost">
            <div class="scale short" aria-hidden="true"><span>{format::count(top)}</span><span>"0"</span></div>
            <svg class="plot" width="100%" height=HEIGHT + 30 role="img" aria-label=label>
                <line class="grid" x1="0" x2="100%" y1=HEIGHT + 8 y2=HEIGHT + 8/>
                {columns}{ticks}
            </svg>
        </div>
    }
    .into_any();
    panel("lost", "What was lost", note, body)
}

/// The same range of another tenant.
pub fn tenant_href(v: &SlaView, tenant: &str) -> String {
    range_href(Some(tenant), v.from, v.to)
}
