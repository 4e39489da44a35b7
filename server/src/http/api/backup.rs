//! `POST /api/v1/replicas/{id}/backup`: asks for one attempt now. Nothing has happened on the host when it is answered, so 202.

use crate::doors::Visitor;
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, ReplicaId};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/replicas/{id}/backup", post(request))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::post(
            "/api/v1/replicas/{id}/backup",
            Tag::Replicas,
            "backUpNow",
            "Ask for a restore point now",
        )
        .says("One attempt, through the same gate as every other: it waits for a gap like they do. 409 while an attempt runs on it, or as many run as may at once.")
        .path("id", s::uuid(), "The replica.")
        .answers(202, "It was asked for.", s::shape("Requested")),
    ]
}

async fn request(
    State(console): State<Arc<dyn Console>>,
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id: ReplicaId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such replica: {error}")))?;
    let replica = desk.store.replica(&Desk::SCOPE, id).await.map_err(failed)?;
    let object = format!("replica {}/{}", replica.tenant, replica.name);
    visitor.object.say(object, Some(&replica.tenant));
    let requested = console.backup_now(id).await?;
    let at = crate::document::stamp(requested.at);
    Ok((
        StatusCode::ACCEPTED,
        Json(json!({ "text": requested.text, "at": at })),
    ))
}
