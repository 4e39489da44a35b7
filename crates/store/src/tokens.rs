//! Keys of the API. Kept by their hash only.

use crate::people::Person;
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::permission::Permission;
use domain::ids::{PersonId, TokenId};
use std::collections::BTreeSet;

/// A token, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    /// Who gave it.
    pub person: PersonId,
    /// What it is for; 1 to 120 characters.
    pub name: String,
    /// What it was given.
    pub scopes: BTreeSet<Permission>,
    pub created: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    pub last_used: Option<DateTime<Utc>>,
    pub revoked: Option<DateTime<Utc>>,
}

/// A new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    pub id: TokenId,
    pub hash: SecretHash,
    pub person: PersonId,
    pub name: String,
    pub scopes: BTreeSet<Permission>,
    pub at: DateTime<Utc>,
    pub expires: DateTime<Utc>,
}

/// A token that opens something, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenToken {
    pub token: Token,
    pub giver: Person,
    /// What it was given and its giver still may.
    pub may: BTreeSet<Permission>,
}

/// The most tokens of a person that are not revoked.
pub const TOKENS_MAX: usize = 50;

#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Judged by the giver's seat in this transaction. `Conflict` for what the giver may not give, for somebody who is out, and beyond
    /// [`TOKENS_MAX`].
    async fn token_create(&self, scope: &Scope, new: &NewToken) -> Result<Token>;
    /// The token of a key: `None` when there is none, when it is over or revoked, and when its giver is out.
    async fn token_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenToken>>;
    /// Newest first, before `before`.
    async fn tokens(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, TokenId)>,
        limit: u32,
    ) -> Result<Vec<Token>>;
    /// `Conflict` when it is revoked.
    async fn token_revoke(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<Token>;
    /// Its last use, never earlier than it was.
    async fn token_used(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<()>;
}
