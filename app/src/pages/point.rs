//! One restore point with its evidence.

mod api;
mod parts;

use crate::components::{error_notice, loading};
use crate::errors::{Fault, set_status};
use crate::live::use_live;
use crate::may::{hands, may};
use console::{Permission, PointId, UiError};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// The point's screen.
#[component]
pub fn Point() -> impl IntoView {
    let live = use_live();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let hands = hands();
    let point = Resource::new(
        move || (id.get(), live.version()),
        |(id, _)| async move {
            match id.parse::<PointId>() {
                Ok(id) => api::point(id).await,
                Err(_) => {
                    set_status(404);
                    Err(Fault(UiError::NotFound {
                        what: "restore point".to_owned(),
                        id,
                    }))
                }
            }
        },
    );
    view! {
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                let can_take = may(hands).await.to(Permission::DownloadDisk);
                match point.await {
                    Ok(point) => view! { <Title text=format!("Restore point of {}", point.row.name)/> {parts::page(&point, can_take)} }.into_any(),
                    Err(fault) => view! { <Title text="Restore point"/> {error_notice(&fault)} }.into_any(),
                }
            })}
        </Transition>
    }
}
