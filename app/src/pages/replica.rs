//! One replica: verdict now, what stood in the way, attempts, points.

mod api;
mod model;
mod parts;

use crate::components::{error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::live::use_live;
use crate::may::{hands, may};
use api::BackUpNow;
use console::{ReplicaId, UiError};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

/// What the URL asks beside the replica: `?requested=`, `?told=`, `?do=`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    requested: bool,
    told: Option<String>,
    deed: Option<String>,
}

/// The replica's screen.
#[component]
pub fn Replica() -> impl IntoView {
    let live = use_live();
    let params = use_params_map();
    let asked = use_query_map();
    let hands = hands();
    let back_up = ServerAction::<BackUpNow>::new();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let asked = Memo::new(move |_| {
        let url = asked.read();
        Asked {
            requested: url.get("requested").is_some(),
            told: url.get("told"),
            deed: url.get("do"),
        }
    });
    let replica = Resource::new(
        move || (id.get(), live.version(), back_up.version().get()),
        |(id, _, _)| async move {
            match id.parse::<ReplicaId>() {
                Ok(id) => api::replica(id).await,
                Err(_) => {
                    set_status(404);
                    Err(Fault(UiError::NotFound {
                        what: "replica".to_owned(),
                        id,
                    }))
                }
            }
        },
    );
    view! {
        <Transition fallback=loading>
            {move || {
                let asked = asked.get();
                Suspend::new(async move {
                    let may = may(hands).await;
                    match replica.await {
                        Ok(replica) => view! { <Title text=replica.name.clone()/> {parts::page(&replica, &may, back_up, asked)} }.into_any(),
                        Err(fault) => view! { <Title text="Replica"/> {error_notice(&fault)} }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}
