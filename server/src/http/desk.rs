//! What the endpoints for the night work with: the store, the plan, and the operator's hands.

use super::problem::Problem;
use crate::console::{ConsoleStore, EngineDoor, Now, Snapshots, StoreConsole, told_to_people};
use crate::deeds::{DeedError, DeedStore, Deeds, Known};
use crate::doors::Visitor;
use crate::own::{NotAsked, Own};
use crate::takehome::TakeHome;
use ::console::UiError;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use engine::Planned;
use std::sync::Arc;
use store::traits::{Scope, StoreError};

/// A plan is made within seconds of the start.
const PLAN_RETRY_SECS: u32 = 5;

/// What desks read and change.
pub trait DeskStore: ConsoleStore + DeedStore {}
impl<S: ConsoleStore + DeedStore> DeskStore for S {}

/// The operator's desk.
pub struct Desk {
    pub store: Arc<dyn DeskStore>,
    pub known: Known,
    pub engine: Arc<dyn EngineDoor>,
    pub snapshots: Arc<Snapshots>,
    /// What tenants' own pages are cut from.
    pub screens: StoreConsole,
    /// Disks to take home; `None` where there is no vault.
    pub home: Option<Arc<TakeHome>>,
    pub now: Now,
}

impl Desk {
    /// Everything on the site.
    pub const SCOPE: Scope = Scope::Site {
        reason: "operator's API",
    };

    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// The hands of whoever asks.
    pub fn deeds(&self, visitor: &Visitor) -> Result<Deeds, Problem> {
        let store: Arc<dyn DeedStore> = self.store.clone();
        let deeds = Deeds::new(store, self.known.clone(), visitor.author(), self.now());
        Ok(deeds.map_err(refused)?.saying(&visitor.object))
    }

    /// What a visitor of a tenant sees of its own; `None` for the hoster's people, who have the whole site's screens.
    pub fn own(&self, visitor: &Visitor) -> Option<Own> {
        let tenant = visitor.seat().tenant()?.clone();
        Some(Own::new(
            self.store.clone(),
            self.engine.clone(),
            &self.screens,
            tenant,
            self.now(),
        ))
    }

    /// Whether there is such a tenant, configured or created here.
    pub async fn knows(&self, tenant: &TenantId) -> Result<bool, Problem> {
        if self.known.tenants.contains(tenant) {
            return Ok(true);
        }
        match self.store.tenant(&Self::SCOPE, tenant).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// After a deed the screens show it at once.
    pub async fn done(&self) {
        if let Err(error) = self.snapshots.catch_up().await {
            tracing::warn!(
                error = crate::telling::chain(&error),
                "the screens' data could not be refreshed"
            );
        }
    }

    /// What was planned last. Without it nobody can say what keeps an obligation, and an empty list would be a lie.
    pub fn planned(&self) -> Result<Arc<Planned>, Problem> {
        self.engine.planned().ok_or_else(|| {
            Problem::from(UiError::Unavailable {
                what: "the plan".to_owned(),
                retry_secs: PLAN_RETRY_SECS,
            })
        })
    }
}

/// A store's failure.
pub fn failed(error: StoreError) -> Problem {
    Problem::from(told_to_people(error))
}

/// Why no backup was asked for.
pub fn not_asked(why: NotAsked) -> Problem {
    let text = why.to_string();
    match why {
        NotAsked::Missing => Problem::missing(text),
        NotAsked::TooOften { wait_secs, .. } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too often", text).after(wait_secs)
        }
        NotAsked::Running { .. } | NotAsked::Held { .. } | NotAsked::Full | NotAsked::NoEngine => {
            Problem::new(StatusCode::CONFLICT, "Conflict", text)
        }
        NotAsked::Failed => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", text),
    }
}

/// Why a deed was not done.
pub fn refused(error: DeedError) -> Problem {
    match error {
        DeedError::Field { field, text } => Problem::parameter(field, text),
        missing @ DeedError::Missing { .. } => Problem::missing(missing.to_string()),
        DeedError::Conflict(text) => Problem::new(StatusCode::CONFLICT, "Conflict", text),
        DeedError::Store(error) => failed(error),
    }
}
