//! `GET /reset`, `POST /reset`: another password by a link, for who lost theirs. The code stands behind `#`, as with `/join`.

use super::leaf::{Frame, Theme, page, told, waiting};
use crate::doors::{DoorFault, Doors};
use crate::http::caller::Caller;
use crate::http::cookie;
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/reset", get(show).post(choose))
}

#[derive(Deserialize)]
struct Sent {
    code: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset {
    frame: Frame,
    code: String,
    fault: Option<String>,
    done: bool,
}

fn drawn(theme: Theme, code: String, outcome: Option<Result<(), DoorFault>>) -> Response {
    let frame = Frame::outside("Another password", theme);
    let (status, fault) = match &outcome {
        Some(Err(fault)) => {
            let (status, text) = told(fault);
            (status, Some(text))
        }
        Some(Ok(())) | None => (StatusCode::OK, None),
    };
    let leaf = Reset {
        frame: frame.clone(),
        code,
        done: matches!(outcome, Some(Ok(()))),
        fault,
    };
    let answer = page(status, &frame, &leaf);
    match &outcome {
        Some(Err(fault)) => waiting(fault, answer),
        _ => answer,
    }
}

async fn show(theme: Theme) -> Response {
    drawn(theme, String::new(), None)
}

async fn choose(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    theme: Theme,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let comer = cookie::comer(&headers, caller);
    let done = doors.reset(&comer, &sent.code, sent.password).await;
    drawn(theme, sent.code, Some(done))
}
