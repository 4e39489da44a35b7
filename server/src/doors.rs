//! Who comes in: log-in, second factor, sessions, tokens, invitations, and the trail of it. What may be done inside is
//! `domain::door`'s table; whose things are reached, the scope of the seat.

mod account;
mod door_key;
mod fault;
mod hasher;
mod join;
mod log_in;
mod object;
mod once;
mod people;
mod reset;
mod second_factor;
mod secret;
mod seeds;
mod sweep;
mod tokens;
mod trail;
mod visitor;

pub use account::{Own, SecondFactorBegun};
pub use door_key::{DOOR_KEY, DoorKey};
pub use fault::DoorFault;
pub use hasher::Hasher;
pub use log_in::{Comer, Given, Let};
pub use object::{Object, Said};
pub use once::{Begun, Once};
pub use people::Listed;
pub use reset::{LINK_HOURS, OWNER_LINK_MINUTES};
pub use secret::Secret;
pub use seeds::{DEMO_PASSWORD, SEEDS};
pub use visitor::{By, Use, Visitor};

use chrono::{DateTime, Utc};
use std::sync::Arc;
use store::audit::AuditStore;
use store::invitations::InvitationStore;
use store::once::OnceStore;
use store::people::{PersonStore, ProofStore};
use store::sessions::SessionStore;
use store::tenants::TenantStore;
use store::throttle::ThrottleStore;
use store::tokens::TokenStore;
use store::traits::Scope;

/// What doors read and write.
pub trait DoorStore:
    TenantStore
    + PersonStore
    + ProofStore
    + SessionStore
    + TokenStore
    + InvitationStore
    + ThrottleStore
    + AuditStore
    + OnceStore
{
}
impl<S> DoorStore for S where
    S: TenantStore
        + PersonStore
        + ProofStore
        + SessionStore
        + TokenStore
        + InvitationStore
        + ThrottleStore
        + AuditStore
        + OnceStore
{
}

/// The machine's clock: how long a log-in lasts is not sped up with an emulated world.
pub type MachineNow = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Before anybody is somebody: nobody's tenant is known yet.
const BEFORE: Scope = Scope::Site {
    reason: "log-in, before anybody is known",
};

/// The doors of one installation.
pub struct Doors {
    store: Arc<dyn DoorStore>,
    hasher: Hasher,
    key: DoorKey,
    now: MachineNow,
}

impl Doors {
    /// Doors over a store. `key` seals authenticators, `hasher` is what passwords cost.
    #[must_use]
    pub fn new(store: Arc<dyn DoorStore>, hasher: Hasher, key: DoorKey, now: MachineNow) -> Self {
        Self {
            store,
            hasher,
            key,
            now,
        }
    }

    /// The machine's now: what log-ins and tokens go by.
    #[must_use]
    pub fn instant(&self) -> DateTime<Utc> {
        self.now()
    }

    fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }
}

#[cfg(test)]
mod tests;
