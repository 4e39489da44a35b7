//! The site's key encryption keys: the one that seals, and older ones that only open what was sealed under them.
//!
//! Kept in a file, `FILE` holds the one that seals and `FILE.<id>.old` every older one, until a person has it removed. A rotation keeps
//! the old key under its name before it writes the new one, so there is no instant at which a key is nowhere. Files are read again with
//! every sealing, and when something was sealed under a key not yet known: a rotation elsewhere needs no restart here.

use crate::envelope::{Kek, Wrapped};
use crate::error::{Result, VaultError, io_error};
use crate::secrets::{
    exists, folder_of, make_private_folder, new_key_text, parse_key, read_or_create, read_private,
    replace_private, write_new_private,
};
use domain::ids::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Environment variable that holds the key encryption key (64 hexadecimal digits) instead of a file.
pub const KEK_VARIABLE: &str = "STILLPOINT_KEY";
/// Its name in earlier versions; still read.
pub const KEK_VARIABLE_BEFORE: &str = "STILLPOINT_KEK";
/// An older key that only opens, for a rotation of keys that come from the environment.
pub const KEK_VARIABLE_OLD: &str = "STILLPOINT_KEY_OLD";

/// Where the keys come from.
pub enum KekSource {
    /// Texts of 64 hexadecimal digits; `variable` names where the first was found.
    Given {
        variable: &'static str,
        current: SecretString,
        older: Option<SecretString>,
    },
    /// A file, its owner's alone. `make`: made at first use, when nothing was sealed before.
    File { path: PathBuf, make: bool },
}

impl KekSource {
    /// The environment, or else the file.
    #[must_use]
    pub fn environment_or(path: PathBuf, make: bool) -> Self {
        let read = |name: &'static str| Some((name, SecretString::from(std::env::var(name).ok()?)));
        match read(KEK_VARIABLE).or_else(|| read(KEK_VARIABLE_BEFORE)) {
            Some((variable, current)) => Self::Given {
                variable,
                current,
                older: read(KEK_VARIABLE_OLD).map(|(_, key)| key),
            },
            None => Self::File { path, make },
        }
    }
}

/// A key by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekInfo {
    /// [`Kek::id`].
    pub id: String,
    /// Whether it seals.
    pub current: bool,
    /// A file, or an environment variable.
    pub place: String,
}

/// All keys there are.
pub struct KeyRing {
    source: KekSource,
    held: RwLock<Arc<Held>>,
}

struct Held {
    current: Kek,
    older: Vec<(Kek, PathBuf)>,
}

impl KeyRing {
    /// Reads the keys; makes the first where the source says so. `sealed_before` names a place that holds something sealed already: then a
    /// key that is missing is an error and not a first use.
    ///
    /// # Errors
    /// A key that is missing, malformed or exposed; I/O errors.
    pub fn open(source: KekSource, sealed_before: Option<&Path>) -> Result<Self> {
        if let KekSource::File { path, make } = &source
            && !exists(path)?
        {
            match (sealed_before, make) {
                (Some(root), _) => {
                    return Err(VaultError::KekMissing {
                        kek: path.clone(),
                        root: root.to_owned(),
                    });
                }
                (None, false) => return Err(VaultError::KekAbsent { kek: path.clone() }),
                (None, true) => {
                    make_private_folder(folder_of(path))?;
                    read_or_create(path)?;
                }
            }
        }
        let held = RwLock::new(Arc::new(read(&source)?));
        Ok(Self { source, held })
    }

    /// The name of the key that seals.
    #[must_use]
    pub fn current(&self) -> String {
        self.held().current.id()
    }

