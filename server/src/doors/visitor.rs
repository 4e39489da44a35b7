//! Who asks, found by the cookie or the token that came with the request.

use super::object::Object;
use super::secret::Secret;
use super::trail::as_person;
use super::{BEFORE, DoorFault, Doors};
use crate::own::Brand;
use chrono::{DateTime, Utc};
use domain::audit::Who;
use domain::door::hash::SecretKind;
use domain::door::permission::Permission;
use domain::door::seat::Seat;
use domain::door::session::{SessionRule, SessionStage};
use domain::ids::{SessionId, TokenId};
use std::collections::BTreeSet;
use std::net::IpAddr;
use store::people::Person;
use store::sessions::Session;
use store::traits::Scope;

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Session(SessionId),
    Token(TokenId),
}

/// Whether a request shows that somebody sits there. A page that looks again by itself does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    ByHand,
    ByItself,
}

/// Somebody who is in.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub person: Person,
    pub by: By,
    /// What the seat, or the token, allows at this instant.
    pub may: BTreeSet<Permission>,
    pub address: IpAddr,
    /// Of the deed of this request.
    pub object: Object,
    /// What their pages look like; the wall looks it up for pages of a tenant's people.
    pub brand: Brand,
}

impl Visitor {
    #[must_use]
    pub fn allows(&self, permission: Permission) -> bool {
        self.may.contains(&permission)
    }

    #[must_use]
    pub fn seat(&self) -> &Seat {
        &self.person.seat
    }

    /// Whose things they see.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::of(&self.person.seat, "somebody of the hoster asks")
    }

    /// The name that stands with what they do.
    #[must_use]
    pub fn author(&self) -> &str {
        self.person.login.as_str()
    }

    /// As the trail names them.
    #[must_use]
    pub fn who(&self) -> Who {
        match self.by {
            By::Session(_) => as_person(&self.person),
            By::Token(token) => Who::Token {
                token,
                person: self.person.id,
                login: self.author().to_owned(),
            },
        }
    }
}

impl Doors {
    /// Who the cookie's session is; `None` when it opens nothing (any more).
    ///
    /// # Errors
    /// The store failed.
    pub async fn by_session(&self, cookie: &str, address: IpAddr) -> Result<Option<Visitor>, DoorFault> {
        self.by_session_used(cookie, address, Use::ByHand).await
    }

    /// The same; only what is done by hand keeps a session from ending idle.
    ///
    /// # Errors
    /// The store failed.
    pub async fn by_session_used(
        &self,
        cookie: &str,
        address: IpAddr,
        used: Use,
    ) -> Result<Option<Visitor>, DoorFault> {
        let Some((session, person)) = self.session(cookie).await? else {
            return Ok(None);
        };
        if session.stage != SessionStage::Open {
            return Ok(None);
        }
        let now = self.now();
        if used == Use::ByHand && SessionRule::touch_due(session.last_seen, now) {
            self.touched(&session, now).await;
        }
        Ok(Some(Visitor {
            may: person.seat.permissions(),
            person,
            by: By::Session(session.id),
            address,
            object: Object::default(),
            brand: Brand::default(),
        }))
    }

    /// Who the token's giver is, with what it still may.
    ///
    /// # Errors
    /// The store failed.
    pub async fn by_token(&self, bearer: &str, address: IpAddr) -> Result<Option<Visitor>, DoorFault> {
        let Some(secret) = Secret::brought(bearer) else {
            return Ok(None);
        };
        let now = self.now();
        let hash = secret.hash(SecretKind::Token);
        let Some(open) = self.store.token_of(&BEFORE, &hash, now).await? else {
            return Ok(None);
        };
        if open
            .token
            .last_used
            .is_none_or(|used| SessionRule::touch_due(used, now))
            && let Err(error) = self.store.token_used(&BEFORE, open.token.id, now).await
        {
            tracing::warn!(
                error = crate::telling::chain(&error),
                "a token's last use was not written"
            );
        }
        Ok(Some(Visitor {
            may: open.may,
            person: open.giver,
            by: By::Token(open.token.id),
            address,
            object: Object::default(),
            brand: Brand::default(),
        }))
    }

    /// What a tenant's pages look like to its visitor. Pages without it are better than none.
    pub async fn brand(&self, visitor: &Visitor) -> Brand {
        let Some(tenant) = visitor.seat().tenant() else {
            return Brand::default();
        };
        let brand = Brand::of(self.store.as_ref(), &visitor.scope(), tenant).await;
        brand.unwrap_or_else(|error| {
            tracing::warn!(error = crate::telling::chain(&error), "a brand cannot be read");
            Brand::default()
        })
    }

    /// The session of a cookie at whatever stage.
    pub(super) async fn session(&self, cookie: &str) -> Result<Option<(Session, Person)>, DoorFault> {
        let Some(secret) = Secret::brought(cookie) else {
            return Ok(None);
        };
        let hash = secret.hash(SecretKind::Session);
        Ok(self.store.session_of(&BEFORE, &hash, self.now()).await?)
    }

    /// A session that cannot be touched ends a little early: no reason to refuse the request.
    async fn touched(&self, session: &Session, now: DateTime<Utc>) {
        if let Err(error) = self.store.session_touch(&BEFORE, session.id, now).await {
            tracing::warn!(
                error = crate::telling::chain(&error),
                "a session's last use was not written"
            );
        }
    }
}
