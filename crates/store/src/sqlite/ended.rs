//! What ended, by when it ended.

use super::obligations::{key_of, window};
use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::history::{HistoryStore, PastBlocker, PastDay};
use crate::rules::night;
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::obligation::Outcome;
use sqlx::sqlite::SqliteRow;

pub(super) const DAYS_CLOSED: &str = "SELECT replica, day, tenant, open_at, due_at, next_open_at, closed_at, outcome_json, apply_deferrals \
     FROM obligation WHERE closed_at >= $1 AND closed_at < $2 ORDER BY closed_at, replica, day";
pub(super) const BLOCKERS_ENDED: &str = "SELECT replica, code, from_at, to_at FROM blocker_interval \
     WHERE to_at >= $1 AND to_at < $2 AND code <> 'B1' ORDER BY to_at, replica, code, from_at";

#[async_trait]
impl HistoryStore for SqliteStore {
    async fn days_closed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastDay>> {
        sqlx::query(DAYS_CLOSED)
            .bind(micros(from))
            .bind(micros(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list closed days"))?
            .iter()
            .map(day)
            .collect()
    }

    async fn blockers_ended(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<PastBlocker>> {
        sqlx::query(BLOCKERS_ENDED)
            .bind(micros(from))
            .bind(micros(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list ended blockers"))?
            .iter()
            .map(blocker)
            .collect()
    }
}

fn day(row: &SqliteRow) -> Result<PastDay> {
    let cells = Cells::new(row, "obligation", "replica");
    let outcome: Outcome = cells.json("outcome_json")?;
    Ok(PastDay {
        key: key_of(row, "obligation")?,
        tenant: cells.parsed("tenant")?,
        window: window(&cells)?,
        closed_at: cells.time("closed_at")?,
        kind: outcome.kind(),
        point: night::point(&outcome),
        cause: night::cause(&outcome),
        apply_deferrals: cells.count("apply_deferrals")?,
    })
}

fn blocker(row: &SqliteRow) -> Result<PastBlocker> {
    let cells = Cells::new(row, "blocker_interval", "replica");
    Ok(PastBlocker {
        replica: cells.parsed("replica")?,
        code: cells.parsed("code")?,
        from: cells.time("from_at")?,
        to: cells.time("to_at")?,
    })
}
