//! `GET /api/v1/own/window`: where the tenant's window is and may lie. `POST /api/v1/own/window` `{from, to}`: moves it from where it was
//! seen; a `to` of null goes back to the policy's. `POST /api/v1/own/window/preview` `{to}`: what that would do, and does not.

use super::own;
use crate::document::own::{moving, window};
use crate::doors::{Doors, Visitor};
use crate::http::api::body::Body;
use crate::http::api::parameters::Parameters;
use crate::http::desk::Desk;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::calendar::WindowRule;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/own/window", get(show).post(change))
        .route("/api/v1/own/window/preview", post(preview))
}

pub(super) fn operations() -> Vec<Operation> {
    let body = s::closed(&[
        (
            "from?",
            s::maybe(s::shape("Window")),
            "Where it was seen: `asked`; null or left out when it never was moved.",
        ),
        (
            "to",
            s::maybe(s::shape("Window")),
            "Null goes back to the policy's.",
        ),
    ]);
    let to = s::closed(&[(
        "to",
        s::maybe(s::shape("Window")),
        "Null goes back to the policy's.",
    )]);
    let tried = json!({ "to": { "open": "22:00", "due": "06:00", "due_next_day": true } });
    let example = json!({ "from": null, "to": { "open": "22:00", "due": "06:00", "due_next_day": true } });
    vec![
        Operation::get("/api/v1/own/window", Tag::Mine, "showOwnWindow", "Show your window")
            .answers(200, "Where it is and may lie.", s::shape("OwnWindow")),
        Operation::post("/api/v1/own/window", Tag::Mine, "moveWindow", "Move your window")
            .says("Inside what the hoster allows. Days that are open keep theirs; 409 when it is not at `from` any more.")
            .body(body, example)
            .answers(200, "What it does.", s::shape("WindowMoved"))
            .again(),
        Operation::post("/api/v1/own/window/preview", Tag::Mine, "previewWindow", "Try a window")
            .says("Changes nothing.")
            .body(to, tried)
            .answers(200, "What the move would do.", s::shape("WindowMoved")),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    #[serde(default)]
    from: Option<WindowRule>,
    /// There, null or not: what is left out by mistake moves nothing.
    #[serde(deserialize_with = "Option::deserialize")]
    to: Option<WindowRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(deserialize_with = "Option::deserialize")]
    to: Option<WindowRule>,
}

async fn preview(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(asked): Body<Wanted>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(moving(&own(&desk, &visitor)?.moving(asked.to).await?)))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let own = own(&desk, &visitor)?;
    Ok(Json(window(&own.window().await?, own.zone)))
}

async fn change(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(asked): Body<Move>,
) -> Result<Json<Value>, Problem> {
    let own = own(&desk, &visitor)?;
    let moved = crate::own::deed::move_window(&own, &doors, &visitor, asked.from, asked.to).await?;
    Ok(Json(moving(&moved)))
}
