//! Does every record open?

use super::{SealedRecords, records, told};
use crate::telling::{Failure, chain};
use ::vault::{KekInfo, KeyFiles, KeyPlace as _, REPOSITORY_KEY};
use std::path::Path;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The keys there are, the one that seals first.
    pub keys: Vec<KekInfo>,
    pub records: Vec<CheckedRecord>,
}

/// A record and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRecord {
    /// `contoso repository-key`
    pub name: String,
    /// Name of the key that it was sealed under.
    pub kek: String,
    /// Why it does not open.
    pub broken: Option<String>,
}

impl Checked {
    /// Records that do not open.
    pub fn broken(&self) -> impl Iterator<Item = &CheckedRecord> {
        self.records.iter().filter(|it| it.broken.is_some())
    }
    /// Records under a key that no longer seals.
    pub fn older(&self) -> usize {
        let current = self.keys.first().map(|it| it.id.as_str());
        let is_older = |it: &&CheckedRecord| Some(it.kek.as_str()) != current;
        self.records.iter().filter(is_older).count()
    }
}

impl SealedRecords {
    /// Opens every record, and every key that still lies in a file below `vault`.
    ///
    /// # Errors
    /// When keys or records cannot be looked at at all.
    pub async fn check(&self, vault: &Path) -> Result<Checked, Failure> {
        let keys = self.ring.keys()?;
        let mut checked = Vec::new();
        for record in records(&self.store).await? {
            let (owner, purpose) = &record.name;
            let opened = self.ring.open_sealed(owner.as_ref(), purpose, &record.wrapped);
            checked.push(CheckedRecord {
                name: told(&record.name),
                kek: record.wrapped.kek,
                broken: opened.err().map(|error| chain(&error)),
            });
        }
        let files = KeyFiles::new(vault);
        for tenant in files.tenants()? {
            let read = files.read(&tenant);
            let kek = read.as_ref().ok().and_then(|it| Some(it.as_ref()?.kek.clone()));
            let opened = read.and_then(|wrapped| {
                let open = |it| self.ring.open_sealed(Some(&tenant), REPOSITORY_KEY, &it);
                wrapped.map(open).transpose()
            });
            checked.push(CheckedRecord {
                name: format!("{tenant} {REPOSITORY_KEY} (in the file {})", files.name(&tenant)),
                kek: kek.unwrap_or_else(|| "unknown".to_owned()),
                broken: opened.err().map(|error| chain(&error)),
            });
        }
        Ok(Checked {
            keys,
            records: checked,
        })
    }
}
