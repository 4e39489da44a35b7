//! The day's head, its story, its attempts.

use super::side::{attribution, correct, corrections, terms};
use crate::components::form::done;
use crate::components::{crumb, empty, figure, mark, panel, timeline};
use crate::format;
use crate::pages::lists::attempt_table;
use crate::urlq::escape;
use chrono::NaiveDate;
use console::DayView;
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(d: &DayView, can_correct: bool, told: Option<String>) -> AnyView {
    view! {
        {head(d)}
        {done(told)}
        {figures(d)}
        {story(d)}
        {timeline(&d.timeline, &d.zone, d.as_of)}
        <div class="columns">
            <div>{attempts(d)}{attribution(d)}{corrections(d)}</div>
            <div>{terms(d)}{can_correct.then(|| correct(d))}</div>
        </div>
    }
    .into_any()
}

fn head(d: &DayView) -> AnyView {
    let crumbs = crumb(vec![
        (
            format!("/replicas?tenant={}", escape(&d.tenant)),
            d.tenant.clone(),
        ),
        ("/replicas".to_owned(), "Replicas".to_owned()),
        (format!("/replicas/{}", d.replica), d.name.clone()),
    ]);
    let link = |day: Option<NaiveDate>, label: &'static str, words: fn(String) -> String| {
        day.map(|day| {
            let text = words(day.format("%-d %b").to_string());
            view! { <a class="button" href=format!("/replicas/{}/days/{day}", d.replica) title=label>{text}</a> }
        })
    };
    view! {
        <div class="head">
            <div>
                {crumbs}
                <h1>{format::day(d.day)} " " <span class="id">{d.name.clone()}</span></h1>
                <p class="sub">"SLA day in " {d.zone.name.clone()} ", in which all times here are. The window and the terms were frozen when it opened."</p>
            </div>
            <div class="actions">{link(d.previous, "The day before", |m| format!("← {m}"))}{link(d.next, "The day after", |m| format!("{m} →"))}</div>
        </div>
    }
    .into_any()
}

fn figures(d: &DayView) -> AnyView {
    let words = |text: String| view! { <span class="words">{mark(d.mark)} " " {text}</span> }.into_any();
    let closed = match (&d.closed_as, d.closed_at) {
        (Some(was), _) => format!("closed as {} and corrected", was.to_lowercase()),
        (None, Some(at)) => format!("closed {}", format::moment(&d.zone, d.as_of, at)),
        (None, None) => "still open".to_owned(),
    };
    let at = |at| format::moment(&d.zone, d.as_of, at);
    let opened = if (d.opened_at - d.opens).num_seconds() > 60 {
        format!(
            "opened {} after its time, ",
            format::span((d.opened_at - d.opens).num_seconds())
        )
    } else {
        String::new()
    };
    let length = format::span((d.due - d.opens).num_seconds());
    let tried = d.attempts_total.saturating_sub(d.deferrals);
    view! {
        <div class="figures four">
            {figure("Outcome", words(d.outcome.clone()), String::new(), closed)}
            {figure("Window", view! { <span class="words">{at(d.opens)} " – " {at(d.due)}</span> }.into_any(), String::new(), format!("{length} · {opened}late until {}", at(d.next_open)))}
            {figure("Attempts charged", format::count(u64::from(tried)).into_any(), String::new(), format!("{} failed", format::count(u64::from(d.failures))))}
            {figure("Deferrals", format::count(u64::from(d.deferrals)).into_any(), String::new(), "waiting costs no attempt".to_owned())}
        </div>
    }
    .into_any()
}

fn story(d: &DayView) -> AnyView {
    let sentences = d
        .sentences
        .iter()
        .map(|s| view! { {s.clone()} " " })
        .collect_view();
    let point = d
        .point
        .map(|id| view! { <a class="act" href=format!("/points/{id}")>"Evidence of the restore point"</a> });
    let body = view! {
        <div class="text story">
            <p class="headline">{mark(d.mark)} " " {d.headline.clone()}</p>
            <p>{sentences}</p>
            {point.map(|point| view! { <p>{point}</p> })}
        </div>
    }
    .into_any();
    panel(
        "story",
        "What became of it",
        format!("as of {}", format::clock_secs(&d.zone, d.as_of)),
        body,
    )
}

fn attempts(d: &DayView) -> AnyView {
    let note = format!(
        "in the order they began · as of {}",
        format::clock_secs(&d.zone, d.as_of)
    );
    let body = if d.attempts.is_empty() {
        empty("No attempt was begun for this day.")
    } else {
        attempt_table(&d.attempts, &d.zone, d.as_of, false)
    };
    panel("attempts", "Attempts of this day", note, body)
}
