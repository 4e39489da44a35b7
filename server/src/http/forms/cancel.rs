//! `POST /forms/cancel`: `attempt`, `reason`.

use super::sent::{Refused, Sent, back, parsed};
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/cancel", post(cancel))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    attempt: String,
    reason: String,
    back: String,
}

async fn cancel(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(which): Sent<Which>,
) -> Result<Response, Refused> {
    let attempt = parsed("attempt", &which.attempt)?;
    desk.deeds(&visitor)?
        .cancel(attempt, &which.reason)
        .await
        .map_err(refused)?;
    Ok(back(&desk, &which.back).await)
}
