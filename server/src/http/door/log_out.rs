//! `POST /logout`.

use crate::doors::Doors;
use crate::http::caller::Caller;
use crate::http::cookie;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/logout", post(leave))
}

async fn leave(State(doors): State<Arc<Doors>>, caller: Caller, headers: HeaderMap) -> Response {
    if let Some(session) = cookie::session(&headers, caller)
        && let Err(fault) = doors.log_out(&cookie::comer(&headers, caller), &session).await
    {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")).into_response();
    }
    let mut answer = Redirect::to("/login").into_response();
    answer
        .headers_mut()
        .append(header::SET_COOKIE, cookie::taken(caller));
    answer
}
