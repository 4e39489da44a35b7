//! In which zone a screen tells times: a replica's in its tenant's, lists of many in the one that all tenants share, else in UTC.

use super::StoreConsole;
use ::console::Zone;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TenantId;
use store::traits::Scope;

/// How far back and ahead of now the screens tell times.
const BACK: TimeDelta = TimeDelta::days(800);
const AHEAD: TimeDelta = TimeDelta::days(120);

impl StoreConsole {
    /// The zone of a tenant's days.
    pub(super) fn zone_of(&self, tenant: &TenantId) -> domain::calendar::Zone {
        let zone = self.site().zones.get(tenant).copied();
        zone.unwrap_or(domain::calendar::Zone::UTC)
    }

    /// The zone of what concerns several tenants.
    pub(super) fn zone(&self) -> Zone {
        let now = (self.now)();
        let site = self.site();
        let mut zones = site
            .tenants
            .iter()
            .map(|(id, _)| id)
            .filter(|id| match &self.scope {
                Scope::Site { .. } => true,
                Scope::Tenant(own) => own == *id,
            });
        let first = zones.next().map(|id| self.zone_of(id));
        match first {
            Some(first) if zones.all(|id| self.zone_of(id) == first) => shown(first, now),
            _ => Zone::utc(),
        }
    }
}

/// A zone with its offsets around now.
pub(super) fn shown(zone: domain::calendar::Zone, now: DateTime<Utc>) -> Zone {
    Zone::named(zone.name(), now - BACK, now + AHEAD).unwrap_or_else(Zone::utc)
}
