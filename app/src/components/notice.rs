//! The states beside "here it is": loading, empty, failed, forbidden. A failure never looks like an empty list.

use super::mark;
use crate::errors::Fault;
use console::{Mark, UiError};
use leptos::prelude::*;

/// Before anything is there.
pub fn loading() -> impl IntoView {
    view! { <p class="notice" role="status">"Loading…"</p> }
}

/// Nothing to show, and that is all right; says why.
pub fn empty(text: &'static str) -> AnyView {
    view! { <p class="notice empty">{text}</p> }.into_any()
}

/// What went wrong, and what to do.
pub fn error_notice(fault: &Fault) -> AnyView {
    let title = match fault.0 {
        UiError::Unauthenticated => "Not logged in",
        UiError::NotFound { .. } => "Not found",
        UiError::Forbidden => "Not allowed",
        UiError::Invalid { .. } => "Not a valid address",
        UiError::Conflict { .. } => "Changed meanwhile",
        UiError::Unavailable { .. } => "Not reachable",
        UiError::Internal { .. } => "Something went wrong",
    };
    // `?` is the same address without what was asked for.
    let anew =
        matches!(fault.0, UiError::Invalid { .. }).then(|| view! { <a href="?">"Begin anew"</a> " · " });
    view! {
        <div class="notice error" role="alert">
            <h1>{mark(Mark::Missed)} " " {title}</h1>
            <p>{sentence(fault)}</p>
            <p>{anew}<a href="/">"To the night"</a></p>
        </div>
    }
    .into_any()
}

fn sentence(fault: &Fault) -> String {
    format!("{}.", crate::format::capital(&fault.0.to_string()))
}
