//! `POST /forms/lift`: `id` of a hold.

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
    Router::new().route("/forms/lift", post(lift))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    id: String,
    back: String,
}

async fn lift(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(which): Sent<Which>,
) -> Result<Response, Refused> {
    let id = parsed("id", &which.id)?;
    desk.deeds(&visitor)?.lift(id).await.map_err(refused)?;
    Ok(back(&desk, &which.back).await)
}
