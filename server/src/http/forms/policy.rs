//! `POST /forms/policy`: the fields of [`PolicyForm`], the whole terms of a new version.

use super::sent::{Refused, Sent, back, parsed};
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::forms::PolicyForm;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/policy", post(put))
}

async fn put(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<PolicyForm>,
) -> Result<Response, Refused> {
    let id = parsed("id", &new.id)?;
    let terms = new
        .terms()
        .map_err(|invalid| Problem::parameter(invalid.field, invalid.text))?;
    desk.deeds(&visitor)?
        .put_policy(&id, &terms)
        .await
        .map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}
