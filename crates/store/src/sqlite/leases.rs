//! Leases and fencing tokens. Times here are the machine's clock; the world's clock may be sped up.

use super::row::{Cells, document, micros, stored};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation};
use crate::records::{Attempt, Lease};
use crate::rules::{conflict, kept, lease_lost, missing, told};
use crate::traits::{Result, StoreError};
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::ids::{AttemptId, FencingToken, ReplicaId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_lease {
    ($rest:literal) => {
        concat!(
            "SELECT replica, owner, attempt, token, expires_unix_ms FROM lease WHERE ",
            $rest
        )
    };
}

impl SqliteStore {
    pub(super) async fn lease_claim(
        &self,
        id: AttemptId,
        replica: ReplicaId,
        owner: &str,
        now: DateTime<Utc>,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Attempt> {
        let now = kept(now);
        let mut write = self.write().await?;
        let (tenant, host) = write.replica_place(replica).await?;
        if let Some(held) = write.lease(replica).await? {
            let expired = held.expires_unix_ms <= now_unix_ms;
            if !expired && held.owner == owner && held.attempt == id {
                let attempt = write.attempt(id).await?.ok_or_else(|| conflict("attempt", id))?;
                write
                    .lease_put(&Lease {
                        expires_unix_ms: now_unix_ms.saturating_add(lease_ms),
                        ..held
                    })
                    .await?;
                self.commit(write).await?;
                return Ok(attempt);
            }
            return Err(StoreError::Leased {
                replica,
                owner: held.owner,
            });
        }
        let attempt = Attempt {
            id,
            replica,
            tenant: tenant.parse().map_err(unreadable(replica, "tenant"))?,
            host: host.parse().map_err(unreadable(replica, "host"))?,
            token: write.token_next(replica).await?,
            started: now,
            state: AttemptState::Running {
                step: Step::Claim,
                since: now,
            },
        };
        write.attempt_insert(&attempt).await?;
        let expires_unix_ms = now_unix_ms.saturating_add(lease_ms);
        let lease = Lease {
            replica,
            owner: owner.to_owned(),
            attempt: id,
            token: attempt.token,
            expires_unix_ms,
        };
        write.lease_put(&lease).await?;
        write.event(told::attempt(&attempt, &attempt.state, now)).await?;
        self.commit(write).await?;
        Ok(attempt)
    }

    pub(super) async fn lease_renew(
        &self,
        replica: ReplicaId,
        owner: &str,
        token: FencingToken,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let renewed = sqlx::query(
            "UPDATE lease SET expires_unix_ms = $4 WHERE replica = $1 AND owner = $2 AND token = $3",
        )
        .bind(replica.to_string())
        .bind(owner)
        .bind(stored(token.0))
        .bind(now_unix_ms.saturating_add(lease_ms))
        .execute(write.conn())
        .await
        .map_err(failed("renew a lease"))?;
        if renewed.rows_affected() != 1 {
            return Err(lease_lost(replica));
        }
        self.commit(write).await
    }

    pub(super) async fn lease_of(&self, replica: ReplicaId) -> Result<Option<Lease>> {
        sqlx::query(select_lease!("replica = $1"))
            .bind(replica.to_string())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read a lease"))?
            .as_ref()
            .map(lease)
            .transpose()
    }

    pub(super) async fn leases_before(&self, now_unix_ms: i64) -> Result<Vec<Lease>> {
        sqlx::query(select_lease!(
            "expires_unix_ms <= $1 ORDER BY expires_unix_ms, replica"
        ))
        .bind(now_unix_ms)
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list expired leases"))?
        .iter()
        .map(lease)
        .collect()
    }

    pub(super) async fn lease_rescue(
        &self,
        replica: ReplicaId,
        owner: &str,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Lease> {
        let mut write = self.write().await?;
        let held = write
            .lease(replica)
            .await?
            .ok_or_else(|| missing("lease on replica", replica))?;
        if held.expires_unix_ms > now_unix_ms && held.owner != owner {
            return Err(StoreError::Leased {
                replica,
                owner: held.owner,
            });
        }
        let taken = Lease {
            owner: owner.to_owned(),
            token: write.token_next(replica).await?,
            expires_unix_ms: now_unix_ms.saturating_add(lease_ms),
            ..held
        };
        write.lease_put(&taken).await?;
        self.commit(write).await?;
        Ok(taken)
    }

    pub(super) async fn lease_drop(&self, replica: ReplicaId, token: FencingToken) -> Result<()> {
        let mut write = self.write().await?;
        let dropped = sqlx::query(
            "DELETE FROM lease WHERE replica = $1 AND token = $2 \
             AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.id = lease.attempt AND attempt.state = 'running')",
        )
        .bind(replica.to_string())
        .bind(stored(token.0))
        .execute(write.conn())
        .await
        .map_err(failed("release a lease"))?;
        if dropped.rows_affected() != 1 {
            return Err(lease_lost(replica));
        }
        self.commit(write).await
    }
}

impl Write {
    pub(super) async fn lease(&mut self, replica: ReplicaId) -> Result<Option<Lease>> {
        sqlx::query(select_lease!("replica = $1"))
            .bind(replica.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a lease"))?
            .as_ref()
            .map(lease)
            .transpose()
    }

    async fn lease_put(&mut self, lease: &Lease) -> Result<()> {
        sqlx::query(
            "INSERT INTO lease (replica, owner, attempt, token, expires_unix_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (replica) DO UPDATE SET owner = excluded.owner, attempt = excluded.attempt, \
             token = excluded.token, expires_unix_ms = excluded.expires_unix_ms",
        )
        .bind(lease.replica.to_string())
        .bind(&lease.owner)
        .bind(lease.attempt.to_string())
        .bind(stored(lease.token.0))
        .bind(lease.expires_unix_ms)
        .execute(self.conn())
        .await
        .map_err(failed("write a lease"))?;
        Ok(())
    }

    async fn replica_place(&mut self, replica: ReplicaId) -> Result<(String, String)> {
        sqlx::query_as("SELECT tenant, host FROM replica WHERE id = $1")
            .bind(replica.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a replica"))?
            .ok_or_else(|| missing("replica", replica))
    }

    async fn token_next(&mut self, replica: ReplicaId) -> Result<FencingToken> {
        let token: i64 = sqlx::query_scalar(
            "UPDATE replica SET token_last = token_last + 1 WHERE id = $1 RETURNING token_last",
        )
        .bind(replica.to_string())
        .fetch_one(self.conn())
        .await
        .map_err(failed("count a fencing token"))?;
        u64::try_from(token)
            .map(FencingToken)
            .map_err(unreadable(replica, "token_last"))
    }

    async fn attempt_insert(&mut self, attempt: &Attempt) -> Result<()> {
        sqlx::query(
            "INSERT INTO attempt (id, replica, tenant, host, token, started, state, state_json) \
             VALUES ($1, $2, $3, $4, $5, $6, 'running', $7)",
        )
        .bind(attempt.id.to_string())
        .bind(attempt.replica.to_string())
        .bind(attempt.tenant.as_str())
        .bind(attempt.host.as_str())
        .bind(stored(attempt.token.0))
        .bind(micros(attempt.started))
        .bind(document(&attempt.state)?)
        .execute(self.conn())
        .await
        .map_err(|error| match error {
            error if is_unique_violation(&error) => conflict("attempt", attempt.id),
            error => failed("insert an attempt")(error),
        })?;
        Ok(())
    }
}

fn unreadable<E: std::error::Error + Send + Sync + 'static>(
    replica: ReplicaId,
    column: &'static str,
) -> impl Fn(E) -> StoreError {
    move |source| StoreError::Inconsistent {
        table: "replica",
        column,
        row: replica.to_string(),
        source: Box::new(source),
    }
}

fn lease(row: &SqliteRow) -> Result<Lease> {
    let cells = Cells::new(row, "lease", "replica");
    Ok(Lease {
        replica: cells.parsed("replica")?,
        owner: cells.raw("owner")?,
        attempt: cells.parsed("attempt")?,
        token: FencingToken(cells.count("token")?),
        expires_unix_ms: cells.raw("expires_unix_ms")?,
    })
}
