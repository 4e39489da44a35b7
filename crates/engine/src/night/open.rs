//! The opener: every day that has opened and is not written down yet, under the policy as it stands.

use super::{Ledger, gone::Absences};
use crate::shared::{SITE, Shared};
use chrono::{DateTime, Utc};
use domain::calendar::WindowRule;
use domain::ids::TenantId;
use domain::opener::{Owing, opening};
use std::collections::HashMap;
use store::traits::StoreError;

/// So many days are written in one transaction: others may write in between.
const BATCH: usize = 500;

/// Tenants of one query.
const PAGE: u32 = 200;

/// A tenant's own window as far as it is in effect, and when it was moved last.
type Moved = (Option<WindowRule>, DateTime<Utc>);

/// Tenants that moved their windows, as the store says it now.
async fn moved(shared: &Shared) -> Result<HashMap<TenantId, Moved>, StoreError> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = shared.ports.store.tenants(&SITE, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = Some(last.id.clone());
        for tenant in page {
            if let Some(at) = tenant.moved {
                let own = tenant.own_window();
                all.insert(tenant.id, (own, at));
            }
        }
    }
}

/// Opens what is to be opened; whether there was something.
pub(super) async fn open(
    shared: &Shared,
    ledger: &mut Ledger,
    absences: &Absences,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut days = Vec::new();
    let moved = moved(shared).await?;
    for row in ledger.rows.values() {
        let Some((policy, _)) = ledger.catalogue.of(&row.tenant, row.id) else {
            continue;
        };
        let window = moved.get(&row.tenant);
        let owing = Owing {
            replica: row.id,
            tenant: row.tenant.clone(),
            zone: shared.tenancy().zone(&row.tenant),
            first_seen: row.first_seen,
            gone_since: absences.gone(row.id),
            absent: absences.over(row.id),
            window: window.and_then(|(own, _)| *own),
            moved: window.map(|(_, at)| *at),
            newest: ledger.days.get(&row.id).copied(),
        };
        days.extend(opening(&owing, policy, now));
    }
    for batch in days.chunks(BATCH) {
        shared.ports.store.obligations_open(batch).await?;
        for day in batch {
            ledger.days.insert(day.key.replica, (day.key.day, day.window));
        }
    }
    Ok(!days.is_empty())
}
