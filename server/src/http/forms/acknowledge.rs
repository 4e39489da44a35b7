//! `POST /forms/acknowledge`: `cause` as the night names it, `until` (an instant, or a length of time such as `4h`), `note`.

use super::sent::{Refused, Sent, back, parsed};
use crate::deeds::NewAcknowledgement;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/acknowledge", post(acknowledge))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    cause: String,
    until: String,
    note: String,
    back: String,
}

async fn acknowledge(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let noted = NewAcknowledgement {
        cause: new.cause,
        until: parsed("until", &new.until)?,
        note: new.note,
    };
    desk.deeds(&visitor)?.acknowledge(noted).await.map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}
