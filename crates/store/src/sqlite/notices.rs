//! The outbox.

use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::notices::{Notice, NoticeStore};
use crate::rules::{LINES_READ_MAX, missing};
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;

macro_rules! select_notice {
    ($rest:literal) => {
        concat!(
            "SELECT id, key, kind, at, body_json, tries, next_at, delivered, last_error FROM notice ",
            $rest
        )
    };
}

#[async_trait]
impl NoticeStore for SqliteStore {
    async fn notice_put(&self, key: &str, kind: &str, body: &Value, at: DateTime<Utc>) -> Result<bool> {
        let mut write = self.write().await?;
        let put = sqlx::query(
            "INSERT INTO notice (key, kind, at, body_json, next_at) VALUES ($1, $2, $3, $4, $3) \
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(key)
        .bind(kind)
        .bind(micros(at))
        .bind(body.to_string())
        .execute(write.conn())
        .await
        .map_err(failed("put a notice"))?;
        self.commit(write).await?;
        Ok(put.rows_affected() == 1)
    }

    async fn notices_due(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Notice>> {
        sqlx::query(select_notice!("WHERE next_at <= $1 ORDER BY id LIMIT $2"))
            .bind(micros(now))
            .bind(i64::from(limit.min(LINES_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list due notices"))?
            .iter()
            .map(notice)
            .collect()
    }

    async fn notice_delivered(&self, id: i64, at: DateTime<Utc>) -> Result<()> {
        self.notice_tried(id, Some(at), None, None).await
    }

    async fn notice_failed(&self, id: i64, error: &str, next: Option<DateTime<Utc>>) -> Result<()> {
        self.notice_tried(id, None, Some(error), next).await
    }

    async fn notices(&self, limit: u32) -> Result<Vec<Notice>> {
        sqlx::query(select_notice!("ORDER BY id DESC LIMIT $1"))
            .bind(i64::from(limit.min(LINES_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list notices"))?
            .iter()
            .map(notice)
            .collect()
    }
}

impl SqliteStore {
    async fn notice_tried(
        &self,
        id: i64,
        delivered: Option<DateTime<Utc>>,
        error: Option<&str>,
        next: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let there: Option<i64> = sqlx::query_scalar("SELECT id FROM notice WHERE id = $1")
            .bind(id)
            .fetch_optional(write.conn())
            .await
            .map_err(failed("read a notice"))?;
        there.ok_or_else(|| missing("notice", id))?;
        sqlx::query(
            "UPDATE notice SET tries = tries + 1, delivered = $2, last_error = coalesce($3, last_error), next_at = $4 \
             WHERE id = $1 AND delivered IS NULL",
        )
        .bind(id)
        .bind(delivered.map(micros))
        .bind(error)
        .bind(next.map(micros))
        .execute(write.conn())
        .await
        .map_err(failed("note a try of a notice"))?;
        self.commit(write).await
    }
}

fn notice(row: &SqliteRow) -> Result<Notice> {
    let cells = Cells::new(row, "notice", "id");
    Ok(Notice {
        id: cells.raw("id")?,
        key: cells.raw("key")?,
        kind: cells.raw("kind")?,
        at: cells.time("at")?,
        body: cells.json("body_json")?,
        tries: cells.count("tries")?,
        next: cells.time_opt("next_at")?,
        delivered: cells.time_opt("delivered")?,
        last_error: cells.raw("last_error")?,
    })
}
