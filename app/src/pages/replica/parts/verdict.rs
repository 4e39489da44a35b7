//! The verdict with each blocker explained: what it is, since when, what releases it, whose move, next look.

use super::head::verdict_mark;
use crate::components::{ahead, mark, moment_secs, panel};
use crate::format;
use console::{BlockerView, ReplicaView, VerdictKind};
use leptos::prelude::*;

/// The panel.
pub fn verdict(r: &ReplicaView) -> AnyView {
    let v = &r.verdict;
    let note = match v.observed {
        Some(at) => format!(
            "read on the host {} ago · as of {}",
            format::age(r.as_of, at),
            format::clock_secs(&r.zone, r.as_of)
        ),
        None => "never read".to_owned(),
    };
    let (answer, why) = match v.kind {
        VerdictKind::Clear => ("Yes, clear", v.sentence.clone()),
        VerdictKind::Unknown => ("Nobody can say, so no", v.sentence.clone()),
        VerdictKind::Blocked => (
            "No",
            format!(
                "{} in the way: a backup now would not be provably crash-consistent.",
                format::things(v.blockers.len() as u64, "thing stands", "things stand")
            ),
        ),
    };
    let since = v
        .since
        .map(|at| view! { <span class="dim">" since " {moment_secs(&r.zone, r.as_of, at)}</span> });
    let blockers = v.blockers.iter().map(|b| blocker(r, b)).collect_view();
    let body = view! {
        <div class="verdict">
            <p class="answer">{mark(verdict_mark(r))} <span><b>{answer}</b>{since}<br/>{why}</span></p>
            {blockers}
        </div>
    }
    .into_any();
    panel("verdict", "May it be backed up now?", note, body)
}

fn blocker(r: &ReplicaView, b: &BlockerView) -> AnyView {
    let since = match b.since {
        Some(at) => view! { {moment_secs(&r.zone, r.as_of, at)} <span class="dim">" · for " {format::age(r.as_of, at)}</span> }.into_any(),
        None => "not known".into_any(),
    };
    view! {
        <article class="blocker">
            <h3>{mark(b.mark)} <span class="code">{b.code.clone()}</span> {b.title.clone()}</h3>
            <p>{b.sentence.clone()}</p>
            <dl>
                <div><dt>"What says so"</dt><dd>{b.evidence.clone()}</dd></div>
                <div><dt>"Since"</dt><dd>{since}</dd></div>
                <div><dt>"Usually lasts"</dt><dd>{b.lasts.clone()}</dd></div>
                <div><dt>"Released when"</dt><dd>{b.releases.clone()}</dd></div>
                <div><dt>"Whose move"</dt><dd>{b.whose.clone()}</dd></div>
                <div><dt>"Next look"</dt><dd>{ahead(&r.zone, r.as_of, b.next_look)}</dd></div>
            </dl>
        </article>
    }
    .into_any()
}
