//! A write transaction and the events it leaves behind.

use super::row::micros;
use super::{SqliteStore, failed};
use crate::rules::EVENTS_KEPT_MAX;
use crate::rules::told::NewEvent;
use crate::traits::{Result, StoreError};
use domain::ids::TenantId;
use sqlx::{Sqlite, SqliteConnection, Transaction};

/// An immediate transaction. Dropped without `commit` it leaves nothing.
pub(super) struct Write {
    tx: Transaction<'static, Sqlite>,
    newest: Option<i64>,
}

impl SqliteStore {
    pub(super) async fn write(&self) -> Result<Write> {
        let tx = self
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed("begin a transaction"))?;
        Ok(Write { tx, newest: None })
    }

    pub(super) async fn commit(&self, mut write: Write) -> Result<()> {
        if let Some(newest) = write.newest {
            sqlx::query("DELETE FROM event WHERE seq <= $1")
                .bind(newest - i64::from(EVENTS_KEPT_MAX))
                .execute(write.conn())
                .await
                .map_err(failed("remove old events"))?;
        }
        write.tx.commit().await.map_err(failed("commit"))?;
        if let Some(newest) = write.newest {
            self.newest.send_if_modified(|seen| {
                let newer = newest > *seen;
                *seen = newest.max(*seen);
                newer
            });
        }
        Ok(())
    }
}

impl Write {
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }

    /// A guarded update that met no row is an error.
    pub(super) fn one(&self, rows: u64, otherwise: impl FnOnce() -> StoreError) -> Result<()> {
        if rows == 1 { Ok(()) } else { Err(otherwise()) }
    }

    pub(super) async fn event(&mut self, event: NewEvent<'_>) -> Result<()> {
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO event (at, kind, tenant, subject, payload_json) VALUES ($1, $2, $3, $4, $5) RETURNING seq",
        )
        .bind(micros(event.at))
        .bind(event.kind)
        .bind(event.tenant.map(TenantId::as_str))
        .bind(event.subject)
        .bind(event.payload.to_string())
        .fetch_one(self.conn())
        .await
        .map_err(failed("append an event"))?;
        self.newest = Some(seq);
        Ok(())
    }
}
