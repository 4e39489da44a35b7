//! People.

use super::{MemoryStore, Tables};
use crate::people::{Credentials, NewPerson, Person, PersonStore};
use crate::rules::doors::{DOORS_READ_MAX, is_owner, keeps_an_owner, new_person, seat_after, site_only};
use crate::rules::{conflict, kept, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::seat::{Role, Seat};
use domain::ids::PersonId;
use std::collections::BTreeMap;
use std::ops::Bound;

#[derive(Default)]
pub(super) struct People {
    rows: BTreeMap<PersonId, Row>,
    logins: BTreeMap<LoginName, PersonId>,
}

pub(super) struct Row {
    pub all: Credentials,
    /// Whether each code was used.
    pub codes: BTreeMap<SecretHash, bool>,
}

impl Scope {
    /// Whether somebody in that seat is there for the scope.
    pub(super) fn sees_seat(&self, seat: &Seat) -> bool {
        self.owner().is_none_or(|own| seat.tenant() == Some(own))
    }
}

impl People {
    pub(super) fn row(&self, scope: &Scope, id: PersonId) -> Result<&Row> {
        let row = self
            .rows
            .get(&id)
            .filter(|row| scope.sees_seat(&row.all.person.seat));
        row.ok_or_else(|| missing("person", id))
    }

    pub(super) fn row_mut(&mut self, scope: &Scope, id: PersonId) -> Result<&mut Row> {
        let row = self.rows.get_mut(&id);
        let row = row.filter(|row| scope.sees_seat(&row.all.person.seat));
        row.ok_or_else(|| missing("person", id))
    }

    pub(super) fn person(&self, scope: &Scope, id: PersonId) -> Result<&Person> {
        Ok(&self.row(scope, id)?.all.person)
    }

    pub(super) fn of_login(&self, login: &LoginName) -> Option<PersonId> {
        self.logins.get(login).copied()
    }

    fn owners(&self) -> u64 {
        self.rows.values().filter(|row| is_owner(&row.all.person)).count() as u64
    }
}

impl Tables {
    /// Everything that may be refused, and nothing changed.
    pub(super) fn person_may_come(&self, scope: &Scope, new: &NewPerson) -> Result<()> {
        new_person(scope, new)?;
        if let Some(tenant) = new.seat.tenant() {
            self.tenants.get(scope, tenant)?;
        }
        if self.people.logins.contains_key(&new.login) || self.people.rows.contains_key(&new.id) {
            return Err(conflict("log-in name", &new.login));
        }
        Ok(())
    }

    pub(super) fn person_create(&mut self, scope: &Scope, new: &NewPerson) -> Result<Person> {
        self.person_may_come(scope, new)?;
        let person = Person {
            id: new.id,
            login: new.login.clone(),
            name: new.name.clone(),
            seat: new.seat.clone(),
            created: kept(new.at),
            disabled: None,
            second_factor: false,
        };
        let all = Credentials {
            person: person.clone(),
            password: new.password.clone(),
            totp: None,
        };
        let codes = BTreeMap::new();
        self.people.rows.insert(new.id, Row { all, codes });
        self.people.logins.insert(new.login.clone(), new.id);
        Ok(person)
    }

    fn person_role(&mut self, scope: &Scope, id: PersonId, from: Role, to: Role) -> Result<Person> {
        let owners = self.people.owners();
        let person = &mut self.people.row_mut(scope, id)?.all.person;
        let seat = seat_after(person, from, to)?;
        if seat != person.seat {
            keeps_an_owner(person, owners)?;
        }
        person.seat = seat;
        let person = person.clone();
        self.sessions.end_of(id, None);
        Ok(person)
    }

    fn person_disable(&mut self, scope: &Scope, id: PersonId, at: DateTime<Utc>) -> Result<Person> {
        let owners = self.people.owners();
        let person = &mut self.people.row_mut(scope, id)?.all.person;
        keeps_an_owner(person, owners)?;
        if person.disabled.is_some() {
            return Err(conflict("person", id));
        }
        person.disabled = Some(kept(at));
        let person = person.clone();
        self.sessions.end_of(id, None);
        Ok(person)
    }
}

#[async_trait]
impl PersonStore for MemoryStore {
    async fn person_create(&self, scope: &Scope, new: &NewPerson) -> Result<Person> {
        self.write(|tables| tables.person_create(scope, new))
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Person> {
        self.read(|tables| tables.people.person(scope, id).cloned())
    }

    async fn persons(&self, scope: &Scope, after: Option<&LoginName>, limit: u32) -> Result<Vec<Person>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let logins = tables
                .people
                .logins
                .range::<LoginName, _>((from, Bound::Unbounded));
            let seen = logins.filter_map(|(_, id)| tables.people.person(scope, *id).ok());
            seen.take(limit).cloned().collect()
        }))
    }

    async fn owners(&self, scope: &Scope) -> Result<u64> {
        site_only(scope, "owner")?;
        Ok(self.read(|tables| tables.people.owners()))
    }

    async fn credentials(&self, scope: &Scope, login: &LoginName) -> Result<Option<Credentials>> {
        Ok(self.read(|tables| {
            let id = tables.people.of_login(login)?;
            Some(tables.people.row(scope, id).ok()?.all.clone())
        }))
    }

    async fn person_role(&self, scope: &Scope, id: PersonId, from: Role, to: Role) -> Result<Person> {
        self.write(|tables| tables.person_role(scope, id, from, to))
    }

    async fn person_disable(&self, scope: &Scope, id: PersonId, at: DateTime<Utc>) -> Result<Person> {
        self.write(|tables| tables.person_disable(scope, id, at))
    }

    async fn person_enable(&self, scope: &Scope, id: PersonId) -> Result<Person> {
        self.write(|tables| {
            let person = &mut tables.people.row_mut(scope, id)?.all.person;
            if person.disabled.take().is_none() {
                return Err(conflict("person", id));
            }
            Ok(person.clone())
        })
    }
}
