//! `GET /api/v1/events`: what changes, as server-sent events.
//!
//! Every message is unnamed (`onmessage`), its id is the event's number and its data
//! `{"seq","at","kind","tenant","subject","payload"}`. The first one has the kind `ready`: it carries the number from which on the
//! stream is complete. A client that comes back sends it in `Last-Event-ID` (browsers do by themselves; `?after=` is for the
//! rest) and gets what it missed. Only the newest 100,000 events are kept: one who was away longer should load anew.

use super::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::{AppState, Events};
use ::console::UiError;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures::Stream;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;
use store::records;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Sleep;

/// Events read at once.
const BATCH: u32 = 200;
/// Commands on the same data directory write events that do not tick here: look for them this often.
const LOOK_SECS: u64 = 3;
/// A comment this often tells client and proxies that the stream lives.
const HEARTBEAT_SECS: u64 = 15;
/// How soon a browser comes back.
const RETRY_MS: u64 = 2_000;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/events", get(stream))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/events", Tag::Night, "followEvents", "Follow what changes")
            .says("Server-sent events: unnamed messages whose `id` is the event's number and whose data is one object. The first has the kind `ready`. A stream ends after five minutes: come back with the last number.")
            .query("after", s::integer(), "The last number that was seen, where no header can be sent.")
            .header("Last-Event-ID", s::integer(), "The last number that was seen: what was missed is sent first.")
            .answers_as(200, "A stream.", "text/event-stream", s::text())
            .or(503, "Too many streams are open."),
    ]
}

async fn stream(
    State(state): State<AppState>,
    headers: HeaderMap,
    mut parameters: Parameters,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let after = parameters.text("after")?;
    parameters.end()?;
    let last = match headers.get("last-event-id") {
        Some(value) => Some(number(
            "Last-Event-ID",
            &String::from_utf8_lossy(value.as_bytes()),
        )?),
        None => after.map(|text| number("after", &text)).transpose()?,
    };
    let events = state.events;
    let Ok(slot) = events.slots.clone().try_acquire_owned() else {
        return Err(too_many());
    };
    let slots = vec![slot];
    let newest = newest(&events).await?;
    // A number from the future is of another database: begin anew.
    let seq = last.filter(|last| *last <= newest).unwrap_or(newest);
    let hello = Event::default()
        .id(seq.to_string())
        .retry(Duration::from_millis(RETRY_MS))
        .data(json!({ "seq": seq, "kind": "ready" }).to_string());
    Ok(sent(Feed::new(
        events,
        seq,
        hello,
        |event| Some(message(event)),
        slots,
    )))
}

pub(in crate::http) fn too_many() -> Problem {
    let detail = "too many event streams are open: close some pages and try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many streams", detail)
}

/// The number of the newest event.
pub(in crate::http) async fn newest(events: &Events) -> Result<i64, Problem> {
    events.store.event_newest().await.map_err(|error| {
        tracing::error!(
            error = crate::telling::chain(&error),
            "the newest event cannot be read"
        );
        Problem::from(UiError::Unavailable {
            what: "the event stream".to_owned(),
            retry_secs: 15,
        })
    })
}

/// A feed as an answer.
pub(in crate::http) fn sent(feed: Feed) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let feed = futures::stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    let alive = KeepAlive::new()
        .interval(Duration::from_secs(HEARTBEAT_SECS))
        .text("alive");
    Sse::new(feed).keep_alive(alive)
}

fn number(name: &str, text: &str) -> Result<i64, Problem> {
    text.parse()
        .ok()
        .filter(|number| *number >= 0)
        .ok_or_else(|| Problem::parameter(name, format!("`{text}` is not an event's number")))
}

/// What a client is told of an event; `None` tells it nothing.
pub(in crate::http) type Show = fn(records::Event) -> Option<Event>;

/// One client's place in the stream.
pub(in crate::http) struct Feed {
    events: Events,
    newest: watch::Receiver<i64>,
    ends: Pin<Box<Sleep>>,
    seq: i64,
    waiting: VecDeque<Event>,
    show: Show,
    _slots: Vec<OwnedSemaphorePermit>,
}

impl Feed {
    /// Of the events in `events.scope` after `seq`; `hello` goes first. The slots are given back at its end.
    pub(in crate::http) fn new(
        events: Events,
        seq: i64,
        hello: Event,
        show: Show,
        slots: Vec<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            newest: events.newest.clone(),
            ends: Box::pin(tokio::time::sleep(events.longest)),
            events,
            seq,
            waiting: VecDeque::from([hello]),
            show,
            _slots: slots,
        }
    }

    /// `None` ends the stream: it went on for long enough, the server stops, or the store failed and the client does well to come back.
    pub(in crate::http) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            // Marked as seen before the read, so a commit in between wakes us.
            self.newest.mark_unchanged();
            match self
                .events
                .store
                .events_after(&self.events.scope, self.seq, BATCH)
                .await
            {
                Ok(events) => {
                    self.seq = events.last().map_or(self.seq, |event| event.seq);
                    let whole = events.len() == BATCH as usize;
                    self.waiting.extend(events.into_iter().filter_map(self.show));
                    // All of it was nothing for this client, and there is more.
                    if whole {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::error!(error = crate::telling::chain(&error), "events cannot be read");
                    return None;
                }
            }
            if self.waiting.is_empty() && !self.wait().await {
                return None;
            }
        }
    }

    async fn wait(&mut self) -> bool {
        let look = tokio::time::sleep(Duration::from_secs(LOOK_SECS));
        tokio::select! {
            () = self.events.stop.cancelled() => false,
            () = self.ends.as_mut() => false,
            // The sender lives as long as the store; without it the clock alone wakes us.
            changed = self.newest.changed() => {
                if changed.is_err() {
                    tokio::time::sleep(Duration::from_secs(LOOK_SECS)).await;
                }
                true
            }
            () = look => true,
        }
    }
}

fn message(event: records::Event) -> Event {
    let data = json!({
        "seq": event.seq, "at": event.at, "kind": event.kind, "tenant": event.tenant,
        "subject": event.subject, "payload": event.payload,
    });
    Event::default().id(event.seq.to_string()).data(data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SqliteStore;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn a_stream_ends_after_a_while_so_that_who_follows_it_is_asked_for_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let mut events = Events::of(&store, CancellationToken::new());
        events.longest = Duration::from_millis(20);
        let slots = vec![events.slots.clone().try_acquire_owned().unwrap()];
        let mut feed = Feed::new(events, 0, Event::default(), |event| Some(message(event)), slots);
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            while feed.next().await.is_some() {}
        });
        ended.await.expect("the stream ends");
    }
}
