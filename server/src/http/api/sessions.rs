//! `GET /api/v1/sessions`: one's own; `POST /api/v1/sessions/{id}/revoke` and `POST /api/v1/sessions/revoke-others`.

use super::parameters::Parameters;
use crate::document::{done, stamp};
use crate::doors::{Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/sessions", get(list))
        .route("/api/v1/sessions/{id}/revoke", post(revoke))
        .route("/api/v1/sessions/revoke-others", post(revoke_others))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/sessions",
            Tag::Own,
            "listSessions",
            "List your own sessions",
        )
        .says("Where you are logged in.")
        .answers(200, "Used last first.", s::shape("Sessions")),
        Operation::post(
            "/api/v1/sessions/{id}/revoke",
            Tag::Own,
            "revokeSession",
            "End one of your sessions",
        )
        .path("id", s::uuid(), "The session.")
        .answers(200, "It is over.", s::shape("Done"))
        .again(),
        Operation::post(
            "/api/v1/sessions/revoke-others",
            Tag::Own,
            "revokeOtherSessions",
            "End all your other sessions",
        )
        .answers(200, "How many were ended.", s::shape("Ended"))
        .again(),
    ]
}

async fn list(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let own = doors.own(&visitor).await?;
    let row = |it: &store::sessions::Session| {
        json!({
            "id": it.id, "created": stamp(it.created), "last_seen": stamp(it.last_seen), "from": it.from, "agent": it.agent,
            "this": own.this == Some(it.id),
        })
    };
    let rows: Vec<Value> = own.sessions.iter().map(row).collect();
    Ok(Json(json!({ "as_of": stamp(doors.instant()), "rows": rows })))
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id
        .parse()
        .map_err(|_| Problem::missing("there is no such session"))?;
    doors.session_revoke(&visitor, id).await?;
    Ok(Json(done(id)))
}

async fn revoke_others(State(doors): State<Arc<Doors>>, visitor: Visitor) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "ended": doors.sessions_revoke(&visitor).await? })))
}
