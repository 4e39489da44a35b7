//! Policies: the catalogue, what each version changed, and who has which.

mod form;
mod parts;

use crate::components::{error_notice, loading};
use crate::errors::Fault;
use crate::live::use_live;
use crate::may::{hands, may};
use console::{Permission, PoliciesView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// What the screen asks for.
#[server(prefix = "/fn", endpoint = "policies", input = Json)]
async fn policies() -> Result<PoliciesView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.policies().await)
}

/// `?edit=` opens the form for a policy's next version (empty: a new policy), `?told=` says what a form did.
#[component]
pub fn Policies() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let hands = hands();
    let asked = Memo::new(move |_| (url.read().get("told"), url.read().get("edit")));
    let view = Resource::new(move || live.version(), |_| policies());
    view! {
        <Title text="Policies"/>
        <Transition fallback=loading>
            {move || {
                let (told, edit) = asked.get();
                Suspend::new(async move {
                    let can_manage = may(hands).await.to(Permission::ManagePolicies);
                    match view.await {
                        Ok(view) => parts::page(&view, can_manage, told, edit),
                        Err(fault) => error_notice(&fault),
                    }
                })
            }}
        </Transition>
    }
}
