//! `GET /login/code`, `POST /login/code`: the code after the password.

use super::leaf::{Frame, Theme, page, told, waiting};
use super::log_in::{To, let_in};
use crate::doors::{DoorFault, Doors};
use crate::http::caller::Caller;
use crate::http::cookie;
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/login/code", get(show).post(enter))
}

#[derive(Deserialize)]
struct Sent {
    code: String,
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code {
    frame: Frame,
    to: String,
    fault: Option<String>,
}

async fn show(theme: Theme, Query(to): Query<To>) -> Response {
    let frame = Frame::outside("Second factor", theme);
    let leaf = Code {
        frame: frame.clone(),
        to: to.to,
        fault: None,
    };
    page(StatusCode::OK, &frame, &leaf)
}

async fn enter(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    theme: Theme,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let comer = cookie::comer(&headers, caller);
    let session = cookie::session(&headers, caller).unwrap_or_default();
    match doors.second_factor(&comer, &session, &sent.code).await {
        Ok(given) => let_in(&given, caller, &sent.to),
        Err(DoorFault::Over) => Redirect::to("/login").into_response(),
        Err(fault) => {
            let frame = Frame::outside("Second factor", theme);
            let (status, text) = told(&fault);
            let leaf = Code {
                frame: frame.clone(),
                to: sent.to,
                fault: Some(text),
            };
            waiting(&fault, page(status, &frame, &leaf))
        }
    }
}
