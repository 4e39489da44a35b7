//! Invitations: links that give a seat, once. Kept by the hash of what is in the link.

use crate::people::{NewPerson, Person};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::invitation::InvitationState;
use domain::door::seat::Seat;
use domain::ids::{InvitationId, PersonId};

/// An invitation, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub seat: Seat,
    /// Who invited: a log-in name, or a command's.
    pub author: String,
    pub created: DateTime<Utc>,
    pub state: InvitationState,
    /// Who came of it.
    pub person: Option<PersonId>,
}

/// A new invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    pub id: InvitationId,
    pub hash: SecretHash,
    pub seat: Seat,
    pub author: String,
    pub at: DateTime<Utc>,
    pub expires: DateTime<Utc>,
}

#[async_trait]
pub trait InvitationStore: Send + Sync {
    /// `NotFound` for a tenant that is not there or not the scope's.
    async fn invite(&self, scope: &Scope, new: &NewInvitation) -> Result<Invitation>;
    /// The invitation of a link, while it can be used.
    async fn invitation_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>>;
    /// Newest first, before `before`.
    async fn invitations(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, InvitationId)>,
        limit: u32,
    ) -> Result<Vec<Invitation>>;
    /// `Conflict` when it was used or revoked.
    async fn invitation_revoke(
        &self,
        scope: &Scope,
        id: InvitationId,
        at: DateTime<Utc>,
    ) -> Result<Invitation>;
    /// Uses it up and creates the person, in one transaction: of any number that try one succeeds. `NotFound` when it gives nothing
    /// (any more); `Conflict` for another seat than the invitation's and where the person cannot be created, and it stays good.
    async fn invitation_accept(&self, scope: &Scope, hash: &SecretHash, new: &NewPerson) -> Result<Person>;
}
