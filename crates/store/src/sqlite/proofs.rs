//! What people prove themselves with.

use super::row::micros;
use super::write::Write;
use super::{SqliteStore, failed};
use crate::people::{PersonStore, ProofStore};
use crate::rules::conflict;
use crate::rules::doors::recovery_fits;
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::totp::TotpStep;
use domain::ids::{PersonId, SessionId};

#[async_trait]
impl ProofStore for SqliteStore {
    async fn password_change(
        &self,
        scope: &Scope,
        id: PersonId,
        from: &str,
        to: &str,
        keep: Option<SessionId>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        let changed = sqlx::query("UPDATE person SET password = $3 WHERE id = $1 AND password = $2")
            .bind(id.to_string())
            .bind(from)
            .bind(to)
            .execute(write.conn())
            .await
            .map_err(failed("change a password"))?;
        write.one(changed.rows_affected(), || conflict("password of person", id))?;
        write.sessions_end(id, keep).await?;
        self.commit(write).await
    }

    async fn totp_put(&self, scope: &Scope, id: PersonId, sealed: &[u8]) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        let put = sqlx::query("UPDATE person SET totp_sealed = $2 WHERE id = $1 AND totp_step IS NULL")
            .bind(id.to_string())
            .bind(sealed)
            .execute(write.conn())
            .await
            .map_err(failed("keep an authenticator"))?;
        write.one(put.rows_affected(), || conflict("authenticator of person", id))?;
        self.commit(write).await
    }

    async fn totp_use(&self, scope: &Scope, id: PersonId, step: TotpStep) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        let used = sqlx::query(
            "UPDATE person SET totp_step = $2 \
             WHERE id = $1 AND totp_sealed IS NOT NULL AND (totp_step IS NULL OR totp_step < $2)",
        )
        .bind(id.to_string())
        .bind(step.0)
        .execute(write.conn())
        .await
        .map_err(failed("use a code up"))?;
        write.one(used.rows_affected(), || conflict("code of person", id))?;
        self.commit(write).await
    }

    async fn totp_clear(&self, scope: &Scope, id: PersonId, keep: Option<SessionId>) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        let cleared = sqlx::query(
            "UPDATE person SET totp_sealed = NULL, totp_step = NULL WHERE id = $1 AND totp_sealed IS NOT NULL",
        )
        .bind(id.to_string())
        .execute(write.conn())
        .await
        .map_err(failed("take an authenticator away"))?;
        write.one(cleared.rows_affected(), || {
            conflict("authenticator of person", id)
        })?;
        write.recovery_clear(id).await?;
        write.sessions_end(id, keep).await?;
        self.commit(write).await
    }

    async fn recovery_put(&self, scope: &Scope, id: PersonId, codes: &[SecretHash]) -> Result<()> {
        recovery_fits(codes.len())?;
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        write.recovery_clear(id).await?;
        for code in codes {
            sqlx::query("INSERT INTO recovery_code (person, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(id.to_string())
                .bind(code.as_bytes())
                .execute(write.conn())
                .await
                .map_err(failed("keep a recovery code"))?;
        }
        self.commit(write).await
    }

    async fn recovery_use(
        &self,
        scope: &Scope,
        id: PersonId,
        code: &SecretHash,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        write.credentials_of(scope, id).await?;
        let used = sqlx::query(
            "UPDATE recovery_code SET used = $3 WHERE person = $1 AND hash = $2 AND used IS NULL",
        )
        .bind(id.to_string())
        .bind(code.as_bytes())
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("use a recovery code up"))?;
        write.one(used.rows_affected(), || conflict("recovery code of person", id))?;
        self.commit(write).await
    }

    async fn recovery_left(&self, scope: &Scope, id: PersonId) -> Result<u32> {
        self.person(scope, id).await?;
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM recovery_code WHERE person = $1 AND used IS NULL")
                .bind(id.to_string())
                .fetch_one(&self.reader)
                .await
                .map_err(failed("count recovery codes"))?;
        Ok(u32::try_from(left).unwrap_or(u32::MAX))
    }
}

impl Write {
    async fn recovery_clear(&mut self, id: PersonId) -> Result<()> {
        sqlx::query("DELETE FROM recovery_code WHERE person = $1")
            .bind(id.to_string())
            .execute(self.conn())
            .await
            .map(|_| ())
            .map_err(failed("end recovery codes"))
    }
}
