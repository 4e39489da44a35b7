//! `GET /audit`: who did what, newest first. A tenant's people see what concerns their tenant, without numbers: their gaps would tell how
//! much else happens.

mod words;

use super::leaf::{Frame, Theme, clock, page, told};
use crate::doors::{Doors, Visitor};
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::audit::{AuditEntry, Who};
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/audit", get(show))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    before: Option<String>,
}

struct Row {
    at: String,
    who: String,
    from: String,
    words: String,
    deed: String,
    /// Why it was refused, or failed.
    why: String,
    object: String,
    /// What it was changed to, until when, why.
    details: String,
    place: String,
    outcome: &'static str,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether the reader sees more than one place.
    at_site: bool,
}

fn row(visitor: &Visitor, entry: &AuditEntry) -> Row {
    let happened = &entry.happened;
    Row {
        at: clock(visitor, happened.at),
        who: match &happened.who {
            Who::Person { login, .. } => login.clone(),
            Who::Token { login, .. } => format!("a token of {login}"),
            Who::System { task } => task.clone(),
            Who::Nobody => "nobody known".to_owned(),
        },
        from: happened.from.clone().unwrap_or_default(),
        words: words::deed(&happened.deed).to_owned(),
        deed: happened.deed.clone(),
        why: happened.details.get("why").cloned().unwrap_or_default(),
        object: happened.object.clone(),
        details: words::details(&happened.details),
        place: happened
            .tenant
            .as_ref()
            .map_or_else(|| "hoster".to_owned(), ToString::to_string),
        outcome: happened.outcome.code(),
    }
}

async fn show(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Query(asked): Query<Asked>,
) -> Response {
    let (entries, next) = match doors.audit(&visitor, asked.before.as_deref()).await {
        Ok(found) => found,
        Err(fault) => {
            let (status, text) = told(&fault);
            return (status, format!("{text}\n")).into_response();
        }
    };
    let frame = Frame::inside("Audit trail", theme, &visitor);
    let leaf = Audit {
        frame: frame.clone(),
        rows: entries.iter().map(|entry| row(&visitor, entry)).collect(),
        next,
        at_site: visitor.seat().tenant().is_none(),
    };
    page(StatusCode::OK, &frame, &leaf)
}
