//! `GET /api/v1/attempts`: attempts, newest first.
//!
//! Parameters: `replica` (id), `cursor` (a page's `next`), `limit` (1 to 500, 100 if not given).

use super::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{AttemptQuery, AttemptsPage, Console};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/attempts", get(list))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/attempts", Tag::Replicas, "listAttempts", "List attempts")
            .says("Attempts, newest first, with the journal of their steps.")
            .query(
                "replica",
                s::uuid(),
                "Only this replica's; an unknown one is 404.",
            )
            .paged(100)
            .answers(200, "A page.", s::shape("AttemptsPage")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    mut parameters: Parameters,
) -> Result<Json<AttemptsPage>, Problem> {
    let query = AttemptQuery {
        replica: parameters.parsed("replica")?,
        cursor: parameters.text("cursor")?,
        limit: parameters.number("limit", 100, 1, 500)?,
    };
    parameters.end()?;
    Ok(Json(console.attempts(query).await?))
}
