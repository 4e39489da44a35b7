//! `GET /api/v1/corrections?from=DAY&to=DAY` and `POST /api/v1/corrections` `{replica, day, change, reason}`.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewCorrection;
use crate::document::correction;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::openapi::{Operation, Tag, reason, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use domain::calendar::SlaDay;
use domain::ids::ReplicaId;
use domain::obligation::Change;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/corrections", get(list).post(make))
}

pub fn operations() -> Vec<Operation> {
    let body = s::closed(&[
        ("replica", s::uuid(), ""),
        ("day", s::day(), "A closed day."),
        ("change", s::shape("Change"), "A provider cannot excuse itself."),
        ("reason", reason(), ""),
    ]);
    let example = json!({
        "replica": "00000000-0000-0000-0000-000000000000", "day": "2026-11-20",
        "change": { "change": "excuse", "owner": "tenant" }, "reason": "their link was cut",
    });
    vec![
        Operation::get(
            "/api/v1/corrections",
            Tag::Days,
            "listCorrections",
            "List corrections of days",
        )
        .needs("from", s::day(), "The first day.", "2026-11-01")
        .needs("to", s::day(), "The last day.", "2026-11-30")
        .answers(200, "Corrections.", s::shape("Corrections")),
        Operation::post(
            "/api/v1/corrections",
            Tag::Days,
            "correct",
            "Correct a closed day",
        )
        .says("Appended: the original stays and is shown beside it.")
        .body(body, example)
        .answers(201, "The day as it counts now.", s::shape("Corrected")),
    ]
}

/// What is to be appended: `change` is `{"change":"excuse","owner":"tenant"}`, `attribute` likewise, or `{"change":"restore"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    replica: ReplicaId,
    day: SlaDay,
    change: Change,
    reason: String,
}

async fn list(State(desk): State<Arc<Desk>>, mut parameters: Parameters) -> Result<Json<Value>, Problem> {
    let needed = |name: &str, day: Option<SlaDay>| {
        day.ok_or_else(|| Problem::parameter(name, "is needed: a day such as 2026-11-22"))
    };
    let from = needed("from", parameters.parsed("from")?)?;
    let to = needed("to", parameters.parsed("to")?)?;
    parameters.end()?;
    let all = desk
        .store
        .corrections(&Desk::SCOPE, from, to)
        .await
        .map_err(failed)?;
    let rows: Vec<Value> = all.iter().map(correction::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(desk.now()), "rows": rows }),
    ))
}

async fn make(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = NewCorrection {
        replica: new.replica,
        day: new.day,
        change: new.change,
        reason: new.reason,
    };
    let row = desk.deeds(&visitor)?.correct(new).await.map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::CREATED, Json(correction::corrected(&row))))
}
