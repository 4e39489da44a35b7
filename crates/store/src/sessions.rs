//! Log-ins that last. Kept by the hash of their secret only.

use crate::people::Person;
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::session::SessionStage;
use domain::ids::{PersonId, SessionId};

/// A session, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub person: PersonId,
    pub stage: SessionStage,
    /// When its secret was given.
    pub created: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// The address it was opened from; at most 200 bytes are kept.
    pub from: String,
    /// What the browser called itself; at most 200 bytes are kept.
    pub agent: String,
}

/// A new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub id: SessionId,
    pub hash: SecretHash,
    pub person: PersonId,
    pub stage: SessionStage,
    pub at: DateTime<Utc>,
    pub from: String,
    pub agent: String,
}

/// The most sessions of a person: beyond it the one that was not used for longest ends.
pub const SESSIONS_MAX: usize = 20;
/// No session is older: such rows may go.
pub const SESSION_SECS_MAX: i64 = 24 * 3_600;

#[async_trait]
pub trait SessionStore: Send + Sync {
    /// `Conflict` for somebody who is out.
    async fn session_open(&self, scope: &Scope, new: &NewSession) -> Result<Session>;
    /// The session of a secret and whose it is: `None` when there is none, when the rule of its seat says it is over at `now`, and for
    /// somebody who is out.
    async fn session_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, Person)>>;
    /// Its last use, never earlier than it was.
    async fn session_touch(&self, scope: &Scope, id: SessionId, at: DateTime<Utc>) -> Result<()>;
    /// Another secret, from which on its time runs anew. `Conflict` when the secret is not `from` any more: of two that exchange it,
    /// one succeeds.
    async fn session_rotate(
        &self,
        scope: &Scope,
        id: SessionId,
        from: &SecretHash,
        to: &SecretHash,
        stage: SessionStage,
        at: DateTime<Utc>,
    ) -> Result<Session>;
    /// Used last first; those that are over are among them until they are removed.
    async fn sessions(&self, scope: &Scope, person: PersonId) -> Result<Vec<Session>>;
    async fn session_end(&self, scope: &Scope, id: SessionId) -> Result<()>;
    /// Ends all of a person's but one; how many.
    async fn sessions_end(&self, scope: &Scope, person: PersonId, keep: Option<SessionId>) -> Result<u64>;
    /// Removes at most `limit` that no rule can hold any more, the oldest first; how many. The site's alone.
    async fn sessions_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64>;
}
