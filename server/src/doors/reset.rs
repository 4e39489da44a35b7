//! A way back in for who lost their password: a link by which they choose another, made by whoever may seat them, or on the machine itself.
//! Nothing is kept of it. It holds, sealed by the doors' key, whose it is, until when it is good, and which password it replaces: once
//! there is another password it gives nothing.

use super::log_in::Comer;
use super::trail::Line;
use super::visitor::Visitor;
use super::{BEFORE, DoorFault, Doors};
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{AuditOutcome, Who};
use domain::door::login::LoginName;
use domain::door::password;
use domain::door::seat::{Role, SiteRole};
use domain::ids::PersonId;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use store::people::{Credentials, Person};
use store::traits::StoreError;

/// How long a link of a person's holds.
pub const LINK_HOURS: i64 = 24;
/// How long one that was made on the machine holds.
pub const OWNER_LINK_MINUTES: i64 = 60;

/// What a link holds.
struct Content {
    until: DateTime<Utc>,
    /// Whether the authenticator is lost as well.
    factor: bool,
    /// Of the hash of the password that it replaces.
    replaces: [u8; 32],
}

impl Content {
    const BYTES: usize = 8 + 1 + 32;

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.until.timestamp().to_be_bytes().to_vec();
        bytes.push(u8::from(self.factor));
        bytes.extend(self.replaces);
        bytes
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::BYTES {
            return None;
        }
        let (until, rest) = bytes.split_first_chunk::<8>()?;
        let (factor, replaces) = rest.split_first()?;
        Some(Self {
            until: DateTime::from_timestamp(i64::from_be_bytes(*until), 0)?,
            factor: *factor == 1,
            replaces: replaces.try_into().ok()?,
        })
    }
}

fn digest(hash: &str) -> [u8; 32] {
    Sha256::digest(hash.as_bytes()).into()
}

impl Doors {
    /// The code of a link by which somebody chooses another password; `factor` also takes their authenticator away.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for whom the visitor may not seat, [`DoorFault::Conflict`] for themselves and for who is out.
    pub async fn reset_link(
        &self,
        visitor: &Visitor,
        id: PersonId,
        factor: bool,
    ) -> Result<String, DoorFault> {
        let person = self.seated(visitor, id).await?;
        if person.id == visitor.person.id {
            let text = "your own password is changed at your log-in";
            return Err(DoorFault::Conflict(text.to_owned()));
        }
        let found = self.inside(&person.login).await?;
        let deed = if factor {
            "password.link-without-factor"
        } else {
            "password.link"
        };
        self.tell(Line::of(visitor, deed, person.login.as_str(), &person.seat))
            .await?;
        self.link(&found, factor, TimeDelta::hours(LINK_HOURS))
    }

    /// The same for an owner of the site, made on the machine by `task`.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for who is no owner, [`DoorFault::Conflict`] for who is out.
    pub async fn owner_link(&self, login: &str, factor: bool, task: &str) -> Result<String, DoorFault> {
        let login: LoginName = login.trim().parse().map_err(|e| DoorFault::field("login", e))?;
        let found = match self.inside(&login).await {
            Ok(found) if found.person.seat.role() == Role::Site(SiteRole::Owner) => found,
            Ok(_) => return Err(DoorFault::Missing("owner")),
            Err(DoorFault::Missing(_)) => return Err(DoorFault::Missing("owner")),
            Err(other) => return Err(other),
        };
        self.tell(Line {
            who: Who::System {
                task: task.to_owned(),
            },
            from: None,
            deed: if factor {
                "password.link-without-factor"
            } else {
                "password.link"
            },
            object: login.as_str(),
            tenant: None,
            outcome: AuditOutcome::Done,
        })
        .await?;
        self.link(&found, factor, TimeDelta::minutes(OWNER_LINK_MINUTES))
    }

    /// Chooses another password by a link. All their sessions end, and the link gives nothing any more.
    ///
    /// # Errors
    /// [`DoorFault::NoInvitation`] for a link that gives nothing (any more); the field that is not right; the store failed.
    pub async fn reset(&self, comer: &Comer, code: &str, new: SecretString) -> Result<(), DoorFault> {
        let (found, content) = self.content(code).await?;
        let person = &found.person;
        password::check(&person.login, new.expose_secret()).map_err(|e| DoorFault::field("password", e))?;
        let hash = self.hasher.hash(new).await?;
        self.tell(Line::own(person, comer.address, "password.reset"))
            .await?;
        let changed = self
            .store
            .password_change(&BEFORE, person.id, &found.password, &hash, None)
            .await;
        changed.map_err(|error| match error {
            StoreError::Conflict { .. } | StoreError::NotFound { .. } => DoorFault::NoInvitation,
            error => error.into(),
        })?;
        if content.factor && person.second_factor {
            self.tell(Line::own(person, comer.address, "second-factor.remove"))
                .await?;
            match self.store.totp_clear(&BEFORE, person.id, None).await {
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Somebody who is not out, with what they prove themselves with.
    async fn inside(&self, login: &LoginName) -> Result<Credentials, DoorFault> {
        let found = self.store.credentials(&BEFORE, login).await?;
        let found = found.ok_or(DoorFault::Missing("person"))?;
        if found.person.disabled.is_some() {
            let text = "they are out: let them in again first";
            return Err(DoorFault::Conflict(text.to_owned()));
        }
        Ok(found)
    }

    fn link(&self, found: &Credentials, factor: bool, good_for: TimeDelta) -> Result<String, DoorFault> {
        let content = Content {
            until: self.now() + good_for,
            factor,
            replaces: digest(&found.password),
        };
        self.key.link(found.person.id, &content.bytes())
    }

    /// Whose link it is, while it is good.
    async fn content(&self, code: &str) -> Result<(Credentials, Content), DoorFault> {
        let opened = self.key.link_of(code.trim());
        let opened = opened.and_then(|(person, bytes)| Some((person, Content::of(&bytes)?)));
        let (id, content) = opened
            .filter(|(_, content)| self.now() < content.until)
            .ok_or(DoorFault::NoInvitation)?;
        let person: Person = match self.store.person(&BEFORE, id).await {
            Ok(person) => person,
            Err(StoreError::NotFound { .. }) => return Err(DoorFault::NoInvitation),
            Err(error) => return Err(error.into()),
        };
        let found = self.store.credentials(&BEFORE, &person.login).await?;
        let good = found.filter(|found| {
            found.person.id == id
                && found.person.disabled.is_none()
                && digest(&found.password) == content.replaces
        });
        Ok((good.ok_or(DoorFault::NoInvitation)?, content))
    }
}
