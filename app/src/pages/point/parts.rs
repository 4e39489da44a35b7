//! Evidence, panel by panel.

use crate::components::{command, crumb, empty, figure, mark, panel, told};
use crate::format;
use console::{CheckRow, LookRow, Mark, PointView, Zone};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(p: &PointView, can_take: bool) -> AnyView {
    let row = &p.row;
    let crumbs = crumb(vec![
        ("/points".to_owned(), "Restore points".to_owned()),
        (format!("/replicas/{}", row.replica), row.name.clone()),
    ]);
    let sub = format!(
        "Taken {} on {} · {} of {} · crash-consistent: the replica VM is off, so no application could take part",
        format::full(&p.zone, row.taken),
        row.host,
        format::things(u64::from(row.disks), "disk", "disks"),
        row.tenant,
    );
    let id = row.id.to_string();
    view! {
        <div class="head"><div>{crumbs}<h1>"Restore point of " {row.name.clone()} " " <span class="mono id" title=id.clone()>{format::short_id(&id)}</span></h1><p class="sub">{sub}</p></div></div>
        <div class="figures four">
            {figure("Proof", view! { <span class="words">{mark(row.mark)} " " {row.proof.clone()}</span> }.into_any(), String::new(), "at the host's job list, and one before".to_owned())}
            {figure("Applies held back", format::span(i64::try_from(p.held_secs).unwrap_or(i64::MAX)).into_any(), String::new(), "from checkpoint to end of export".to_owned())}
            {figure("Size", format::bytes(row.size_bytes).into_any(), String::new(), format!("{} new to the vault", format::bytes(row.added_bytes)))}
            {figure("Sealed", format::moment(&p.zone, p.as_of, row.sealed).into_any(), String::new(), format!("{} after the checkpoint", format::span((row.sealed - row.taken).num_seconds())))}
        </div>
        {checks(p)}
        <div class="columns">
            <div>{way_out(p)}{looks(p)}{answers(p)}{document(p)}</div>
            <div>{disks(p, can_take)}{seal(p)}</div>
        </div>
    }
    .into_any()
}

fn checks(p: &PointView) -> AnyView {
    let good = p.checks.iter().filter(|c| c.mark == Mark::Met).count();
    let row = |c: &CheckRow| view! { <li><div class="line"><b>{mark(c.mark)} " " {c.title.clone()}</b></div><p>{told(&p.zone, p.as_of, &c.sentence)}</p></li> };
    let rows = p.checks.iter().map(row).collect_view();
    panel(
        "checks",
        "What was checked",
        format!("{good} of {} hold", p.checks.len()),
        view! { <ul class="list checks">{rows}</ul> }.into_any(),
    )
}

fn looks(p: &PointView) -> AnyView {
    if p.looks.is_empty() {
        return panel(
            "looks",
            "Looks at the job list",
            "none".to_owned(),
            empty("No look is recorded."),
        );
    }
    let utc = Zone::utc();
    let row = |l: &LookRow| {
        let gap = l.gap_secs.map_or_else(|| "—".to_owned(), |s| format!("{s} s"));
        let apply = l
            .last_apply
            .map_or_else(|| "never".to_owned(), |at| format::clock_secs(&utc, at));
        let text = if l.applies == 0 {
            "none".to_owned()
        } else {
            l.applies_text.clone()
        };
        let text = told(&utc, p.as_of, &text);
        view! { <tr><td class="first">{format::clock_secs(&utc, l.host_time)}</td><td class="num second">{gap}</td><td class="num second">{apply}</td><td class="second">{text}</td></tr> }
    };
    let rows = p.looks.iter().map(row).collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr><th scope="col">"Host's clock"</th><th scope="col" class="num">"After"</th><th scope="col" class="num">"Last apply"</th><th scope="col">"Applies in the list"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel(
        "looks",
        "Looks at the job list",
        "checkpoint to end of export · host's clock, UTC · 60 s apart at most".to_owned(),
        body,
    )
}

