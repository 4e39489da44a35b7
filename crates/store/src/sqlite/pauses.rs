//! Pauses of primaries.

use super::row::{Cells, micros};
use super::{SqliteStore, failed, is_unique_violation};
use crate::pauses::{Pause, PauseState, PauseStore};
use crate::rules::{LINES_READ_MAX, conflict, missing, night, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, ReplicaId, TenantId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_pause {
    ($rest:literal) => {
        concat!(
            "SELECT attempt, replica, tenant, vm, primary_key, intended, until_at, state, paused, resumed, trouble \
             FROM pause WHERE ",
            $rest
        )
    };
}

#[async_trait]
impl PauseStore for SqliteStore {
    async fn pause_intend(&self, pause: &Pause) -> Result<()> {
        let pause = night::intent(pause)?;
        let mut write = self.write().await?;
        if write.tenant_of(pause.replica).await? != pause.tenant {
            return Err(conflict("replica", pause.replica));
        }
        match write.pause(pause.attempt).await? {
            Some(before) if before == pause => return Ok(()),
            Some(_) => return Err(conflict("pause of attempt", pause.attempt)),
            None => {}
        }
        sqlx::query(
            "INSERT INTO pause (attempt, replica, tenant, vm, primary_key, intended, until_at, state, trouble) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(pause.attempt.to_string())
        .bind(pause.replica.to_string())
        .bind(pause.tenant.as_str())
        .bind(pause.vm.to_string())
        .bind(&pause.primary)
        .bind(micros(pause.intended))
        .bind(micros(pause.until))
        .bind(pause.state.as_str())
        .bind(&pause.trouble)
        .execute(write.conn())
        .await
        .map_err(|error| match error {
            error if is_unique_violation(&error) => conflict("pause of replica", pause.replica),
            error => failed("record the intent to pause")(error),
        })?;
        write.event(told::pause(&pause, pause.intended)).await?;
        self.commit(write).await
    }

    async fn pause_step(
        &self,
        attempt: AttemptId,
        state: PauseState,
        at: DateTime<Utc>,
        trouble: Option<&str>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let before = write.pause(attempt).await?;
        let before = before.ok_or_else(|| missing("pause of attempt", attempt))?;
        let Some(after) = night::stepped(&before, state, at, trouble)? else {
            return Ok(());
        };
        sqlx::query(
            "UPDATE pause SET state = $3, paused = $4, resumed = $5, trouble = $6 WHERE attempt = $1 AND state = $2",
        )
        .bind(attempt.to_string())
        .bind(before.state.as_str())
        .bind(after.state.as_str())
        .bind(after.paused.map(micros))
        .bind(after.resumed.map(micros))
        .bind(&after.trouble)
        .execute(write.conn())
        .await
        .map_err(failed("move a pause"))?;
        write.event(told::pause(&after, at)).await?;
        self.commit(write).await
    }

    async fn pauses_unresumed(&self) -> Result<Vec<Pause>> {
        sqlx::query(select_pause!("state <> 'resumed' ORDER BY intended, attempt"))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list pauses that were not resumed"))?
            .iter()
            .map(pause)
            .collect()
    }

    async fn pauses_since(&self, tenant: &TenantId, from: DateTime<Utc>) -> Result<u32> {
        let row = sqlx::query("SELECT count(*) AS pauses FROM pause WHERE tenant = $1 AND intended >= $2")
            .bind(tenant.as_str())
            .bind(micros(from))
            .fetch_one(&self.reader)
            .await
            .map_err(failed("count pauses"))?;
        Cells::new(&row, "pause", "pauses").count("pauses")
    }

    async fn pauses_of(&self, scope: &Scope, replica: ReplicaId, limit: u32) -> Result<Vec<Pause>> {
        sqlx::query(select_pause!(
            "(CAST($1 AS TEXT) IS NULL OR tenant = $1) AND replica = $2 ORDER BY intended DESC, attempt DESC LIMIT $3"
        ))
        .bind(scope.tenant())
        .bind(replica.to_string())
        .bind(i64::from(limit.min(LINES_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list pauses of a replica"))?
        .iter()
        .map(pause)
        .collect()
    }
}

impl super::write::Write {
    async fn pause(&mut self, attempt: AttemptId) -> Result<Option<Pause>> {
        sqlx::query(select_pause!("attempt = $1"))
            .bind(attempt.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a pause"))?
            .as_ref()
            .map(pause)
            .transpose()
    }
}

fn pause(row: &SqliteRow) -> Result<Pause> {
    let cells = Cells::new(row, "pause", "attempt");
    Ok(Pause {
        attempt: cells.parsed("attempt")?,
        replica: cells.parsed("replica")?,
        tenant: cells.parsed("tenant")?,
        vm: cells.parsed("vm")?,
        primary: cells.raw("primary_key")?,
        intended: cells.time("intended")?,
        until: cells.time("until_at")?,
        state: cells.named("state", &PauseState::ALL, PauseState::as_str)?,
        paused: cells.time_opt("paused")?,
        resumed: cells.time_opt("resumed")?,
        trouble: cells.raw("trouble")?,
    })
}
