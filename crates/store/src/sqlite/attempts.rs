//! Attempts: their state, guarded by the lease's token. Leases, journal and points are in the files beside this one.

use super::row::{Cells, document, micros};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::records::{Attempt, JournalEntry, Lease, Point};
use crate::rules::{ATTEMPTS_READ_MAX, conflict, missing, told};
use crate::states::StateName;
use crate::traits::{AttemptStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::evidence::Evidence;
use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId, TenantId};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;

macro_rules! select_attempt {
    ($rest:literal) => {
        concat!(
            "SELECT id, replica, tenant, host, token, started, state_json FROM attempt WHERE ",
            $rest
        )
    };
}

#[async_trait]
impl AttemptStore for SqliteStore {
    async fn claim(
        &self,
        attempt: AttemptId,
        replica: ReplicaId,
        owner: &str,
        now: DateTime<Utc>,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Attempt> {
        self.lease_claim(attempt, replica, owner, now, now_unix_ms, lease_ms)
            .await
    }

    async fn heartbeat(
        &self,
        replica: ReplicaId,
        owner: &str,
        token: FencingToken,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<()> {
        self.lease_renew(replica, owner, token, now_unix_ms, lease_ms)
            .await
    }

    async fn lease(&self, replica: ReplicaId) -> Result<Option<Lease>> {
        self.lease_of(replica).await
    }

    async fn leases_expired(&self, now_unix_ms: i64) -> Result<Vec<Lease>> {
        self.leases_before(now_unix_ms).await
    }

    async fn lease_take_over(
        &self,
        replica: ReplicaId,
        owner: &str,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Lease> {
        self.lease_rescue(replica, owner, now_unix_ms, lease_ms).await
    }

    async fn lease_release(&self, replica: ReplicaId, token: FencingToken) -> Result<()> {
        self.lease_drop(replica, token).await
    }

    async fn journal(
        &self,
        attempt: AttemptId,
        token: FencingToken,
        step: Step,
        phase: &str,
        at: DateTime<Utc>,
        payload: Value,
    ) -> Result<JournalEntry> {
        self.journal_append(attempt, token, step, phase, at, payload)
            .await
    }

    async fn journal_of(&self, attempt: AttemptId) -> Result<Vec<JournalEntry>> {
        self.journal_read(attempt).await
    }

    async fn finish(&self, attempt: AttemptId, token: FencingToken, state: AttemptState) -> Result<()> {
        let mut write = self.write().await?;
        let before = write.attempt_guarded(attempt, token).await?;
        if before.state == state {
            return Ok(());
        }
        let at = match &state {
            AttemptState::Deferred { at, .. } | AttemptState::Failed { at, .. } => *at,
            // A point is needed to be sealed; running is where it comes from.
            AttemptState::Running { .. } | AttemptState::Sealed { .. } => {
                return Err(conflict("attempt", attempt));
            }
        };
        write.attempt_state(&before, &state, at).await?;
        self.commit(write).await
    }

    async fn seal(&self, token: FencingToken, point: Point) -> Result<()> {
        self.point_seal(token, point).await
    }

    async fn seal_newest(&self, tenant: &TenantId) -> Result<Option<Value>> {
        self.chain_newest(tenant).await
    }

    async fn attempt(&self, scope: &Scope, id: AttemptId) -> Result<Attempt> {
        sqlx::query(select_attempt!(
            "id = $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1)"
        ))
        .bind(scope.tenant())
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read an attempt"))?
        .as_ref()
        .map(attempt)
        .transpose()?
        .ok_or_else(|| missing("attempt", id))
    }

    async fn attempts(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<Attempt>> {
        sqlx::query(select_attempt!(
            "(CAST($1 AS TEXT) IS NULL OR tenant = $1) AND (CAST($2 AS TEXT) IS NULL OR replica = $2) \
             AND started < $3 ORDER BY started DESC, token DESC, id DESC LIMIT $4"
        ))
        .bind(scope.tenant())
        .bind(replica.map(|replica| replica.to_string()))
        .bind(before.map_or(i64::MAX, micros))
        .bind(i64::from(limit.min(ATTEMPTS_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list attempts"))?
        .iter()
        .map(attempt)
        .collect()
    }

    async fn attempts_unfinished(&self) -> Result<Vec<Attempt>> {
        sqlx::query(select_attempt!("state = 'running' ORDER BY started, id"))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list unfinished attempts"))?
            .iter()
            .map(attempt)
            .collect()
    }

    async fn point(&self, scope: &Scope, id: PointId) -> Result<Point> {
        self.point_read(scope, id).await
    }

    async fn points(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<Vec<Point>> {
        self.point_list(scope, replica).await
    }

    async fn point_newest(&self, scope: &Scope, replica: ReplicaId) -> Result<Option<Point>> {
        self.point_last(scope, replica).await
    }

    async fn evidence(&self, scope: &Scope, id: PointId) -> Result<Evidence> {
        self.point_evidence(scope, id).await
    }
}

impl Write {
    pub(super) async fn attempt(&mut self, id: AttemptId) -> Result<Option<Attempt>> {
        sqlx::query(select_attempt!("id = $1"))
            .bind(id.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read an attempt"))?
            .as_ref()
            .map(attempt)
            .transpose()
    }

    /// The attempt, if its lease is held under exactly this token.
    pub(super) async fn attempt_guarded(&mut self, id: AttemptId, token: FencingToken) -> Result<Attempt> {
        let attempt = self.attempt(id).await?.ok_or_else(|| missing("attempt", id))?;
        match self.lease(attempt.replica).await? {
            Some(lease) if lease.attempt == id && lease.token == token => Ok(attempt),
            _ => Err(conflict("attempt", id)),
        }
    }

    /// Running -> `state`; the statement names the state it comes from.
    pub(super) async fn attempt_state(
        &mut self,
        before: &Attempt,
        state: &AttemptState,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let name = StateName::of(state);
        let moved =
            sqlx::query("UPDATE attempt SET state = $2, state_json = $3 WHERE id = $1 AND state = 'running'")
                .bind(before.id.to_string())
                .bind(name.as_str())
                .bind(document(state)?)
                .execute(self.conn())
                .await
                .map_err(failed("move an attempt"))?;
        if moved.rows_affected() != 1 {
            return Err(conflict("attempt", before.id));
        }
        self.event(told::attempt(before, state, at)).await
    }
}

pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt> {
    let cells = Cells::new(row, "attempt", "id");
    Ok(Attempt {
        id: cells.parsed("id")?,
        replica: cells.parsed("replica")?,
        tenant: cells.parsed("tenant")?,
        host: cells.parsed("host")?,
        token: FencingToken(cells.count("token")?),
        started: cells.time("started")?,
        state: cells.json("state_json")?,
    })
}
