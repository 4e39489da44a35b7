//! Invitations.

use super::{MemoryStore, Tables};
use crate::invitations::{Invitation, InvitationStore, NewInvitation};
use crate::people::{NewPerson, Person};
use crate::rules::doors::{DOORS_READ_MAX, seat_in};
use crate::rules::{conflict, kept, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::invitation::InvitationState;
use domain::ids::InvitationId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Invitations {
    rows: BTreeMap<InvitationId, Invitation>,
    hashes: BTreeMap<SecretHash, InvitationId>,
    order: BTreeSet<(DateTime<Utc>, InvitationId)>,
}

impl Invitations {
    fn of_link(&self, scope: &Scope, hash: &SecretHash) -> Option<&Invitation> {
        let invitation = self.rows.get(self.hashes.get(hash)?)?;
        scope.sees_seat(&invitation.seat).then_some(invitation)
    }
}

impl Tables {
    fn invite(&mut self, scope: &Scope, new: &NewInvitation) -> Result<Invitation> {
        seat_in(scope, &new.seat)?;
        if let Some(tenant) = new.seat.tenant() {
            self.tenants.get(scope, tenant)?;
        }
        let table = &mut self.invitations;
        if table.rows.contains_key(&new.id) || table.hashes.contains_key(&new.hash) {
            return Err(conflict("invitation", new.id));
        }
        let invitation = Invitation {
            id: new.id,
            seat: new.seat.clone(),
            author: new.author.clone(),
            created: kept(new.at),
            state: InvitationState {
                expires: kept(new.expires),
                used: None,
                revoked: None,
            },
            person: None,
        };
        table.rows.insert(new.id, invitation.clone());
        table.hashes.insert(new.hash, new.id);
        table.order.insert((invitation.created, new.id));
        Ok(invitation)
    }

    fn invitation_accept(&mut self, scope: &Scope, hash: &SecretHash, new: &NewPerson) -> Result<Person> {
        let gone = || missing("invitation", "of this link");
        let invited = self.invitations.of_link(scope, hash).ok_or_else(gone)?;
        invited.state.check(kept(new.at)).map_err(|_| gone())?;
        if invited.seat != new.seat {
            return Err(conflict("invitation", invited.id));
        }
        let id = invited.id;
        let person = self.person_create(scope, new)?;
        if let Some(invited) = self.invitations.rows.get_mut(&id) {
            invited.state.used = Some(kept(new.at));
            invited.person = Some(person.id);
        }
        Ok(person)
    }
}

#[async_trait]
impl InvitationStore for MemoryStore {
    async fn invite(&self, scope: &Scope, new: &NewInvitation) -> Result<Invitation> {
        self.write(|tables| tables.invite(scope, new))
    }

    async fn invitation_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>> {
        Ok(self.read(|tables| {
            let found = tables.invitations.of_link(scope, hash);
            found.filter(|found| found.state.check(now).is_ok()).cloned()
        }))
    }

    async fn invitations(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, InvitationId)>,
        limit: u32,
    ) -> Result<Vec<Invitation>> {
        let before = before.map(|(at, id)| (kept(at), id));
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let keys = tables.invitations.order.iter().rev();
            let keys = keys.filter(|key| before.is_none_or(|before| **key < before));
            let rows = keys.filter_map(|(_, id)| tables.invitations.rows.get(id));
            let seen = rows.filter(|invitation| scope.sees_seat(&invitation.seat));
            seen.take(limit).cloned().collect()
        }))
    }

    async fn invitation_revoke(
        &self,
        scope: &Scope,
        id: InvitationId,
        at: DateTime<Utc>,
    ) -> Result<Invitation> {
        self.write(|tables| {
            let row = tables.invitations.rows.get_mut(&id);
            let row = row.filter(|row| scope.sees_seat(&row.seat));
            let row = row.ok_or_else(|| missing("invitation", id))?;
            if row.state.used.is_some() || row.state.revoked.is_some() {
                return Err(conflict("invitation", id));
            }
            row.state.revoked = Some(kept(at));
            Ok(row.clone())
        })
    }

    async fn invitation_accept(&self, scope: &Scope, hash: &SecretHash, new: &NewPerson) -> Result<Person> {
        self.write(|tables| tables.invitation_accept(scope, hash, new))
    }
}
