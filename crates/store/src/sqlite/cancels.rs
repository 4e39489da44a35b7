//! Attempts that a person wants stopped.

use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::cancels::{CancelRequest, CancelStore};
use crate::rules::{conflict, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use domain::ids::AttemptId;

#[async_trait]
impl CancelStore for SqliteStore {
    async fn cancel_request(&self, scope: &Scope, attempt: AttemptId, request: &CancelRequest) -> Result<()> {
        let mut write = self.write().await?;
        let state: Option<String> = sqlx::query_scalar(
            "SELECT state FROM attempt WHERE (CAST($1 AS TEXT) IS NULL OR tenant = $1) AND id = $2",
        )
        .bind(scope.tenant())
        .bind(attempt.to_string())
        .fetch_optional(write.conn())
        .await
        .map_err(failed("read an attempt's state"))?;
        match state.as_deref() {
            None => return Err(missing("attempt", attempt)),
            Some("running") => {}
            Some(_) => return Err(conflict("attempt", attempt)),
        }
        sqlx::query(
            "INSERT INTO cancel_request (attempt, at, author, reason) VALUES ($1, $2, $3, $4) ON CONFLICT (attempt) DO NOTHING",
        )
        .bind(attempt.to_string())
        .bind(micros(request.at))
        .bind(&request.author)
        .bind(&request.reason)
        .execute(write.conn())
        .await
        .map_err(failed("ask for an attempt to be stopped"))?;
        self.commit(write).await
    }

    async fn cancel_of(&self, scope: &Scope, attempt: AttemptId) -> Result<Option<CancelRequest>> {
        let row = sqlx::query(
            "SELECT c.attempt, c.at, c.author, c.reason FROM cancel_request c JOIN attempt a ON a.id = c.attempt \
             WHERE c.attempt = $2 AND (CAST($1 AS TEXT) IS NULL OR a.tenant = $1)",
        )
        .bind(scope.tenant())
        .bind(attempt.to_string())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read a request to stop an attempt"))?;
        let Some(row) = row else { return Ok(None) };
        let cells = Cells::new(&row, "cancel_request", "attempt");
        Ok(Some(CancelRequest {
            at: cells.time("at")?,
            author: cells.raw("author")?,
            reason: cells.raw("reason")?,
        }))
    }
}
