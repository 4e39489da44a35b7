//! `GET /api/v1/hosts`: the hosts with their load, their trust and the age of what is known of them.

use super::parameters::Parameters;
use crate::document::stamp;
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
    Router::new().route("/api/v1/hosts", get(list))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/hosts", Tag::Night, "listHosts", "List hosts")
            .says("With their load, their trust, when they were last read, and what keeps anything from starting there.")
            .answers(200, "By name.", s::shape("HostRows")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let view = console.night().await?;
    Ok(Json(json!({ "as_of": stamp(view.as_of), "rows": view.hosts })))
}
