//! `GET /api/v1/own/replicas/{id}`: one machine: its state in words, ninety days, figures, lost days with their stories.

use super::{nothing, own};
use crate::document::own::replica;
use crate::doors::Visitor;
use crate::http::api::parameters::Parameters;
use crate::http::desk::Desk;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/replicas/{id}", get(show))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/own/replicas/{id}",
            Tag::Mine,
            "showOwnReplica",
            "Show one of your machines",
        )
        .says("With ninety days, and each lost one's story: why, whose, and what came next.")
        .path("id", s::uuid(), "The machine.")
        .answers(200, "The machine.", s::shape("OwnReplica")),
    ]
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let own = own(&desk, &visitor)?;
    let id = id.parse().map_err(|_| nothing())?;
    Ok(Json(replica(&own.replica(id).await?, &own)))
}
