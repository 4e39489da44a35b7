//! Free space of the places that fill up: vault, staging, restore targets.

use crate::error::{Result, io_error};
use std::path::Path;

/// Bytes an unprivileged writer can still use on the file system that holds `path`. A path that does not exist yet counts as
/// the nearest folder above it that does.
///
/// # Errors
/// [`VaultError::Io`](crate::VaultError::Io) when the file system cannot be asked.
pub fn free_bytes(path: &Path) -> Result<u64> {
    let mut place = path;
    while !place.exists() {
        match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => place = parent,
            _ => {
                place = Path::new(".");
                break;
            }
        }
    }
    let stat = rustix::fs::statvfs(place)
        .map_err(|errno| io_error("ask for the free space of", place)(errno.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_of_a_folder_that_does_not_exist_yet_is_that_of_its_parent() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("not/yet/there");
        assert!(free_bytes(&deep).unwrap() > 0);
    }
}
