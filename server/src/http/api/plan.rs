//! `GET /api/v1/replicas/{id}/plan`: why a replica waits, what would start it, when it is looked at next.

use super::parameters::Parameters;
use crate::document::plan;
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use domain::ids::ReplicaId;
use serde_json::Value;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/replicas/{id}/plan", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/replicas/{id}/plan", Tag::Replicas, "explainPlan", "Explain why a replica waits")
            .says("What keeps it, what would start it, when it is looked at next. As `stillpoint plan --explain --json`.")
            .path("id", s::uuid(), "The replica.")
            .answers(200, "Its entry of the plan, or why it has none.", s::shape("Plan"))
            .or(503, "No plan was made yet: ask again in seconds."),
    ]
}

async fn show(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let id: ReplicaId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such replica: {error}")))?;
    let replica = desk.store.replica(&Desk::SCOPE, id).await.map_err(failed)?;
    let name = format!("{}/{}", replica.tenant, replica.name);
    let planned = desk.planned()?;
    if let Some(entry) = planned.of_replica(id) {
        return Ok(Json(plan::entry(&planned, &entry, &name)));
    }
    let (headline, sentences) = plan::owes_nothing(desk.store.as_ref(), &Desk::SCOPE, id, desk.now())
        .await
        .map_err(failed)?;
    Ok(Json(plan::nothing(id, &name, planned.at, &headline, &sentences)))
}
