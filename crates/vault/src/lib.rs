//! Restore points in restic-format repositories, one per tenant under its own key.
//!
//! A point comes into being in two steps. [`Vault::ingest`] stores its content but keeps back the snapshot file, without which
//! nothing is visible to anybody; the caller journals it. [`Vault::seal`] writes that file once the proof holds. A torn or partial
//! restore point therefore never exists, and nothing has to be deleted when an attempt fails.
//!
//! The API is synchronous and does heavy work: call it from a blocking thread (`tokio::task::spawn_blocking`). [`Vault`] is `Sync`;
//! share one. Its own small runtime does the storage's I/O.
//!
//! Where things lie below the root: `<tenant>/` the repository in restic's local layout, `<tenant>.lock`. Its master key, sealed under the
//! key encryption key, lies in a [`KeyPlace`]: files `<tenant>.key` beside it unless the caller has a better one. The layout inside a point is described at [`Manifest`] and in `layout.rs`.
#![forbid(unsafe_code)]

pub mod contract;

mod access;
mod backend;
mod envelope;
mod error;
mod ingest;
mod layout;
mod place;
mod point;
mod progress;
mod repository;
mod restore;
mod ring;
mod room;
mod seal;
mod secrets;
mod source;
mod verify;

pub use access::{Access, KeyInfo, join_script};
pub use envelope::Wrapped;
pub use error::{Result, VaultError};
pub use layout::{EXTENT_BYTES, Manifest, SHARD_EXTENTS};
pub use place::{KeyFiles, KeyPlace, REPOSITORY_KEY, key_file};
pub use point::PointEntry;
pub use point::disk::OpenDisk;
pub use progress::{Progress, Quiet};
pub use restore::{Format, Overwrite};
pub use ring::{KEK_VARIABLE, KEK_VARIABLE_OLD, KekInfo, KekSource, KeyRing};
pub use room::free_bytes;
pub use seal::{Seal, SealBroken, verify_seal};
pub use source::DiskReader;
pub use verify::{CheckReport, Verified};

use domain::ids::TenantId;
use ed25519_dalek::SigningKey;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use secrecy::SecretString;
use secrets::make_private_folder;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};

/// Makes the object store of a tenant, given the tenant's folder. The seam for other storage and for tests.
pub type Stores = Arc<dyn Fn(&TenantId, &Path) -> object_store::Result<Arc<dyn ObjectStore>> + Send + Sync>;

/// All tenants' repositories below one root.
pub struct Vault {
    root: PathBuf,
    ring: Arc<KeyRing>,
    place: Arc<dyn KeyPlace>,
    site: SigningKey,
    stores: Stores,
    /// Taken on drop, because a runtime must not be dropped inside another one.
    runtime: Option<Runtime>,
    handle: Handle,
    busy: repository::Busy,
}

impl Vault {
    /// Opens the vault below `root`, with the key encryption key from the environment variable [`KEK_VARIABLE`] or from `kek` in the
    /// secrets folder, and tenants' keys in files. Makes both folders and the keys on first use.
    ///
    /// # Errors
    /// A key encryption key that is missing though tenants have keys, is malformed or exposed; I/O errors.
    pub fn open(root: &Path, secrets: &Path) -> Result<Self> {
        let source = KekSource::environment_or(secrets.join("kek"), true);
        Self::on_files(root, secrets, source, local_stores())
    }

    /// [`Vault::open`] with a key encryption key (64 hexadecimal digits) and stores of the caller's choice.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_with(root: &Path, secrets: &Path, kek: Option<&str>, stores: Stores) -> Result<Self> {
        let source = match kek {
            Some(kek) => KekSource::Given {
                variable: KEK_VARIABLE,
                current: SecretString::from(kek),
                older: None,
            },
            None => KekSource::File {
                path: secrets.join("kek"),
                make: true,
            },
        };
        Self::on_files(root, secrets, source, stores)
    }

    fn on_files(root: &Path, secrets: &Path, source: KekSource, stores: Stores) -> Result<Self> {
        make_private_folder(root)?;
        let place = KeyFiles::new(root);
        let sealed_before = (!place.tenants()?.is_empty()).then_some(root);
        let ring = KeyRing::open(source, sealed_before)?;
        Self::keyed(root, secrets, Arc::new(ring), Arc::new(place), stores)
    }

    /// The vault below `root` with tenants' keys in a place of the caller's choice, sealed under the ring's keys. The secrets folder
    /// holds the site's signing key.
    ///
    /// # Errors
    /// A malformed or exposed signing key; I/O errors.
    pub fn keyed(
        root: &Path,
        secrets: &Path,
        ring: Arc<KeyRing>,
        place: Arc<dyn KeyPlace>,
        stores: Stores,
    ) -> Result<Self> {
        make_private_folder(root)?;
        let root = root.canonicalize().map_err(error::io_error("open", root))?;
        let site = secrets::signing_key(secrets)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("vault-io")
            .enable_all()
            .build()
            .map_err(error::io_error("start the I/O threads of", &root))?;
        let handle = runtime.handle().clone();
        Ok(Self {
            root,
            ring,
            place,
            site,
            stores,
            runtime: Some(runtime),
            handle,
            busy: repository::Busy::default(),
        })
    }

    /// Bytes that can still be written to the vault.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn free_bytes(&self) -> Result<u64> {
        room::free_bytes(&self.root)
    }

    fn runtime_handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Folders on this machine; a file appears under its name only when whole and durable.
#[must_use]
pub fn local_stores() -> Stores {
    Arc::new(|_, path| {
        let store = LocalFileSystem::new_with_prefix(path)?.with_fsync(true);
        Ok(Arc::new(store) as Arc<dyn ObjectStore>)
    })
}
