//! One repository per tenant: its key, its making, its lock.

use crate::backend::StoreBackend;
use crate::error::{Result, VaultError, io_error};
use crate::place::REPOSITORY_KEY;
use crate::secrets::make_private_folder;
use crate::{Vault, ingest};
use domain::ids::TenantId;
use rustic_core::repofile::{Chunker, FileType, MasterKey};
use rustic_core::{
    ConfigOptions, Credentials, Id, KeyOptions, OpenStatus, ReadBackend as _, Repository, RepositoryBackends,
    RepositoryOptions, RusticError,
};
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Turns the engine's error into ours, in one line.
pub(crate) fn engine_error(
    doing: &'static str,
    tenant: &TenantId,
) -> impl FnOnce(Box<RusticError>) -> VaultError {
    let tenant = tenant.clone();
    move |error| VaultError::Repository {
        doing,
        tenant,
        detail: error.display_log(),
    }
}

/// Who works on which tenant's repository in this process.
#[derive(Default)]
pub(crate) struct Busy {
    tenants: Mutex<HashSet<TenantId>>,
    freed: Condvar,
}

/// The right to write into a tenant's repository; given back when dropped, by the system when the process dies.
pub(crate) struct RepositoryLock<'a> {
    busy: &'a Busy,
    tenant: TenantId,
    // Closing it releases the lock on the file.
    file: File,
}

impl Drop for RepositoryLock<'_> {
    fn drop(&mut self) {
        self.busy
            .tenants
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.tenant);
        self.busy.freed.notify_all();
    }
}

impl Vault {
    /// The tenant's repository folder, for people and for stock restic.
    #[must_use]
    pub fn repository_path(&self, tenant: &TenantId) -> PathBuf {
        self.root.join(tenant.as_str())
    }

    /// Makes the tenant's key and repository if they are not there yet. Each step is durable before the next.
    ///
    /// # Errors
    /// [`VaultError::KeyLost`] when the repository is there and its key is not; key and storage errors.
    pub fn ensure_repository(&self, tenant: &TenantId) -> Result<()> {
        let _lock = self.lock(tenant)?;
        let path = self.repository_path(tenant);
        make_private_folder(&path)?;
        let backend = Arc::new(self.backend(tenant)?);
        let made = backend
            .exists(FileType::Config, &Id::default())
            .map_err(engine_error("look for the configuration", tenant))?;
        if self.place.read(tenant)?.is_none() {
            if made {
                return Err(self.key_lost(tenant));
            }
            let plain = serde_json::to_vec(&MasterKey::new())
                .map(Zeroizing::new)
                .map_err(|_| damaged(tenant))?;
            let wrapped = self.ring.seal(Some(tenant), REPOSITORY_KEY, &plain)?;
            self.place.keep_first(tenant, &wrapped)?;
        }
        if made {
            return Ok(());
        }
        for folder in ["data", "index", "keys", "locks", "snapshots"] {
            make_private_folder(&path.join(folder))?;
        }
        // Disk content is block-aligned: fixed chunks (1 MiB, the engine's default size) find changes as well as rolling ones, faster.
        let options = ConfigOptions::default()
            .set_version(2u32)
            .set_chunker(Chunker::FixedSize);
        let key = Credentials::Masterkey(self.master_key(tenant)?);
        Repository::new(&engine_options(), &RepositoryBackends::new(backend.clone(), None))
            .and_then(|repository| repository.init(&key, &KeyOptions::default(), &options))
            .map_err(|error| match backend.failure() {
                Some(failure) => ingest::store_error(tenant, failure.full, &failure.detail),
                None => engine_error("make the repository", tenant)(error),
            })?;
        Ok(())
    }

    /// Tenants that have a key here.
    ///
    /// # Errors
    /// When the place of the keys cannot be looked at.
    pub fn tenants(&self) -> Result<Vec<TenantId>> {
        self.place.tenants()
    }

