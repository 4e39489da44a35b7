//! `GET /api/v1/acknowledgements`: those that are valid now. `POST /api/v1/acknowledgements` `{cause, until, note}`.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewAcknowledgement;
use crate::document::acknowledgement;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::openapi::{Operation, Tag, reason, schema as s};
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

pub fn operations() -> Vec<Operation> {
    let body = s::closed(&[
        ("cause", s::line(1, 200), "The `key` of a cause of the night."),
        (
            "until",
            s::line(1, 100),
            "An instant, or a length of the world's time such as `6h`; at most 30 days.",
        ),
        ("note", reason(), ""),
    ]);
    let example = json!({ "cause": "host:hv-r-01:B5", "until": "6h", "note": "ticket 7" });
    vec![
        Operation::get(
            "/api/v1/acknowledgements",
            Tag::Rules,
            "listAcknowledgements",
            "List acknowledgements that are valid now",
        )
        .answers(200, "Acknowledgements.", s::shape("Acknowledgements")),
        Operation::post(
            "/api/v1/acknowledgements",
            Tag::Rules,
            "acknowledge",
            "Take note of a cause",
        )
        .says("It is not raised again until it changes or the acknowledgement ends.")
        .body(body, example)
        .answers(201, "The acknowledgement.", s::shape("Acknowledgement"))
        .again(),
    ]
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
    let all = desk
        .store
        .acknowledgements(&Desk::SCOPE, desk.now())
        .await
        .map_err(failed)?;
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
