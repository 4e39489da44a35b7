//! People.

use super::row::{Cells, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation, scoped};
use crate::people::{Credentials, NewPerson, Person, PersonStore, Totp};
use crate::rules::doors::{DOORS_READ_MAX, keeps_an_owner, new_person, seat_after, site_only};
use crate::rules::{conflict, kept, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::login::LoginName;
use domain::door::seat::{Role, Seat};
use domain::door::totp::TotpStep;
use domain::ids::{PersonId, TenantId};
use sqlx::sqlite::SqliteRow;

macro_rules! select_person {
    ($rest:literal) => {
        concat!(
            "SELECT id, login, name, tenant, role, password, created, disabled, totp_sealed, totp_step FROM person ",
            $rest
        )
    };
}

/// Of the site and of a tenant, by log-in name.
pub(super) const PERSONS: (&str, &str) = (
    select_person!("WHERE $1 IS NULL AND login > $2 ORDER BY login LIMIT $3"),
    select_person!("WHERE tenant = $1 AND login > $2 ORDER BY login LIMIT $3"),
);
/// What every log-in asks.
pub(super) const CREDENTIALS: &str =
    select_person!("WHERE login = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)");

#[async_trait]
impl PersonStore for SqliteStore {
    async fn person_create(&self, scope: &Scope, new: &NewPerson) -> Result<Person> {
        let mut write = self.write().await?;
        let person = write.person_create(scope, new).await?;
        self.commit(write).await?;
        Ok(person)
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Person> {
        sqlx::query(select_person!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)"
        ))
        .bind(id.to_string())
        .bind(scope.tenant())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a person"))?
        .as_ref()
        .map_or_else(|| Err(missing("person", id)), person)
    }

    async fn persons(&self, scope: &Scope, after: Option<&LoginName>, limit: u32) -> Result<Vec<Person>> {
        sqlx::query(scoped(scope, PERSONS))
            .bind(scope.tenant())
            .bind(after.map_or("", LoginName::as_str))
            .bind(i64::from(limit.min(DOORS_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list people"))?
            .iter()
            .map(person)
            .collect()
    }

    async fn owners(&self, scope: &Scope) -> Result<u64> {
        site_only(scope, "owner")?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM person WHERE role = 'owner' AND disabled IS NULL")
                .fetch_one(&self.reader)
                .await
                .map_err(failed("count owners"))?;
        Ok(count.unsigned_abs())
    }

    async fn credentials(&self, scope: &Scope, login: &LoginName) -> Result<Option<Credentials>> {
        sqlx::query(CREDENTIALS)
            .bind(login.as_str())
            .bind(scope.tenant())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read credentials"))?
            .as_ref()
            .map(credentials)
            .transpose()
    }

    async fn person_role(&self, scope: &Scope, id: PersonId, from: Role, to: Role) -> Result<Person> {
        let mut write = self.write().await?;
        let before = write.credentials_of(scope, id).await?.person;
        let seat = seat_after(&before, from, to)?;
        if seat != before.seat {
            keeps_an_owner(&before, write.owners().await?)?;
        }
        let changed = sqlx::query("UPDATE person SET role = $3 WHERE id = $1 AND role = $2")
            .bind(id.to_string())
            .bind(from.code())
            .bind(to.code())
            .execute(write.conn())
            .await
            .map_err(failed("change a role"))?;
        write.one(changed.rows_affected(), || conflict("person", id))?;
        write.sessions_end(id, None).await?;
        self.commit(write).await?;
        Ok(Person { seat, ..before })
    }

    async fn person_disable(&self, scope: &Scope, id: PersonId, at: DateTime<Utc>) -> Result<Person> {
        let mut write = self.write().await?;
        let before = write.credentials_of(scope, id).await?.person;
        keeps_an_owner(&before, write.owners().await?)?;
        let out = sqlx::query("UPDATE person SET disabled = $2 WHERE id = $1 AND disabled IS NULL")
            .bind(id.to_string())
            .bind(micros(at))
            .execute(write.conn())
            .await
            .map_err(failed("put a person out"))?;
        write.one(out.rows_affected(), || conflict("person", id))?;
        write.sessions_end(id, None).await?;
        self.commit(write).await?;
        Ok(Person {
            disabled: Some(kept(at)),
            ..before
        })
    }

    async fn person_enable(&self, scope: &Scope, id: PersonId) -> Result<Person> {
        let mut write = self.write().await?;
        let before = write.credentials_of(scope, id).await?.person;
        let back = sqlx::query("UPDATE person SET disabled = NULL WHERE id = $1 AND disabled IS NOT NULL")
            .bind(id.to_string())
            .execute(write.conn())
            .await
            .map_err(failed("let a person in again"))?;
        write.one(back.rows_affected(), || conflict("person", id))?;
        self.commit(write).await?;
        Ok(Person {
            disabled: None,
            ..before
        })
    }
}

impl Write {
    pub(super) async fn person_create(&mut self, scope: &Scope, new: &NewPerson) -> Result<Person> {
        new_person(scope, new)?;
        if let Some(tenant) = new.seat.tenant() {
            self.tenant_in(scope, tenant).await?;
        }
        sqlx::query(
            "INSERT INTO person (id, login, name, tenant, role, password, created) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(new.id.to_string())
        .bind(new.login.as_str())
        .bind(&new.name)
        .bind(new.seat.tenant().map(TenantId::as_str))
        .bind(new.seat.role().code())
        .bind(&new.password)
        .bind(micros(new.at))
        .execute(self.conn())
        .await
        .map_err(|error| match is_unique_violation(&error) {
            true => conflict("log-in name", &new.login),
            false => failed("create a person")(error),
        })?;
        Ok(Person {
            id: new.id,
            login: new.login.clone(),
            name: new.name.clone(),
            seat: new.seat.clone(),
            created: kept(new.at),
            disabled: None,
            second_factor: false,
        })
    }

    /// A person as they stand in this transaction.
    pub(super) async fn credentials_of(&mut self, scope: &Scope, id: PersonId) -> Result<Credentials> {
        sqlx::query(select_person!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)"
        ))
        .bind(id.to_string())
        .bind(scope.tenant())
        .fetch_optional(self.conn())
        .await
        .map_err(failed("read a person"))?
        .as_ref()
        .map_or_else(|| Err(missing("person", id)), credentials)
    }

    async fn owners(&mut self) -> Result<u64> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM person WHERE role = 'owner' AND disabled IS NULL")
                .fetch_one(self.conn())
                .await
                .map_err(failed("count owners"))?;
        Ok(count.unsigned_abs())
    }
}

/// The seat in the columns `tenant` and `role`.
pub(super) fn seat(cells: &Cells<'_>) -> Result<Seat> {
    let role = cells.named("role", &Role::ALL, Role::code)?;
    let tenant = cells.parsed_opt("tenant")?;
    Seat::new(role, tenant).ok_or_else(|| cells.unreadable("role", "it does not go with the tenant".into()))
}

pub(super) fn person(row: &SqliteRow) -> Result<Person> {
    let cells = Cells::new(row, "person", "id");
    Ok(Person {
        id: cells.parsed("id")?,
        login: cells.parsed("login")?,
        name: cells.text("name")?,
        seat: seat(&cells)?,
        created: cells.time("created")?,
        disabled: cells.time_opt("disabled")?,
        second_factor: cells.raw::<Option<i64>>("totp_step")?.is_some(),
    })
}

fn credentials(row: &SqliteRow) -> Result<Credentials> {
    let cells = Cells::new(row, "person", "id");
    let last = cells.raw::<Option<i64>>("totp_step")?.map(TotpStep);
    Ok(Credentials {
        person: person(row)?,
        password: cells.text("password")?,
        totp: cells
            .raw::<Option<Vec<u8>>>("totp_sealed")?
            .map(|sealed| Totp { sealed, last }),
    })
}
