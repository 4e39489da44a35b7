//! Name, what can be done, and the four figures.

use super::super::api::BackUpNow;
use super::super::model::{cadence, kept, marked};
use crate::components::{crumb, figure, mark, none};
use crate::format;
use crate::may::May;
use crate::urlq::escape;
use console::{Mark, Permission, ReplicaView, VerdictKind};
use leptos::form::ActionForm;
use leptos::prelude::*;

/// Title line with the one action.
pub fn head(r: &ReplicaView, may: &May, back_up: ServerAction<BackUpNow>) -> AnyView {
    let crumbs = crumb(vec![
        (
            format!("/replicas?tenant={}", escape(&r.tenant)),
            r.tenant.clone(),
        ),
        ("/replicas".to_owned(), "Replicas".to_owned()),
    ]);
    let guid = r.vm.to_string();
    let size = r
        .size_bytes
        .map(|n| format!(", {}", format::bytes(n)))
        .unwrap_or_default();
    let sub = format!(
        " · every {} · {}{size} · crash-consistent, as a switched-off replica can only be",
        format::span(i64::from(r.interval_secs)),
        format::things(r.disks.len() as u64, "disk", "disks"),
    );
    let primary = r
        .primary
        .clone()
        .unwrap_or_else(|| "a primary that is not known".to_owned());
    let short = format!("{} on {}", format::short_id(&guid), r.host);
    let (id, name) = (r.id.to_string(), r.name.clone());
    let to = |deed: &str| format!("/replicas/{}?do={deed}", r.id);
    let policy = may
        .to(Permission::ManagePolicies)
        .then(|| view! { <a class="button" href=to("policy")>"Policy…"</a> });
    let hold = may
        .to(Permission::Hold)
        .then(|| view! { <a class="button" href=to("hold")>"Hold…"</a> });
    let cancel = r
        .running
        .filter(|_| may.to(Permission::CancelAttempt))
        .map(|_| view! { <a class="button" href=to("cancel")>"Cancel attempt…"</a> });
    let restore = r.points.first().map(|newest| {
        view! { <a class="button" href=format!("/points/{}#out", newest.id)>"Restore…"</a> }
    });
    let now = may.to(Permission::BackUpNow).then(|| {
        view! {
            <ActionForm action=back_up>
                <input type="hidden" name="id" value=id/>
                <button class="primary" type="submit" disabled=move || back_up.pending().get()>"Back up now"</button>
            </ActionForm>
        }
    });
    view! {
        <div class="head">
            <div>
                {crumbs}
                <h1>{name} " " <span class="mono id" title=guid>{short}</span></h1>
                <p class="sub">"Replica of " <b>{primary}</b>{sub}{super::owed::policy(r)}</p>
            </div>
            <div class="actions">
                {policy}
                {hold}
                {cancel}
                {restore}
                {now}
            </div>
        </div>
    }
    .into_any()
}

/// What came of the request. Requested is all that is known until the host confirms.
pub fn notice(back_up: ServerAction<BackUpNow>, requested: bool) -> impl IntoView {
    move || {
        match back_up.value().get() {
        Some(Ok(answer)) => Some(view! { <p class="said" role="status">{mark(Mark::Running)} " " {answer.text}</p> }.into_any()),
        Some(Err(fault)) => Some(view! { <p class="said bad" role="alert">{mark(Mark::Missed)} " " {format::capital(&fault.to_string())} "."</p> }.into_any()),
        None if requested => Some(
            view! { <p class="said" role="status">{mark(Mark::Running)} " Requested: one attempt is made now. What came of it stands in the retry history; if a blocker puts it off, the night's plan goes on as before."</p> }.into_any(),
        ),
        None => None,
    }
    }
}

/// Tonight, right now, the last days, still points.
pub fn figures(r: &ReplicaView) -> AnyView {
    let left = (r.due - r.as_of).num_seconds();
    let due = format!(
        "{} {}",
        if left > 0 { "due" } else { "was due" },
        format::moment(&r.zone, r.as_of, r.due)
    );
    let deferrals = format::things(u64::from(r.deferrals_tonight), "deferral", "deferrals");
    let tonight_at = match (r.tonight.mark, r.tonight.at) {
        (Mark::Met, Some(at)) => format!(" {}", format::moment(&r.zone, r.as_of, at)),
        _ => String::new(),
    };
    let words = |m: Mark, text: String| view! { <span class="words">{mark(m)} " " {text}</span> }.into_any();
    let (met, owed) = kept(&r.days);
    let mut others: Vec<String> = Vec::new();
    for (m, word) in [
        (Mark::Missed, "missed"),
        (Mark::Late, "late"),
        (Mark::Excused, "excused"),
        (Mark::Unknown, "not known"),
    ] {
        let n = marked(&r.days, m);
        if n > 0 {
            others.push(format!("{n} {word}"));
        }
    }
    let others = match (owed, others.is_empty()) {
        (0, _) => "no day was owed yet; today is open".to_owned(),
        (_, true) => "no other outcome".to_owned(),
        (_, false) => others.join(" · "),
    };
    let (percent, raw) = match owed {
        0 => (none(), String::new()),
        _ => (
            format::percent(met, owed).into_any(),
            format!("raw, {met} of {owed}"),
        ),
    };
    let still = match &r.cadence {
        Some(c) => {
            let next = c
                .next_gap
                .map(|at| {
                    if at <= r.as_of {
                        "expected now · ".to_owned()
                    } else {
                        format!("next expected {} · ", format::moment_secs(&r.zone, r.as_of, at))
                    }
                })
                .unwrap_or_default();
            figure(
                "Still points",
                c.still_percent.to_string().into_any(),
                "% of the time".to_owned(),
                format!("{next}{}", cadence(c)),
            )
        }
        None => figure(
            "Still points",
            none(),
            String::new(),
            "too few applies seen to tell".to_owned(),
        ),
    };
    view! {
        <div class="figures four">
            {figure("Tonight", words(r.tonight.mark, format!("{}{tonight_at}", r.tonight.text)), String::new(), format!("{due} · {deferrals}"))}
            {figure("Right now", words(verdict_mark(r), r.verdict.title.clone()), String::new(), now_below(r))}
            {figure("28 days", percent, raw, others)}
            {still}
        </div>
    }
    .into_any()
}

/// The mark of the verdict: a clear gate is good, unknown is hatched, else the first blocker's.
pub fn verdict_mark(r: &ReplicaView) -> Mark {
    match r.verdict.kind {
        VerdictKind::Clear => Mark::Met,
        VerdictKind::Unknown => Mark::Unknown,
        VerdictKind::Blocked => r.verdict.blockers.first().map_or(Mark::Late, |b| b.mark),
    }
}

fn now_below(r: &ReplicaView) -> String {
    let code = r
        .verdict
        .blockers
        .first()
        .map(|b| format!("{} · ", b.code))
        .unwrap_or_default();
    let since = r
        .verdict
        .since
        .filter(|_| r.verdict.kind != VerdictKind::Clear)
        .map(|at| format!("for {} · ", format::age(r.as_of, at)))
        .unwrap_or_default();
    let seen = r.verdict.observed.map_or_else(
        || "never observed".to_owned(),
        |at| format!("observed {} ago", format::age(r.as_of, at)),
    );
    format!("{code}{since}{seen}")
}
