//! The SLA: raw and contractual shares with their denominators, day by day, what was lost and whose it was.

mod model;
mod parts;
mod tables;

use crate::components::{error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::live::use_live;
use console::{SlaQuery, SlaView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "sla", input = Json)]
async fn sla(query: SlaQuery) -> Result<SlaView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.sla(query).await)
}

/// `?tenant=`, and `?month=2026-11` or `?from=2026-11-01&to=2026-11-15`.
#[component]
pub fn Sla() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let query = Memo::new(move |_| model::query(|key| url.read().get(key)));
    let view = Resource::new(
        move || (query.get(), live.version()),
        |(query, _)| async move {
            match query {
                Ok(query) => sla(query).await,
                Err(error) => {
                    set_status(error.status());
                    Err(Fault(error))
                }
            }
        },
    );
    view! {
        <Title text="SLA"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => parts::page(&view),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}
