//! What the replica owes now: the obligation's story, the plan's explanation, the forecast, holds and pauses.

use crate::components::{ahead, empty, hold_list, mark, moment, moment_secs, panel, told};
use crate::format;
use console::{Chance, Mark, OwedView, PauseRow, PlanView, PolicySource, ReplicaView};
use leptos::prelude::*;

/// The obligation in force.
pub fn owed(r: &ReplicaView) -> AnyView {
    let as_of = format::clock_secs(&r.zone, r.as_of);
    let Some(o) = &r.owed else {
        let none = "No SLA day of this replica has been opened yet: the first one opens with its tenant's next window.";
        return panel(
            "obligation",
            "What is owed",
            format!("as of {as_of}"),
            empty(none),
        );
    };
    let sentences = o
        .sentences
        .iter()
        .map(|s| view! { {s.clone()} " " })
        .collect_view();
    let note = format!("{} · as of {as_of}", format::day(o.day));
    let body = view! {
        <div class="text story">
            <p class="headline">{mark(o.mark)} " " {o.headline.clone()}</p>
            <p>{sentences} <a class="act" href=format!("/replicas/{}/days/{}", r.id, o.day)>"The whole day"</a></p>
        </div>
        {o.plan.as_ref().map(|plan| plan_view(r, o, plan))}
    }
    .into_any();
    panel("obligation", "What is owed", note, body)
}

/// Why it waits or runs, and when it is looked at again.
fn plan_view(r: &ReplicaView, o: &OwedView, p: &PlanView) -> AnyView {
    let time = |at| moment_secs(&r.zone, r.as_of, at);
    let since = p.since.map(|at| view! { <div><dt>"Since"</dt><dd>{time(at)} <span class="dim">" · for " {format::age(r.as_of, at)}</span></dd></div> });
    let until = p
        .until
        .map(|at| view! { <div><dt>"Until"</dt><dd>{time(at)}</dd></div> });
    let chance = match o.chance {
        Some(Chance::Known { missed_bp }) => format!("{} to be met", crate::pages::night::chance(missed_bp)),
        Some(Chance::NoEstimate {
            days_seen,
            days_needed,
        }) => format!("no estimate: {days_seen} of {days_needed} closed days"),
        None => "not open any more".to_owned(),
    };
    let turn = match p.turn {
        Some(turn) => format!(
            "{} of {} that could start",
            format::count(turn),
            format::count(p.in_line)
        ),
        None => "does not wait for room".to_owned(),
    };
    view! {
        <article class="blocker">
            <h3>{mark(p.mark)} {p.code.clone().map(|code| view! { <span class="code">{code}</span> })} {p.title.clone()}</h3>
            <p>{p.sentence.clone()}</p>
            <dl>
                {since}{until}
                <div><dt>"Next look at the latest"</dt><dd>{ahead(&r.zone, r.as_of, p.next)}</dd></div>
                <div><dt>"Whose move"</dt><dd>{p.whose.clone()}</dd></div>
                <div><dt>"Slack"</dt><dd>{format::slack(p.slack_secs)} <span class="dim">" · an attempt takes about " {format::span(i64::from(p.expected_secs))}</span></dd></div>
                <div><dt>"Its turn"</dt><dd>{turn} <span class="dim">" · planned " {format::age(r.as_of, p.at)} " ago"</span></dd></div>
                <div><dt>"Chance"</dt><dd>{chance} {o.risk.clone().map(|risk| view! { <span class="dim">" · " {risk}</span> })}</dd></div>
            </dl>
        </article>
    }
    .into_any()
}

/// Holds on it, its tenant or its host.
pub fn holds(r: &ReplicaView, can_lift: bool) -> Option<AnyView> {
    if r.holds.is_empty() {
        return None;
    }
    let note = format!("nothing starts · as of {}", format::clock_secs(&r.zone, r.as_of));
    Some(panel(
        "holds",
        "Held",
        note,
        hold_list(&r.holds, &r.zone, r.as_of, can_lift),
    ))
}

/// Pauses of its primary.
pub fn pauses(r: &ReplicaView) -> Option<AnyView> {
    if r.pauses.is_empty() {
        return None;
    }
    let note = format!("newest first · as of {}", format::clock_secs(&r.zone, r.as_of));
    let row = |p: &PauseRow| {
        let ended = match p.resumed {
            Some(at) => view! { "seen resumed " {moment_secs(&r.zone, r.as_of, at)} ", after " {format::span((at - p.intended).num_seconds())} }.into_any(),
            None => view! { "to be resumed by " {moment_secs(&r.zone, r.as_of, p.until)} }.into_any(),
        };
        let trouble = p
            .trouble
            .clone()
            .map(|text| view! { <p>{mark(Mark::Missed)} " " {told(&r.zone, r.as_of, &text)}</p> });
        view! { <li><div class="line"><b>{mark(p.mark)} " " {p.state.clone()} <span class="mono dim">" " {p.primary.clone()}</span></b><span class="dim">{moment(&r.zone, r.as_of, p.intended)}</span></div><p>{ended}</p>{trouble}</li> }
    };
    let rows = r.pauses.iter().map(row).collect_view();
    Some(panel(
        "pauses",
        "Pauses of the primary",
        note,
        view! { <ul class="list">{rows}</ul> }.into_any(),
    ))
}

/// Which policy it has, in the line below its name.
pub fn policy(r: &ReplicaView) -> Option<AnyView> {
    let p = r.policy.as_ref()?;
    let from = match p.source {
        PolicySource::Replica => "its own",
        PolicySource::Tenant => "its tenant's",
        PolicySource::Site => "the site's",
    };
    Some(view! { " · policy " <a class="act" href=format!("/policies#{}", p.id)>{p.name.clone()}</a> " version " {p.version} ", " {from} }.into_any())
}
