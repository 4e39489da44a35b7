//! Tenants: who they are, what claims replicas for them, and what a rule would claim before it is made.

mod own;
mod parts;
mod rule;

use crate::components::{error_notice, loading};
use crate::errors::Fault;
use crate::live::use_live;
use crate::may::{hands, may};
use console::{Permission, RuleQuery, TenantsView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// What the screen asks for; `rule` is tried and nothing more.
#[server(prefix = "/fn", endpoint = "tenants", input = Json)]
async fn tenants(rule: Option<RuleQuery>) -> Result<TenantsView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.tenants(rule).await)
}

/// `?tenant=&kind=&text=` tries a rule, `?told=` says what a form did.
#[component]
pub fn Tenants() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let hands = hands();
    let told = Memo::new(move |_| url.read().get("told"));
    let asked = Memo::new(move |_| {
        let url = url.read();
        let text = url.get("text").filter(|text| !text.trim().is_empty())?;
        Some(RuleQuery {
            tenant: url.get("tenant").unwrap_or_default(),
            kind: url.get("kind").unwrap_or_default(),
            text,
        })
    });
    let view = Resource::new(move || (asked.get(), live.version()), |(rule, _)| tenants(rule));
    view! {
        <Title text="Tenants"/>
        <Transition fallback=loading>
            {move || {
                let told = told.get();
                Suspend::new(async move {
                    let can_manage = may(hands).await.to(Permission::ManageTenants);
                    match view.await {
                        Ok(view) => parts::page(&view, can_manage, told),
                        Err(fault) => error_notice(&fault),
                    }
                })
            }}
        </Transition>
    }
}
