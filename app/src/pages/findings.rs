//! Findings: what a person should look at and no attempt owns, each with where, since when and what to do.

use crate::components::{empty, error_notice, loading, mark, moment, panel, told};
use crate::errors::Fault;
use crate::format;
use crate::live::use_live;
use console::{FindingView, FindingsView, Mark};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "findings", input = Json)]
async fn findings() -> Result<FindingsView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.findings().await)
}

/// All of them, longest standing first.
#[component]
pub fn Findings() -> impl IntoView {
    let live = use_live();
    let view = Resource::new(move || live.version(), |_| findings());
    view! {
        <Title text="Findings"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => page(&view),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn page(v: &FindingsView) -> AnyView {
    let note = format!(
        "{} · longest standing first · as of {}",
        format::things(v.rows.len() as u64, "finding", "findings"),
        format::clock_secs(&v.zone, v.as_of)
    );
    let body = match v.rows.is_empty() {
        true => empty("Nothing was found that needs a person."),
        false => rows(v),
    };
    view! {
        <div class="head"><div><h1>"Findings"</h1><p class="sub">"What no attempt owns and a person should look at. A finding goes by itself once it is not found any more. Times in " {v.zone.name.clone()} "."</p></div></div>
        {panel("findings", "To look at", note, body)}
    }
    .into_any()
}

fn rows(v: &FindingsView) -> AnyView {
    let rows = v
        .rows
        .iter()
        .enumerate()
        .map(|(i, it)| row(v, i, it))
        .collect_view();
    view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"What"</th><th scope="col">"Where"</th><th scope="col" class="num">"Since"</th><th scope="col">"What to do"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(v: &FindingsView, i: usize, it: &FindingView) -> AnyView {
    let replica = it.replica.map(|id| {
        let name = it.name.clone().unwrap_or_else(|| id.to_string());
        view! { <a href=format!("/replicas/{id}")>{name}</a> " " }
    });
    let host = it
        .host
        .as_ref()
        .map(|host| view! { <span class="dim">{host.to_string()}</span> });
    view! {
        <tr data-row=i>
            <td class="first reason"><span class="standing">{mark(Mark::Late)}<span><b>{it.title.clone()}</b><br/>{told(&v.zone, v.as_of, &it.text)}</span></span></td>
            <td class="second">{replica}{host}</td>
            <td class="num second">{moment(&v.zone, v.as_of, it.since)}</td>
            <td class="second reason">{it.what_to_do.clone()}</td>
        </tr>
    }
    .into_any()
}
