//! The verdict with each blocker explained: what it is, since when, what releases it, whose move, next look.

use super::super::model::is_stale;
use super::head::verdict_mark;
use crate::components::{ahead, mark, moment_secs, panel_of, told};
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
    let groups = groups(&v.blockers);
    let (answer, why) = match v.kind {
        VerdictKind::Clear => ("Yes, clear", v.sentence.clone()),
        VerdictKind::Unknown => ("Nobody can say, so no", v.sentence.clone()),
        VerdictKind::Blocked => (
            "No",
            format!(
                "{} in the way: a backup now would not be provably crash-consistent.",
                format::things(groups.len() as u64, "thing stands", "things stand")
            ),
        ),
    };
    let since = v
        .since
        .map(|at| view! { <span class="dim">" since " {moment_secs(&r.zone, r.as_of, at)}</span> });
    let blockers = groups.iter().map(|same| blocker(r, same)).collect_view();
    let body = view! {
        <div class="verdict">
            <p class="answer">{mark(verdict_mark(r))} <span><b>{answer}</b>{since}<br/>{told(&r.zone, r.as_of, &why)}</span></p>
            {blockers}
        </div>
    }
    .into_any();
    panel_of("verdict", "May it be backed up now?", note, is_stale(r), body)
}

/// The same blocker seen twice (by its state and by its job) is one thing in the way, with two things that say so.
fn groups(blockers: &[BlockerView]) -> Vec<Vec<&BlockerView>> {
    let mut groups: Vec<Vec<&BlockerView>> = Vec::new();
    for blocker in blockers {
        let same = groups.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| first.code == blocker.code && first.title == blocker.title)
        });
        match same {
            Some(group) => group.push(blocker),
            None => groups.push(vec![blocker]),
        }
    }
    groups
}

fn blocker(r: &ReplicaView, same: &[&BlockerView]) -> AnyView {
    let Some(b) = same.first() else {
        return ().into_any();
    };
    let evidence = same
        .iter()
        .map(|b| view! { <dd>{told(&r.zone, r.as_of, &b.evidence)}</dd> })
        .collect_view();
    let since = match b.since {
        Some(at) => view! { {moment_secs(&r.zone, r.as_of, at)} <span class="dim">" · for " {format::age(r.as_of, at)}</span> }.into_any(),
        None => "not known".into_any(),
    };
    view! {
        <article class="blocker">
            <h3>{mark(b.mark)} <span class="code">{b.code.clone()}</span> {b.title.clone()}</h3>
            <p>{b.sentence.clone()}</p>
            <dl>
                <div><dt>"What says so"</dt>{evidence}</div>
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
