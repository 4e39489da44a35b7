//! Files that hold one secret: only their owner may read them.

use secrecy::{ExposeSecret as _, SecretString};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Reads a secret; line ends at its end are not part of it. `file` and `holds` name the file and what is in it, for people.
///
/// # Errors
/// What is wrong with the file and what to do.
pub fn read(file: &str, path: &Path, holds: &str) -> Result<SecretString, String> {
    let refused = |text: &str| format!("{file} {} {text}", path.display());
    let unread = |error: std::io::Error| refused(&format!("cannot be read: {error}"));
    let there = std::fs::metadata(path).map_err(unread)?;
    if !there.is_file() {
        return Err(refused(&format!("is no file; name one that holds {holds}")));
    }
    let mode = there.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refused(&format!(
            "can be read by other users (mode {mode:o}): run `chmod 600` on it"
        )));
    }
    // With its line end also a secret: overwritten when dropped.
    let text = SecretString::from(std::fs::read_to_string(path).map_err(unread)?);
    let secret = text.expose_secret().trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(refused(&format!("is empty; write {holds} into it")));
    }
    Ok(SecretString::from(secret))
}
