//! `GET /me` and its forms: one's own sessions, password and second factor.

use super::leaf::{Frame, Theme, clock, page, told, waiting};
use crate::doors::{DoorFault, Doors, Own, SecondFactorBegun, Visitor};
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/me", get(show))
        .route("/me/password", post(password))
        .route("/me/second-factor", post(begin))
        .route("/me/second-factor/confirm", post(confirm))
        .route("/me/second-factor/remove", post(remove))
        .route("/me/recovery", post(recovery))
        .route("/me/sessions/revoke", post(revoke))
        .route("/me/here", post(here))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    told: String,
}

/// What a person reads of one of their sessions.
struct Line {
    id: String,
    agent: String,
    from: String,
    since: String,
    seen: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct Me {
    frame: Frame,
    name: String,
    role: &'static str,
    place: String,
    second_factor: bool,
    recovery_left: u32,
    sessions: Vec<Line>,
    begun: Option<SecondFactorBegun>,
    /// Shown once.
    codes: Vec<String>,
    /// Which part of the page is not right, and why.
    part: &'static str,
    fault: Option<String>,
}

/// What the page shows beside what is stored.
#[derive(Default)]
struct Shown {
    begun: Option<SecondFactorBegun>,
    codes: Vec<String>,
    part: &'static str,
    fault: Option<DoorFault>,
    said: Option<&'static str>,
}

async fn drawn(doors: &Doors, visitor: &Visitor, theme: Theme, shown: Shown) -> Response {
    let own = match doors.own(visitor).await {
        Ok(own) => own,
        Err(fault) => return plain(&fault),
    };
    let mut frame = Frame::inside("Your log-in", theme, visitor);
    frame.said = shown.said;
    let (status, fault) = match &shown.fault {
        Some(fault) => {
            let (status, text) = told(fault);
            (status, Some(text))
        }
        None => (StatusCode::OK, None),
    };
    let leaf = Me {
        name: own.person.name.clone(),
        role: own.person.seat.role().code(),
        place: own
            .person
            .seat
            .tenant()
            .map_or_else(|| "the hoster".to_owned(), ToString::to_string),
        second_factor: own.person.second_factor,
        recovery_left: own.recovery_left,
        sessions: lines(visitor, &own),
        begun: shown.begun,
        codes: shown.codes,
        part: shown.part,
        fault,
        frame: frame.clone(),
    };
    let answer = page(status, &frame, &leaf);
    match &shown.fault {
        Some(fault) => waiting(fault, answer),
        None => answer,
    }
}

fn lines(visitor: &Visitor, own: &Own) -> Vec<Line> {
    let at = |at: chrono::DateTime<chrono::Utc>| clock(visitor, at);
    let line = |session: &store::sessions::Session| Line {
        id: session.id.to_string(),
        agent: if session.agent.is_empty() {
            "unnamed browser".to_owned()
        } else {
            session.agent.clone()
        },
        from: session.from.clone(),
        since: at(session.created),
        seen: at(session.last_seen),
        this: own.this == Some(session.id),
    };
    own.sessions.iter().map(line).collect()
}

fn plain(fault: &DoorFault) -> Response {
    let (status, text) = told(fault);
    (status, format!("{text}\n")).into_response()
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "password" => Some("The password is changed, and every other session is over."),
        "removed" => Some("The authenticator is taken away, and every other session is over."),
        "revoked" => Some("The session is over."),
        "others" => Some("Every other session is over."),
        _ => None,
    }
}

async fn show(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = Shown {
        said: said(&asked.told),
        ..Shown::default()
    };
    drawn(&doors, &visitor, theme, shown).await
}

#[derive(Deserialize)]
struct NewPassword {
    old: SecretString,
    new: SecretString,
}

async fn password(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<NewPassword>,
) -> Response {
    match doors.password_change(&visitor, sent.old, sent.new).await {
        Ok(()) => Redirect::to("/me?told=password").into_response(),
        Err(fault) => refused(&doors, &visitor, theme, "password", fault).await,
    }
}

async fn refused(
    doors: &Doors,
    visitor: &Visitor,
    theme: Theme,
    part: &'static str,
    fault: DoorFault,
) -> Response {
    let shown = Shown {
        part,
        fault: Some(fault),
        ..Shown::default()
    };
    drawn(doors, visitor, theme, shown).await
}

/// With one's password: a browser that was left open must not be enough.
#[derive(Deserialize)]
struct Confirmed {
    password: SecretString,
}

async fn begin(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Confirmed>,
) -> Response {
    match doors.second_factor_begin(&visitor, sent.password).await {
        Ok(begun) => {
            let shown = Shown {
                begun: Some(begun),
                ..Shown::default()
            };
            drawn(&doors, &visitor, theme, shown).await
        }
        Err(fault) => refused(&doors, &visitor, theme, "factor", fault).await,
    }
}

#[derive(Deserialize)]
struct FirstCode {
    code: String,
}

async fn confirm(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<FirstCode>,
) -> Response {
    match doors.second_factor_confirm(&visitor, &sent.code).await {
        Ok(codes) => {
            let shown = Shown {
                codes,
                said: Some("The authenticator is set up, and every other session is over."),
                ..Shown::default()
            };
            drawn(&doors, &visitor, theme, shown).await
        }
        Err(fault) => refused(&doors, &visitor, theme, "factor", fault).await,
    }
}

async fn remove(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Confirmed>,
) -> Response {
    match doors.second_factor_remove(&visitor, sent.password).await {
        Ok(()) => Redirect::to("/me?told=removed").into_response(),
        Err(fault) => refused(&doors, &visitor, theme, "factor", fault).await,
    }
}

async fn recovery(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Confirmed>,
) -> Response {
    match doors.recovery_renew(&visitor, sent.password).await {
        Ok(codes) => {
            let shown = Shown {
                codes,
                said: Some("These are new; the old recovery codes open nothing any more."),
                ..Shown::default()
            };
            drawn(&doors, &visitor, theme, shown).await
        }
        Err(fault) => refused(&doors, &visitor, theme, "factor", fault).await,
    }
}

#[derive(Deserialize)]
struct Ended {
    /// A session's id, or `others`.
    id: String,
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Ended>,
) -> Response {
    if sent.id == "others" {
        return match doors.sessions_revoke(&visitor).await {
            Ok(_) => Redirect::to("/me?told=others").into_response(),
            Err(fault) => refused(&doors, &visitor, theme, "sessions", fault).await,
        };
    }
    let ended = match sent.id.parse() {
        Ok(id) => doors.session_revoke(&visitor, id).await,
        Err(_) => Err(DoorFault::Missing("session")),
    };
    match ended {
        Ok(()) => Redirect::to("/me?told=revoked").into_response(),
        Err(fault) => refused(&doors, &visitor, theme, "sessions", fault).await,
    }
}

/// Somebody sits there: a screen that looks again by itself does not keep a session from ending idle, a key or a click does.
async fn here(_: Visitor) -> StatusCode {
    StatusCode::NO_CONTENT
}
