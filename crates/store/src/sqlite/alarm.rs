//! What the alarm remembers beside the outbox.

use super::obligations::key_of;
use super::row::{Cells, day_number, document, micros};
use super::{SqliteStore, failed, is_foreign_key_violation};
use crate::alarm::{AlarmStore, BreachRow};
use crate::rules::missing;
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;

pub(super) const BREACHES_SINCE: &str = "SELECT replica, day, tenant, due_at, cause, kind_json FROM breach WHERE due_at >= $1 ORDER BY due_at, replica, day";
pub(super) const NOTICE_KEYS: &str = "SELECT key FROM notice ORDER BY key";

#[async_trait]
impl AlarmStore for SqliteStore {
    async fn notice_keys(&self) -> Result<Vec<String>> {
        sqlx::query_scalar(NOTICE_KEYS)
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list keys of notices"))
    }

    async fn breaches_put(&self, breaches: &[BreachRow]) -> Result<()> {
        let mut write = self.write().await?;
        for breach in breaches {
            let (cause, kind) = breach.cause.as_ref().map(|(key, kind)| (key, kind)).unzip();
            sqlx::query(
                "INSERT INTO breach (replica, day, tenant, due_at, cause, kind_json) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (replica, day) DO NOTHING",
            )
            .bind(breach.key.replica.to_string())
            .bind(day_number(breach.key.day))
            .bind(breach.tenant.as_str())
            .bind(micros(breach.due))
            .bind(cause)
            .bind(kind.map(document).transpose()?)
            .execute(write.conn())
            .await
            .map_err(|error| match error {
                error if is_foreign_key_violation(&error) => missing("obligation", breach.key),
                error => failed("write down a breach")(error),
            })?;
        }
        self.commit(write).await
    }

    async fn breaches_since(&self, from: DateTime<Utc>) -> Result<Vec<BreachRow>> {
        sqlx::query(BREACHES_SINCE)
            .bind(micros(from))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list breaches"))?
            .iter()
            .map(breach)
            .collect()
    }

    async fn sign_put(&self, watcher: &str, at: DateTime<Utc>) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO watcher_sign (watcher, at) VALUES ($1, $2) \
             ON CONFLICT (watcher) DO UPDATE SET at = max(at, excluded.at)",
        )
        .bind(watcher)
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("note a sign of life"))?;
        self.commit(write).await
    }

    async fn signs(&self) -> Result<Vec<(String, DateTime<Utc>)>> {
        sqlx::query("SELECT watcher, at FROM watcher_sign ORDER BY watcher")
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list signs of life"))?
            .iter()
            .map(|row| {
                let cells = Cells::new(row, "watcher_sign", "watcher");
                Ok((cells.raw("watcher")?, cells.time("at")?))
            })
            .collect()
    }
}

fn breach(row: &SqliteRow) -> Result<BreachRow> {
    let cells = Cells::new(row, "breach", "replica");
    let cause: Option<String> = cells.raw("cause")?;
    Ok(BreachRow {
        key: key_of(row, "breach")?,
        tenant: cells.parsed("tenant")?,
        due: cells.time("due_at")?,
        cause: cause.zip(cells.json_opt("kind_json")?),
    })
}
