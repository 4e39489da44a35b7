//! Blockers over time, as half-open intervals.

use super::row::{Cells, document, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_foreign_key_violation};
use crate::records::BlockerInterval;
use crate::rules::missing;
use crate::traits::{Result, Scope};
use chrono::{DateTime, Utc};
use domain::ids::ReplicaId;
use sqlx::sqlite::SqliteRow;

impl SqliteStore {
    /// Those that overlap [from, to), oldest first.
    pub(super) async fn intervals(
        &self,
        scope: &Scope,
        id: ReplicaId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<BlockerInterval>> {
        sqlx::query(
            "SELECT i.replica, i.code, i.from_at, i.to_at, i.detail_json \
             FROM blocker_interval i JOIN replica r ON r.id = i.replica \
             WHERE (CAST($1 AS TEXT) IS NULL OR r.tenant = $1) AND i.replica = $2 \
             AND i.from_at < $4 AND (i.to_at IS NULL OR i.to_at > $3) ORDER BY i.from_at, i.code",
        )
        .bind(scope.tenant())
        .bind(id.to_string())
        .bind(micros(from))
        .bind(micros(to))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list blocker intervals"))?
        .iter()
        .map(interval)
        .collect()
    }
}

impl Write {
    pub(super) async fn interval_open(&mut self, interval: &BlockerInterval) -> Result<()> {
        let detail = interval.detail.as_ref().map(document).transpose()?;
        if interval.to.is_none() {
            let open = sqlx::query(
                "UPDATE blocker_interval SET detail_json = $3 WHERE replica = $1 AND code = $2 AND to_at IS NULL",
            )
            .bind(interval.replica.to_string())
            .bind(&interval.code)
            .bind(&detail)
            .execute(self.conn())
            .await
            .map_err(failed("update a blocker interval"))?;
            if open.rows_affected() > 0 {
                return Ok(());
            }
        }
        // Written again after its end it keeps the end: a poll repeated after a lost answer reopens nothing.
        sqlx::query(
            "INSERT INTO blocker_interval (replica, code, from_at, to_at, detail_json) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (replica, code, from_at) DO UPDATE SET detail_json = excluded.detail_json, \
             to_at = coalesce(blocker_interval.to_at, excluded.to_at)",
        )
        .bind(interval.replica.to_string())
        .bind(&interval.code)
        .bind(micros(interval.from))
        .bind(interval.to.map(micros))
        .bind(&detail)
        .execute(self.conn())
        .await
        .map_err(|error| match error {
            error if is_foreign_key_violation(&error) => missing("replica", interval.replica),
            error => failed("open a blocker interval")(error),
        })?;
        Ok(())
    }

    /// Nothing is open: nothing happens. An interval that begins at `to` is the next one and stays open.
    pub(super) async fn interval_close(
        &mut self,
        replica: ReplicaId,
        code: &str,
        to: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE blocker_interval SET to_at = $3 \
             WHERE replica = $1 AND code = $2 AND to_at IS NULL AND from_at < $3",
        )
        .bind(replica.to_string())
        .bind(code)
        .bind(micros(to))
        .execute(self.conn())
        .await
        .map_err(failed("close a blocker interval"))?;
        Ok(())
    }
}

fn interval(row: &SqliteRow) -> Result<BlockerInterval> {
    let cells = Cells::new(row, "blocker_interval", "replica");
    Ok(BlockerInterval {
        replica: cells.parsed("replica")?,
        code: cells.raw("code")?,
        detail: cells.json_opt("detail_json")?,
        from: cells.time("from_at")?,
        to: cells.time_opt("to_at")?,
    })
}
