//! What is there before anybody comes: the tenants of the configuration, and the log-ins of the demo.

use super::account::new_person;
use super::{BEFORE, DoorFault, Doors};
use domain::calendar::Zone;
use domain::door::seat::{Role, Seat, SiteRole, TenantRole};
use domain::ids::TenantId;
use secrecy::SecretString;
use store::people::NewPerson;
use store::traits::StoreError;

/// One for all log-ins of the demo, whose site is emulated and whose console is on loopback.
pub const DEMO_PASSWORD: &str = "between two log applies";

/// Log-ins of the demo: name, and role; a tenant's are at the first tenant.
pub const SEEDS: [(&str, Role); 5] = [
    ("owner", Role::Site(SiteRole::Owner)),
    ("operator", Role::Site(SiteRole::Operator)),
    ("auditor", Role::Site(SiteRole::Auditor)),
    ("tenant-admin", Role::Tenant(TenantRole::Admin)),
    ("tenant-viewer", Role::Tenant(TenantRole::Viewer)),
];

impl Doors {
    /// Tenants that the configuration names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tenants(&self, configured: &[(TenantId, String, Zone)]) -> Result<(), DoorFault> {
        for (id, name, zone) in configured {
            match self
                .store
                .tenant_create(&BEFORE, id, name, *zone, self.now())
                .await
            {
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The demo's people; those that are there stay as they are.
    ///
    /// # Errors
    /// The store failed.
    pub async fn seed(&self, tenant: &TenantId) -> Result<(), DoorFault> {
        let password = self.hasher.hash(SecretString::from(DEMO_PASSWORD)).await?;
        for (login, role) in SEEDS {
            let place = matches!(role, Role::Tenant(_)).then(|| tenant.clone());
            let (Some(seat), Ok(login)) = (Seat::new(role, place), login.parse()) else {
                continue;
            };
            let new = NewPerson {
                id: new_person(),
                name: format!("Demo {}", role.code()),
                login,
                seat,
                password: password.clone(),
                at: self.now(),
            };
            match self.store.person_create(&BEFORE, &new).await {
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
