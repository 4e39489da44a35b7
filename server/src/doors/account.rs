//! What people do to their own log-in: sessions, password, second factor.

use super::log_in::drawn_id;
use super::second_factor::{SECRET_BYTES, authenticator};
use super::trail::Line;
use super::visitor::{By, Visitor};
use super::{DoorFault, Doors};
use domain::audit::AuditOutcome;
use domain::door::password;
use domain::door::recovery::{RECOVERY_BYTES, RECOVERY_CODES, RecoveryCode};
use domain::ids::SessionId;
use secrecy::{ExposeSecret as _, SecretString};
use store::people::Person;
use store::sessions::Session;
use totp_rs::Secret as TotpSecret;

/// One's own account, to look at.
#[derive(Debug)]
pub struct Own {
    pub person: Person,
    pub sessions: Vec<Session>,
    /// The one that asks.
    pub this: Option<SessionId>,
    pub recovery_left: u32,
}

/// An authenticator that was drawn and not shown to be there yet.
#[derive(Debug)]
pub struct SecondFactorBegun {
    /// Base32, to be typed.
    pub secret: String,
    /// `otpauth://totp/...`, to be opened.
    pub uri: String,
}

impl Doors {
    /// # Errors
    /// The store failed.
    pub async fn own(&self, visitor: &Visitor) -> Result<Own, DoorFault> {
        let scope = visitor.scope();
        let person = self.store.person(&scope, visitor.person.id).await?;
        let sessions = self.store.sessions(&scope, person.id).await?;
        let recovery_left = self.store.recovery_left(&scope, person.id).await?;
        Ok(Own {
            person,
            sessions,
            this: this(visitor),
            recovery_left,
        })
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for one that is not theirs or over.
    pub async fn session_revoke(&self, visitor: &Visitor, id: SessionId) -> Result<(), DoorFault> {
        let own = self.store.sessions(&visitor.scope(), visitor.person.id).await?;
        if !own.iter().any(|session| session.id == id) {
            return Err(DoorFault::Missing("session"));
        }
        self.tell(Line::own(&visitor.person, visitor.address, "session.revoke"))
            .await?;
        let ended = self.store.session_end(&visitor.scope(), id).await;
        ended.map_err(|error| DoorFault::of(&error, "session", "this session is over"))
    }

    /// Ends all of one's own sessions but the one that asks.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sessions_revoke(&self, visitor: &Visitor) -> Result<u64, DoorFault> {
        self.tell(Line::own(
            &visitor.person,
            visitor.address,
            "session.revoke-others",
        ))
        .await?;
        let scope = visitor.scope();
        Ok(self
            .store
            .sessions_end(&scope, visitor.person.id, this(visitor))
            .await?)
    }

    /// Another password; all other sessions end.
    ///
    /// # Errors
    /// The field that is not right.
    pub async fn password_change(
        &self,
        visitor: &Visitor,
        old: SecretString,
        new: SecretString,
    ) -> Result<(), DoorFault> {
        let found = self.confirmed(visitor, old).await?;
        password::check(&visitor.person.login, new.expose_secret())
            .map_err(|e| DoorFault::field("new", e))?;
        let hash = self.hasher.hash(new).await?;
        self.tell(Line::own(&visitor.person, visitor.address, "password.change"))
            .await?;
        self.store
            .password_change(&visitor.scope(), visitor.person.id, &found, &hash, this(visitor))
            .await
            .map_err(|error| {
                DoorFault::of(
                    &error,
                    "person",
                    "the password was changed meanwhile: begin again",
                )
            })
    }

    /// Draws an authenticator, which is not asked for until a code of it was given.
    ///
    /// # Errors
    /// [`DoorFault::Field`] for a wrong password, [`DoorFault::Conflict`] while another is in use.
    pub async fn second_factor_begin(
        &self,
        visitor: &Visitor,
        old: SecretString,
    ) -> Result<SecondFactorBegun, DoorFault> {
        self.confirmed(visitor, old).await?;
        let drawn: [u8; SECRET_BYTES] = rand::random();
        let sealed = self.key.seal(visitor.person.id, &drawn)?;
        let scope = visitor.scope();
        let put = self.store.totp_put(&scope, visitor.person.id, &sealed).await;
        put.map_err(|error| {
            DoorFault::of(&error, "person", "an authenticator is in use: take it away first")
        })?;
        let uri = authenticator(&visitor.person, &drawn)?
            .to_url()
            .map_err(|error| {
                tracing::error!(%error, "an authenticator's URI cannot be made");
                DoorFault::Failed
            })?;
        Ok(SecondFactorBegun {
            secret: TotpSecret::from(drawn.to_vec()).to_base32(),
            uri,
        })
    }

