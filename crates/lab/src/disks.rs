//! Where the blocks of replicas go: real dynamic VHDX files, or nowhere for worlds of thousands of replicas.

use crate::model::ReplicaSpec;
use crate::oracle::{BLOCK_BYTES, DiskIdentity, block_bytes, written};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use uuid::Uuid;
use vhdx::{DynamicWriter, Reader};

/// Unit in which the lab's disks grow.
const VHDX_BLOCK: u32 = 1 << 20;

/// A disk of the lab that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error("cannot use the folder {path}")]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot use the disk {path}")]
    Vhdx {
        path: PathBuf,
        #[source]
        source: vhdx::Error,
    },
}

/// One block to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    pub disk: u16,
    pub block: u64,
    pub generation: u64,
}

/// The replica's disk as the oracle knows it.
#[must_use]
pub fn identity(seed: u64, replica: &ReplicaSpec, disk: u16) -> Option<DiskIdentity> {
    let spec = *replica.disks.get(usize::from(disk))?;
    let disks = u16::try_from(replica.disks.len()).ok()?;
    Some(DiskIdentity {
        seed,
        replica: replica.id,
        disk,
        disks,
        spec,
    })
}

/// Keeps the disks of all replicas.
pub trait DiskBank: Send {
    /// Makes the disks with generation 0 if they are not there yet.
    ///
    /// # Errors
    /// When a file cannot be made or opened.
    fn prepare(&mut self, seed: u64, replica: &ReplicaSpec) -> Result<(), DiskError>;

    /// Writes one block; whoever reads the file sees it at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn write(&mut self, seed: u64, replica: &ReplicaSpec, write: Write) -> Result<(), DiskError>;

    /// The disk's file, if there are files.
    fn path(&self, replica: &ReplicaSpec, disk: u16) -> Option<PathBuf>;
}

/// No disks at all.
#[derive(Debug, Default)]
pub struct NoDisks;

impl DiskBank for NoDisks {
    fn prepare(&mut self, _: u64, _: &ReplicaSpec) -> Result<(), DiskError> {
        Ok(())
    }
    fn write(&mut self, _: u64, _: &ReplicaSpec, _: Write) -> Result<(), DiskError> {
        Ok(())
    }
    fn path(&self, _: &ReplicaSpec, _: u16) -> Option<PathBuf> {
        None
    }
}

/// Dynamic VHDX files under `<folder>/<lab id>/<name>-<n>.vhdx`.
#[derive(Debug)]
pub struct VhdxBank {
    folder: PathBuf,
    open: BTreeMap<(Uuid, u16), DynamicWriter>,
}

impl VhdxBank {
    /// A bank in this folder, which is made when the first disk is.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            open: BTreeMap::new(),
        }
    }

    fn file(&self, replica: &ReplicaSpec, disk: u16) -> PathBuf {
        self.folder
            .join(replica.id.to_string())
            .join(file_name(replica, disk))
    }

    fn fill(path: &Path, identity: &DiskIdentity) -> Result<(), DiskError> {
        // Made under another name, so that a disk with a name is always a whole one.
        let unfinished = path.with_extension("unfinished");
        let broken = |source| DiskError::Vhdx {
            path: unfinished.clone(),
            source,
        };
        if unfinished.exists() {
            std::fs::remove_file(&unfinished).map_err(|source| DiskError::Folder {
                path: unfinished.clone(),
                source,
            })?;
        }
        let mut writer =
            DynamicWriter::create(&unfinished, identity.spec.bytes, VHDX_BLOCK).map_err(broken)?;
        let mut run = Vec::with_capacity(1 << 20);
        for blocks in written(identity, 0).chunks((1 << 20) / BLOCK_BYTES) {
            run.clear();
            blocks
                .iter()
                .for_each(|block| run.extend_from_slice(&block_bytes(identity, *block, 0)));
            let start = blocks.first().copied().unwrap_or(0) * BLOCK_BYTES as u64;
            writer.write_at(start, &run).map_err(broken)?;
        }
        drop(writer);
        std::fs::rename(&unfinished, path).map_err(|source| DiskError::Folder {
            path: path.to_owned(),
            source,
        })
    }
}

