//! `POST /api/v1/attempts/{id}/cancel` `{reason}`: asks for a running attempt to be stopped. A wish, so 202.

use super::body::Body;
use crate::document::attempt;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use domain::ids::AttemptId;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/attempts/{id}/cancel", post(cancel))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn cancel(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(why): Body<Why>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id: AttemptId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such attempt: {error}")))?;
    let asked = desk
        .deeds(&visitor)?
        .cancel(id, &why.reason)
        .await
        .map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::ACCEPTED, Json(attempt::cancel_requested(&asked))))
}
