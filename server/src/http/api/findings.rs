//! `GET /api/v1/findings`: what a person should look at and no attempt owns.

use super::parameters::Parameters;
use crate::document::finding;
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
    Router::new().route("/api/v1/findings", get(list))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/findings", Tag::Night, "listFindings", "List findings")
            .says("What a person should look at and no attempt owns: unmapped replicas, foreign checkpoints, hosts that accept any primary. As `stillpoint findings --json`.")
            .answers(200, "Longest standing first.", s::shape("Findings")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let view = console.findings().await.map_err(Problem::from)?;
    let rows: Vec<Value> = view.rows.iter().map(finding::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(view.as_of), "rows": rows }),
    ))
}
