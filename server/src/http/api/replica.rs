//! `GET /api/v1/replicas/{id}`: one replica with verdict, timeline, attempts and points.

use super::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, ReplicaId, ReplicaView};
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/replicas/{id}", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/replicas/{id}",
            Tag::Replicas,
            "showReplica",
            "Show one replica",
        )
        .says(
            "Its verdict with each blocker explained, timeline, attempts, restore points, policy and holds.",
        )
        .path("id", s::uuid(), "The replica.")
        .answers(200, "The replica.", s::shape("Replica")),
    ]
}

async fn show(
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<ReplicaView>, Problem> {
    parameters.end()?;
    // What is no id names no replica: the same answer as for an unknown one.
    let id: ReplicaId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such replica: {error}")))?;
    Ok(Json(console.replica(id).await?))
}
