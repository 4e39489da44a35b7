//! Writes that carry a key.

use super::row::{Cells, micros};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::once::{ONCE_MAX, ONCE_SECS, OnceAnswer, OnceAsk, OnceBy, OnceFound, OnceRow, OnceStore, judge};
use crate::rules::conflict;
use crate::rules::doors::{PURGE_MAX, site_only};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

pub(super) const ONCE: &str = "SELECT key, request, begun, run, lease, status, answer FROM once WHERE person = $1 AND token = $2 AND key = $3";

fn token(by: &OnceBy) -> String {
    by.token.map(|token| token.to_string()).unwrap_or_default()
}

#[async_trait]
impl OnceStore for SqliteStore {
    async fn once_begin(&self, scope: &Scope, ask: &OnceAsk) -> Result<OnceFound> {
        let mut write = self.write().await?;
        write.credentials_of(scope, ask.by.person).await?;
        let row = write.once(&ask.by).await?;
        let found = judge(row.as_ref(), ask);
        if let OnceFound::Begun { run } = found {
            sqlx::query(
                "INSERT INTO once (person, token, key, request, begun, run, lease) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT DO UPDATE SET request = excluded.request, begun = excluded.begun, run = excluded.run, \
                 lease = excluded.lease, status = NULL, answer = NULL",
            )
            .bind(ask.by.person.to_string())
            .bind(token(&ask.by))
            .bind(&ask.by.key)
            .bind(ask.request.as_slice())
            .bind(micros(ask.at))
            .bind(i64::from(run))
            .bind(micros(ask.lease))
            .execute(write.conn())
            .await
            .map_err(failed("begin a write with a key"))?;
            sqlx::query(
                "DELETE FROM once WHERE person = $1 AND token = $2 AND key IN (SELECT key FROM once \
                 WHERE person = $1 AND token = $2 ORDER BY begun DESC, key DESC LIMIT -1 OFFSET $3)",
            )
            .bind(ask.by.person.to_string())
            .bind(token(&ask.by))
            .bind(i64::try_from(ONCE_MAX).unwrap_or(i64::MAX))
            .execute(write.conn())
            .await
            .map_err(failed("forget the oldest key"))?;
        }
        self.commit(write).await?;
        Ok(found)
    }

    async fn once_answer(&self, scope: &Scope, by: &OnceBy, run: u32, answer: &OnceAnswer) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, by.person).await?;
        let kept = sqlx::query(
            "UPDATE once SET status = $5, answer = $6 \
             WHERE person = $1 AND token = $2 AND key = $3 AND run = $4 AND status IS NULL",
        )
        .bind(by.person.to_string())
        .bind(token(by))
        .bind(&by.key)
        .bind(i64::from(run))
        .bind(i64::from(answer.status))
        .bind(&answer.sealed)
        .execute(write.conn())
        .await
        .map_err(failed("keep an answer"))?;
        write.one(kept.rows_affected(), || conflict("key", &by.key))?;
        self.commit(write).await
    }

    async fn once_release(&self, scope: &Scope, by: &OnceBy, run: u32) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, by.person).await?;
        let freed = sqlx::query(
            "DELETE FROM once WHERE person = $1 AND token = $2 AND key = $3 AND run = $4 AND status IS NULL",
        )
        .bind(by.person.to_string())
        .bind(token(by))
        .bind(&by.key)
        .bind(i64::from(run))
        .execute(write.conn())
        .await
        .map_err(failed("free a key"))?;
        write.one(freed.rows_affected(), || conflict("key", &by.key))?;
        self.commit(write).await
    }

    async fn once_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "keys of writes")?;
        let mut write = self.write().await?;
        let removed = sqlx::query(
            "DELETE FROM once WHERE (person, token, key) IN \
             (SELECT person, token, key FROM once WHERE begun <= $1 ORDER BY begun, person, token, key LIMIT $2)",
        )
        .bind(micros(now - TimeDelta::seconds(ONCE_SECS)))
        .bind(i64::from(limit.min(PURGE_MAX)))
        .execute(write.conn())
        .await
        .map_err(failed("forget old keys"))?
        .rows_affected();
        self.commit(write).await?;
        Ok(removed)
    }
}

impl Write {
    async fn once(&mut self, by: &OnceBy) -> Result<Option<OnceRow>> {
        let row = sqlx::query(ONCE)
            .bind(by.person.to_string())
            .bind(token(by))
            .bind(&by.key)
            .fetch_optional(self.conn())
            .await
            .map_err(failed("look for a key"))?;
        row.map(|row| {
            let cells = Cells::new(&row, "once", "key");
            let request: Vec<u8> = cells.raw("request")?;
            let request = request.try_into().map_err(|bytes: Vec<u8>| {
                cells.unreadable("request", format!("{} bytes are no digest", bytes.len()).into())
            })?;
            let status: Option<i64> = cells.raw("status")?;
            let answer: Option<Vec<u8>> = cells.raw("answer")?;
            let answer = match (status, answer) {
                (Some(status), Some(sealed)) => Some(OnceAnswer {
                    status: u16::try_from(status)
                        .map_err(|source| cells.unreadable("status", Box::new(source)))?,
                    sealed,
                }),
                _ => None,
            };
            Ok(OnceRow {
                request,
                begun: cells.time("begun")?,
                run: cells.count("run")?,
                lease: cells.time("lease")?,
                answer,
            })
        })
        .transpose()
    }
}
