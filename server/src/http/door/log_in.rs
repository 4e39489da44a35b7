//! `GET /login`, `POST /login`: name and password. `to` is where to go afterwards, a path on this server.

use super::leaf::{Frame, Theme, page, told, waiting};
use crate::doors::{DoorFault, Doors, Given, Let};
use crate::http::caller::Caller;
use crate::http::cookie;
use crate::http::pages::is_own_path;
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/login", get(show).post(enter))
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct To {
    #[serde(default)]
    pub to: String,
}

#[derive(Deserialize)]
struct Sent {
    login: String,
    password: SecretString,
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LogIn {
    frame: Frame,
    login: String,
    to: String,
    fault: Option<String>,
}

async fn show(theme: Theme, Query(to): Query<To>) -> Response {
    let frame = Frame::outside("Log in", theme);
    let leaf = LogIn {
        frame: frame.clone(),
        login: String::new(),
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
    match doors.log_in(&comer, &sent.login, sent.password).await {
        Ok(given) => let_in(&given, caller, &sent.to),
        Err(fault) => {
            let frame = Frame::outside("Log in", theme);
            let (status, text) = told(&fault);
            let leaf = LogIn {
                frame: frame.clone(),
                login: if fault == DoorFault::Wrong {
                    sent.login
                } else {
                    String::new()
                },
                to: sent.to,
                fault: Some(text),
            };
            waiting(&fault, page(status, &frame, &leaf))
        }
    }
}

/// On to where they wanted to go, or to the second factor first.
pub(super) fn let_in(given: &Given, caller: Caller, to: &str) -> Response {
    let to = if is_own_path(to) { to } else { "/" };
    let next = match given.what {
        Let::In => to.to_owned(),
        Let::Further => format!("/login/code?to={}", crate::http::wall::escaped(to)),
    };
    let mut answer = Redirect::to(&next).into_response();
    for line in cookie::given(given, caller) {
        answer.headers_mut().append(header::SET_COOKIE, line);
    }
    answer
}
