//! What people did, newest first.

use crate::components::{empty, error_notice, loading, moment_secs, panel};
use crate::errors::Fault;
use crate::format;
use crate::live::use_live;
use console::{ActivityRow, ActivityView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "activity", input = Json)]
async fn activity() -> Result<ActivityView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.activity().await)
}

/// The list.
#[component]
pub fn Activity() -> impl IntoView {
    let live = use_live();
    let view = Resource::new(move || live.version(), |_| activity());
    view! {
        <Title text="Activity"/>
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

fn page(v: &ActivityView) -> AnyView {
    let note = format!(
        "newest first, at most 200 · as of {}",
        format::clock_secs(&v.zone, v.as_of)
    );
    let row = |(i, r): (usize, &ActivityRow)| {
        let on = match &r.href {
            Some(href) => view! { <a href=href.clone()>{r.on.clone()}</a> }.into_any(),
            None => r.on.clone().into_any(),
        };
        view! {
            <tr data-row=i>
                <td class="first when">{moment_secs(&v.zone, v.as_of, r.at)}</td>
                <td class="side">{r.what.clone()}</td>
                <td class="second">{on}</td>
                <td class="second reason">{r.text.clone()}</td>
                <td class="second">{r.author.clone()}</td>
            </tr>
        }
    };
    let body = if v.rows.is_empty() {
        empty("Nobody has done anything by hand yet.")
    } else {
        let rows = v.rows.iter().enumerate().map(row).collect_view();
        view! {
            <table class="rows">
                <thead><tr><th scope="col">"When"</th><th scope="col">"What"</th><th scope="col">"On"</th><th scope="col">"Reason"</th><th scope="col">"By"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <div class="head"><div><h1>"Activity"</h1><p class="sub">"Holds, acknowledgements, corrections and policies: who did what, and why. Times in " {v.zone.name.clone()} "."</p></div></div>
        {panel("activity", "By hand", note, body)}
    }
    .into_any()
}
