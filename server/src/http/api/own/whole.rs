//! `GET /api/v1/own`: the tenant itself, what was kept for it in the last 90 days, and how the hoster lets its pages look.

use super::own;
use crate::document::own::whole;
use crate::doors::{Doors, Visitor};
use crate::http::api::parameters::Parameters;
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own", get(show))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/own",
            Tag::Mine,
            "showOwn",
            "Show what was kept for you",
        )
        .says("The last 90 days of all your machines, as your first page shows them, and the name and colour of your pages.")
        .answers(200, "The whole.", s::shape("Own")),
    ]
}

async fn show(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let own = own(&desk, &visitor)?;
    let figures = own.figures().await.map_err(failed)?;
    Ok(Json(whole(&own, &figures.whole, &doors.brand(&visitor).await)))
}
