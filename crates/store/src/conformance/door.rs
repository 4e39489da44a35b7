//! People of two tenants and of the site, the same in every run.

use super::rows::SITE;
use super::{Seed, Store};
use crate::people::{NewPerson, Person};
use crate::traits::{Scope, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::Zone;
use domain::door::hash::{SecretHash, SecretKind};
use domain::door::seat::{Role, Seat};
use domain::ids::{PersonId, TenantId};
use uuid::Uuid;

pub(super) type Odd = Box<dyn std::error::Error + Send + Sync>;

/// The seed's tenants, written down, with an admin each, and an owner.
pub(super) struct Doors {
    pub at: DateTime<Utc>,
    pub contoso: TenantId,
    pub fabrikam: TenantId,
    pub owner: Person,
    pub ours: Person,
    pub theirs: Person,
}

impl Doors {
    pub async fn plant(store: &impl Store) -> Result<Self, Odd> {
        let seed = Seed::plant(store).await?;
        let (contoso, fabrikam) = (seed.ours.tenant.clone(), seed.theirs.tenant.clone());
        for (tenant, name) in [(&contoso, "Contoso"), (&fabrikam, "Fabrikam")] {
            store
                .tenant_create(&SITE, tenant, name, Zone::UTC, seed.at)
                .await?;
        }
        let create = async |number, login: &str, role, tenant| {
            let new = newcomer(number, login, seat(role, tenant)?, seed.at)?;
            Ok::<_, Odd>(store.person_create(&SITE, &new).await?)
        };
        Ok(Self {
            at: seed.at,
            owner: create(1, "olga", "owner", None).await?,
            ours: create(2, "ada@contoso.example", "admin", Some(&contoso)).await?,
            theirs: create(3, "fay@fabrikam.example", "admin", Some(&fabrikam)).await?,
            contoso,
            fabrikam,
        })
    }

    pub fn scope(&self) -> Scope {
        Scope::of(&self.ours.seat, "conformance")
    }

    pub fn other(&self) -> Scope {
        Scope::of(&self.theirs.seat, "conformance")
    }

    pub fn after(&self, secs: i64) -> DateTime<Utc> {
        self.at + TimeDelta::seconds(secs)
    }
}

pub(super) fn seat(role: &str, tenant: Option<&TenantId>) -> Result<Seat, Odd> {
    let role = Role::of_code(role).ok_or("no such role")?;
    Seat::new(role, tenant.cloned()).ok_or_else(|| "no such seat".into())
}

pub(super) fn newcomer(number: u128, login: &str, seat: Seat, at: DateTime<Utc>) -> Result<NewPerson, Odd> {
    Ok(NewPerson {
        id: person_id(number),
        login: login.parse()?,
        name: format!("Person {number}"),
        seat,
        password: format!("$argon2id$v=19${number}"),
        at,
    })
}

pub(super) fn person_id(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(0x7000_0000_0000 | number))
}

pub(super) fn secret(number: u128) -> SecretHash {
    SecretHash::of(SecretKind::Session, &number.to_be_bytes())
}

/// How many of many succeeded, when all others met a `Conflict` or found nothing.
pub(super) fn won<T>(outcomes: Vec<Result<T, StoreError>>) -> Result<usize, StoreError> {
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(_) => won += 1,
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(won)
}
