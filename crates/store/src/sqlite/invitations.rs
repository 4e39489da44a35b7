//! Invitations.

use super::people::seat;
use super::row::{Cells, micros};
use super::{SqliteStore, failed, is_unique_violation, scoped};
use crate::invitations::{Invitation, InvitationStore, NewInvitation};
use crate::people::{NewPerson, Person};
use crate::rules::doors::{DOORS_READ_MAX, seat_in};
use crate::rules::{conflict, kept, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::invitation::InvitationState;
use domain::ids::{InvitationId, TenantId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_invitation {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, role, author, created, expires, used, person, revoked FROM invitation ",
            $rest
        )
    };
}

/// Of the site and of a tenant, newest first.
const INVITATIONS: (&str, &str) = (
    select_invitation!(
        "WHERE $1 IS NULL AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4"
    ),
    select_invitation!(
        "WHERE tenant = $1 AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4"
    ),
);
const OF_LINK: &str = select_invitation!("WHERE hash = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)");

#[async_trait]
impl InvitationStore for SqliteStore {
    async fn invite(&self, scope: &Scope, new: &NewInvitation) -> Result<Invitation> {
        seat_in(scope, &new.seat)?;
        let mut write = self.write().await?;
        if let Some(tenant) = new.seat.tenant() {
            write.tenant_in(scope, tenant).await?;
        }
        sqlx::query(
            "INSERT INTO invitation (id, hash, tenant, role, author, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(new.id.to_string())
        .bind(new.hash.as_bytes())
        .bind(new.seat.tenant().map(TenantId::as_str))
        .bind(new.seat.role().code())
        .bind(&new.author)
        .bind(micros(new.at))
        .bind(micros(new.expires))
        .execute(write.conn())
        .await
        .map_err(|error| match is_unique_violation(&error) {
            true => conflict("invitation", new.id),
            false => failed("invite")(error),
        })?;
        self.commit(write).await?;
        Ok(Invitation {
            id: new.id,
            seat: new.seat.clone(),
            author: new.author.clone(),
            created: kept(new.at),
            state: InvitationState {
                expires: kept(new.expires),
                used: None,
                revoked: None,
            },
            person: None,
        })
    }

    async fn invitation_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>> {
        let row = sqlx::query(OF_LINK)
            .bind(hash.as_bytes())
            .bind(scope.tenant())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read an invitation"))?;
        let found = row.as_ref().map(invitation).transpose()?;
        Ok(found.filter(|invitation| invitation.state.check(now).is_ok()))
    }

    async fn invitations(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, InvitationId)>,
        limit: u32,
    ) -> Result<Vec<Invitation>> {
        sqlx::query(scoped(scope, INVITATIONS))
            .bind(scope.tenant())
            .bind(before.map_or(i64::MAX, |(at, _)| micros(at)))
            .bind(before.map_or_else(String::new, |(_, id)| id.to_string()))
            .bind(i64::from(limit.min(DOORS_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list invitations"))?
            .iter()
            .map(invitation)
            .collect()
    }

    async fn invitation_revoke(
        &self,
        scope: &Scope,
        id: InvitationId,
        at: DateTime<Utc>,
    ) -> Result<Invitation> {
        let mut write = self.write().await?;
        let row = sqlx::query(select_invitation!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)"
        ))
        .bind(id.to_string())
        .bind(scope.tenant())
        .fetch_optional(write.conn())
        .await
        .map_err(failed("read an invitation"))?
        .ok_or_else(|| missing("invitation", id))?;
        let mut taken = invitation(&row)?;
        let revoked = sqlx::query(
            "UPDATE invitation SET revoked = $2 WHERE id = $1 AND used IS NULL AND revoked IS NULL",
        )
        .bind(id.to_string())
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("revoke an invitation"))?;
        write.one(revoked.rows_affected(), || conflict("invitation", id))?;
        self.commit(write).await?;
        taken.state.revoked = Some(kept(at));
        Ok(taken)
    }

    async fn invitation_accept(&self, scope: &Scope, hash: &SecretHash, new: &NewPerson) -> Result<Person> {
        let gone = || missing("invitation", "of this link");
        let mut write = self.write().await?;
        let row = sqlx::query(OF_LINK)
            .bind(hash.as_bytes())
            .bind(scope.tenant())
            .fetch_optional(write.conn())
            .await
            .map_err(failed("read an invitation"))?
            .ok_or_else(gone)?;
        let invited = invitation(&row)?;
        invited.state.check(kept(new.at)).map_err(|_| gone())?;
        if invited.seat != new.seat {
            return Err(conflict("invitation", invited.id));
        }
        let person = write.person_create(scope, new).await?;
        let used = sqlx::query(
            "UPDATE invitation SET used = $2, person = $3 WHERE id = $1 AND used IS NULL AND revoked IS NULL",
        )
        .bind(invited.id.to_string())
        .bind(micros(new.at))
        .bind(person.id.to_string())
        .execute(write.conn())
        .await
        .map_err(failed("use an invitation up"))?;
        write.one(used.rows_affected(), gone)?;
        self.commit(write).await?;
        Ok(person)
    }
}

fn invitation(row: &SqliteRow) -> Result<Invitation> {
    let cells = Cells::new(row, "invitation", "id");
    Ok(Invitation {
        id: cells.parsed("id")?,
        seat: seat(&cells)?,
        author: cells.text("author")?,
        created: cells.time("created")?,
        state: InvitationState {
            expires: cells.time("expires")?,
            used: cells.time_opt("used")?,
            revoked: cells.time_opt("revoked")?,
        },
        person: cells.parsed_opt("person")?,
    })
}
