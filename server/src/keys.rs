//! What is sealed under the site's key encryption key: tenants' repository keys and hosts' credentials, as records of the state.
//!
//! A record's owner and name are part of what is authenticated, so a record that was moved opens nowhere. Its value names the key that it
//! was sealed under; see [`vault::KeyRing`] for where those keys are.

pub mod check;
pub mod credential;
mod place;
pub mod rotate;
mod take_over;
#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::data::DataDir;
use crate::telling::Failure;
use ::vault::{KekSource, KeyFiles, KeyPlace as _, KeyRing, Vault, Wrapped, local_stores};
use place::StateKeys;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::SqliteStore;
use store::sealed::{SealedStore as _, SecretName};
use store::traits::{SecretStore as _, StoreError};
use zeroize::Zeroizing;

/// The sealed records of a data directory, and the keys that open them.
pub struct SealedRecords {
    store: SqliteStore,
    ring: Arc<KeyRing>,
}

/// One sealed record.
#[derive(Debug, Clone)]
struct Record {
    name: SecretName,
    bytes: Vec<u8>,
    wrapped: Wrapped,
}

/// Records per query.
const PAGE: u32 = 500;

impl SealedRecords {
    /// Opens the keys; makes the first in the secrets folder where nothing was sealed before.
    ///
    /// # Errors
    /// A key that is missing though something was sealed, malformed or exposed; the store's.
    pub async fn open(config: &Config, data: &DataDir, store: &SqliteStore) -> Result<Self, Failure> {
        let source = KekSource::environment_or(key_file(config, data), config.key_file.is_none());
        let before = if !records(store).await?.is_empty() {
            Some(data.database())
        } else if !KeyFiles::new(&config.vault_path).tenants()?.is_empty() {
            Some(config.vault_path.clone())
        } else {
            None
        };
        Self::on(source, before.as_deref(), store)
    }

    /// The same with keys of the caller's choice.
    ///
    /// # Errors
    /// As [`SealedRecords::open`].
    pub fn on(source: KekSource, before: Option<&Path>, store: &SqliteStore) -> Result<Self, Failure> {
        let ring = Arc::new(KeyRing::open(source, before)?);
        let store = store.clone();
        Ok(Self { store, ring })
    }

    /// The vault below `root`, its tenants' keys in these records. Keys in files, as earlier versions had them, are taken over first.
    ///
    /// # Errors
    /// The vault's, the store's.
    pub async fn vault(&self, root: &Path, secrets: &Path) -> Result<Vault, Failure> {
        self.take_over(root).await?;
        let place = StateKeys::new(self.store.clone(), root)?;
        let ring = Arc::clone(&self.ring);
        Ok(Vault::keyed(
            root,
            secrets,
            ring,
            Arc::new(place),
            local_stores(),
        )?)
    }

    /// A secret of the site, drawn at the first call and the same ever after. What is sealed elsewhere (a person's authenticator, a pepper)
    /// is sealed with such a one and not under the key encryption key: a rotation knows records only.
    ///
    /// # Errors
    /// When it does not open, or the store fails.
    pub async fn site_secret(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let record = (None, name.to_owned());
        let plain = match self.opened(&record).await? {
            Some(plain) => plain,
            None => {
                let drawn = Zeroizing::new(rand::random::<[u8; 32]>());
                let sealed = serde_json::to_vec(&self.ring.seal(None, name, &*drawn)?)?;
                match self.store.secret_insert(None, name, &sealed).await {
                    // Of two that draw at once, the first is the site's.
                    Ok(()) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
                self.opened(&record).await?.unwrap_or_default()
            }
        };
        let damaged = |_| ::vault::VaultError::damaged(None, name, "it is not 32 bytes");
        Ok(Zeroizing::new(
            <[u8; 32]>::try_from(plain.as_slice()).map_err(damaged)?,
        ))
    }

    /// Opens one record of the site or of a tenant. `None` when there is none of that name.
    ///
    /// # Errors
    /// When it does not open, or the store fails.
    async fn opened(&self, name: &SecretName) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let (owner, purpose) = name;
        let Some(bytes) = self.store.secret(owner.as_ref(), purpose).await? else {
            return Ok(None);
        };
        let not_sealed =
            || ::vault::VaultError::damaged(owner.as_ref(), purpose, "it is not a sealed record");
        let wrapped = wrapped(&bytes).ok_or_else(not_sealed)?;
        Ok(Some(self.ring.open_sealed(owner.as_ref(), purpose, &wrapped)?))
    }
}

/// Where the key encryption key is, unless the environment holds it.
fn key_file(config: &Config, data: &DataDir) -> PathBuf {
    config
        .key_file
        .clone()
        .unwrap_or_else(|| data.secrets().join("kek"))
}

fn wrapped(bytes: &[u8]) -> Option<Wrapped> {
    serde_json::from_slice(bytes).ok()
}

/// All sealed records. Values that are no such records belong to others and are left alone.
async fn records(store: &SqliteStore) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    let mut after: Option<SecretName> = None;
    loop {
        let names = store.secret_names(after.as_ref(), PAGE).await?;
        let Some(last) = names.last().cloned() else {
            return Ok(records);
        };
        for name in names {
            let value = store.secret(name.0.as_ref(), &name.1).await?;
            if let Some(bytes) = value
                && let Some(wrapped) = wrapped(&bytes)
            {
                records.push(Record { name, bytes, wrapped });
            }
        }
        after = Some(last);
    }
}

/// A record's name for people: `contoso repository-key`, `site credential:host:hv-r-01`.
#[must_use]
pub fn told(name: &SecretName) -> String {
    let owner = name.0.as_ref().map_or("site", domain::ids::TenantId::as_str);
    format!("{owner} {}", name.1)
}
