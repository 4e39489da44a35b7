//! `GET /api/v1/own/events`, and `/own/events` for the pages: that something of the tenant's changed, as server-sent events, cut to the tenant in the store's query.
//!
//! Every message is unnamed, its data `{"kind", "at", "replica"}`; the first has the kind `ready`. No event's number is told: their gaps would
//! tell how much else happens here. Nothing is sent again either: who comes back loads what is shown anew. A stream goes on for five minutes
//! and comes back through the wall.

use crate::doors::Visitor;
use crate::http::api::events::{Feed, newest, sent, too_many};
use crate::http::api::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::time::Duration;
use store::records;

/// How soon a browser comes back.
const RETRY_MS: u64 = 4_000;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/events", get(stream))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/own/events", Tag::Mine, "followOwn", "Follow your machines")
            .says("Server-sent events: unnamed messages whose data is one object of `kind`, `at` and `replica`: that something of it changed. The first has the kind `ready`. Nothing is sent again and a stream ends after five minutes: who comes back reads anew.")
            .answers_as(200, "A stream.", "text/event-stream", s::text())
            .or(503, "Too many streams are open."),
    ]
}

/// The stream, wherever it is asked for.
pub(in crate::http) async fn stream(
    State(state): State<AppState>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.end()?;
    let mut events = state.events;
    let tenant = visitor.seat().tenant().cloned();
    let tenant = tenant.ok_or_else(|| Problem::missing("there is nothing here, or nothing for you"))?;
    let slots = events.own_slots.take(&tenant).ok_or_else(too_many)?;
    let seq = newest(&events).await?;
    events.scope = visitor.scope();
    let hello = Event::default()
        .retry(Duration::from_millis(RETRY_MS))
        .data(json!({ "kind": "ready" }).to_string());
    Ok(sent(Feed::new(events, seq, hello, shown, slots)).into_response())
}

/// What of an event concerns a tenant's pages: its kind, and which machine.
fn shown(event: records::Event) -> Option<Event> {
    let replica = match event.kind.as_str() {
        "replica" | "obligation" | "correction" | "pause" => Value::String(event.subject),
        "attempt" | "point" => event.payload.get("replica").cloned()?,
        "days" => Value::Null,
        // That it is held back; by whom and why is the hoster's. One of a host has no tenant and does not come here.
        "hold" if event.payload.get("on").is_some_and(|on| on == "replica") => Value::String(event.subject),
        "hold" => Value::Null,
        // Policies, hosts, findings: the hoster's.
        _ => return None,
    };
    let data = json!({ "kind": event.kind, "at": event.at, "replica": replica });
    Some(Event::default().data(data.to_string()))
}
