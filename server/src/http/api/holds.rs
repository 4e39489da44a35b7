//! `GET /api/v1/holds` (`all=true` for those that are over as well), `POST /api/v1/holds` `{target, until, reason}` and
//! `POST /api/v1/holds/{id}/lift`.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewHold;
use crate::document::hold;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::openapi::{Operation, Tag, reason, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::holds::HoldTarget;

/// The newest of all.
const LISTED_MAX: u32 = 1_000;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/holds", get(list).post(begin))
        .route("/api/v1/holds/{id}/lift", post(lift))
}

pub fn operations() -> Vec<Operation> {
    let body = s::closed(&[
        ("target", s::shape("HoldTarget"), ""),
        (
            "until",
            s::line(1, 100),
            "An instant, or a length of the world's time such as `4h`; at most 90 days.",
        ),
        ("reason", reason(), "For whoever asks later."),
    ]);
    let example =
        json!({ "target": { "on": "host", "host": "hv-r-01" }, "until": "4h", "reason": "new storage" });
    vec![
        Operation::get("/api/v1/holds", Tag::Rules, "listHolds", "List holds")
            .query(
                "all",
                s::flag(),
                "`true`: also those that are over, the newest 1000.",
            )
            .answers(200, "Holds that are in force, or all.", s::shape("Holds")),
        Operation::post(
            "/api/v1/holds",
            Tag::Rules,
            "hold",
            "Hold a host, a tenant or a replica",
        )
        .says("Nothing starts there until it is over; obligations stay open and visible.")
        .body(body, example)
        .answers(201, "The hold.", s::shape("Hold")),
        Operation::post(
            "/api/v1/holds/{id}/lift",
            Tag::Rules,
            "liftHold",
            "Lift a hold before its time",
        )
        .path("id", s::integer(), "The hold.")
        .answers(200, "The hold.", s::shape("Hold"))
        .again(),
    ]
}

/// What is to be held. `until` is an instant or a length of time such as `4h`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    target: HoldTarget,
    until: String,
    reason: String,
}

async fn list(State(desk): State<Arc<Desk>>, mut parameters: Parameters) -> Result<Json<Value>, Problem> {
    let all: bool = parameters.parsed("all")?.unwrap_or(false);
    parameters.end()?;
    let holds = if all {
        desk.store.holds(&Desk::SCOPE, LISTED_MAX).await
    } else {
        desk.store.holds_active(&Desk::SCOPE, desk.now()).await
    };
    let rows: Vec<Value> = holds.map_err(failed)?.iter().map(hold::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(desk.now()), "rows": rows }),
    ))
}

async fn begin(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = NewHold {
        target: new.target,
        until: new
            .until
            .parse()
            .map_err(|error| Problem::parameter("until", error))?,
        reason: new.reason,
    };
    let done = desk.deeds(&visitor)?.hold(new).await.map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::CREATED, Json(hold::document(&done))))
}

async fn lift(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: i64 = id
        .parse()
        .map_err(|_| Problem::missing(format!("there is no hold `{id}`")))?;
    let done = desk.deeds(&visitor)?.lift(id).await.map_err(refused)?;
    desk.done().await;
    Ok(Json(hold::document(&done)))
}
