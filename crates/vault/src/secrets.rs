//! The site's own secrets: the key encryption key and the signing key.

use crate::envelope::Kek;
use crate::error::{Result, VaultError, io_error};
use ed25519_dalek::SigningKey;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Environment variable that holds the key encryption key (64 hexadecimal digits) instead of the file `kek`.
pub const KEK_VARIABLE: &str = "STILLPOINT_KEK";

/// The secrets folder, opened: 0700, every file 0600.
pub struct Secrets {
    pub(crate) kek: Kek,
    pub(crate) site: SigningKey,
}

impl Secrets {
    /// Opens the folder; makes it and its keys on first use. `kek_given` (from [`KEK_VARIABLE`]) goes before the file.
    /// `keys_exist` says that something was sealed before, so a missing key encryption key is an error and not a first use.
    pub(crate) fn open(
        folder: &Path,
        kek_given: Option<&str>,
        root: &Path,
        keys_exist: bool,
    ) -> Result<Self> {
        make_private_folder(folder)?;
        let kek = if let Some(text) = kek_given {
            let place = format!("the environment variable {KEK_VARIABLE}");
            Kek::new(*parse_key(text).ok_or(VaultError::KekInvalid { place })?)
        } else {
            let path = folder.join("kek");
            if keys_exist && !exists(&path)? {
                return Err(VaultError::KekMissing {
                    kek: path,
                    root: root.to_path_buf(),
                });
            }
            let text = read_or_create(&path)?;
            let place = format!("`{}`", path.display());
            Kek::new(*parse_key(&text).ok_or(VaultError::KekInvalid { place })?)
        };
        let path = folder.join("site-ed25519");
        let seed = read_or_create(&path)?;
        let seed = parse_key(&seed).ok_or(VaultError::SecretInvalid {
            path,
            what: "ed25519 signing key",
        })?;
        Ok(Self {
            kek,
            site: SigningKey::from_bytes(&seed),
        })
    }
}

fn parse_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = Zeroizing::new([0u8; 32]);
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Reads a hexadecimal key file, making a random one when there is none. Two processes that come first at once end up with the
/// same key.
fn read_or_create(path: &Path) -> Result<Zeroizing<String>> {
    if !exists(path)? {
        let key = Zeroizing::new(rand::random::<[u8; 32]>());
        let text = Zeroizing::new(format!("{}\n", blake3::Hash::from_bytes(*key).to_hex()));
        write_new_private(path, text.as_bytes())?;
    }
    let file = fs::metadata(path).map_err(io_error("read", path))?;
    if file.mode() & 0o077 != 0 {
        return Err(VaultError::SecretExposed {
            path: path.to_path_buf(),
            mode: file.mode() & 0o7777,
        });
    }
    Ok(Zeroizing::new(
        fs::read_to_string(path).map_err(io_error("read", path))?,
    ))
}

/// Whether a file is there. What cannot be looked at is an error: it must never read as lost, and never be made anew.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    path.try_exists().map_err(io_error("look at", path))
}

/// Makes a folder that only we can enter, with its parents.
pub(crate) fn make_private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(io_error("make the folder", folder))
}

/// Writes a file 0600 that appears whole or not at all; does nothing when it exists already.
pub(crate) fn write_new_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = sibling(path, &format!("{:016x}.part", rand::random::<u64>()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(io_error("create", &temporary))?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
    let removed = fs::remove_file(&temporary);
    written.and(removed).map_err(io_error("write", path))?;
    sync_folder_of(path)
}

/// `name.suffix` beside `path`.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// The folder that a file's name stands in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the names in a file's folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("make durable", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_for_us_to_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("secrets");
        let first = Secrets::open(&folder, None, dir.path(), false).unwrap();
        let again = Secrets::open(&folder, None, dir.path(), true).unwrap();
        assert_eq!(first.kek.id(), again.kek.id());
        assert_eq!(first.site.to_bytes(), again.site.to_bytes());
        for name in ["kek", "site-ed25519"] {
            assert_eq!(fs::metadata(folder.join(name)).unwrap().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_lost_kek_is_never_replaced_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let lost = Secrets::open(&dir.path().join("secrets"), None, dir.path(), true)
            .err()
            .unwrap();
        assert!(matches!(lost, VaultError::KekMissing { .. }), "{lost}");
        assert!(!dir.path().join("secrets/kek").exists());
    }

    #[test]
    fn a_kek_that_cannot_be_looked_at_is_not_called_lost() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("secrets");
        make_private_folder(&folder).unwrap();
        // Not to be looked at for anybody, root included: a link that leads to itself.
        std::os::unix::fs::symlink(folder.join("kek"), folder.join("kek")).unwrap();
        for keys_exist in [true, false] {
            let error = Secrets::open(&folder, None, dir.path(), keys_exist)
                .err()
                .unwrap();
            assert!(
                matches!(&error, VaultError::Io { path, .. } if path.ends_with("kek")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_kek_that_others_can_read_or_that_is_no_key_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_path_buf();
        drop(Secrets::open(&folder, None, dir.path(), false).unwrap());
        fs::set_permissions(folder.join("kek"), fs::Permissions::from_mode(0o644)).unwrap();
        let exposed = Secrets::open(&folder, None, dir.path(), true).err().unwrap();
        assert!(matches!(exposed, VaultError::SecretExposed { .. }), "{exposed}");
        let nonsense = Secrets::open(&folder, Some("hunter2"), dir.path(), true)
            .err()
            .unwrap();
        assert!(matches!(nonsense, VaultError::KekInvalid { .. }), "{nonsense}");
    }
}
