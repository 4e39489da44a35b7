//! `POST /api/v1/own/replicas/{id}/backups`: asks for one attempt now. 202, since it is a wish; 429 beyond the limits, 409 while one runs
//! or the hoster holds it back.

use super::{nothing, own};
use crate::document::stamp;
use crate::doors::{Doors, Visitor};
use crate::http::desk::{Desk, not_asked};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/replicas/{id}/backups", post(ask))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(
            "/api/v1/own/replicas/{id}/backups",
            Tag::Mine,
            "askForBackup",
            "Ask for a backup of one of your machines now",
        )
        .says(
            "One attempt, which what stands in the way puts off like any other. At most 4 of a machine and 50 of a tenant within 24 \
             hours, 15 minutes apart: 429. 409 while an attempt runs, the hoster holds it back, or as many backups run as may at once: that costs no wish.",
        )
        .path("id", s::uuid(), "The machine.")
        .answers(202, "It was asked for.", s::shape("Requested")),
    ]
}

async fn ask(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let own = own(&desk, &visitor)?;
    let id = id.parse().map_err(|_| nothing())?;
    let asked = crate::own::deed::back_up_now(&own, &doors, &visitor, id).await;
    let requested = asked.map_err(not_asked)?;
    desk.done().await;
    let body = json!({ "text": requested.text, "at": stamp(requested.at) });
    Ok((StatusCode::ACCEPTED, Json(body)))
}
