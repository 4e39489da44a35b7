//! What was tried within an obligation. The sums beside the obligation move in the same transaction, once per attempt.

use super::row::{Cells, day_number, document, micros};
use super::{SqliteStore, failed};
use crate::obligations::{AttemptEnd, ObligationAttempt};
use crate::rules::{conflict, missing};
use crate::traits::{Result, Scope};
use chrono::{DateTime, Utc};
use domain::code::Code;
use domain::ids::AttemptId;
use domain::obligation::{ObligationKey, Outcome};
use sqlx::sqlite::SqliteRow;

pub(super) const UNENDED: &str =
    "SELECT replica, day, attempt FROM obligation_attempt WHERE kind = 'running' ORDER BY began, attempt";

impl SqliteStore {
    pub(super) async fn try_begin(
        &self,
        key: ObligationKey,
        attempt: AttemptId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let stands = write.obligation_stands(key).await?;
        let known = write.try_key(attempt).await?;
        match known {
            Some((known, _)) if known == key => return Ok(()),
            Some(_) => return Err(conflict("attempt", attempt)),
            None if stands.outcome != Outcome::Open => return Err(conflict("obligation", key)),
            None => {}
        }
        sqlx::query(
            "INSERT INTO obligation_attempt (attempt, replica, day, seq, began) \
             SELECT $1, $2, $3, coalesce(max(seq), 0) + 1, $4 FROM obligation_attempt WHERE replica = $2 AND day = $3",
        )
        .bind(attempt.to_string())
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("begin an attempt for an obligation"))?;
        sqlx::query(
            "UPDATE obligation SET attempts = attempts + 1, newest_attempt = $3 WHERE replica = $1 AND day = $2",
        )
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .bind(attempt.to_string())
        .execute(write.conn())
        .await
        .map_err(failed("count an attempt"))?;
        self.commit(write).await
    }

    pub(super) async fn try_end(
        &self,
        key: ObligationKey,
        attempt: AttemptId,
        end: AttemptEnd,
    ) -> Result<()> {
        let mut write = self.write().await?;
        write.obligation_stands(key).await?;
        match write.try_key(attempt).await? {
            Some((known, before)) if known == key => match before {
                Some(before) if before == end => return Ok(()),
                Some(_) => return Err(conflict("attempt", attempt)),
                None => {}
            },
            _ => return Err(missing("attempt of the obligation", attempt)),
        }
        let kind = match end {
            AttemptEnd::Deferred { .. } => "deferred",
            AttemptEnd::Failed { .. } => "failed",
            AttemptEnd::Sealed => "sealed",
        };
        sqlx::query(
            "UPDATE obligation_attempt SET kind = $2, end_json = $3 WHERE attempt = $1 AND kind = 'running'",
        )
        .bind(attempt.to_string())
        .bind(kind)
        .bind(document(&end)?)
        .execute(write.conn())
        .await
        .map_err(failed("end an attempt for an obligation"))?;
        sqlx::query(
            "UPDATE obligation SET deferrals = deferrals + $3, apply_deferrals = apply_deferrals + $4, \
             failures = failures + $5 WHERE replica = $1 AND day = $2",
        )
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .bind(i64::from(matches!(end, AttemptEnd::Deferred { .. })))
        .bind(i64::from(end == AttemptEnd::Deferred { code: Code::B1 }))
        .bind(i64::from(end == AttemptEnd::Failed { counts: true }))
        .execute(write.conn())
        .await
        .map_err(failed("count the end of an attempt"))?;
        self.commit(write).await
    }

    pub(super) async fn tries_unended(&self) -> Result<Vec<(ObligationKey, AttemptId)>> {
        sqlx::query(UNENDED)
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list attempts without an end"))?
            .iter()
            .map(|row| {
                let key = super::obligations::key_of(row, "obligation_attempt")?;
                let cells = Cells::new(row, "obligation_attempt", "attempt");
                Ok((key, cells.parsed("attempt")?))
            })
            .collect()
    }

    pub(super) async fn tries_of(&self, scope: &Scope, key: ObligationKey) -> Result<Vec<ObligationAttempt>> {
        // An obligation without attempts is an empty list; somebody else's is not there. One statement, so that both are of one instant.
        let rows = sqlx::query(
            "SELECT o.replica, a.attempt, a.began, a.end_json FROM obligation o \
             LEFT JOIN obligation_attempt a ON a.replica = o.replica AND a.day = o.day \
             WHERE (CAST($1 AS TEXT) IS NULL OR o.tenant = $1) AND o.replica = $2 AND o.day = $3 ORDER BY a.seq",
        )
        .bind(scope.tenant())
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list attempts of an obligation"))?;
        if rows.is_empty() {
            return Err(missing("obligation", key));
        }
        rows.iter().filter_map(|row| read(row).transpose()).collect()
    }
}

impl super::write::Write {
    /// Which obligation an attempt is for, and how it ended.
    async fn try_key(&mut self, attempt: AttemptId) -> Result<Option<(ObligationKey, Option<AttemptEnd>)>> {
        sqlx::query("SELECT replica, day, end_json FROM obligation_attempt WHERE attempt = $1")
            .bind(attempt.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read an attempt of an obligation"))?
            .map(|row| {
                let key = super::obligations::key_of(&row, "obligation_attempt")?;
                let cells = Cells::new(&row, "obligation_attempt", "replica");
                Ok((key, cells.json_opt("end_json")?))
            })
            .transpose()
    }
}

fn read(row: &SqliteRow) -> Result<Option<ObligationAttempt>> {
    let cells = Cells::new(row, "obligation_attempt", "attempt");
    let Some(attempt) = cells.parsed_opt("attempt")? else {
        return Ok(None);
    };
    Ok(Some(ObligationAttempt {
        attempt,
        began: cells.time("began")?,
        end: cells.json_opt("end_json")?,
    }))
}
