//! The day's terms, whose it was, and its corrections.

use crate::components::form::{choice, deed, hidden, text};
use crate::components::{empty, mark, moment, panel};
use crate::format;
use console::forms::Told;
use console::{AttributionView, CorrectionRow, DayView, ShareRow};
use leptos::prelude::*;

fn as_of(d: &DayView) -> String {
    format!("as of {}", format::clock_secs(&d.zone, d.as_of))
}

/// The terms as frozen.
pub fn terms(d: &DayView) -> AnyView {
    let facts = d
        .terms
        .iter()
        .map(|f| view! { <div><dt>{f.label.clone()}</dt><dd>{f.value.clone()}</dd></div> })
        .collect_view();
    let body = view! { <dl class="facts">{facts}</dl> }.into_any();
    let href = format!("/policies#{}", d.policy);
    let note = view! { <a class="act" href=href>{d.policy.clone()}</a> " version " {d.policy_version} };
    view! {
        <section class="panel" id="terms" aria-labelledby="terms-title">
            <header><h2 id="terms-title">"Terms, as frozen"</h2><span class="note">{note}</span></header>
            {body}
        </section>
    }
    .into_any()
}

/// Whose a lost day was, with what took how much of its window.
pub fn attribution(d: &DayView) -> Option<AnyView> {
    let a = d.attribution.as_ref()?;
    let note = format!("by the blockers that were seen · {}", as_of(d));
    let cause = match &a.cause {
        Some(code) => format!(", most of it {code}"),
        None => String::new(),
    };
    let rows = a.shares.iter().map(|s| share(a, s)).collect_view();
    let table = if a.shares.is_empty() {
        empty("No blocker was seen in its window.")
    } else {
        view! {
            <table class="rows">
                <thead><tr><th scope="col">"Blocker"</th><th scope="col">"Whose"</th><th scope="col"><span class="hidden">"Share"</span></th><th scope="col" class="num">"Took"</th><th scope="col" class="num">"Of the window"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    let secs = |n: u64| format::span(i64::try_from(n).unwrap_or(i64::MAX));
    let usable = if a.gap_secs >= a.usable_secs {
        "which was enough for an attempt"
    } else {
        "which was too short for an attempt"
    };
    let body = view! {
        <p class="text">"Up to " <b>{a.owner.clone()}</b>{cause}". Without the tenant's and others' blockers the longest free stretch of the window was " {secs(a.gap_secs)} ", " {usable} " (" {secs(a.usable_secs)} ")."</p>
        {table}
    }
    .into_any();
    Some(panel("attribution", "Whose it was", note, body))
}

fn share(a: &AttributionView, s: &ShareRow) -> AnyView {
    let percent = s.secs as f64 / a.window_secs.max(1) as f64 * 100.0;
    view! {
        <tr>
            <td class="first"><span class="code">{s.code.clone()}</span> " " {s.title.clone()}</td>
            <td class="second">{s.owner.clone()}</td>
            <td class="meter-cell"><svg class="meter" width="100%" height="7" aria-hidden="true"><rect width="100%" height="7" rx="1.5" class="ground"/><rect width=format!("{percent:.0}%") height="7" rx="1.5" class="fill"/></svg></td>
            <td class="num">{format::span(i64::try_from(s.secs).unwrap_or(i64::MAX))}</td>
            <td class="num second side">{format::percent(s.secs, a.window_secs)}</td>
        </tr>
    }
    .into_any()
}

/// What was appended; the original stays above.
pub fn corrections(d: &DayView) -> Option<AnyView> {
    if d.corrections.is_empty() {
        return None;
    }
    let row = |c: &CorrectionRow| {
        view! {
            <tr>
                <td class="first num-left">{c.seq}</td>
                <td class="side"><span class="standing">{mark(c.mark)}<span>{c.change.clone()}</span></span></td>
                <td class="second reason">{c.reason.clone()}</td>
                <td class="second">{c.author.clone()}</td>
                <td class="num second">{moment(&d.zone, d.as_of, c.at)}</td>
            </tr>
        }
    };
    let rows = d.corrections.iter().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr><th scope="col">"No."</th><th scope="col">"Correction"</th><th scope="col">"Reason"</th><th scope="col">"By"</th><th scope="col" class="num">"When"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    Some(panel(
        "corrections",
        "Corrections",
        format!("the last one counts · {}", as_of(d)),
        body,
    ))
}

/// The form to append one.
pub fn correct(d: &DayView) -> AnyView {
    if let Some(why) = &d.uncorrectable {
        let body = view! { <p class="notice">{why.clone()}</p> }.into_any();
        return panel("correct", "Correct this day", String::new(), body);
    }
    let options = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(value, words)| ((*value).to_owned(), (*words).to_owned()))
            .collect()
    };
    let mut changes = vec![
        ("excuse", "Excuse: leave it out of the contract"),
        ("attribute", "Attribute: it stays lost, and is theirs"),
    ];
    if !d.corrections.is_empty() {
        changes.push(("restore", "Restore what the rule said"));
    }
    let owners = [
        ("tenant", "the tenant"),
        ("external", "neither: a carrier, a disaster"),
        ("provider", "the provider (attribute only)"),
    ];
    let fields = view! {
        {hidden("replica", d.replica.to_string())}
        {hidden("day", d.day.to_string())}
        <div class="fields one">
            {choice("Correction", "change", options(&changes), "excuse")}
            {choice("Whose it was", "owner", options(&owners), "tenant")}
            {text("Reason", "reason", "", "It stands in the report beside your name.")}
        </div>
    }
    .into_any();
    let back = format!("/replicas/{}/days/{}", d.replica, d.day);
    let body = view! {
        <div class="text">
            <p>"A correction is appended and visible; what the day was closed as stays."</p>
            {deed("/forms/correct", Told::Correct, &back, false, "Append the correction", fields)}
        </div>
    }
    .into_any();
    panel("correct", "Correct this day", String::new(), body)
}
