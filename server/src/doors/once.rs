//! Writes that carry a key: done once, however often they are sent. What was answered is kept sealed, since an answer may hold a token.

use super::visitor::{By, Visitor};
use super::{DoorFault, Doors};
use chrono::TimeDelta;
use store::once::{OnceAnswer, OnceAsk, OnceBy, OnceFound};
use zeroize::Zeroizing;

/// Longer than any write takes. What is still begun then was broken off.
const LEASE_SECS: i64 = 120;

/// A write that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    by: OnceBy,
    run: u32,
}

/// What is known of a key.
#[derive(Debug)]
pub enum Once {
    Begun(Begun),
    /// Another request is doing it, for so long at most.
    Runs {
        secs: u32,
    },
    /// It was broken off, and nobody knows how far it came.
    BrokenOff,
    Answered {
        status: u16,
        body: Zeroizing<Vec<u8>>,
    },
    /// The key came with another request.
    Another,
}

impl Doors {
    /// Begins a write of a visitor, or says what is known of its key. `again`: doing it twice does no more than doing it once.
    ///
    /// # Errors
    /// The store failed, or what is kept cannot be opened.
    pub async fn once(
        &self,
        visitor: &Visitor,
        key: &str,
        asked: [&[u8]; 3],
        again: bool,
    ) -> Result<Once, DoorFault> {
        let now = self.now();
        let by = OnceBy {
            person: visitor.person.id,
            token: match visitor.by {
                By::Token(token) => Some(token),
                By::Session(_) => None,
            },
            key: key.to_owned(),
        };
        let ask = OnceAsk {
            by,
            request: self.key.request(asked),
            at: now,
            lease: now + TimeDelta::seconds(LEASE_SECS),
            again,
        };
        Ok(match self.store.once_begin(&visitor.scope(), &ask).await? {
            OnceFound::Begun { run } => Once::Begun(Begun { by: ask.by, run }),
            OnceFound::Runs { until } => Once::Runs {
                secs: u32::try_from((until - now).num_seconds()).unwrap_or(0),
            },
            OnceFound::BrokenOff { .. } => Once::BrokenOff,
            OnceFound::Answered(answer) => Once::Answered {
                status: answer.status,
                body: self.key.open_answer(ask.by.person, &answer.sealed)?,
            },
            OnceFound::Another => Once::Another,
        })
    }

    /// Keeps what was answered.
    ///
    /// # Errors
    /// The store failed.
    pub async fn once_done(
        &self,
        visitor: &Visitor,
        begun: &Begun,
        status: u16,
        body: &[u8],
    ) -> Result<(), DoorFault> {
        let answer = OnceAnswer {
            status,
            sealed: self.key.seal_answer(begun.by.person, body)?,
        };
        let (scope, by) = (visitor.scope(), &begun.by);
        Ok(self.store.once_answer(&scope, by, begun.run, &answer).await?)
    }

    /// Nothing was done: the key is free again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn once_undone(&self, visitor: &Visitor, begun: &Begun) -> Result<(), DoorFault> {
        let scope = visitor.scope();
        Ok(self.store.once_release(&scope, &begun.by, begun.run).await?)
    }
}
