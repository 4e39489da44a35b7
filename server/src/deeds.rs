//! What the operator does by hand: holds, acknowledgements, corrections, policies. One file per deed, used alike by the command line, the
//! forms and the API. A deed checks everything that it is given, names the field that is not right, and then tells the store.

mod acknowledge;
mod assign;
mod cancel;
mod correct;
mod hold;
mod lift;
mod own;
mod put_policy;
mod tenants;
#[cfg(test)]
mod tests;
mod until;
mod written;

pub use acknowledge::NewAcknowledgement;
pub use correct::NewCorrection;
pub use hold::NewHold;
pub use own::{LogoChange, NewBrand, NewFrame};
pub use tenants::{NewTenant, tried};
pub use until::{Until, instant, length};

use crate::config::Config;
use crate::doors::Object;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId, TenantId};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::cancels::CancelStore;
use store::holds::HoldStore;
use store::obligations::ObligationStore;
use store::policies::PolicyStore;
use store::tenants::TenantStore;
use store::traits::{AttemptStore, ReplicaStore, Scope, StoreError};
use store::wishes::WishStore;

/// The aggregates that deeds change.
pub trait DeedStore:
    ReplicaStore
    + AttemptStore
    + PolicyStore
    + ObligationStore
    + HoldStore
    + CancelStore
    + TenantStore
    + WishStore
{
}
impl<S> DeedStore for S where
    S: ReplicaStore
        + AttemptStore
        + PolicyStore
        + ObligationStore
        + HoldStore
        + CancelStore
        + TenantStore
        + WishStore
{
}

/// Who and what the configuration knows: only these can be held or given a policy.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub tenants: BTreeSet<TenantId>,
    pub hosts: BTreeSet<HostId>,
}

impl Known {
    /// Everything that is configured.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            tenants: config.tenants.iter().map(|it| it.id.clone()).collect(),
            hosts: config.hosts.iter().map(|it| it.id.clone()).collect(),
        }
    }

    fn host(&self, host: &HostId) -> Result<(), DeedError> {
        if self.hosts.contains(host) {
            return Ok(());
        }
        Err(DeedError::missing("host", host))
    }
}

/// Why a deed was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeedError {
    /// A given value cannot be used.
    #[error("{field}: {text}")]
    Field { field: &'static str, text: String },
    /// Something named is not there.
    #[error("there is no {what} `{id}`")]
    Missing { what: &'static str, id: String },
    /// It is there, and in another state than the deed needs.
    #[error("{0}")]
    Conflict(String),
    #[error(transparent)]
    Store(StoreError),
}

impl DeedError {
    fn field(field: &'static str, text: impl std::fmt::Display) -> Self {
        Self::Field {
            field,
            text: text.to_string(),
        }
    }

    fn missing(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Missing {
            what,
            id: id.to_string(),
        }
    }
}

impl From<StoreError> for DeedError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, id } => Self::Missing { what, id },
            other => Self::Store(other),
        }
    }
}

/// One person's hands at one instant of the world's clock.
pub struct Deeds {
    store: Arc<dyn DeedStore>,
    known: Known,
    author: String,
    now: DateTime<Utc>,
    object: Object,
}

const SITE: Scope = Scope::Site {
    reason: "operator's deed",
};

impl Deeds {
    /// `author` stands with everything that is done.
    ///
    /// # Errors
    /// When the author is no name.
    pub fn new(
        store: Arc<dyn DeedStore>,
        known: Known,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, DeedError> {
        Ok(Self {
            store,
            known,
            author: written::author(author)?,
            now,
            object: Object::default(),
        })
    }

    /// Says there what each deed is done to, in words.
    #[must_use]
    pub fn saying(mut self, object: &Object) -> Self {
        self.object = object.clone();
        self
    }

    /// Where each deed says what it is, and what it is done to.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    fn detail_until(&self, until: DateTime<Utc>) {
        let shown = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        self.object.detail("until", shown);
    }

    /// A replica as people name it, and whose it is.
    async fn say_replica(&self, before: &str, id: ReplicaId) {
        match self.store.replica(&SITE, id).await {
            Ok(replica) => {
                let words = format!("{before}replica {}", replica.name);
                self.object.say(words, Some(&replica.tenant));
            }
            Err(_) => self.object.say(format!("{before}replica {id}"), None),
        }
    }

    /// A tenant of the configuration, or one that was created here.
    async fn tenant_there(&self, tenant: &TenantId) -> Result<(), DeedError> {
        if self.known.tenants.contains(tenant) {
            return Ok(());
        }
        self.store
            .tenant(&SITE, tenant)
            .await
            .map(drop)
            .map_err(DeedError::from)
    }
}
