//! `GET /api/v1/holds` (`all=true` for those that are over as well), `POST /api/v1/holds` `{target, until, reason}` and
//! `POST /api/v1/holds/{id}/lift`.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewHold;
use crate::document::hold;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
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
        desk.store.holds(LISTED_MAX).await
    } else {
        desk.store.holds_active(desk.now()).await
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
