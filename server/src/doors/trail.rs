//! What happens at the doors goes into the audit trail before it counts as done.

use super::object::Said;
use super::visitor::Visitor;
use super::{DoorFault, Doors};
use domain::audit::{AuditEntry, AuditOutcome, Happened, Who};
use domain::door::permission::Permission;
use domain::door::seat::Seat;
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::net::IpAddr;
use store::people::Person;
use store::traits::Scope;

/// One line of the trail, without its instant.
pub(super) struct Line<'a> {
    pub who: Who,
    pub from: Option<IpAddr>,
    pub deed: &'static str,
    pub object: &'a str,
    pub tenant: Option<&'a TenantId>,
    pub outcome: AuditOutcome,
}

impl<'a> Line<'a> {
    /// Done by somebody to themselves.
    pub fn own(person: &'a Person, from: IpAddr, deed: &'static str) -> Self {
        Self {
            who: as_person(person),
            from: Some(from),
            deed,
            object: person.login.as_str(),
            tenant: person.seat.tenant(),
            outcome: AuditOutcome::Done,
        }
    }

    /// Done by a visitor to something at a seat's place.
    pub fn of(visitor: &Visitor, deed: &'static str, object: &'a str, place: &'a Seat) -> Self {
        Self {
            who: visitor.who(),
            from: Some(visitor.address),
            deed,
            object,
            tenant: place.tenant(),
            outcome: AuditOutcome::Done,
        }
    }
}

/// As the trail names somebody.
pub(super) fn as_person(person: &Person) -> Who {
    Who::Person {
        person: person.id,
        login: person.login.as_str().to_owned(),
    }
}

const CHAIN: Scope = Scope::Site {
    reason: "the audit trail is one chain",
};

impl Doors {
    /// Appends a line. What cannot be written down must not be done: the caller stops.
    pub(super) async fn tell(&self, line: Line<'_>) -> Result<(), DoorFault> {
        self.append(Happened {
            at: self.now(),
            who: line.who,
            from: line.from.map(|address| address.to_canonical().to_string()),
            deed: line.deed.to_owned(),
            object: line.object.to_owned(),
            tenant: line.tenant.cloned(),
            outcome: line.outcome,
            details: BTreeMap::new(),
        })
        .await
    }

    /// Whether the trail can be written: asked before a deed that is told when its outcome is known.
    ///
    /// # Errors
    /// The store failed.
    pub async fn can_tell(&self) -> Result<(), DoorFault> {
        self.store.audit_head(&CHAIN).await?;
        Ok(())
    }

    /// A deed of a visitor beyond the doors, with what came of it: as it was said, or named by the permission that it took where it did not
    /// come to saying anything.
    ///
    /// # Errors
    /// The trail could not be written.
    pub async fn tell_deed(
        &self,
        visitor: &Visitor,
        permission: Permission,
        said: Said,
        outcome: AuditOutcome,
    ) -> Result<(), DoorFault> {
        let named = permission.code().replace(':', ".");
        let (object, of) = said.object.unwrap_or_default();
        self.append(Happened {
            at: self.now(),
            who: visitor.who(),
            from: Some(visitor.address.to_canonical().to_string()),
            deed: said.deed.map_or(named, str::to_owned),
            object,
            // Its people read of what is theirs, whoever did it.
            tenant: of.or_else(|| visitor.seat().tenant().cloned()),
            outcome,
            details: said.details,
        })
        .await
    }

    /// A deed of a tenant's person to something of its own, and why it was refused where it was.
    ///
    /// # Errors
    /// The trail could not be written.
    pub async fn tell_own(
        &self,
        visitor: &Visitor,
        permission: Permission,
        object: &str,
        refused: Option<&str>,
    ) -> Result<(), DoorFault> {
        let outcome = refused.map_or(AuditOutcome::Done, |_| AuditOutcome::Refused);
        let why = refused.map(|why| ("why".to_owned(), why.to_owned()));
        let said = Said {
            object: Some((object.to_owned(), None)),
            details: why.into_iter().collect(),
            ..Said::default()
        };
        self.tell_deed(visitor, permission, said, outcome).await
    }

    async fn append(&self, happened: Happened) -> Result<(), DoorFault> {
        self.store.audit_append(&CHAIN, &happened.cut()).await?;
        Ok(())
    }
}

/// The details that a tenant's people read. The others are the hoster's own words, with its machines in them: reasons of holds, files of a
/// restore, what a command failed by.
const TENANTS_READ: [&str; 6] = ["why", "until", "change", "owner", "window", "policy"];

/// Entries of a page where nothing else is asked for.
const PAGE: u32 = 100;

impl Doors {
    /// The trail as far as the visitor's scope reaches, newest first, and where the next page begins.
    ///
    /// # Errors
    /// [`DoorFault::Missing`] for a cursor that is none; the store failed.
    pub async fn audit(
        &self,
        visitor: &Visitor,
        cursor: Option<&str>,
    ) -> Result<(Vec<AuditEntry>, Option<String>), DoorFault> {
        self.audit_page(visitor, cursor, PAGE).await
    }

    /// The same in pages of another size.
    ///
    /// # Errors
    /// As [`Doors::audit`].
    pub async fn audit_page(
        &self,
        visitor: &Visitor,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<AuditEntry>, Option<String>), DoorFault> {
        let person = visitor.person.id;
        let before = match cursor {
            Some(cursor) => Some(self.key.seq(person, cursor).ok_or(DoorFault::Missing("page"))?),
            None => None,
        };
        let mut entries = self.store.audit_page(&visitor.scope(), before, limit).await?;
        if visitor.seat().tenant().is_some() {
            for entry in &mut entries {
                let details = &mut entry.happened.details;
                details.retain(|key, _| TENANTS_READ.contains(&key.as_str()));
            }
        }
        let last = entries.last().filter(|_| entries.len() == limit as usize);
        let next = last.map(|last| self.key.cursor(person, last.seq)).transpose()?;
        Ok((entries, next))
    }
}
