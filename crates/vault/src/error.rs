//! Errors of the vault: what failed, on which object, what to do.

use domain::ids::TenantId;
use std::io;
use std::path::{Path, PathBuf};

/// Result of the vault's operations.
pub type Result<T, E = VaultError> = std::result::Result<T, E>;

/// Why the vault could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The storage behind the vault, or the place a restore goes to, is full. An expected state: wait or make room.
    #[error("no room left for {what}: free some space there and try again")]
    NoRoom { what: String },
    /// A file operation failed.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The key encryption key is not 32 bytes in hexadecimal.
    #[error(
        "the key encryption key in {place} is not 64 hexadecimal digits: put the right key there, or restore it from its backup"
    )]
    KekInvalid { place: String },
    /// Something was sealed but the key that opens it is gone. A new one is never made silently.
    #[error(
        "`{}` is missing, but keys sealed under it exist in `{}`: restore the file from its backup (or set {})",
        kek.display(), root.display(), crate::ring::KEK_VARIABLE
    )]
    KekMissing { kek: PathBuf, root: PathBuf },
    /// The file that the configuration names is not there. Outside of the data directory none is made.
    #[error(
        "the key encryption key `{}` is not there: is a share not mounted? Otherwise make one, such as with `umask 077; openssl rand -hex 32 > FILE`, and keep a copy elsewhere",
        kek.display()
    )]
    KekAbsent { kek: PathBuf },
    /// A rotation here would change nothing: whoever sets the variable has the key.
    #[error(
        "the key encryption key comes from the environment variable {variable}, so its file is not ours to change: set {} to a new key and {} to the old one",
        crate::ring::KEK_VARIABLE,
        crate::ring::KEK_VARIABLE_OLD
    )]
    KekGiven { variable: &'static str },
    /// The key would be nowhere.
    #[error("key encryption key {id} was not kept under its own name yet, so it is not replaced")]
    KekNotKept { id: String },
    /// No older key of that name.
    #[error("there is no older key encryption key {id}; the one that seals is never removed")]
    NoSuchKek { id: String },
    /// Where sealed keys are kept cannot be used.
    #[error("cannot {doing} the sealed key of tenant {tenant}: {detail}")]
    KeyPlace {
        doing: &'static str,
        tenant: TenantId,
        detail: String,
    },
    /// A secret file can be read by others.
    #[error("`{}` can be read by other users (mode {mode:o}): run `chmod 600` on it", path.display())]
    SecretExposed { path: PathBuf, mode: u32 },
    /// A secret file does not hold what it should.
    #[error("`{}` is not a valid {what}: restore the file from its backup", path.display())]
    SecretInvalid { path: PathBuf, what: &'static str },
    /// Sealed under a key encryption key that is not there.
    #[error(
        "{what} was sealed under key encryption key {sealed_under}, but {have} was given: provide the right key encryption key"
    )]
    WrongKek {
        what: String,
        sealed_under: String,
        have: String,
    },
    /// A sealed secret is damaged or belongs to another owner.
    #[error("{what} cannot be opened ({why}): restore it from a backup of where it is kept")]
    KeyDamaged { what: String, why: &'static str },
    /// A repository exists, its key does not.
    #[error(
        "tenant {tenant} has a repository but no key at {place}: restore the key from its backup; a new one would not open it"
    )]
    KeyLost { tenant: TenantId, place: String },
    /// The tenant has no repository yet.
    #[error("tenant {tenant} has no repository yet: it is made with the tenant's first backup")]
    NoRepository { tenant: TenantId },
    /// The repository engine failed.
    #[error("cannot {doing} in the repository of tenant {tenant}: {detail}")]
    Repository {
        doing: &'static str,
        tenant: TenantId,
        detail: String,
    },
    /// A disk could not be read; nothing was stored.
    #[error("disk {disk} (`{name}`) cannot be read at byte {offset}; nothing was stored")]
    DiskRead {
        disk: u32,
        name: String,
        offset: u64,
        #[source]
        source: io::Error,
    },
    /// A disk image is damaged or not one of ours to read.
    #[error("disk {disk} (`{name}`) is not a readable disk image; nothing was stored")]
    DiskOpen {
        disk: u32,
        name: String,
        #[source]
        source: io::Error,
    },
    /// A configuration file changed while it was being read.
    #[error("`{}` changed while it was being read; nothing was stored", path.display())]
    FileChanged { path: PathBuf },
    /// What the repository took in is not what was handed over; nothing was stored.
    #[error(
        "the repository took in {files} files with {bytes} bytes instead of {files_expected} with {bytes_expected}; nothing was stored"
    )]
    Incomplete {
        files: u64,
        files_expected: u64,
        bytes: u64,
        bytes_expected: u64,
    },
    /// The request cannot be served as it stands.
    #[error("bad request: {why}")]
    BadRequest { why: String },
    /// The caller asked to stop.
    #[error("stopped on request; nothing was stored")]
    Cancelled,
    /// The journaled snapshot bytes are not the snapshot they claim to be.
    #[error(
        "the withheld bytes are not snapshot {snapshot} of tenant {tenant} ({why}): the restore point is not sealed"
    )]
    NotThatSnapshot {
        tenant: TenantId,
        snapshot: String,
        why: &'static str,
    },
    /// No such snapshot in the tenant's repository.
    #[error("the repository of tenant {tenant} has no snapshot {snapshot}")]
    NoSuchSnapshot { tenant: TenantId, snapshot: String },
    /// The snapshot has no such disk.
    #[error("snapshot {snapshot} has no disk {disk}; its disks: {available}")]
    NoSuchDisk {
        snapshot: String,
        disk: u32,
        available: String,
    },
    /// The snapshot was not made by this product, or by a newer one.
    #[error("snapshot {snapshot} cannot be read as a restore point: {why}")]
    NotAPoint { snapshot: String, why: String },
    /// The target exists.
    #[error("`{}` exists: choose another name or allow overwriting", path.display())]
    Exists { path: PathBuf },
    /// The target exists and is something that overwriting was never meant for: a device, a pipe, a link, a folder.
    #[error("`{}` is {what}: only a regular file is ever replaced; choose another name", path.display())]
    NotReplaceable { path: PathBuf, what: &'static str },
    /// The folder that a file is to be restored to is not there.
    #[error("there is no folder `{}`: make it, or choose another place", folder.display())]
    NoFolder { folder: PathBuf },
    /// Stored content differs from the digest recorded when it was stored.
    #[error(
        "{what} does not match its digest (recorded {recorded}, found {found}): do not use this restore point"
    )]
    DigestMismatch {
        what: String,
        recorded: String,
        found: String,
    },
    /// No such restic key.
    #[error("the repository of tenant {tenant} has no restic key {key}")]
    NoSuchKey { tenant: TenantId, key: String },
}

impl VaultError {
    /// A sealed secret that does not open. `owner`: `None` is the site.
    #[must_use]
    pub fn damaged(owner: Option<&TenantId>, purpose: &str, why: &'static str) -> Self {
        Self::KeyDamaged {
            what: named(owner, purpose),
            why,
        }
    }
}

/// A sealed secret's name for people.
pub(crate) fn named(owner: Option<&TenantId>, purpose: &str) -> String {
    owner.map_or_else(
        || format!("the site's `{purpose}`"),
        |tenant| format!("the `{purpose}` of tenant {tenant}"),
    )
}

/// Whether an I/O error says that the storage or a quota is full.
#[must_use]
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether any cause of an error says that the storage is full.
pub(crate) fn any_cause_is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(is_full) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Turns an I/O error into ours, naming the file.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    let path = path.to_path_buf();
    move |source| {
        if is_full(&source) {
            VaultError::NoRoom {
                what: format!("`{}`", path.display()),
            }
        } else {
            VaultError::Io { doing, path, source }
        }
    }
}
