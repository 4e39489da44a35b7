//! Sessions.

use super::people::person;
use super::row::{Cells, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation};
use crate::people::{Person, PersonStore};
use crate::rules::doors::{PURGE_MAX, new_session, site_only};
use crate::rules::{conflict, kept, missing};
use crate::sessions::{NewSession, SESSION_SECS_MAX, SESSIONS_MAX, Session, SessionStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::hash::SecretHash;
use domain::door::session::{SessionRule, SessionStage};
use domain::ids::{PersonId, SessionId, TenantId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_session {
    ($rest:literal) => {
        concat!(
            "SELECT id, person, stage, created, last_seen, from_addr, agent FROM session ",
            $rest
        )
    };
}

/// What every request asks.
pub(super) const SESSION_OF: &str = "SELECT s.id AS s_id, s.person, s.stage, s.created AS s_created, s.last_seen, s.from_addr, s.agent, \
     p.id, p.login, p.name, p.tenant, p.role, p.created, p.disabled, p.totp_step \
     FROM session s JOIN person p ON p.id = s.person \
     WHERE s.hash = $1 AND (CAST($2 AS TEXT) IS NULL OR s.tenant = $2)";
pub(super) const OF_PERSON: &str = select_session!(
    "WHERE person = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2) ORDER BY last_seen DESC, id DESC"
);

#[async_trait]
impl SessionStore for SqliteStore {
    async fn session_open(&self, scope: &Scope, new: &NewSession) -> Result<Session> {
        let mut write = self.write().await?;
        let person = write.credentials_of(scope, new.person).await?.person;
        let new = new_session(&person, new)?;
        sqlx::query(
            "DELETE FROM session WHERE id IN \
             (SELECT id FROM session WHERE person = $1 ORDER BY last_seen DESC, id DESC LIMIT -1 OFFSET $2)",
        )
        .bind(new.person.to_string())
        .bind(i64::try_from(SESSIONS_MAX).unwrap_or(i64::MAX) - 1)
        .execute(write.conn())
        .await
        .map_err(failed("end a person's oldest session"))?;
        sqlx::query(
            "INSERT INTO session (id, hash, person, tenant, stage, created, last_seen, from_addr, agent) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
        )
        .bind(new.id.to_string())
        .bind(new.hash.as_bytes())
        .bind(new.person.to_string())
        .bind(person.seat.tenant().map(TenantId::as_str))
        .bind(new.stage.code())
        .bind(micros(new.at))
        .bind(&new.from)
        .bind(&new.agent)
        .execute(write.conn())
        .await
        .map_err(|error| match is_unique_violation(&error) {
            true => conflict("session", new.id),
            false => failed("open a session")(error),
        })?;
        self.commit(write).await?;
        Ok(Session {
            id: new.id,
            person: new.person,
            stage: new.stage,
            created: kept(new.at),
            last_seen: kept(new.at),
            from: new.from,
            agent: new.agent,
        })
    }

    async fn session_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, Person)>> {
        let row = sqlx::query(SESSION_OF)
            .bind(hash.as_bytes())
            .bind(scope.tenant())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read a session"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (session, person) = (joined(&row)?, person(&row)?);
        let holds =
            SessionRule::of(session.stage, &person.seat).holds(session.created, session.last_seen, now);
        Ok((holds && person.disabled.is_none()).then_some((session, person)))
    }

    async fn session_touch(&self, scope: &Scope, id: SessionId, at: DateTime<Utc>) -> Result<()> {
        let mut write = self.write().await?;
        let touched = sqlx::query(
            "UPDATE session SET last_seen = max(last_seen, $2) \
             WHERE id = $1 AND (CAST($3 AS TEXT) IS NULL OR tenant = $3)",
        )
        .bind(id.to_string())
        .bind(micros(at))
        .bind(scope.tenant())
        .execute(write.conn())
        .await
        .map_err(failed("note a session's use"))?;
        write.one(touched.rows_affected(), || missing("session", id))?;
        self.commit(write).await
    }

    async fn session_rotate(
        &self,
        scope: &Scope,
        id: SessionId,
        from: &SecretHash,
        to: &SecretHash,
        stage: SessionStage,
        at: DateTime<Utc>,
    ) -> Result<Session> {
        let mut write = self.write().await?;
        let row = sqlx::query(select_session!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)"
        ))
        .bind(id.to_string())
        .bind(scope.tenant())
        .fetch_optional(write.conn())
        .await
        .map_err(failed("read a session"))?
        .ok_or_else(|| missing("session", id))?;
        let before = session(&row)?;
        let rotated = sqlx::query(
            "UPDATE session SET hash = $3, stage = $4, created = $5, last_seen = $5 WHERE id = $1 AND hash = $2",
        )
        .bind(id.to_string())
        .bind(from.as_bytes())
        .bind(to.as_bytes())
        .bind(stage.code())
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(|error| match is_unique_violation(&error) {
            true => conflict("session", id),
            false => failed("exchange a session's secret")(error),
        })?;
        write.one(rotated.rows_affected(), || conflict("session", id))?;
        self.commit(write).await?;
        Ok(Session {
            stage,
            created: kept(at),
            last_seen: kept(at),
            ..before
        })
    }

    async fn sessions(&self, scope: &Scope, person: PersonId) -> Result<Vec<Session>> {
        self.person(scope, person).await?;
        sqlx::query(OF_PERSON)
            .bind(person.to_string())
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list sessions"))?
            .iter()
            .map(session)
            .collect()
    }

    async fn session_end(&self, scope: &Scope, id: SessionId) -> Result<()> {
        let mut write = self.write().await?;
        let ended =
            sqlx::query("DELETE FROM session WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)")
                .bind(id.to_string())
                .bind(scope.tenant())
                .execute(write.conn())
                .await
                .map_err(failed("end a session"))?;
        write.one(ended.rows_affected(), || missing("session", id))?;
        self.commit(write).await
    }

    async fn sessions_end(&self, scope: &Scope, person: PersonId, keep: Option<SessionId>) -> Result<u64> {
        let mut write = self.write().await?;
        write.credentials_of(scope, person).await?;
        let ended = write.sessions_end(person, keep).await?;
        self.commit(write).await?;
        Ok(ended)
    }

    async fn sessions_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "session")?;
        let mut write = self.write().await?;
        let removed = sqlx::query(
            "DELETE FROM session WHERE id IN \
             (SELECT id FROM session WHERE created <= $1 ORDER BY created, id LIMIT $2)",
        )
        .bind(micros(now - TimeDelta::seconds(SESSION_SECS_MAX)))
        .bind(i64::from(limit.min(PURGE_MAX)))
        .execute(write.conn())
        .await
        .map_err(failed("remove old sessions"))?
        .rows_affected();
        self.commit(write).await?;
        Ok(removed)
    }
}

impl Write {
    pub(super) async fn sessions_end(&mut self, person: PersonId, keep: Option<SessionId>) -> Result<u64> {
        sqlx::query("DELETE FROM session WHERE person = $1 AND id IS NOT $2")
            .bind(person.to_string())
            .bind(keep.map(|keep| keep.to_string()))
            .execute(self.conn())
            .await
            .map(|ended| ended.rows_affected())
            .map_err(failed("end sessions"))
    }
}

fn session(row: &SqliteRow) -> Result<Session> {
    read(row, "id", "created")
}

/// Of a row that also has the person's columns.
fn joined(row: &SqliteRow) -> Result<Session> {
    read(row, "s_id", "s_created")
}

fn read(row: &SqliteRow, id: &'static str, created: &'static str) -> Result<Session> {
    let cells = Cells::new(row, "session", id);
    Ok(Session {
        id: cells.parsed(id)?,
        person: cells.parsed("person")?,
        stage: cells.named("stage", &SessionStage::ALL, SessionStage::code)?,
        created: cells.time(created)?,
        last_seen: cells.time("last_seen")?,
        from: cells.text("from_addr")?,
        agent: cells.text("agent")?,
    })
}
