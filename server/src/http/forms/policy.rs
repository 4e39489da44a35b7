//! `POST /forms/policy`: `id`, `terms` (TOML, as `stillpoint policy show POLICY --toml` prints them).

use super::sent::{Refused, Sent, back, parsed};
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::policy::Terms;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/policy", post(put))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    id: String,
    terms: String,
    back: String,
}

async fn put(State(desk): State<Arc<Desk>>, Sent(new): Sent<New>) -> Result<Response, Refused> {
    let id = parsed("id", &new.id)?;
    let terms: Terms = toml::from_str(&new.terms)
        .map_err(|error| Problem::parameter("terms", error.to_string().trim_end()))?;
    desk.deeds()?.put_policy(&id, &terms).await.map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}
