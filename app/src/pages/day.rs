//! One obligation: what was owed under which terms, what was tried, what stood in the way, and what it came to.

mod parts;
mod side;

use crate::components::{error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::format;
use crate::live::use_live;
use crate::may::{hands, may};
use chrono::NaiveDate;
use console::{DayView, Permission, ReplicaId, UiError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "day", input = Json)]
async fn day(replica: ReplicaId, day: NaiveDate) -> Result<DayView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.day(replica, day).await)
}

/// `/replicas/{id}/days/{2026-11-22}`; `?told=` says what a form did.
#[component]
pub fn Day() -> impl IntoView {
    let live = use_live();
    let params = use_params_map();
    let url = use_query_map();
    let hands = hands();
    let which = Memo::new(move |_| {
        (
            params.read().get("id").unwrap_or_default(),
            params.read().get("day").unwrap_or_default(),
        )
    });
    let told = Memo::new(move |_| url.read().get("told"));
    let view = Resource::new(
        move || (which.get(), live.version()),
        |((id, text), _)| async move {
            match (id.parse::<ReplicaId>(), text.parse::<NaiveDate>()) {
                (Ok(id), Ok(date)) => day(id, date).await,
                _ => {
                    set_status(404);
                    Err(Fault(UiError::NotFound {
                        what: "day".to_owned(),
                        id: text,
                    }))
                }
            }
        },
    );
    view! {
        <Transition fallback=loading>
            {move || {
                let told = told.get();
                Suspend::new(async move {
                    let can_correct = may(hands).await.to(Permission::Correct);
                    match view.await {
                        Ok(view) => view! { <Title text=format!("{} {}", view.name, format::date(view.day))/> {parts::page(&view, can_correct, told)} }.into_any(),
                        Err(fault) => view! { <Title text="Day"/> {error_notice(&fault)} }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}
