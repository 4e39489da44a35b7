//! Files with secrets of the site: read only where nobody else can, written whole or not at all. And the site's signing key.

use crate::error::{Result, VaultError, io_error};
use ed25519_dalek::SigningKey;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The site's signing key; made on first use. The folder is 0700, every file 0600.
pub(crate) fn signing_key(folder: &Path) -> Result<SigningKey> {
    make_private_folder(folder)?;
    let path = folder.join("site-ed25519");
    let seed = read_or_create(&path)?;
    let seed = parse_key(&seed).ok_or(VaultError::SecretInvalid {
        path,
        what: "ed25519 signing key",
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

/// 64 hexadecimal digits.
pub(crate) fn parse_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
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

/// A new key as it stands in a file.
pub(crate) fn new_key_text() -> Zeroizing<String> {
    let key = Zeroizing::new(rand::random::<[u8; 32]>());
    Zeroizing::new(format!("{}\n", blake3::Hash::from_bytes(*key).to_hex()))
}

/// Reads a hexadecimal key file, making a random one when there is none. Two processes that come first at once end up with the
/// same key.
pub(crate) fn read_or_create(path: &Path) -> Result<Zeroizing<String>> {
    if !exists(path)? {
        write_new_private(path, new_key_text().as_bytes())?;
    }
    read_private(path)
}

/// Reads a file that nobody else may read.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<String>> {
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
    let temporary = write_beside(path, content)?;
    let linked = match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    let removed = fs::remove_file(&temporary);
    linked.and(removed).map_err(io_error("write", path))?;
    sync_folder_of(path)
}

/// Puts a file 0600 in the place of another, whole or not at all.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = write_beside(path, content)?;
    fs::rename(&temporary, path).map_err(io_error("replace", path))?;
    sync_folder_of(path)
}

/// A durable file 0600 beside `path`; nothing is left when it cannot be written.
fn write_beside(path: &Path, content: &[u8]) -> Result<PathBuf> {
    let temporary = sibling(path, &format!("{:016x}.part", rand::random::<u64>()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    if let Err(error) = written {
        let _absent = fs::remove_file(&temporary);
        return Err(io_error("write", &temporary)(error));
    }
    Ok(temporary)
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
    fn the_signing_key_is_made_once_and_only_for_us_to_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("secrets");
        let first = signing_key(&folder).unwrap();
        assert_eq!(first.to_bytes(), signing_key(&folder).unwrap().to_bytes());
        let mode = fs::metadata(folder.join("site-ed25519")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
