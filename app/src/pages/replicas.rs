//! Every replica: filter, search, sort, page; all of it in the URL and on the server.

mod api;
mod parts;

use crate::components::{error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::live::use_live;
use crate::urlq::replica_query;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The list.
#[component]
pub fn Replicas() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let query = Memo::new(move |_| replica_query(|key| url.read().get(key)));
    let page = Resource::new(
        move || (query.get(), live.version()),
        |(query, _)| async move {
            match query {
                Ok(query) => api::replicas(query).await,
                Err(error) => {
                    set_status(error.status());
                    Err(Fault(error))
                }
            }
        },
    );
    view! {
        <Title text="Replicas"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => parts::page(&page),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}
