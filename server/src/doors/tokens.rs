//! Keys of the API: made by people, part of what they may, shown once.

use super::log_in::drawn_id;
use super::secret::Secret;
use super::trail::Line;
use super::visitor::Visitor;
use super::{DoorFault, Doors};
use chrono::TimeDelta;
use domain::door::hash::SecretKind;
use domain::door::permission::Permission;
use domain::door::scopes::{TokenRefused, grant};
use domain::ids::TokenId;
use std::collections::BTreeSet;
use store::tokens::{NewToken, TOKENS_MAX, Token};

/// Tokens of a page: all that one person can have in force, and some that are over.
const PAGE: u32 = 200;
const NAME_CHARS_MAX: usize = 120;

impl Doors {
    /// Tokens in the visitor's scope, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tokens(&self, visitor: &Visitor) -> Result<Vec<Token>, DoorFault> {
        Ok(self.store.tokens(&visitor.scope(), None, PAGE).await?)
    }

    /// Makes one; what it opens is returned this once.
    ///
    /// # Errors
    /// The field that is not right; [`DoorFault::Conflict`] beyond [`TOKENS_MAX`].
    pub async fn token_make(
        &self,
        visitor: &Visitor,
        name: &str,
        scopes: BTreeSet<Permission>,
        days: i64,
    ) -> Result<Secret, DoorFault> {
        let name = name.trim();
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(DoorFault::field("name", "A name has 1 to 120 characters"));
        }
        let now = self.now();
        let expires = now + TimeDelta::days(days.clamp(0, 100_000));
        grant(visitor.seat(), &scopes, now, expires).map_err(|refused| {
            let field = if refused == TokenRefused::Expiry {
                "days"
            } else {
                "scope"
            };
            DoorFault::field(field, refused)
        })?;
        let secret = Secret::drawn();
        let new = NewToken {
            id: TokenId(drawn_id()),
            hash: secret.hash(SecretKind::Token),
            person: visitor.person.id,
            name: name.to_owned(),
            scopes,
            at: now,
            expires,
        };
        self.tell(Line::of(visitor, "token.make", name, visitor.seat()))
            .await?;
        let made = self.store.token_create(&visitor.scope(), &new).await;
        let full = format!("nobody has more than {TOKENS_MAX} tokens in force: revoke one first");
        made.map_err(|error| DoorFault::of(&error, "token", &full))?;
        Ok(secret)
    }

    /// It opens nothing any more.
    ///
    /// # Errors
    /// [`DoorFault::Missing`], [`DoorFault::Conflict`] when it is revoked.
    pub async fn token_revoke(&self, visitor: &Visitor, id: TokenId) -> Result<(), DoorFault> {
        let scope = visitor.scope();
        let known = self.store.tokens(&scope, None, PAGE).await?;
        let token = known.into_iter().find(|token| token.id == id);
        let token = token.ok_or(DoorFault::Missing("token"))?;
        self.tell(Line::of(visitor, "token.revoke", &token.name, visitor.seat()))
            .await?;
        let revoked = self.store.token_revoke(&scope, id, self.now()).await;
        revoked
            .map(drop)
            .map_err(|error| DoorFault::of(&error, "token", "it is revoked already"))
    }
}
