//! Top bar and rail.

use super::StoreConsole;
use super::picture::Class;
use ::console::{Bar, TenantRow, UiError};
use domain::ids::TenantId;
use std::collections::HashMap;
use store::traits::Scope;

impl StoreConsole {
    pub(super) fn freshness_limit_secs(&self) -> u32 {
        u32::try_from(self.site().freshness.num_seconds()).unwrap_or(u32::MAX)
    }

    pub(super) async fn bar_view(&self) -> Result<Bar, UiError> {
        let picture = self.picture().await?;
        let ahead = self.ahead(&picture);
        let count = |class| u64::try_from(picture.subjects.iter().filter(|it| it.class == class).count());
        // The oldest of the newest looks: one replica that nobody sees makes the whole site stale.
        let oldest_observation = picture
            .subjects
            .iter()
            .filter_map(super::picture::Subject::observed)
            .min();
        let mut of_tenant: HashMap<&TenantId, u64> = HashMap::new();
        for subject in &picture.subjects {
            *of_tenant.entry(&subject.row.replica.tenant).or_default() += 1;
        }
        Ok(Bar {
            as_of: picture.as_of,
            zone: self.zone(),
            oldest_observation,
            freshness_limit_secs: self.freshness_limit_secs(),
            speed: self.site().speed,
            replicas: picture.subjects.len() as u64,
            running: count(Class::Running).unwrap_or(0),
            waiting: count(Class::Waiting).unwrap_or(0),
            at_risk: ahead.causes.as_ref().map(|_| ahead.owed.at_risk),
            holds: self.holds_in_force(&picture).await?.len() as u64,
            findings: picture.snapshot.findings_of(&self.scope).count() as u64,
            viewer: None,
            tenants: self
                .site()
                .tenants
                .iter()
                .filter(|(id, _)| match &self.scope {
                    Scope::Site { .. } => true,
                    Scope::Tenant(tenant) => tenant == id,
                })
                .map(|(id, name)| TenantRow {
                    id: id.to_string(),
                    name: name.clone(),
                    replicas: of_tenant.get(id).copied().unwrap_or(0),
                })
                .collect(),
        })
    }
}
