//! The event stream.

use super::row::Cells;
use super::{SqliteStore, failed};
use crate::records::Event;
use crate::rules::EVENTS_READ_MAX;
use crate::traits::{EventStore, Result, Scope};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

#[async_trait]
impl EventStore for SqliteStore {
    async fn events_after(&self, scope: &Scope, seq: i64, limit: u32) -> Result<Vec<Event>> {
        sqlx::query(
            "SELECT seq, at, kind, tenant, subject, payload_json FROM event \
             WHERE seq > $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1) ORDER BY seq LIMIT $3",
        )
        .bind(scope.tenant())
        .bind(seq)
        .bind(i64::from(limit.min(EVENTS_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("read events"))?
        .iter()
        .map(event)
        .collect()
    }

    async fn event_newest(&self) -> Result<i64> {
        sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM event")
            .fetch_one(&self.reader)
            .await
            .map_err(failed("read the newest event"))
    }
}

fn event(row: &SqliteRow) -> Result<Event> {
    let cells = Cells::new(row, "event", "seq");
    Ok(Event {
        seq: cells.raw("seq")?,
        at: cells.time("at")?,
        kind: cells.raw("kind")?,
        tenant: cells.parsed_opt("tenant")?,
        subject: cells.raw("subject")?,
        payload: cells.json("payload_json")?,
    })
}
