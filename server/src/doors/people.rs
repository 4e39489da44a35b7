//! Who there is at one's place, and who may come: invite, change a role, put out and let in again.

use super::log_in::drawn_id;
use super::secret::Secret;
use super::trail::Line;
use super::visitor::Visitor;
use super::{DoorFault, Doors};
use domain::door::hash::SecretKind;
use domain::door::invitation::expires;
use domain::door::login::LoginName;
use domain::door::seat::{Role, Seat};
use domain::ids::{InvitationId, PersonId};
use store::invitations::{Invitation, NewInvitation};
use store::people::Person;
use store::traits::StoreError;

/// People of a page.
const PAGE: u32 = 200;
const INVITATIONS: u32 = 100;

/// A page of people, and the links that are still good.
#[derive(Debug)]
pub struct Listed {
    pub people: Vec<Person>,
    /// The last name of the page, when there are more.
    pub next: Option<LoginName>,
    pub invitations: Vec<Invitation>,
}

impl Doors {
    /// People in the visitor's scope, by log-in name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn people(&self, visitor: &Visitor, after: Option<&LoginName>) -> Result<Listed, DoorFault> {
        let (people, next) = self.people_page(visitor, after, PAGE).await?;
        Ok(Listed {
            people,
            next,
            invitations: self.invitations(visitor).await?,
        })
    }

    /// A page of people, and the last name of it when it is full.
    ///
    /// # Errors
    /// The store failed.
    pub async fn people_page(
        &self,
        visitor: &Visitor,
        after: Option<&LoginName>,
        limit: u32,
    ) -> Result<(Vec<Person>, Option<LoginName>), DoorFault> {
        let people = self.store.persons(&visitor.scope(), after, limit).await?;
        let full = people.len() == limit as usize;
        let next = people.last().filter(|_| full).map(|last| last.login.clone());
        Ok((people, next))
    }

    /// Links in the visitor's scope that are still good, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn invitations(&self, visitor: &Visitor) -> Result<Vec<Invitation>, DoorFault> {
        let now = self.now();
        let mut invitations = self
            .store
            .invitations(&visitor.scope(), None, INVITATIONS)
            .await?;
        invitations.retain(|invitation| invitation.state.check(now).is_ok());
        Ok(invitations)
    }

    /// Somebody in the visitor's scope whom they may seat.
    ///
    /// # Errors
    /// [`DoorFault::Missing`].
    pub async fn person(&self, visitor: &Visitor, id: PersonId) -> Result<Person, DoorFault> {
        self.seated(visitor, id).await
    }

    /// A link for a seat; its code is given once.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for a seat that the visitor may not give, or a tenant that is not there.
    pub async fn invite(&self, visitor: &Visitor, seat: Seat) -> Result<Secret, DoorFault> {
        if !visitor.seat().may_seat(&seat) {
            return Err(DoorFault::Missing("place"));
        }
        let now = self.now();
        let secret = Secret::drawn();
        let new = NewInvitation {
            id: InvitationId(drawn_id()),
            hash: secret.hash(SecretKind::Invitation),
            seat: seat.clone(),
            author: visitor.author().to_owned(),
            at: now,
            expires: expires(now),
        };
        self.tell(Line::of(visitor, "person.invite", seat.role().code(), &seat))
            .await?;
        let invited = self.store.invite(&visitor.scope(), &new).await;
        invited.map_err(|error| DoorFault::of(&error, "place", "this link cannot be made"))?;
        Ok(secret)
    }

    /// A link gives nothing any more.
    ///
    /// # Errors
    /// [`DoorFault::Missing`], [`DoorFault::Conflict`] when it was used.
    pub async fn invitation_revoke(&self, visitor: &Visitor, id: InvitationId) -> Result<(), DoorFault> {
        let scope = visitor.scope();
        let all = self.store.invitations(&scope, None, INVITATIONS).await?;
        let found = all.into_iter().find(|invitation| invitation.id == id);
        let found = found.filter(|found| visitor.seat().may_seat(&found.seat));
        let found = found.ok_or(DoorFault::Missing("invitation"))?;
        let object = format!("a link as {}", found.seat);
        self.tell(Line::of(visitor, "person.uninvite", &object, &found.seat))
            .await?;
        let revoked = self.store.invitation_revoke(&scope, id, self.now()).await;
        revoked
            .map(drop)
            .map_err(|error| DoorFault::of(&error, "invitation", "this link was used or revoked"))
    }

    /// Another role at the same place; all their sessions end.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for whom the visitor may not seat, [`DoorFault::Conflict`] for the last owner.
    pub async fn person_role(&self, visitor: &Visitor, id: PersonId, to: Role) -> Result<(), DoorFault> {
        let person = self.seated(visitor, id).await?;
        let seat = Seat::new(to, person.seat.tenant().cloned());
        let seat = seat.filter(|seat| visitor.seat().may_seat(seat));
        let seat = seat.ok_or_else(|| DoorFault::field("role", "this role is not of this place"))?;
        self.tell(Line::of(visitor, "person.role", person.login.as_str(), &seat))
            .await?;
        let changed = self
            .store
            .person_role(&visitor.scope(), id, person.seat.role(), to)
            .await;
        changed.map(drop).map_err(|error| {
            DoorFault::of(
                &error,
                "person",
                "the last owner stays one, and somebody may have been faster: look again",
            )
        })
    }

    /// Out, with all their sessions; their tokens do nothing.
    ///
    /// # Errors
    /// As [`Doors::person_role`].
    pub async fn person_put_out(&self, visitor: &Visitor, id: PersonId) -> Result<(), DoorFault> {
        let person = self.seated(visitor, id).await?;
        if person.id == visitor.person.id {
            return Err(DoorFault::Conflict(
                "nobody puts themselves out: ask somebody else".to_owned(),
            ));
        }
        self.tell(Line::of(
            visitor,
            "person.put-out",
            person.login.as_str(),
            &person.seat,
        ))
        .await?;
        let out = self.store.person_disable(&visitor.scope(), id, self.now()).await;
        out.map(drop)
            .map_err(|error| DoorFault::of(&error, "person", "the last owner stays; or they are out already"))
    }

    /// In again.
    ///
    /// # Errors
    /// As [`Doors::person_role`].
    pub async fn person_let_in(&self, visitor: &Visitor, id: PersonId) -> Result<(), DoorFault> {
        let person = self.seated(visitor, id).await?;
        self.tell(Line::of(
            visitor,
            "person.let-in",
            person.login.as_str(),
            &person.seat,
        ))
        .await?;
        let back = self.store.person_enable(&visitor.scope(), id).await;
        back.map(drop)
            .map_err(|error| DoorFault::of(&error, "person", "they are not out"))
    }

    pub(super) async fn seated(&self, visitor: &Visitor, id: PersonId) -> Result<Person, DoorFault> {
        let person = match self.store.person(&visitor.scope(), id).await {
            Ok(person) => person,
            Err(StoreError::NotFound { .. }) => return Err(DoorFault::Missing("person")),
            Err(error) => return Err(error.into()),
        };
        if visitor.seat().may_seat(&person.seat) {
            Ok(person)
        } else {
            Err(DoorFault::Missing("person"))
        }
    }
}

/// Tenants offered in a form.
const PLACES: u32 = 500;

impl Doors {
    /// Tenants that the visitor may seat people at.
    pub async fn places(&self, visitor: &Visitor) -> Vec<domain::ids::TenantId> {
        match self.store.tenants(&visitor.scope(), None, PLACES).await {
            Ok(tenants) => tenants.into_iter().map(|tenant| tenant.id).collect(),
            Err(error) => {
                tracing::error!(
                    error = crate::telling::chain(&error),
                    "the tenants could not be listed"
                );
                Vec::new()
            }
        }
    }
}