    /// Opens a repository with the tenant's master key.
    pub(crate) fn open_repository(
        &self,
        tenant: &TenantId,
        backend: Arc<StoreBackend>,
    ) -> Result<Repository<OpenStatus>> {
        let made = !backend
            .list(FileType::Config)
            .map_err(engine_error("look for the configuration", tenant))?
            .is_empty();
        if !made {
            return Err(VaultError::NoRepository {
                tenant: tenant.clone(),
            });
        }
        let key = Credentials::Masterkey(self.master_key(tenant)?);
        Repository::new(&engine_options(), &RepositoryBackends::new(backend, None))
            .and_then(|repository| repository.open(&key))
            .map_err(engine_error("open the repository", tenant))
    }

    /// A backend of the tenant's store that writes everything through.
    pub(crate) fn backend(&self, tenant: &TenantId) -> Result<StoreBackend> {
        let path = self.repository_path(tenant);
        if !path.is_dir() {
            return Err(VaultError::NoRepository {
                tenant: tenant.clone(),
            });
        }
        let store = (self.stores)(tenant, &path).map_err(|error| VaultError::Repository {
            doing: "open the store",
            tenant: tenant.clone(),
            detail: error.to_string(),
        })?;
        Ok(StoreBackend::new(
            store,
            self.runtime_handle(),
            path.display().to_string(),
        ))
    }

    /// Waits for the right to write into the tenant's repository: first within this process, then among processes.
    pub(crate) fn lock(&self, tenant: &TenantId) -> Result<RepositoryLock<'_>> {
        let path = self.root.join(format!("{tenant}.lock"));
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("open", &path))?;
        let mut tenants = self.busy.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        while !tenants.insert(tenant.clone()) {
            tenants = self
                .busy
                .freed
                .wait(tenants)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(tenants);
        let lock = RepositoryLock {
            busy: &self.busy,
            tenant: tenant.clone(),
            file,
        };
        lock.file.lock().map_err(io_error("lock", &path))?;
        Ok(lock)
    }

    /// Removes what a killed writer had half written: the store writes `<name>#<number>` beside the final name. Only under the lock, since
    /// such a file may also belong to a live writer.
    pub(crate) fn sweep_leftovers(&self, tenant: &TenantId, _held: &RepositoryLock<'_>) -> Result<()> {
        let path = self.repository_path(tenant);
        let mut folders = vec![path.join("index")];
        for entry in entries_of(&path.join("data"))? {
            folders.push(entry);
        }
        for file in folders
            .iter()
            .map(|folder| entries_of(folder))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
        {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let leftover = name
                .split_once('#')
                .is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()));
            if leftover {
                fs::remove_file(&file).map_err(io_error("remove the leftover", &file))?;
            }
        }
        Ok(())
    }

    fn key_lost(&self, tenant: &TenantId) -> VaultError {
        VaultError::KeyLost {
            tenant: tenant.clone(),
            place: self.place.name(tenant),
        }
    }

    fn master_key(&self, tenant: &TenantId) -> Result<MasterKey> {
        let wrapped = self.place.read(tenant)?.ok_or_else(|| self.key_lost(tenant))?;
        let plain = self.ring.open_sealed(Some(tenant), REPOSITORY_KEY, &wrapped)?;
        let key: MasterKey = serde_json::from_slice(&plain).map_err(|_| damaged(tenant))?;
        // The engine slices these without looking.
        if key.encrypt.len() != 32 || key.mac.k.len() != 16 || key.mac.r.len() != 16 {
            return Err(damaged(tenant));
        }
        Ok(key)
    }
}

fn damaged(tenant: &TenantId) -> VaultError {
    VaultError::damaged(Some(tenant), REPOSITORY_KEY, "it is not a repository key")
}

/// No cache in the home folder: the store is the only truth.
fn engine_options() -> RepositoryOptions {
    RepositoryOptions::default().no_cache(true)
}

/// What is in a folder; nothing when there is no such folder.
pub(crate) fn entries_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(io_error("list", folder)(error)),
    };
    entries
        .map(|entry| Ok(entry.map_err(io_error("list", folder))?.path()))
        .collect()
}