    /// The first code: the authenticator is asked for from now on, all other sessions end, and these codes open the door without it, each once.
    ///
    /// # Errors
    /// [`DoorFault::Field`] for a code that is not right.
    pub async fn second_factor_confirm(
        &self,
        visitor: &Visitor,
        code: &str,
    ) -> Result<Vec<String>, DoorFault> {
        let credentials = self
            .store
            .credentials(&visitor.scope(), &visitor.person.login)
            .await?;
        let totp = credentials
            .and_then(|found| found.totp)
            .filter(|totp| totp.last.is_none());
        let totp =
            totp.ok_or_else(|| DoorFault::Conflict("no authenticator waits for its first code".to_owned()))?;
        let typed: String = code.chars().filter(char::is_ascii_digit).collect();
        self.tell(Line::own(&visitor.person, visitor.address, "second-factor.set"))
            .await?;
        if !self.used(&visitor.person, &totp, &typed).await? {
            return Err(DoorFault::field(
                "code",
                "this is not the code that the authenticator shows now",
            ));
        }
        self.store
            .sessions_end(&visitor.scope(), visitor.person.id, this(visitor))
            .await?;
        self.recovery_codes(visitor).await
    }

    /// New recovery codes; the old ones open nothing any more.
    ///
    /// # Errors
    /// [`DoorFault::Field`] for a wrong password, [`DoorFault::Conflict`] without an authenticator.
    pub async fn recovery_renew(
        &self,
        visitor: &Visitor,
        old: SecretString,
    ) -> Result<Vec<String>, DoorFault> {
        self.confirmed(visitor, old).await?;
        if !self
            .store
            .person(&visitor.scope(), visitor.person.id)
            .await?
            .second_factor
        {
            return Err(DoorFault::Conflict(
                "recovery codes stand in for an authenticator: set one up first".to_owned(),
            ));
        }
        self.tell(Line::own(&visitor.person, visitor.address, "recovery.renew"))
            .await?;
        self.recovery_codes(visitor).await
    }

    /// Takes the authenticator away; all other sessions end.
    ///
    /// # Errors
    /// [`DoorFault::Field`] for a wrong password, [`DoorFault::Conflict`] without an authenticator.
    pub async fn second_factor_remove(&self, visitor: &Visitor, old: SecretString) -> Result<(), DoorFault> {
        self.confirmed(visitor, old).await?;
        self.tell(Line::own(
            &visitor.person,
            visitor.address,
            "second-factor.remove",
        ))
        .await?;
        let cleared = self
            .store
            .totp_clear(&visitor.scope(), visitor.person.id, this(visitor))
            .await;
        cleared.map_err(|error| DoorFault::of(&error, "person", "there is no authenticator to take away"))
    }

    async fn recovery_codes(&self, visitor: &Visitor) -> Result<Vec<String>, DoorFault> {
        let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES)
            .map(|_| RecoveryCode::from_random(rand::random::<[u8; RECOVERY_BYTES]>()))
            .collect();
        let pepper = self.key.pepper();
        let hashes: Vec<_> = codes.iter().map(|code| code.hash(pepper)).collect();
        let put = self
            .store
            .recovery_put(&visitor.scope(), visitor.person.id, &hashes)
            .await;
        put.map_err(|error| DoorFault::of(&error, "person", "there is no authenticator"))?;
        Ok(codes.iter().map(ToString::to_string).collect())
    }

    /// The stored hash, when the password is right: a browser that was left open must not be enough.
    async fn confirmed(&self, visitor: &Visitor, old: SecretString) -> Result<String, DoorFault> {
        let comer = super::Comer {
            address: visitor.address,
            agent: String::new(),
            device: None,
        };
        let attempt = self.counted(&comer, &visitor.person.login).await?;
        let found = self
            .store
            .credentials(&visitor.scope(), &visitor.person.login)
            .await?;
        let hash = found.map(|found| found.password).ok_or(DoorFault::Over)?;
        if !self.hasher.is_right(old, Some(hash.clone())).await? {
            self.tell(Line {
                outcome: AuditOutcome::Refused,
                ..Line::own(&visitor.person, visitor.address, "password.confirm")
            })
            .await?;
            return Err(DoorFault::field("password", "this is not your password"));
        }
        self.store.log_in_forgive(&super::BEFORE, &attempt).await?;
        Ok(hash)
    }
}

pub(super) fn this(visitor: &Visitor) -> Option<SessionId> {
    match visitor.by {
        By::Session(id) => Some(id),
        By::Token(_) => None,
    }
}

pub(super) fn new_person() -> domain::ids::PersonId {
    domain::ids::PersonId(drawn_id())
}
