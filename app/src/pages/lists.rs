//! All attempts and all restore points, newest first; their tables are the replica's as well.

mod api;
mod tables;

use crate::components::{empty, error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::format;
use crate::live::use_live;
use console::{AttemptQuery, AttemptsPage, PointQuery, PointsPage, UiError};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
pub use tables::{attempt_table, point_table};

const LIMIT: u32 = 100;

type Before = Result<Option<chrono::DateTime<chrono::Utc>>, UiError>;

/// Where the page begins: `?before=2026-11-22T22:57:03Z`.
fn before() -> Memo<Before> {
    let url = use_query_map();
    Memo::new(
        move |_| match url.read().get("before").filter(|t| !t.is_empty()) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| UiError::Invalid {
                field: "before".to_owned(),
                text: "a time such as 2026-11-22T22:57:03Z is expected".to_owned(),
            }),
        },
    )
}

fn refuse<T>(error: UiError) -> Result<T, Fault> {
    set_status(error.status());
    Err(Fault(error))
}

/// All restore points.
#[component]
pub fn Points() -> impl IntoView {
    let live = use_live();
    let before = before();
    let page = Resource::new(
        move || (before.get(), live.version()),
        |(before, _)| async move {
            match before {
                Ok(before) => {
                    api::points(PointQuery {
                        replica: None,
                        before,
                        limit: LIMIT,
                    })
                    .await
                }
                Err(error) => refuse(error),
            }
        },
    );
    view! {
        <Title text="Restore points"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => points(&page),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn points(page: &PointsPage) -> AnyView {
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
        page.next.map(|at| ("/points", at)),
    )
}

/// All attempts.
#[component]
pub fn Attempts() -> impl IntoView {
    let live = use_live();
    let before = before();
    let page = Resource::new(
        move || (before.get(), live.version()),
        |(before, _)| async move {
            match before {
                Ok(before) => {
                    api::attempts(AttemptQuery {
                        replica: None,
                        before,
                        limit: LIMIT,
                    })
                    .await
                }
                Err(error) => refuse(error),
            }
        },
    );
    view! {
        <Title text="Attempts"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => attempts(&page),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn attempts(page: &AttemptsPage) -> AnyView {
    let body = if page.rows.is_empty() {
        empty("No attempt here yet.")
    } else {
        attempt_table(&page.rows, &page.zone, page.as_of, true)
    };
    let note = format!(
        "{} · newest first · as of {} {}",
        page.rows.len(),
        format::clock_secs(&page.zone, page.as_of),
        page.zone.name
    );
    list(
        "Attempts",
        "Waiting is not failing: a deferral costs no attempt and names its blocker.",
        note,
        body,
        page.next.map(|at| ("/attempts", at)),
    )
}

fn list(
    title: &'static str,
    sub: &'static str,
    note: String,
    body: AnyView,
    next: Option<(&'static str, chrono::DateTime<chrono::Utc>)>,
) -> AnyView {
    let next = next.map(|(path, at)| {
        let href = format!("{path}?before={}", crate::urlq::escape(&at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)));
        view! { <nav class="pager" aria-label="Pages"><a class="button" rel="next" href=href>"Older →"</a></nav> }
    });
    view! {
        <div class="head"><div><h1>{title}</h1><p class="sub">{sub}</p></div></div>
        <div class="tools"><span></span><span class="note">{note}</span></div>
        <section class="panel" aria-label=title>{body}</section>
        {next}
    }
    .into_any()
}
