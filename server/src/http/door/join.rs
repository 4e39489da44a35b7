//! `GET /join`, `POST /join`: an invitation's link, or the first owner's. The code stands behind `#` in the link, where no server and no
//! log sees it; the page's script writes it into the form, and without scripts it is pasted.

use super::leaf::{Frame, Theme, page, told, waiting};
use super::log_in::let_in;
use crate::doors::Doors;
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
    Router::new().route("/join", get(show).post(enter))
}

#[derive(Deserialize)]
struct Sent {
    code: String,
    login: String,
    name: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "join.html")]
struct Join {
    frame: Frame,
    code: String,
    login: String,
    name: String,
    fault: Option<String>,
}

async fn show(theme: Theme) -> Response {
    let frame = Frame::outside("Join", theme);
    let leaf = Join {
        frame: frame.clone(),
        code: String::new(),
        login: String::new(),
        name: String::new(),
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
    let joined = doors
        .join(&comer, &sent.code, &sent.login, &sent.name, sent.password)
        .await;
    match joined {
        Ok(given) => let_in(&given, caller, "/"),
        Err(fault) => {
            let frame = Frame::outside("Join", theme);
            let (status, text) = told(&fault);
            let leaf = Join {
                frame: frame.clone(),
                code: sent.code,
                login: sent.login,
                name: sent.name,
                fault: Some(text),
            };
            waiting(&fault, page(status, &frame, &leaf))
        }
    }
}
