//! How many downloads run at once: of the whole site, and of one tenant.

use super::NotGiven;
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Downloads at once: each reads whole extents of 4 MiB and holds a thread.
pub(super) const AT_ONCE: usize = 8;
/// Of these, one tenant's: the others find a place whatever one of them downloads.
pub(super) const AT_ONCE_TENANT: usize = 3;

/// Those that run, by tenant.
#[derive(Debug, Default)]
pub(super) struct Slots(Mutex<BTreeMap<TenantId, usize>>);

/// A download's place; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    tenant: TenantId,
}

impl Slots {
    /// A place, where there is one.
    pub(super) fn take(self: &Arc<Self>, tenant: &TenantId) -> Result<Slot, NotGiven> {
        let mut running = self.running();
        let own = running.get(tenant).copied().unwrap_or(0);
        if running.values().sum::<usize>() >= AT_ONCE {
            return Err(NotGiven::Busy);
        }
        if own >= AT_ONCE_TENANT {
            return Err(NotGiven::TenantBusy);
        }
        running.insert(tenant.clone(), own + 1);
        Ok(Slot {
            slots: Arc::clone(self),
            tenant: tenant.clone(),
        })
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.slots.running();
        match running.get_mut(&self.tenant) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(running.remove(&self.tenant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: usize) -> TenantId {
        format!("tenant-{number}").parse().unwrap()
    }

    #[test]
    fn one_tenant_leaves_places_for_the_others_and_nobody_gets_a_ninth() {
        let slots = Arc::new(Slots::default());
        let mut held: Vec<Slot> = (0..3).map(|_| slots.take(&tenant(1)).unwrap()).collect();
        assert!(matches!(slots.take(&tenant(1)), Err(NotGiven::TenantBusy)));
        held.extend((2..7).map(|number| slots.take(&tenant(number)).unwrap()));
        assert!(matches!(slots.take(&tenant(7)), Err(NotGiven::Busy)));
        held.remove(0);
        held.push(slots.take(&tenant(1)).unwrap());
        held.clear();
        assert!(slots.running().is_empty(), "nobody is remembered who runs none");
    }
}