/// A disk's file name, as on the host.
#[must_use]
pub fn file_name(replica: &ReplicaSpec, disk: u16) -> String {
    format!("{}-{disk}.vhdx", replica.name)
}

impl DiskBank for VhdxBank {
    fn prepare(&mut self, seed: u64, replica: &ReplicaSpec) -> Result<(), DiskError> {
        let folder = self.folder.join(replica.id.to_string());
        std::fs::create_dir_all(&folder).map_err(|source| DiskError::Folder { path: folder, source })?;
        for disk in 0..u16::try_from(replica.disks.len()).unwrap_or(u16::MAX) {
            let Some(identity) = identity(seed, replica, disk) else {
                continue;
            };
            let path = self.file(replica, disk);
            if !path.exists() {
                Self::fill(&path, &identity)?;
            }
            let writer = DynamicWriter::open(&path).map_err(|source| DiskError::Vhdx { path, source })?;
            self.open.insert((replica.id, disk), writer);
        }
        Ok(())
    }

    fn write(&mut self, seed: u64, replica: &ReplicaSpec, write: Write) -> Result<(), DiskError> {
        let Some(identity) = identity(seed, replica, write.disk) else {
            return Ok(());
        };
        let bytes = block_bytes(&identity, write.block, write.generation);
        let path = self.file(replica, write.disk);
        let Some(writer) = self.open.get_mut(&(replica.id, write.disk)) else {
            return Ok(());
        };
        writer
            .write_at(write.block * BLOCK_BYTES as u64, &bytes)
            .map_err(|source| DiskError::Vhdx { path, source })
    }

    fn path(&self, replica: &ReplicaSpec, disk: u16) -> Option<PathBuf> {
        Some(self.file(replica, disk))
    }
}

/// A copy of a disk in the making: each step reads what the disk holds at that moment.
#[derive(Debug)]
pub struct DiskCopy {
    source: PathBuf,
    target: DynamicWriter,
    at: u64,
    bytes: u64,
}

impl DiskCopy {
    /// Begins a copy; `target` must not exist.
    ///
    /// # Errors
    /// What of either file could not be used.
    pub fn begin(source: &Path, target: &Path) -> Result<Self, vhdx::Error> {
        let bytes = Reader::open(source)?.virtual_size();
        let target = DynamicWriter::create(target, bytes, VHDX_BLOCK)?;
        Ok(Self {
            source: source.to_owned(),
            target,
            at: 0,
            bytes,
        })
    }

    /// Copies up to `budget` bytes that hold data and returns how many, or `None` when the copy is complete.
    ///
    /// # Errors
    /// What of either file could not be used; the target keeps what it has.
    pub fn step(&mut self, budget: u64) -> Result<Option<u64>, vhdx::Error> {
        let source = Reader::open(&self.source)?;
        let from = self.at;
        let next = source
            .allocated_ranges()
            .map(|(at, len)| (at.max(from), at + len))
            .find(|(at, end)| at < end);
        let Some((at, end)) = next else {
            self.at = self.bytes;
            return Ok(None);
        };
        let len = budget.max(BLOCK_BYTES as u64).min(end - at);
        let mut buffer = vec![0; usize::try_from(len).unwrap_or(BLOCK_BYTES)];
        source.read_at(at, &mut buffer)?;
        self.target.write_at(at, &buffer)?;
        self.at = at + buffer.len() as u64;
        Ok(Some(buffer.len() as u64))
    }
}

/// Bytes that a copy of the disk will carry, as far as can be told now.
///
/// # Errors
/// When it is no readable VHDX.
pub fn allocated_bytes(path: &Path) -> Result<u64, vhdx::Error> {
    Ok(Reader::open(path)?.allocated_ranges().map(|(_, len)| len).sum())
}
