//! People: who can log in, and with what they prove it.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::seat::{Role, Seat};
use domain::door::totp::TotpStep;
use domain::ids::{PersonId, SessionId};
use std::fmt;

/// Somebody who can log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// One person's, over all tenants: nobody says where they are from when they log in.
    pub login: LoginName,
    /// For people; 1 to 120 characters.
    pub name: String,
    pub seat: Seat,
    pub created: DateTime<Utc>,
    /// Since when they are out.
    pub disabled: Option<DateTime<Utc>>,
    /// Whether an authenticator is asked for.
    pub second_factor: bool,
}

/// Somebody new.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    pub id: PersonId,
    pub login: LoginName,
    pub name: String,
    pub seat: Seat,
    /// The hash of the password, as a PHC string.
    pub password: String,
    pub at: DateTime<Utc>,
}

/// What a log-in is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub person: Person,
    /// The hash of the password, as a PHC string.
    pub password: String,
    pub totp: Option<Totp>,
}

/// An authenticator.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    /// Its secret, sealed by the server.
    pub sealed: Vec<u8>,
    /// The step of the last code used. `None`: the person has not shown yet that they have it, and it is not asked for.
    pub last: Option<TotpStep>,
}

/// Hashes and sealed secrets are not for logs either.
macro_rules! redacted {
    ($($name:ident $shown:ident;)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field(stringify!($shown), &self.$shown).finish_non_exhaustive()
            }
        }
    )*};
}

redacted! {
    NewPerson login;
    Credentials person;
    Totp last;
}

/// Who there is.
#[async_trait]
pub trait PersonStore: Send + Sync {
    /// `Conflict` when the log-in name is somebody's, or the name cannot be; `NotFound` for a tenant that is not there or not the
    /// scope's.
    async fn person_create(&self, scope: &Scope, new: &NewPerson) -> Result<Person>;
    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Person>;
    /// By log-in name, after `after`.
    async fn persons(&self, scope: &Scope, after: Option<&LoginName>, limit: u32) -> Result<Vec<Person>>;
    /// How many owners can log in; the site's alone.
    async fn owners(&self, scope: &Scope) -> Result<u64>;
    /// Also of somebody who is out: the server compares and refuses alike.
    async fn credentials(&self, scope: &Scope, login: &LoginName) -> Result<Option<Credentials>>;
    /// Another role at the same place, and the end of all their sessions. `Conflict` when the role is not `from`, for a role of the
    /// other side, and for the last owner.
    async fn person_role(&self, scope: &Scope, id: PersonId, from: Role, to: Role) -> Result<Person>;
    /// Puts them out, with all their sessions; their tokens do nothing while they are out. `Conflict` for the last owner and for
    /// who is out already.
    async fn person_disable(&self, scope: &Scope, id: PersonId, at: DateTime<Utc>) -> Result<Person>;
    /// `Conflict` for who is not out.
    async fn person_enable(&self, scope: &Scope, id: PersonId) -> Result<Person>;
}

/// What people prove themselves with.
#[async_trait]
pub trait ProofStore: Send + Sync {
    /// Replaces the password's hash if it still is `from`, and ends all their sessions but `keep`.
    async fn password_change(
        &self,
        scope: &Scope,
        id: PersonId,
        from: &str,
        to: &str,
        keep: Option<SessionId>,
    ) -> Result<()>;
    /// A new authenticator, to be proven by its first code. `Conflict` while another is in use.
    async fn totp_put(&self, scope: &Scope, id: PersonId, sealed: &[u8]) -> Result<()>;
    /// Uses a step up, the first of an authenticator as well as any other. `Conflict` unless it is later than every one before: of any
    /// number of tries with one code, one succeeds.
    async fn totp_use(&self, scope: &Scope, id: PersonId, step: TotpStep) -> Result<()>;
    /// Takes authenticator and recovery codes away, and ends all their sessions but `keep`. `Conflict` when there is none.
    async fn totp_clear(&self, scope: &Scope, id: PersonId, keep: Option<SessionId>) -> Result<()>;
    /// A new set of recovery codes; the old one ends. `Conflict` beyond `RECOVERY_CODES`.
    async fn recovery_put(&self, scope: &Scope, id: PersonId, codes: &[SecretHash]) -> Result<()>;
    /// Uses a code up. `Conflict` when it is none of theirs or was used.
    async fn recovery_use(
        &self,
        scope: &Scope,
        id: PersonId,
        code: &SecretHash,
        at: DateTime<Utc>,
    ) -> Result<()>;
    async fn recovery_left(&self, scope: &Scope, id: PersonId) -> Result<u32>;
}
