//! What every handler may use.

use super::desk::Desk;
use super::limits::Limits;
use super::metrics::Traffic;
use crate::doors::Doors;
use ::console::Console;
use async_trait::async_trait;
use axum::extract::FromRef;
use std::sync::Arc;
use std::time::Duration;
use store::SqliteStore;
use store::traits::{EventStore, Scope};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Event streams open at once: a browser holds at most six to one server, and each costs a task and a query now and then.
const STREAMS_MAX: usize = 256;
/// No form of ours is longer, and nothing that is sent to the API.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;
/// So long a stream goes on: then it comes back through the wall, which knows who was put out meanwhile.
const STREAM_SECS_MAX: u64 = 300;

/// Cloned into every request.
#[derive(Clone)]
pub struct AppState {
    pub console: Arc<dyn Console>,
    pub desk: Arc<Desk>,
    pub doors: Arc<Doors>,
    pub events: Events,
    pub readiness: Arc<dyn Readiness>,
    pub limits: Arc<Limits>,
    pub traffic: Traffic,
}

/// The event stream's source.
#[derive(Clone)]
pub struct Events {
    pub store: Arc<dyn EventStore>,
    /// Ticks when this process appended an event.
    pub newest: watch::Receiver<i64>,
    pub scope: Scope,
    /// Ends all streams, so that the server can stop.
    pub stop: CancellationToken,
    pub slots: Arc<Semaphore>,
    /// How long a stream goes on.
    pub longest: Duration,
}

impl Events {
    /// The operator's events; `stop` ends every stream.
    pub fn of(store: &SqliteStore, stop: CancellationToken) -> Self {
        Self {
            store: Arc::new(store.clone()),
            newest: store.event_watch(),
            scope: Scope::Site {
                reason: "operator's event stream",
            },
            stop,
            slots: Arc::new(Semaphore::new(STREAMS_MAX)),
            longest: Duration::from_secs(STREAM_SECS_MAX),
        }
    }
}

/// Whether requests can be served.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// # Errors
    /// What is not ready, for the operator.
    async fn ready(&self) -> Result<(), String>;
}

#[async_trait]
impl Readiness for SqliteStore {
    async fn ready(&self) -> Result<(), String> {
        SqliteStore::ready(self)
            .await
            .map_err(|error| crate::telling::chain(&error))
    }
}

impl FromRef<AppState> for Arc<dyn Console> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.console)
    }
}

impl FromRef<AppState> for Arc<Desk> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.desk)
    }
}

impl FromRef<AppState> for Arc<Doors> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.doors)
    }
}

impl FromRef<AppState> for Traffic {
    fn from_ref(state: &AppState) -> Self {
        state.traffic.clone()
    }
}
