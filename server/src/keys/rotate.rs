//! A new key encryption key, and every record sealed anew under it.
//!
//! The old key is kept under its own name, then the new one takes its place, then one transaction seals all records anew. Ended between
//! any two of these, both keys are there and everything opens; a later run goes on. The old key stays until a person removes it with
//! `keys forget`, which looks first whether anything is still sealed under it.

use super::{Record, SealedRecords, records};
use crate::telling::{Failure, chain, exit};
use ::vault::VaultError;
use std::ops::ControlFlow;
use std::path::Path;
use store::sealed::{Resealed, SealedStore as _};
use store::traits::StoreError;

/// How often sealing anew starts again when another process changed a record meanwhile.
const OVERTAKEN_MAX: usize = 8;

/// Between two steps of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The old key lies under its own name as well.
    Kept,
    /// The new key seals.
    Replaced,
    /// All records are under the new key.
    Rewrapped,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Names of the keys.
    pub old: Option<String>,
    pub new: String,
    /// How many records were sealed anew.
    pub rewrapped: usize,
}

/// Whether a new key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NewKey,
    /// Only what an interrupted rotation, or a key from the environment, left under older keys.
    RewrapOnly,
}

impl SealedRecords {
    /// Rotates. `between` is asked after each step; tests end a rotation there.
    ///
    /// # Errors
    /// When anything does not open already (nothing is changed then); keys, store.
    pub async fn rotate(
        &self,
        vault: &Path,
        kind: Kind,
        mut between: impl FnMut(Done) -> ControlFlow<()>,
    ) -> Result<Rotated, Failure> {
        self.take_over(vault).await?;
        let checked = self.check(vault).await?;
        let broken: Vec<_> = checked
            .broken()
            .map(|it| format!("{}: {}", it.name, it.broken.as_deref().unwrap_or_default()))
            .collect();
        if !broken.is_empty() {
            let text = format!(
                "nothing was changed, because not everything opens now:\n  {}",
                broken.join("\n  ")
            );
            return Err(Failure::new(exit::FAILED, text));
        }
        let stopped = || Failure::new(exit::FAILED, "stopped between two steps; run it again");
        let mut old = None;
        if kind == Kind::NewKey {
            old = Some(self.ring.keep_current()?);
            if between(Done::Kept).is_break() {
                return Err(stopped());
            }
            self.ring.replace_current()?;
            if between(Done::Replaced).is_break() {
                return Err(stopped());
            }
        }
        let rewrapped = self.rewrap().await?;
        if between(Done::Rewrapped).is_break() {
            return Err(stopped());
        }
        let after = self.check(vault).await?;
        if let Some(broken) = after.broken().next() {
            let text = format!("{} does not open after the rotation; keep every key", broken.name);
            return Err(Failure::new(exit::FAILED, text));
        }
        Ok(Rotated {
            old,
            new: self.ring.current(),
            rewrapped,
        })
    }

    /// Seals every record that is under an older key anew, in one transaction.
    async fn rewrap(&self) -> Result<usize, Failure> {
        for _ in 0..OVERTAKEN_MAX {
            let current = self.ring.keys()?.first().map(|it| it.id.clone());
            let mut changes = Vec::new();
            for record in records(&self.store).await? {
                if Some(&record.wrapped.kek) != current.as_ref() {
                    changes.push(self.resealed(record)?);
                }
            }
            match self.store.secrets_replace(&changes).await {
                Ok(()) => return Ok(changes.len()),
                Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::new(
            exit::FAILED,
            "records were changed elsewhere again and again; both keys are there and everything opens: run `stillpoint keys rotate --rewrap-only`",
        ))
    }

    fn resealed(&self, record: Record) -> Result<Resealed, Failure> {
        let (owner, purpose) = &record.name;
        let plain = self.ring.open_sealed(owner.as_ref(), purpose, &record.wrapped)?;
        let sealed = self.ring.seal(owner.as_ref(), purpose, &plain)?;
        let to = serde_json::to_vec(&sealed)?;
        Ok(Resealed {
            from: record.bytes,
            to,
            name: record.name,
        })
    }

    /// Removes an older key for good.
    ///
    /// # Errors
    /// Naming what is still sealed under it; keys, store.
    pub async fn forget(&self, id: &str, vault: &Path) -> Result<(), Failure> {
        let checked = self.check(vault).await?.records;
        let under = checked.iter().filter(|it| it.kek == id);
        let all: Vec<&str> = under.map(|it| it.name.as_str()).collect();
        if !all.is_empty() {
            return Err(Failure::usage(format!(
                "key {id} is kept: these are still sealed under it (run `stillpoint keys rotate --rewrap-only`):\n  {}",
                all.join("\n  ")
            )));
        }
        self.ring.forget(id).map_err(|error| match error {
            VaultError::NoSuchKek { .. } | VaultError::KekGiven { .. } => Failure::usage(chain(&error)),
            other => other.into(),
        })
    }
}
