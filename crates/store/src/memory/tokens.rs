//! Keys of the API.

use super::{MemoryStore, Tables};
use crate::rules::doors::{DOORS_READ_MAX, new_token};
use crate::rules::{conflict, kept, missing};
use crate::tokens::{NewToken, OpenToken, Token, TokenStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::door::hash::SecretHash;
use domain::door::scopes::effective;
use domain::ids::TokenId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Tokens {
    rows: BTreeMap<TokenId, Token>,
    hashes: BTreeMap<SecretHash, TokenId>,
    order: BTreeSet<(DateTime<Utc>, TokenId)>,
}

impl Tables {
    fn token(&mut self, scope: &Scope, id: TokenId) -> Result<&mut Token> {
        let people = &self.people;
        let row = self.tokens.rows.get_mut(&id);
        let row = row.filter(|token| people.person(scope, token.person).is_ok());
        row.ok_or_else(|| missing("token", id))
    }

    fn token_create(&mut self, scope: &Scope, new: &NewToken) -> Result<Token> {
        let giver = self.people.person(scope, new.person)?;
        let rows = self.tokens.rows.values();
        let others = rows.filter(|token| token.person == new.person && token.revoked.is_none());
        new_token(giver, new, others.count())?;
        if self.tokens.rows.contains_key(&new.id) || self.tokens.hashes.contains_key(&new.hash) {
            return Err(conflict("token", new.id));
        }
        let token = Token {
            id: new.id,
            person: new.person,
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            created: kept(new.at),
            expires: kept(new.expires),
            last_used: None,
            revoked: None,
        };
        self.tokens.rows.insert(new.id, token.clone());
        self.tokens.hashes.insert(new.hash, new.id);
        self.tokens.order.insert((token.created, new.id));
        Ok(token)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn token_create(&self, scope: &Scope, new: &NewToken) -> Result<Token> {
        self.write(|tables| tables.token_create(scope, new))
    }

    async fn token_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenToken>> {
        Ok(self.read(|tables| {
            let token = tables.tokens.rows.get(tables.tokens.hashes.get(hash)?)?;
            let giver = tables.people.person(scope, token.person).ok()?;
            if token.revoked.is_some() || giver.disabled.is_some() || now >= token.expires {
                return None;
            }
            Some(OpenToken {
                token: token.clone(),
                giver: giver.clone(),
                may: effective(Some(&giver.seat), &token.scopes, now, token.expires),
            })
        }))
    }

    async fn tokens(
        &self,
        scope: &Scope,
        before: Option<(DateTime<Utc>, TokenId)>,
        limit: u32,
    ) -> Result<Vec<Token>> {
        let before = before.map(|(at, id)| (kept(at), id));
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let keys = tables.tokens.order.iter().rev();
            let keys = keys.filter(|key| before.is_none_or(|before| **key < before));
            let rows = keys.filter_map(|(_, id)| tables.tokens.rows.get(id));
            let seen = rows.filter(|token| tables.people.person(scope, token.person).is_ok());
            seen.take(limit).cloned().collect()
        }))
    }

    async fn token_revoke(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<Token> {
        self.write(|tables| {
            let token = tables.token(scope, id)?;
            if token.revoked.is_some() {
                return Err(conflict("token", id));
            }
            token.revoked = Some(kept(at));
            Ok(token.clone())
        })
    }

    async fn token_used(&self, scope: &Scope, id: TokenId, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| {
            let token = tables.token(scope, id)?;
            token.last_used = token.last_used.max(Some(kept(at)));
            Ok(())
        })
    }
}
