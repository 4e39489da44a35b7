//! `GET /readyz`: the state database answers, so requests can be served.

use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub fn router() -> Router<AppState> {
    Router::new().route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> Result<Json<Value>, Problem> {
    match state.readiness.ready().await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(error) => {
            tracing::warn!(error, "not ready");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Not ready", error))
        }
    }
}
