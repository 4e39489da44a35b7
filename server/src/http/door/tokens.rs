//! `GET /tokens` and its forms: keys of the API.

use super::leaf::{Frame, Theme, clock, page, told};
use crate::doors::{DoorFault, Doors, Visitor};
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use domain::door::permission::Permission;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/tokens", get(show))
        .route("/tokens/make", post(make))
        .route("/tokens/revoke", post(revoke))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    told: String,
}

struct Row {
    id: String,
    name: String,
    scopes: String,
    created: String,
    expires: String,
    used: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct Tokens {
    frame: Frame,
    rows: Vec<Row>,
    /// What a token of this person may carry.
    scopes: Vec<&'static str>,
    /// The token that was just made; shown once.
    made: Option<String>,
    fault: Option<String>,
}

#[derive(Default)]
struct Shown {
    made: Option<String>,
    fault: Option<DoorFault>,
    said: Option<&'static str>,
}

async fn drawn(doors: &Doors, visitor: &Visitor, theme: Theme, shown: Shown) -> Response {
    let tokens = match doors.tokens(visitor).await {
        Ok(tokens) => tokens,
        Err(fault) => {
            let (status, text) = told(&fault);
            return (status, format!("{text}\n")).into_response();
        }
    };
    let mut frame = Frame::inside("Tokens", theme, visitor);
    frame.said = shown.said;
    let (status, fault) = match &shown.fault {
        Some(fault) => {
            let (status, text) = told(fault);
            (status, Some(text))
        }
        None => (StatusCode::OK, None),
    };
    let now = doors.instant();
    let at = |at: DateTime<Utc>| clock(visitor, at);
    let row = |token: &store::tokens::Token| Row {
        id: token.id.to_string(),
        name: token.name.clone(),
        scopes: token
            .scopes
            .iter()
            .map(|scope| scope.code())
            .collect::<Vec<_>>()
            .join(" "),
        created: at(token.created),
        expires: at(token.expires),
        used: token.last_used.map_or_else(|| "never".to_owned(), at),
        state: match (token.revoked, token.expires <= now) {
            (Some(_), _) => "revoked",
            (None, true) => "over",
            (None, false) => "",
        },
    };
    let leaf = Tokens {
        rows: tokens.iter().map(row).collect(),
        scopes: visitor
            .may
            .iter()
            .filter(|permission| permission.may_be_carried_by(visitor.seat()))
            .map(|permission| permission.code())
            .collect(),
        made: shown.made,
        fault,
        frame: frame.clone(),
    };
    page(status, &frame, &leaf)
}

async fn show(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = Shown {
        said: (asked.told == "revoked").then_some("The token opens nothing any more."),
        ..Shown::default()
    };
    drawn(&doors, &visitor, theme, shown).await
}

/// `name`, `days`, and `scope` as often as one is wanted.
async fn make(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Vec<(String, String)>>,
) -> Response {
    let field = |name: &str| {
        sent.iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let wanted: Result<BTreeSet<Permission>, _> = sent
        .iter()
        .filter(|(name, _)| name == "scope")
        .map(|(_, code)| code.parse::<Permission>())
        .collect();
    let made = match (wanted, field("days").trim().parse::<i64>()) {
        (Ok(scopes), Ok(days)) => doors.token_make(&visitor, field("name"), scopes, days).await,
        (Err(error), _) => Err(DoorFault::Field {
            field: "scope",
            text: error.to_string(),
        }),
        (_, Err(_)) => Err(DoorFault::Field {
            field: "days",
            text: "days are a number".to_owned(),
        }),
    };
    let shown = match made {
        Ok(secret) => Shown {
            made: Some(secret.reveal().to_owned()),
            ..Shown::default()
        },
        Err(fault) => Shown {
            fault: Some(fault),
            ..Shown::default()
        },
    };
    drawn(&doors, &visitor, theme, shown).await
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Named>,
) -> Response {
    let done = match sent.id.parse() {
        Ok(id) => doors.token_revoke(&visitor, id).await,
        Err(_) => Err(DoorFault::Missing("token")),
    };
    match done {
        Ok(()) => Redirect::to("/tokens?told=revoked").into_response(),
        Err(fault) => {
            let shown = Shown {
                fault: Some(fault),
                ..Shown::default()
            };
            drawn(&doors, &visitor, theme, shown).await
        }
    }
}
