//! Holds: what is held now, the form to hold something, and what was held.

mod parts;

use crate::components::{error_notice, loading};
use crate::errors::Fault;
use crate::live::use_live;
use crate::may::{hands, may};
use console::{HoldsView, Permission};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "holds", input = Json)]
async fn holds() -> Result<HoldsView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.holds().await)
}

/// `?lift=` opens the form for a hold, `?told=` says what a form did.
#[component]
pub fn Holds() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let hands = hands();
    let asked = Memo::new(move |_| (url.read().get("told"), url.read().get("lift")));
    let view = Resource::new(move || live.version(), |_| holds());
    view! {
        <Title text="Holds"/>
        <Transition fallback=loading>
            {move || {
                let (told, lift) = asked.get();
                Suspend::new(async move {
                    let can_hold = may(hands).await.to(Permission::Hold);
                    match view.await {
                        Ok(view) => parts::page(&view, can_hold, told, lift),
                        Err(fault) => error_notice(&fault),
                    }
                })
            }}
        </Transition>
    }
}
