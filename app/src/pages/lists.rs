//! All attempts and all restore points, newest first; their tables are the replica's as well.

mod api;
mod tables;

use crate::components::{empty, error_notice, loading};
use crate::format;
use crate::live::use_live;
use console::{AttemptQuery, AttemptsPage, PointQuery, PointsPage};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
pub use tables::{attempt_table, point_table};

const LIMIT: u32 = 100;

/// Where the page begins: `?cursor=`, the `next` of the page before.
fn cursor() -> Memo<Option<String>> {
    let url = use_query_map();
    Memo::new(move |_| url.read().get("cursor").filter(|text| !text.is_empty()))
}

/// All restore points.
#[component]
pub fn Points() -> impl IntoView {
    let live = use_live();
    let cursor = cursor();
    let page = Resource::new(
        move || (cursor.get(), live.version()),
        |(cursor, _)| {
            api::points(PointQuery {
                replica: None,
                cursor,
                limit: LIMIT,
            })
        },
    );
    view! {
        <Title text="Restore points"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => points(&page, cursor.get_untracked().is_some()),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn points(page: &PointsPage, later: bool) -> AnyView {
    let body = if page.rows.is_empty() {
        empty("No restore point here yet.")
    } else {
        point_table(&page.rows, &page.zone, page.as_of, true)
    };
    let note = format!(
        "{} of {} · newest first · as of {} {}",
        page.rows.len(),
        format::count(page.total),
        format::clock_secs(&page.zone, page.as_of),
        page.zone.name
    );
    list(
        "Restore points",
        "Every one is crash-consistent and carries its evidence.",
        note,
        body,
        "/points",
        later,
        page.next.clone(),
    )
}

/// All attempts.
#[component]
pub fn Attempts() -> impl IntoView {
    let live = use_live();
    let cursor = cursor();
    let page = Resource::new(
        move || (cursor.get(), live.version()),
        |(cursor, _)| {
            api::attempts(AttemptQuery {
                replica: None,
                cursor,
                limit: LIMIT,
            })
        },
    );
    view! {
        <Title text="Attempts"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => attempts(&page, cursor.get_untracked().is_some()),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn attempts(page: &AttemptsPage, later: bool) -> AnyView {
    let body = if page.rows.is_empty() {
        empty("No attempt here yet.")
    } else {
        attempt_table(&page.rows, &page.zone, page.as_of, true)
    };
    let note = format!(
        "{} · newest first · as of {} {}",
        format::things(page.rows.len() as u64, "attempt", "attempts"),
        format::clock_secs(&page.zone, page.as_of),
        page.zone.name
    );
    list(
        "Attempts",
        "Waiting is not failing: a deferral costs no attempt and names its blocker.",
        note,
        body,
        "/attempts",
        later,
        page.next.clone(),
    )
}

fn list(
    title: &'static str,
    sub: &'static str,
    note: String,
    body: AnyView,
    path: &'static str,
    later: bool,
    next: Option<String>,
) -> AnyView {
    let pager = (later || next.is_some()).then(|| {
        let newest = later.then(|| view! { <a class="button" rel="first" href=path>"← Newest"</a> });
        let older = next.map(|cursor| {
            let href = format!("{path}?cursor={}", crate::urlq::escape(&cursor));
            view! { <a class="button" rel="next" href=href>"Older →"</a> }
        });
        view! { <nav class="pager" aria-label="Pages">{newest}{older}</nav> }
    });
    view! {
        <div class="head"><div><h1>{title}</h1><p class="sub">{sub}</p></div></div>
        <div class="tools"><span></span><span class="note">{note}</span></div>
        <section class="panel" aria-label=title>{body}</section>
        {pager}
    }
    .into_any()
}
