//! Who did what, from where, when: entries in one chain, in which any edit shows.
//!
//! An entry's hash covers its canonical bytes and the hash before it. Whoever can write the database can write a whole new chain; so the
//! newest hash is remembered elsewhere (exports, the log), and a chain that no longer holds what was remembered is broken too.

mod canonical;
mod verify;

pub use verify::{Broken, follow, verify};

use crate::ids::{PersonId, TenantId, TokenId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The most bytes of a deed's name, of its object, of an address.
pub const WORD_BYTES_MAX: usize = 200;
/// The most details.
pub const DETAILS_MAX: usize = 16;
/// The most bytes of a detail's value; its key is a word.
pub const DETAIL_BYTES_MAX: usize = 1_000;

/// Who did it. Names as they were: the person may be gone when somebody asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Who {
    Person {
        person: PersonId,
        login: String,
    },
    /// A token, and who gave it.
    Token {
        token: TokenId,
        person: PersonId,
        login: String,
    },
    /// Stillpoint itself, by the name of the task or command.
    System {
        task: String,
    },
    /// Somebody who was not logged in.
    Nobody,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditOutcome {
    Done,
    /// Not allowed, or not there for whoever asked.
    Refused,
    Failed,
}

impl AuditOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];
    /// As stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What happened. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Kept to the microsecond.
    pub at: DateTime<Utc>,
    pub who: Who,
    /// The address it came from; `None` for the system.
    pub from: Option<String>,
    /// A name of lower-case words with dots and hyphens: `session.open`, `backup.run`.
    pub deed: String,
    /// What it was done to, as text: a replica's id, a log-in name.
    pub object: String,
    /// Whose it was; `None` is the site's and no tenant sees it.
    pub tenant: Option<TenantId>,
    pub outcome: AuditOutcome,
    pub details: BTreeMap<String, String>,
}

/// Why it cannot be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    #[error("a deed is named by lower-case words with dots and hyphens, such as session.open")]
    Deed,
    #[error("{0} of an audit entry is longer than {WORD_BYTES_MAX} bytes")]
    Long(&'static str),
    #[error("an audit entry has at most {DETAILS_MAX} details of {DETAIL_BYTES_MAX} bytes")]
    Details,
}

impl Happened {
    /// Bounds, so that nobody fills the disk with one entry.
    ///
    /// # Errors
    /// The first bound that it exceeds.
    pub fn check(&self) -> Result<(), Unwritable> {
        let deed = |b: u8| b.is_ascii_lowercase() || matches!(b, b'.' | b'-');
        if self.deed.is_empty() || !self.deed.bytes().all(deed) {
            return Err(Unwritable::Deed);
        }
        let who = match &self.who {
            Who::Person { login, .. } | Who::Token { login, .. } => login,
            Who::System { task } => task,
            Who::Nobody => "",
        };
        let from = self.from.as_deref().unwrap_or_default();
        let words = [
            ("the deed", &*self.deed),
            ("the object", &*self.object),
            ("the name", who),
            ("the address", from),
        ];
        if let Some((what, _)) = words.iter().find(|(_, word)| word.len() > WORD_BYTES_MAX) {
            return Err(Unwritable::Long(what));
        }
        let long =
            |(key, value): (&String, &String)| key.len() > WORD_BYTES_MAX || value.len() > DETAIL_BYTES_MAX;
        if self.details.len() > DETAILS_MAX || self.details.iter().any(long) {
            return Err(Unwritable::Details);
        }
        Ok(())
    }
    /// With every text cut to its bound: what a stranger typed must not keep the entry from being written.
    #[must_use]
    pub fn cut(mut self) -> Self {
        let cut = |text: &mut String, most: usize| text.truncate(text.floor_char_boundary(most));
        match &mut self.who {
            Who::Person { login, .. } | Who::Token { login, .. } => cut(login, WORD_BYTES_MAX),
            Who::System { task } => cut(task, WORD_BYTES_MAX),
            Who::Nobody => {}
        }
        if let Some(from) = &mut self.from {
            cut(from, WORD_BYTES_MAX);
        }
        cut(&mut self.object, WORD_BYTES_MAX);
        let details = std::mem::take(&mut self.details).into_iter().take(DETAILS_MAX);
        self.details = details
            .map(|(mut key, mut value)| {
                cut(&mut key, WORD_BYTES_MAX);
                cut(&mut value, DETAIL_BYTES_MAX);
                (key, value)
            })
            .collect();
        self
    }
}

/// A link's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkHash(pub [u8; 32]);

/// 64 hex digits.
impl fmt::Display for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Of the newest entry; 0 before the first.
    pub seq: u64,
    pub hash: LinkHash,
}

impl Head {
    /// Before the first entry.
    pub const GENESIS: Self = Self {
        seq: 0,
        hash: LinkHash([0; 32]),
    };
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// 1, 2, 3... without a gap.
    pub seq: u64,
    pub happened: Happened,
    /// Over the entry and the hash before it.
    pub hash: LinkHash,
}

impl AuditEntry {
    /// The entry that follows a head. Its instant is cut to the microsecond, as it will be read.
    #[must_use]
    pub fn after(head: Head, mut happened: Happened) -> Self {
        let at = happened.at;
        happened.at = DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at);
        let seq = head.seq + 1;
        let hash = canonical::link(head.hash, seq, &happened);
        Self { seq, happened, hash }
    }
    /// The head that it makes.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash,
        }
    }
}

#[cfg(test)]
mod tests;
