//! The data directory: where everything of one Stillpoint lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `--data DIR` with its rooms.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("cannot use {} in the data directory; check that it is writable", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("another `stillpoint {role}`{} runs on {}; stop it first or choose another --data", by(*process), root.display())]
    Busy {
        root: PathBuf,
        role: &'static str,
        /// As it wrote itself down; `None` when it has not yet.
        process: Option<u32>,
    },
}

fn by(process: Option<u32>) -> String {
    process.map_or_else(String::new, |id| format!(" (process {id})"))
}

/// Held while a role runs; released by the system when the process ends, however it ends.
#[derive(Debug)]
pub struct RoleLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl DataDir {
    /// Names the directory; nothing is made.
    pub fn at(root: &Path) -> Result<Self, DataError> {
        let root = std::path::absolute(root).map_err(|source| DataError::Io {
            path: root.to_owned(),
            source,
        })?;
        Ok(Self { root })
    }

    /// Opens the directory, creating it and its rooms with access for the owner only.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        let data = Self::at(root)?;
        for room in [data.root.clone(), data.state(), data.secrets()] {
            folder(&room)?;
        }
        Ok(data)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }
    fn state(&self) -> PathBuf {
        self.root.join("state")
    }
    pub fn database(&self) -> PathBuf {
        self.state().join("stillpoint.db")
    }
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }
    pub fn lab(&self) -> PathBuf {
        self.root.join("lab")
    }

    /// At most one process per role works on a data directory.
    pub fn lock(&self, role: &'static str) -> Result<RoleLock, DataError> {
        let path = self.state().join(format!("{role}.lock"));
        let fail = |source| DataError::Io {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {
                // For whoever comes second. The lock itself is the system's, so a full disk is no reason not to start.
                let _told = file
                    .set_len(0)
                    .and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(RoleLock(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                Err(DataError::Busy {
                    root: self.root.clone(),
                    role,
                    process: read.ok().and_then(|_| text.trim().parse().ok()),
                })
            }
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    /// Writes a file whose content only the owner may read, replacing it whole.
    pub fn write_private(path: &Path, content: &[u8]) -> Result<(), DataError> {
        let fail = |source| DataError::Io {
            path: path.to_owned(),
            source,
        };
        let temporary = path.with_extension("new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(fail)?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        std::fs::rename(&temporary, path).map_err(fail)
    }
}

fn folder(path: &Path) -> Result<(), DataError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_held_once_and_free_after_its_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(dir.path()).expect("opens");
        let held = data.lock("serve").expect("free");
        let second = data.lock("serve").expect_err("held");
        let ours = std::process::id();
        assert!(
            matches!(second, DataError::Busy { process: Some(id), .. } if id == ours),
            "{second}"
        );
        assert!(second.to_string().contains(&format!("(process {ours})")));
        data.lock("lab").expect("another role is free");
        drop(held);
        data.lock("serve").expect("free again");
    }
}
