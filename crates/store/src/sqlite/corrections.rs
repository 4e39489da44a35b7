//! Corrections: appended to closed obligations, which stay as they were closed.

use super::obligations::key_of;
use super::row::{Cells, day_number, document, micros};
use super::{SqliteStore, failed};
use crate::rules::night::{counted, owner_name};
use crate::rules::{conflict, told};
use crate::traits::{Result, Scope};
use domain::calendar::SlaDay;
use domain::ids::TenantId;
use domain::obligation::{Correction, ObligationKey, Outcome};
use sqlx::sqlite::SqliteRow;

macro_rules! select_correction {
    ($rest:literal) => {
        concat!(
            "SELECT c.replica, c.day, c.seq, c.at, c.author, c.reason, c.change_json FROM correction c WHERE ",
            $rest
        )
    };
}

const OF_TENANT: &str =
    select_correction!("c.tenant = $1 AND c.day BETWEEN $2 AND $3 ORDER BY c.at, c.day, c.replica, c.seq");
const OF_SITE: &str = select_correction!(
    "CAST($1 AS TEXT) IS NULL AND c.day BETWEEN $2 AND $3 ORDER BY c.at, c.day, c.replica, c.seq"
);
const OF_OBLIGATION: &str = select_correction!("c.replica = $1 AND c.day = $2 ORDER BY c.seq");

impl SqliteStore {
    pub(super) async fn correct(&self, correction: &Correction) -> Result<()> {
        let key = correction.key;
        let mut write = self.write().await?;
        let stands = write.obligation_stands(key).await?;
        let mut corrections: Vec<Correction> = sqlx::query(OF_OBLIGATION)
            .bind(key.replica.to_string())
            .bind(day_number(key.day))
            .fetch_all(write.conn())
            .await
            .map_err(failed("read corrections"))?
            .iter()
            .map(read)
            .collect::<Result<_>>()?;
        let newest = corrections.last().map_or(0, |newest| newest.seq);
        if stands.outcome == Outcome::Open || Some(correction.seq) != newest.checked_add(1) {
            return Err(conflict("obligation", key));
        }
        write.correction_insert(correction, &stands.tenant).await?;
        corrections.push(correction.clone());
        let (counts_as, owner) = counted(&stands.outcome, &corrections);
        sqlx::query(
            "UPDATE obligation SET counts_as = $3, counts_owner = $4, corrections = $5 WHERE replica = $1 AND day = $2",
        )
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .bind(counts_as.as_str())
        .bind(owner.map(owner_name))
        .bind(i64::from(correction.seq))
        .execute(write.conn())
        .await
        .map_err(failed("correct an obligation"))?;
        write
            .event(told::corrected(correction, &stands.tenant, counts_as))
            .await?;
        self.commit(write).await
    }

    /// Of one obligation, whose scope was asked before; oldest first.
    pub(super) async fn corrections_of(&self, key: ObligationKey) -> Result<Vec<Correction>> {
        sqlx::query(OF_OBLIGATION)
            .bind(key.replica.to_string())
            .bind(day_number(key.day))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("read corrections"))?
            .iter()
            .map(read)
            .collect()
    }

    pub(super) async fn corrections_between(
        &self,
        scope: &Scope,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<Correction>> {
        sqlx::query(scope.tenant().map_or(OF_SITE, |_| OF_TENANT))
            .bind(scope.tenant())
            .bind(day_number(from))
            .bind(day_number(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list corrections"))?
            .iter()
            .map(read)
            .collect()
    }
}

impl super::write::Write {
    async fn correction_insert(&mut self, correction: &Correction, tenant: &TenantId) -> Result<()> {
        sqlx::query(
            "INSERT INTO correction (replica, day, seq, tenant, at, author, reason, change_json) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(correction.key.replica.to_string())
        .bind(day_number(correction.key.day))
        .bind(i64::from(correction.seq))
        .bind(tenant.as_str())
        .bind(micros(correction.at))
        .bind(&correction.author)
        .bind(&correction.reason)
        .bind(document(&correction.change)?)
        .execute(self.conn())
        .await
        .map_err(failed("append a correction"))?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> Result<Correction> {
    let cells = Cells::new(row, "correction", "replica");
    Ok(Correction {
        key: key_of(row, "correction")?,
        seq: cells.count("seq")?,
        at: cells.time("at")?,
        author: cells.raw("author")?,
        reason: cells.raw("reason")?,
        change: cells.json("change_json")?,
    })
}
