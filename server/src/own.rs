//! What a tenant's people see and do themselves, for their pages and their API alike. Everything is asked under the tenant's scope, and no
//! word of the hoster's machines is in anything that comes from here.

mod brand;
mod days;
pub mod deed;
mod point;
mod replica;
mod state;
mod window;
mod wish;

pub use brand::Brand;
pub use days::{Bar, DAYS, Lost, bars};
pub use point::{OwnDisk, OwnPoint};
pub use replica::{OwnReplica, OwnRow};
pub use state::State;
pub use window::{Moving, OwnWindow, moved_from};
pub use wish::NotAsked;

use crate::console::{EngineDoor, StoreConsole};
use crate::http::desk::DeskStore;
use chrono::{DateTime, Utc};
use domain::calendar::Zone;
use domain::ids::TenantId;
use std::sync::Arc;
use store::traits::Scope;

/// One tenant's view of its own at one instant of the world's clock.
pub struct Own {
    store: Arc<dyn DeskStore>,
    engine: Arc<dyn EngineDoor>,
    screens: StoreConsole,
    scope: Scope,
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// That its days are counted in.
    pub zone: Zone,
    pub now: DateTime<Utc>,
}

impl Own {
    /// Of this tenant. `screens` are the site's.
    #[must_use]
    pub fn new(
        store: Arc<dyn DeskStore>,
        engine: Arc<dyn EngineDoor>,
        screens: &StoreConsole,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Self {
        let (name, zone) = screens.facts_of(&tenant);
        Self {
            store,
            engine,
            screens: screens.of_tenant(tenant.clone()),
            scope: Scope::Tenant(tenant.clone()),
            tenant,
            name,
            zone,
            now,
        }
    }

    /// An instant on the tenant's wall clock: `2026-11-22 02:41`.
    #[must_use]
    pub fn wall(&self, at: DateTime<Utc>) -> String {
        self.zone.wall(at)
    }
}
