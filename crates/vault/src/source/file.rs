//! A configuration file, read twice: once for its digest, once for the repository, which must see the same.

use crate::error::{Result, VaultError, io_error};
use crate::source::Ledger;
use domain::evidence::FileDigest;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Digests a file under the name it will have in the vault.
pub(crate) fn digest_file(path: &Path, name: String) -> Result<FileDigest> {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path).map_err(io_error("open", path))?;
    let bytes = io::copy(&mut file, &mut hasher).map_err(io_error("read", path))?;
    Ok(FileDigest {
        name,
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

/// Hands a file to the engine and notes every deviation in the ledger, because the engine would swallow it.
pub(crate) struct GuardedFile {
    path: PathBuf,
    expected: FileDigest,
    ledger: Arc<Ledger>,
    file: Option<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl GuardedFile {
    pub fn new(path: PathBuf, expected: FileDigest, ledger: Arc<Ledger>) -> Self {
        Self {
            path,
            expected,
            ledger,
            file: None,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            closed => closed.insert(File::open(&self.path)?),
        };
        file.read(buffer)
    }
}

impl Read for GuardedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.read_on(buffer) {
            Ok(count) => count,
            Err(error) => {
                let again = io::Error::new(error.kind(), error.to_string());
                self.ledger.fail(io_error("read", &self.path)(error));
                return Err(again);
            }
        };
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        let over = self.bytes > self.expected.bytes;
        let at_end = count == 0 && !buffer.is_empty();
        if over || (at_end && self.hasher.finalize().to_hex().as_str() != self.expected.blake3) {
            self.ledger.fail(VaultError::FileChanged {
                path: self.path.clone(),
            });
            return Err(io::Error::other("the file changed while it was being read"));
        }
        self.ledger.read(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Quiet;

    #[test]
    fn a_file_that_changes_between_digest_and_copy_is_noted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vm.vmcx");
        std::fs::write(&path, b"before").unwrap();
        let expected = digest_file(&path, "vm.vmcx".into()).unwrap();
        for changed in [&b"after!"[..], b"befor", b"before and more", b""] {
            std::fs::write(&path, changed).unwrap();
            let ledger = Arc::new(Ledger::new(Arc::new(Quiet)));
            let mut guarded = GuardedFile::new(path.clone(), expected.clone(), ledger.clone());
            assert!(io::copy(&mut guarded, &mut io::sink()).is_err());
            assert!(matches!(
                ledger.take_error(),
                Some(VaultError::FileChanged { .. })
            ));
        }
    }
}
