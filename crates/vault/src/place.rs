//! Where tenants' sealed repository keys lie.

use crate::envelope::Wrapped;
use crate::error::{Result, VaultError, io_error};
use crate::secrets::{exists, sync_folder_of, write_new_private};
use domain::ids::TenantId;
use std::fs;
use std::path::{Path, PathBuf};

/// What a sealed repository key is sealed for; also its name wherever it is kept.
pub const REPOSITORY_KEY: &str = "repository-key";

/// Keeps one sealed key per tenant. Called from blocking threads.
pub trait KeyPlace: Send + Sync {
    /// The tenant's sealed key; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be looked at: it must never read as lost.
    fn read(&self, tenant: &TenantId) -> Result<Option<Wrapped>>;
    /// Keeps a first key, durably, and nothing when there is one already.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep_first(&self, tenant: &TenantId, wrapped: &Wrapped) -> Result<()>;
    /// Who has a key here, in order.
    ///
    /// # Errors
    /// When that cannot be looked at.
    fn tenants(&self) -> Result<Vec<TenantId>>;
    /// The place of a tenant's key, for people.
    fn name(&self, tenant: &TenantId) -> String;
}

/// Files `<tenant>.key` beside the repositories.
pub struct KeyFiles {
    root: PathBuf,
}

impl KeyFiles {
    /// Those below a vault's root.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Removes a tenant's file: its key is kept elsewhere, and was read back from there.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn remove(&self, tenant: &TenantId) -> Result<()> {
        let path = self.path(tenant);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
        sync_folder_of(&path)
    }

    fn path(&self, tenant: &TenantId) -> PathBuf {
        key_file(&self.root, tenant)
    }
}

/// `<tenant>.key` below a vault's root.
#[must_use]
pub fn key_file(root: &Path, tenant: &TenantId) -> PathBuf {
    root.join(format!("{tenant}.key"))
}

impl KeyPlace for KeyFiles {
    fn read(&self, tenant: &TenantId) -> Result<Option<Wrapped>> {
        let path = self.path(tenant);
        if !exists(&path)? {
            return Ok(None);
        }
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let wrapped = serde_json::from_slice(&text);
        wrapped
            .map(Some)
            .map_err(|_| VaultError::damaged(Some(tenant), REPOSITORY_KEY, "it is not a sealed key"))
    }

    fn keep_first(&self, tenant: &TenantId, wrapped: &Wrapped) -> Result<()> {
        let text = serde_json::to_vec_pretty(wrapped)
            .map_err(|_| VaultError::damaged(Some(tenant), REPOSITORY_KEY, "it cannot be written as JSON"))?;
        write_new_private(&self.path(tenant), &text)
    }

    fn tenants(&self) -> Result<Vec<TenantId>> {
        let mut tenants = Vec::new();
        for path in crate::repository::entries_of(&self.root)? {
            let name = path.file_name().and_then(|name| name.to_str());
            tenants.extend(
                name.and_then(|name| name.strip_suffix(".key"))
                    .and_then(|name| name.parse().ok()),
            );
        }
        tenants.sort();
        Ok(tenants)
    }

    fn name(&self, tenant: &TenantId) -> String {
        self.path(tenant).display().to_string()
    }
}