fn answers(p: &PointView) -> AnyView {
    if p.answers.is_empty() {
        return panel(
            "answers",
            "What the host answered",
            "nothing recorded".to_owned(),
            empty("No answer is recorded."),
        );
    }
    let rows = p
        .answers
        .iter()
        .map(|a| {
            let job = a.job.clone().unwrap_or_else(|| "—".to_owned());
            view! { <tr><td class="first">{a.step.clone()}</td><td class="second mono">{a.request.clone()}</td><td class="num side">{a.return_value}</td><td class="second">{told(&p.zone, p.as_of, &job)}</td></tr> }
        })
        .collect_view();
    let body = view! {
        <table class="rows">
            <thead><tr><th scope="col">"Step"</th><th scope="col">"Request"</th><th scope="col" class="num">"Answer"</th><th scope="col">"Job"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any();
    panel(
        "answers",
        "What the host answered",
        format::things(p.answers.len() as u64, "request", "requests"),
        body,
    )
}

fn document(p: &PointView) -> AnyView {
    let body = view! { <details class="more"><summary>"Evidence as stored"</summary><pre class="mono" tabindex="0">{p.document.clone()}</pre></details> }.into_any();
    panel(
        "document",
        "The document",
        format!(
            "attempt {} · token {}",
            format::short_id(&p.attempt.to_string()),
            p.token
        ),
        body,
    )
}

fn disks(p: &PointView, can_take: bool) -> AnyView {
    let rows = p
        .disks
        .iter()
        .map(|d| {
            let take = d.disk.filter(|_| can_take).map(|disk| {
                let href = format!("/api/v1/points/{}/disks/{disk}", p.row.id);
                let label = format!("Download {} as VHDX", d.name);
                view! { <a class="act" href=href rel="external" download="" aria-label=label>"Download"</a> }
            });
            view! { <li><div class="line"><span class="mono">{d.name.clone()}</span>{take}<span class="dim">{format::bytes(d.bytes)}</span></div><p class="mono dim" title=d.blake3.clone()>"BLAKE3 " {format::short_id(&d.blake3)}</p></li> }
        })
        .collect_view();
    panel(
        "files",
        "Disks and files",
        "digests over what was exported".to_owned(),
        view! { <ul class="list">{rows}</ul> }.into_any(),
    )
}

fn seal(p: &PointView) -> AnyView {
    let signed = p.seal.as_ref().map(|s| {
        let previous = s.previous.clone().map_or_else(|| "first of the tenant's chain".to_owned(), |d| format::short_id(&d));
        view! {
            <div><dt>"Signature"</dt><dd class="mono" title=s.signature.clone()>{s.algorithm.clone()} " " {format::short_id(&s.signature)}</dd></div>
            <div><dt>"Key"</dt><dd class="mono" title=s.key.clone()>{format::short_id(&s.key)}</dd></div>
            <div><dt>"Point before it"</dt><dd class="mono">{previous}</dd></div>
        }
    });
    let body = view! { <dl class="facts"><div><dt>"Basis of trust"</dt><dd>{told(&p.zone, p.as_of, &p.basis)}</dd></div>{signed}</dl> }.into_any();
    panel(
        "seal",
        "Seal and basis",
        format!(
            "sealed {} {}",
            format::moment_secs(&p.zone, p.as_of, p.row.sealed),
            p.zone.name
        ),
        body,
    )
}

fn way_out(p: &PointView) -> AnyView {
    let commands = p.commands.iter().map(command).collect_view();
    let repository = p
        .repository
        .clone()
        .map(|r| view! { <p class="mono dim wrap">{r}</p> });
    let body = view! {
        <div class="text">
            <p>"Never onto a live replica: restore into files, then import them. A file that exists is not replaced."</p>
            {commands}
            <p>"The repository is restic's format; a tenant can leave with stock restic."</p>
            {repository}
            <p class="mono dim wrap">"snapshot " {p.row.snapshot.clone()}</p>
        </div>
    }
    .into_any();
    panel("out", "Restore", "commands for the server".to_owned(), body)
}
