//! Keys of the API.

use super::people::person;
use super::row::{Cells, document, micros};
use super::{SqliteStore, failed, is_unique_violation, scoped};
use crate::rules::doors::{DOORS_READ_MAX, new_token};
use crate::rules::{conflict, kept, missing};
use crate::tokens::{NewToken, OpenToken, Token, TokenStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::scopes::effective;
use domain::ids::{TenantId, TokenId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_token {
    ($rest:literal) => {
        concat!(
            "SELECT id AS t_id, person, name AS t_name, scopes_json, created AS t_created, expires, last_used, revoked FROM token ",
            $rest
        )
    };
}

/// What every request with a key asks.
pub(super) const TOKEN_OF: &str = "SELECT t.id AS t_id, t.person, t.name AS t_name, t.scopes_json, t.created AS t_created, t.expires, \
     t.last_used, t.revoked, p.id, p.login, p.name, p.tenant, p.role, p.created, p.disabled, p.totp_step \
     FROM token t JOIN person p ON p.id = t.person \
     WHERE t.hash = $1 AND (CAST($2 AS TEXT) IS NULL OR t.tenant = $2)";
/// Of the site and of a tenant, newest first.
pub(super) const TOKENS: (&str, &str) = (
    select_token!("WHERE $1 IS NULL AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4"),
    select_token!("WHERE tenant = $1 AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4"),
);

#[async_trait]
impl TokenStore for SqliteStore {
    async fn token_create(&self, scope: &Scope, new: &NewToken) -> Result<Token> {
        let mut write = self.write().await?;
        let giver = write.credentials_of(scope, new.person).await?.person;
        let others: i64 =
            sqlx::query_scalar("SELECT count(*) FROM token WHERE person = $1 AND revoked IS NULL")
                .bind(new.person.to_string())
                .fetch_one(write.conn())
                .await
                .map_err(failed("count tokens"))?;
        new_token(&giver, new, usize::try_from(others).unwrap_or(usize::MAX))?;
        sqlx::query(
            "INSERT INTO token (id, hash, person, tenant, name, scopes_json, created, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(new.id.to_string())
        .bind(new.hash.as_bytes())
        .bind(new.person.to_string())
        .bind(giver.seat.tenant().map(TenantId::as_str))
        .bind(&new.name)
        .bind(document(&new.scopes)?)
        .bind(micros(new.at))
        .bind(micros(new.expires))
        .execute(write.conn())
        .await
        .map_err(|error| match is_unique_violation(&error) {
            true => conflict("token", new.id),
            false => failed("create a token")(error),
        })?;
        self.commit(write).await?;
        Ok(Token {
            id: new.id,
            person: new.person,
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            created: kept(new.at),
            expires: kept(new.expires),
            last_used: None,
            revoked: None,
        })
    }

    async fn token_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenToken>> {
        let row = sqlx::query(TOKEN_OF)
            .bind(hash.as_bytes())
            .bind(scope.tenant())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read a token"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (token, giver) = (token(&row)?, person(&row)?);
        if token.revoked.is_some() || giver.disabled.is_some() || now >= token.expires {
            return Ok(None);
        }
        let may = effective(Some(&giver.seat), &token.scopes, now, token.expires);
        Ok(Some(OpenToken { token, giver, may }))
    }

    async fn tokens(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, TokenId)>,
        limit: u32,
    ) -> Result<Vec<Token>> {
        sqlx::query(scoped(scope, TOKENS))
            .bind(scope.tenant())
            .bind(before.map_or(i64::MAX, |(at, _)| micros(at)))
            .bind(before.map_or_else(String::new, |(_, id)| id.to_string()))
            .bind(i64::from(limit.min(DOORS_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list tokens"))?
            .iter()
            .map(token)
            .collect()
    }

    async fn token_revoke(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<Token> {
        let mut write = self.write().await?;
        let row = sqlx::query(select_token!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)"
        ))
        .bind(id.to_string())
        .bind(scope.tenant())
        .fetch_optional(write.conn())
        .await
        .map_err(failed("read a token"))?
        .ok_or_else(|| missing("token", id))?;
        let before = token(&row)?;
        let revoked = sqlx::query("UPDATE token SET revoked = $2 WHERE id = $1 AND revoked IS NULL")
            .bind(id.to_string())
            .bind(micros(at))
            .execute(write.conn())
            .await
            .map_err(failed("revoke a token"))?;
        write.one(revoked.rows_affected(), || conflict("token", id))?;
        self.commit(write).await?;
        Ok(Token {
            revoked: Some(kept(at)),
            ..before
        })
    }

    async fn token_used(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<()> {
        let mut write = self.write().await?;
        let used = sqlx::query(
            "UPDATE token SET last_used = max(coalesce(last_used, $2), $2) \
             WHERE id = $1 AND (CAST($3 AS TEXT) IS NULL OR tenant = $3)",
        )
        .bind(id.to_string())
        .bind(micros(at))
        .bind(scope.tenant())
        .execute(write.conn())
        .await
        .map_err(failed("note a token's use"))?;
        write.one(used.rows_affected(), || missing("token", id))?;
        self.commit(write).await
    }
}

fn token(row: &SqliteRow) -> Result<Token> {
    let cells = Cells::new(row, "token", "t_id");
    Ok(Token {
        id: cells.parsed("t_id")?,
        person: cells.parsed("person")?,
        name: cells.text("t_name")?,
        scopes: cells.json("scopes_json")?,
        created: cells.time("t_created")?,
        expires: cells.time("expires")?,
        last_used: cells.time_opt("last_used")?,
        revoked: cells.time_opt("revoked")?,
    })
}
