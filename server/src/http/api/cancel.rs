//! `POST /api/v1/attempts/{id}/cancel` `{reason}`: asks for a running attempt to be stopped. A wish, so 202.

use super::body::Body;
use crate::document::attempt;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::openapi::{Operation, Tag, reason, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use domain::ids::AttemptId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/attempts/{id}/cancel", post(cancel))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::post(
            "/api/v1/attempts/{id}/cancel",
            Tag::Replicas,
            "cancelAttempt",
            "Ask an attempt to stop",
        )
        .says("A wish: whoever runs it reads it, undoes what was begun and says so.")
        .path("id", s::uuid(), "The attempt.")
        .body(
            s::closed(&[("reason", reason(), "")]),
            json!({ "reason": "the line is needed" }),
        )
        .answers(202, "It was asked for.", s::shape("CancelRequested"))
        .again(),
    ]
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
