//! `GET /api/v1/night`: the obligations whose window covers now, what they have come to and what keeps the rest.

use super::parameters::Parameters;
use crate::document::night::Night;
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::tonight::tonight;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use std::sync::Arc;
use store::obligations::DayHead;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/night", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/night", Tag::Night, "showNight", "Show the night")
            .says("The obligations whose window covers now: how many are met, what keeps the rest, holds, pauses. As `stillpoint night --json`.")
            .answers(200, "The night.", s::shape("Night"))
            .or(503, "No plan was made yet: ask again in seconds."),
    ]
}

async fn show(State(desk): State<Arc<Desk>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let planned = desk.planned()?;
    let foreseen = desk.engine.foreseen();
    let site = desk.snapshots.site().await?;
    let now = desk.now();
    let days: Vec<DayHead> = site.days().cloned().collect();
    let (holds, acknowledged, pauses) = futures::try_join!(
        desk.store.holds_active(&Desk::SCOPE, now),
        desk.store.acknowledgements(&Desk::SCOPE, now),
        desk.store.pauses_unresumed(),
    )
    .map_err(failed)?;
    let night = Night {
        now: site.read_at(),
        tonight: tonight(Some(&planned), foreseen.as_deref(), &days, |_| true, now),
        names: site.replicas().map(|it| (it.id, it.clone())).collect(),
        planned: &planned,
        holds,
        acknowledged,
        pauses,
    };
    Ok(Json(night.document()))
}