    /// All keys, the one that seals first, as they stand now.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn keys(&self) -> Result<Vec<KekInfo>> {
        let held = self.fresh()?;
        let (current, older) = match &self.source {
            KekSource::Given { variable, .. } => ((*variable).to_owned(), Some(KEK_VARIABLE_OLD.to_owned())),
            KekSource::File { path, .. } => (path.display().to_string(), None),
        };
        let first = KekInfo {
            id: held.current.id(),
            current: true,
            place: current,
        };
        let rest = held.older.iter().map(|(kek, path)| KekInfo {
            id: kek.id(),
            current: false,
            place: older.clone().unwrap_or_else(|| path.display().to_string()),
        });
        Ok(std::iter::once(first).chain(rest).collect())
    }

    /// Seals a secret under the key that seals now. `owner`: `None` is the site.
    ///
    /// # Errors
    /// As [`KeyRing::open`], and [`VaultError::KeyDamaged`] for absurd lengths.
    pub fn seal(&self, owner: Option<&TenantId>, purpose: &str, secret: &[u8]) -> Result<Wrapped> {
        self.fresh()?.current.wrap(owner, purpose, secret)
    }

    /// Opens a sealed secret with whichever key it was sealed under.
    ///
    /// # Errors
    /// [`VaultError::WrongKek`] when that key is not there, [`VaultError::KeyDamaged`] when the secret is damaged or belongs to another
    /// owner or purpose.
    pub fn open_sealed(
        &self,
        owner: Option<&TenantId>,
        purpose: &str,
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let held = self.held();
        if let Some(kek) = held.find(&wrapped.kek) {
            return kek.unwrap(owner, purpose, wrapped);
        }
        let fresh = self.fresh()?;
        let kek = fresh.find(&wrapped.kek).unwrap_or(&fresh.current);
        kek.unwrap(owner, purpose, wrapped)
    }

    /// First step of a rotation: the key that seals is kept under its own name as well. Returns its name.
    ///
    /// # Errors
    /// [`VaultError::KekGiven`] when it comes from the environment; as [`KeyRing::open`].
    pub fn keep_current(&self) -> Result<String> {
        let path = self.file()?;
        let text = read_private(path)?;
        let id = key(&text, path)?.id();
        write_new_private(&old_path(path, &id), text.as_bytes())?;
        Ok(id)
    }

    /// Second step: a new key, drawn at random, takes its place. Returns its name.
    ///
    /// # Errors
    /// [`VaultError::KekNotKept`] when the first step was not done; as [`KeyRing::keep_current`].
    pub fn replace_current(&self) -> Result<String> {
        let path = self.file()?;
        let id = key(&read_private(path)?, path)?.id();
        if !exists(&old_path(path, &id))? {
            return Err(VaultError::KekNotKept { id });
        }
        replace_private(path, new_key_text().as_bytes())?;
        Ok(self.fresh()?.current.id())
    }

    /// Removes an older key for good. The caller has seen that nothing is sealed under it.
    ///
    /// # Errors
    /// [`VaultError::NoSuchKek`] for the one that seals and for names that are not there; [`VaultError::KekGiven`].
    pub fn forget(&self, id: &str) -> Result<()> {
        self.file()?;
        let held = self.fresh()?;
        let (_, path) = held
            .older
            .iter()
            .find(|(kek, _)| kek.id() == id)
            .ok_or_else(|| VaultError::NoSuchKek { id: id.to_owned() })?;
        fs::remove_file(path).map_err(io_error("remove", path))?;
        crate::secrets::sync_folder_of(path)?;
        self.fresh().map(drop)
    }

    fn file(&self) -> Result<&Path> {
        match &self.source {
            KekSource::File { path, .. } => Ok(path),
            KekSource::Given { variable, .. } => Err(VaultError::KekGiven { variable }),
        }
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn fresh(&self) -> Result<Arc<Held>> {
        let fresh = Arc::new(read(&self.source)?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }
}

impl Held {
    fn find(&self, id: &str) -> Option<&Kek> {
        let all = std::iter::once(&self.current).chain(self.older.iter().map(|(kek, _)| kek));
        all.into_iter().find(|kek| kek.id() == id)
    }
}

fn read(source: &KekSource) -> Result<Held> {
    match source {
        KekSource::Given {
            variable,
            current,
            older,
        } => {
            let given = |text: &SecretString, variable: &str| {
                let place = format!("the environment variable {variable}");
                parse_key(text.expose_secret())
                    .map(|key| Kek::new(*key))
                    .ok_or(VaultError::KekInvalid { place })
            };
            let current = given(current, variable)?;
            let older = older.as_ref().map(|text| given(text, KEK_VARIABLE_OLD));
            Ok(Held {
                older: older
                    .transpose()?
                    .filter(|older| older.id() != current.id())
                    .map(|older| (older, PathBuf::new()))
                    .into_iter()
                    .collect(),
                current,
            })
        }
        KekSource::File { path, .. } => {
            let current = key(&read_private(path)?, path)?;
            let mut older = Vec::new();
            for old in old_files(path)? {
                let kek = key(&read_private(&old)?, &old)?;
                if kek.id() != current.id() {
                    older.push((kek, old));
                }
            }
            Ok(Held { current, older })
        }
    }
}

fn key(text: &str, path: &Path) -> Result<Kek> {
    let place = format!("`{}`", path.display());
    parse_key(text)
        .map(|key| Kek::new(*key))
        .ok_or(VaultError::KekInvalid { place })
}

fn old_path(path: &Path, id: &str) -> PathBuf {
    crate::secrets::sibling(path, &format!("{id}.old"))
}

/// `FILE.<16 hex digits>.old` beside `FILE`, in order.
fn old_files(path: &Path) -> Result<Vec<PathBuf>> {
    let Some(stem) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };
    let is_old = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(stem)?.strip_prefix('.')?.strip_suffix(".old"));
        rest.is_some_and(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let mut files = crate::repository::entries_of(folder_of(path))?;
    files.retain(is_old);
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
