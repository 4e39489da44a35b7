//! `GET /own/events`: the stream that the tenant's pages follow, which is the API's.

use crate::http::api::own_events as stream;
use crate::http::state::AppState;
use axum::Router;
use axum::routing::get;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/own/events", get(stream))
}
