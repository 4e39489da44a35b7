//! The attempt's journal: what was about to be done on a host, and what was done.

use super::row::{Cells, document, micros, stored};
use super::{SqliteStore, failed};
use crate::records::JournalEntry;
use crate::rules::{conflict, kept, phase_known};
use crate::traits::Result;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::ids::{AttemptId, FencingToken};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;

impl SqliteStore {
    pub(super) async fn journal_append(
        &self,
        id: AttemptId,
        token: FencingToken,
        step: Step,
        phase: &str,
        at: DateTime<Utc>,
        payload: Value,
    ) -> Result<JournalEntry> {
        phase_known(phase)?;
        let at = kept(at);
        let mut write = self.write().await?;
        let attempt = write.attempt_guarded(id, token).await?;
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO journal (attempt, seq, at, token, step, phase, payload_json) \
             SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6 FROM journal WHERE attempt = $1 RETURNING seq",
        )
        .bind(id.to_string())
        .bind(micros(at))
        .bind(stored(token.0))
        .bind(document(&step)?)
        .bind(phase)
        .bind(payload.to_string())
        .fetch_one(write.conn())
        .await
        .map_err(failed("append to a journal"))?;
        if let AttemptState::Running { step: before, .. } = attempt.state
            && before != step
        {
            write
                .attempt_state(&attempt, &AttemptState::Running { step, since: at }, at)
                .await?;
        }
        self.commit(write).await?;
        let seq = u32::try_from(seq).map_err(|_| conflict("attempt", id))?;
        Ok(JournalEntry {
            attempt: id,
            seq,
            at,
            step,
            phase: phase.to_owned(),
            payload,
        })
    }

    pub(super) async fn journal_read(&self, id: AttemptId) -> Result<Vec<JournalEntry>> {
        sqlx::query(
            "SELECT attempt, seq, at, step, phase, payload_json FROM journal WHERE attempt = $1 ORDER BY seq",
        )
        .bind(id.to_string())
        .fetch_all(&self.reader)
        .await
        .map_err(failed("read a journal"))?
        .iter()
        .map(entry)
        .collect()
    }
}

fn entry(row: &SqliteRow) -> Result<JournalEntry> {
    let cells = Cells::new(row, "journal", "attempt");
    Ok(JournalEntry {
        attempt: cells.parsed("attempt")?,
        seq: cells.count("seq")?,
        at: cells.time("at")?,
        step: cells.json("step")?,
        phase: cells.raw("phase")?,
        payload: cells.json("payload_json")?,
    })
}
