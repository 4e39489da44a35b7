//! `GET /api/v1/acknowledgements`: those that are valid now. `POST /api/v1/acknowledgements` `{cause, until, note}`.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewAcknowledgement;
use crate::document::acknowledgement;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/acknowledgements", get(list).post(make))
}

/// What somebody has taken note of. `until` is an instant or a length of time such as `4h`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    cause: String,
    until: String,
    note: String,
}

async fn list(State(desk): State<Arc<Desk>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let all = desk.store.acknowledgements(desk.now()).await.map_err(failed)?;
    let rows: Vec<Value> = all.iter().map(acknowledgement::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(desk.now()), "rows": rows }),
    ))
}

async fn make(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = NewAcknowledgement {
        cause: new.cause,
        until: new
            .until
            .parse()
            .map_err(|error| Problem::parameter("until", error))?,
        note: new.note,
    };
    let done = desk.deeds(&visitor)?.acknowledge(new).await.map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::CREATED, Json(acknowledgement::document(&done))))
}
