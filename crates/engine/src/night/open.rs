//! The opener: every day that has opened and is not written down yet, under the policy as it stands.

use super::{Ledger, gone::Absences};
use crate::shared::Shared;
use chrono::{DateTime, Utc};
use domain::opener::{Owing, opening};
use store::traits::StoreError;

/// So many days are written in one transaction: others may write in between.
const BATCH: usize = 500;

/// Opens what is to be opened; whether there was something.
pub(super) async fn open(
    shared: &Shared,
    ledger: &mut Ledger,
    absences: &Absences,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut days = Vec::new();
    for row in ledger.rows.values() {
        let Some((policy, _)) = ledger.catalogue.of(&row.tenant, row.id) else {
            continue;
        };
        let owing = Owing {
            replica: row.id,
            tenant: row.tenant.clone(),
            zone: shared.tenancy().zone(&row.tenant),
            first_seen: row.first_seen,
            gone_since: absences.gone(row.id),
            absent: absences.over(row.id),
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
