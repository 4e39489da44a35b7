//! Accounts of hosts and primaries as sealed records. They are written and used; nothing ever tells one.

use super::SealedRecords;
use crate::config::{Config, HostConfig, PrimaryConfig};
use crate::telling::Failure;
use domain::ids::{HostId, PrimaryId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::SqliteStore;
use store::sealed::{SealedStore as _, SecretName};
use store::traits::{SecretStore as _, StoreError};
use zeroize::Zeroizing;

/// The most bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// An account on a host. Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Credential {
    pub user: String,
    pub password: SecretString,
}

#[derive(Serialize)]
struct Document<'a> {
    user: &'a str,
    password: &'a str,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Host(HostId),
    Primary { id: PrimaryId, tenant: TenantId },
}

impl Holder {
    /// A host of the configuration.
    #[must_use]
    pub fn host(config: &HostConfig) -> Self {
        Self::Host(config.id.clone())
    }

    /// A primary of the configuration.
    #[must_use]
    pub fn primary(config: &PrimaryConfig) -> Self {
        Self::Primary {
            id: config.id.clone(),
            tenant: config.tenant.clone(),
        }
    }

    /// A primary's account is its tenant's: it opens nothing for another one.
    fn record(&self) -> SecretName {
        match self {
            Self::Host(id) => (None, format!("credential:host:{id}")),
            Self::Primary { id, tenant } => (Some(tenant.clone()), format!("credential:primary:{id}")),
        }
    }
}

/// `host hv-r-01`
impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(id) => write!(f, "host {id}"),
            Self::Primary { id, .. } => write!(f, "primary {id}"),
        }
    }
}

/// The sealed accounts of what is configured.
pub type Credentials = BTreeMap<Holder, Credential>;

impl Credential {
    /// A checked account.
    ///
    /// # Errors
    /// What is wrong with it; never what it is.
    pub fn new(user: &str, password: SecretString) -> Result<Self, &'static str> {
        if user.is_empty()
            || user.len() > 256
            || user.contains([':', '\0'])
            || user.contains(char::is_control)
        {
            return Err("the user must be an account name without a colon");
        }
        let text = password.expose_secret();
        if text.is_empty() {
            return Err("the password is empty");
        }
        if text.len() > PASSWORD_BYTES_MAX {
            return Err("the password is longer than 1024 bytes");
        }
        if text.contains(char::is_control) {
            return Err("the password has a line break or another control character in it");
        }
        Ok(Self {
            user: user.to_owned(),
            password,
        })
    }
}

impl SealedRecords {
    /// Writes an account, in the place of the one before.
    ///
    /// # Errors
    /// Keys, store; `Conflict` when somebody else wrote it at the same time.
    pub async fn credential_set(&self, holder: &Holder, credential: &Credential) -> Result<(), Failure> {
        let (owner, name) = &holder.record();
        let document = Document {
            user: &credential.user,
            password: credential.password.expose_secret(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&document)?);
        let sealed = self.ring.seal(owner.as_ref(), name, &plain)?;
        let to = serde_json::to_vec(&sealed)?;
        match self.store.secret(owner.as_ref(), name).await? {
            None => self.store.secret_insert(owner.as_ref(), name, &to).await?,
            Some(from) => {
                self.store
                    .secret_replace(owner.as_ref(), name, &from, &to)
                    .await?
            }
        }
        Ok(())
    }

    /// Removes an account. `false` when there was none.
    ///
    /// # Errors
    /// The store's.
    pub async fn credential_remove(&self, holder: &Holder) -> Result<bool, Failure> {
        let (owner, name) = &holder.record();
        let Some(from) = self.store.secret(owner.as_ref(), name).await? else {
            return Ok(false);
        };
        self.store.secret_remove(owner.as_ref(), name, &from).await?;
        Ok(true)
    }

    /// The accounts of everything that is configured, to connect with.
    ///
    /// # Errors
    /// When one does not open; naming the record, not what is in it.
    pub async fn credentials(&self, config: &Config) -> Result<Credentials, Failure> {
        let mut found = Credentials::new();
        for holder in holders(config) {
            if let Some(plain) = self.opened(&holder.record()).await? {
                let damaged = |_| {
                    let (owner, name) = holder.record();
                    ::vault::VaultError::damaged(owner.as_ref(), &name, "it is no account")
                };
                let text: Kept = serde_json::from_slice(&plain).map_err(damaged)?;
                let credential = Credential {
                    user: text.user,
                    password: SecretString::from(text.password),
                };
                found.insert(holder, credential);
            }
        }
        Ok(found)
    }
}

#[derive(Deserialize)]
struct Kept {
    user: String,
    password: String,
}

/// Whether an account is there; not which.
///
/// # Errors
/// The store's.
pub async fn is_there(store: &SqliteStore, holder: &Holder) -> Result<bool, StoreError> {
    let (owner, name) = &holder.record();
    Ok(store.secret(owner.as_ref(), name).await?.is_some())
}

/// Whether anything that is configured has a sealed account.
///
/// # Errors
/// The store's.
pub async fn any(store: &SqliteStore, config: &Config) -> Result<bool, StoreError> {
    for holder in holders(config) {
        if is_there(store, &holder).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Everything that an account can be kept for.
#[must_use]
pub fn holders(config: &Config) -> Vec<Holder> {
    let hosts = config.hosts.iter().map(Holder::host);
    hosts
        .chain(config.primaries.iter().map(Holder::primary))
        .collect()
}
