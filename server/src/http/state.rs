//! What every handler may use.

use super::desk::Desk;
use super::limits::Limits;
use super::metrics::Traffic;
use crate::doors::Doors;
use ::console::Console;
use async_trait::async_trait;
use axum::extract::FromRef;
use domain::ids::TenantId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::SqliteStore;
use store::traits::{EventStore, Scope};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
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
    /// Tenants' streams have places of their own: theirs never take the operator's.
    pub own_slots: Arc<OwnSlots>,
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
            own_slots: Arc::default(),
            longest: Duration::from_secs(STREAM_SECS_MAX),
        }
    }
}

/// Streams of all tenants' people at once.
const OWN_STREAMS_MAX: usize = 512;
/// Streams of one tenant's people at once: one tenant leaves room for others.
const OWN_STREAMS_OF_TENANT_MAX: usize = 24;

/// Places for tenants' event streams.
pub struct OwnSlots {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

impl Default for OwnSlots {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(OWN_STREAMS_MAX)),
            each: Mutex::default(),
        }
    }
}

impl OwnSlots {
    /// A place among the tenant's and one among all; `None` when either is full.
    pub fn take(&self, tenant: &TenantId) -> Option<Vec<OwnedSemaphorePermit>> {
        let own = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            let own = each.entry(tenant.clone());
            own.or_insert_with(|| Arc::new(Semaphore::new(OWN_STREAMS_OF_TENANT_MAX)))
                .clone()
        };
        let own = own.try_acquire_owned().ok()?;
        let all = self.all.clone().try_acquire_owned().ok()?;
        Some(vec![own, all])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_fills_its_own_places_and_leaves_room_for_others() {
        let (slots, one, other): (OwnSlots, TenantId, TenantId) = (
            OwnSlots::default(),
            "contoso".parse().unwrap(),
            "fabrikam".parse().unwrap(),
        );
        let mut held: Vec<_> = (0..OWN_STREAMS_OF_TENANT_MAX)
            .map(|_| slots.take(&one).unwrap())
            .collect();
        assert!(slots.take(&one).is_none());
        assert!(slots.take(&other).is_some());
        held.pop();
        assert!(slots.take(&one).is_some());
    }

    #[test]
    fn all_tenants_together_have_a_most() {
        let slots = OwnSlots::default();
        let tenant = |n: usize| -> TenantId { format!("t{n}").parse().unwrap() };
        let held: Vec<_> = (0..OWN_STREAMS_MAX)
            .map(|n| slots.take(&tenant(n)).unwrap())
            .collect();
        assert!(slots.take(&tenant(held.len())).is_none());
    }
}
