//! `GET /api/v1/activity`: what people did by hand to plan, rules and days, newest first.

use super::parameters::Parameters;
use crate::document::{audit, stamp};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::Console;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/activity", get(list))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/activity", Tag::Trail, "listActivity", "List what people did by hand")
            .says("Holds, acknowledgements, corrections and policies with their reasons: the newest two hundred. What else was done is in the audit trail.")
            .answers(200, "Newest first.", s::shape("Activity")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let view = console.activity().await?;
    let rows: Vec<Value> = view.rows.iter().map(audit::deed).collect();
    Ok(Json(json!({ "as_of": stamp(view.as_of), "rows": rows })))
}
