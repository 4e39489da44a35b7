//! Holds.

use super::picture::Picture;
use super::{StoreConsole, fault};
use ::console::{Held, HoldRow, HoldsView, TenantId, UiError};
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId};
use engine::{Planned, Purpose};
use store::holds::{HoldTarget, OperatorHold};
use store::traits::Scope;

/// Holds that are read, and past ones that are shown.
const READ_MAX: u32 = 1000;
const PAST_MAX: usize = 100;

impl StoreConsole {
    pub(super) async fn holds_view(&self) -> Result<HoldsView, UiError> {
        let now = (self.now)();
        let picture = self.picture().await?;
        let planned = self.engine.planned();
        let holds = self.store.holds(&self.scope, READ_MAX).await.map_err(fault::ui)?;
        let rows = holds
            .iter()
            .filter_map(|hold| self.hold_row(hold, &picture, planned.as_deref(), now));
        let (active, mut past): (Vec<HoldRow>, Vec<HoldRow>) = rows.partition(|hold| hold.active);
        past.truncate(PAST_MAX);
        let is_site = matches!(self.scope, Scope::Site { .. });
        let site = self.site();
        let hosts = site.hosts.iter().filter(|_| is_site);
        Ok(HoldsView {
            as_of: now,
            zone: self.zone(),
            active,
            past,
            hosts: hosts.map(ToString::to_string).collect(),
            tenants: site.tenants.iter().filter(|_| is_site).cloned().collect(),
        })
    }

    /// Those in force, newest first.
    pub(super) async fn holds_in_force(&self, picture: &Picture) -> Result<Vec<HoldRow>, UiError> {
        let now = (self.now)();
        let planned = self.engine.planned();
        let holds = self
            .store
            .holds_active(&self.scope, now)
            .await
            .map_err(fault::ui)?;
        let row = |hold| self.hold_row(hold, picture, planned.as_deref(), now);
        Ok(holds.iter().filter_map(row).collect())
    }

    /// `None` where the scope does not see what is held: hosts are the hoster's.
    fn hold_row(
        &self,
        hold: &OperatorHold,
        picture: &Picture,
        planned: Option<&Planned>,
        now: DateTime<Utc>,
    ) -> Option<HoldRow> {
        let (on, name, replica) = match (&hold.target, &self.scope) {
            (HoldTarget::Host { host }, Scope::Site { .. }) => ("host", host.to_string(), None),
            (HoldTarget::Host { .. }, Scope::Tenant(_)) => return None,
            (HoldTarget::Tenant { tenant }, Scope::Tenant(own)) if own != tenant => return None,
            (HoldTarget::Tenant { tenant }, _) => ("tenant", self.tenant_name(tenant), None),
            (HoldTarget::Replica { replica }, _) => {
                let subject = picture.subjects.iter().find(|it| it.row.replica.id == *replica);
                let name = match (subject, &self.scope) {
                    (Some(it), _) => format!("{}/{}", it.row.replica.tenant, it.row.replica.name),
                    (None, Scope::Site { .. }) => replica.to_string(),
                    (None, Scope::Tenant(_)) => return None,
                };
                ("replica", name, Some(*replica))
            }
        };
        let active = hold.holds_at(now);
        let keeps = planned
            .filter(|_| active)
            .map_or(0, |planned| keeps(&hold.target, planned));
        Some(HoldRow {
            id: hold.id,
            on: on.to_owned(),
            name,
            replica,
            from: hold.from,
            until: hold.until,
            reason: hold.reason.clone(),
            author: hold.author.clone(),
            lifted: hold.lifted.clone(),
            active,
            keeps,
        })
    }

    /// The name for people, or the id of one that is no longer configured.
    pub(super) fn tenant_name(&self, tenant: &TenantId) -> String {
        let site = self.site();
        let known = site.tenants.iter().find(|(id, _)| id == tenant);
        known.map_or_else(|| tenant.to_string(), |(_, name)| name.clone())
    }
}

/// Open obligations that a hold keeps, as they were planned last.
fn keeps(target: &HoldTarget, planned: &Planned) -> u64 {
    let owed = planned.world.owed.iter().zip(&planned.purposes);
    let kept = owed.filter(|(owed, purpose)| {
        let on = match target {
            HoldTarget::Host { host } => owed.host == *host,
            HoldTarget::Tenant { tenant } => owed.tenant == *tenant,
            HoldTarget::Replica { replica } => owed.key.replica == *replica,
        };
        on && **purpose == Purpose::Obligation
    });
    kept.count() as u64
}

/// Whether a hold lies on a replica, by itself or by what it belongs to.
pub(super) fn lies_on(hold: &HoldRow, replica: ReplicaId, tenant: &str, host: &HostId) -> bool {
    match hold.on.as_str() {
        "host" => hold.name == host.as_str(),
        "tenant" => hold.name == tenant,
        _ => hold.replica == Some(replica),
    }
}

pub(super) fn held(held: &domain::planner::Held) -> Held {
    Held {
        by: held.author.clone(),
        until: held.until,
        reason: held.reason.clone(),
    }
}
