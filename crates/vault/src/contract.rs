//! The vocabulary that the engine and the commands use. Implemented in this crate.

use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId, TenantId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One disk to ingest, found in the export folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSource {
    /// 0-based number in the replica's order of attachment.
    pub index: u32,
    /// File name for people, e.g. `erp-db-0.vhdx`.
    pub name: String,
    /// The exported VHDX (a child of a differencing chain names its parents inside; all lie in the export folder).
    pub path: PathBuf,
}

/// What one ingest takes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestRequest {
    pub tenant: TenantId,
    pub replica: ReplicaId,
    pub attempt: AttemptId,
    pub token: FencingToken,
    pub point: PointId,
    /// World's time of the checkpoint, RFC 3339: the snapshot's time.
    pub taken: String,
    pub disks: Vec<DiskSource>,
    /// Configuration files, copied whole (VMCX, VMGS, VMRS, XML).
    pub config_files: Vec<PathBuf>,
}

/// What was stored, before it is a restore point: the snapshot file is withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// restic snapshot id (hex) that the file will have.
    pub snapshot: String,
    /// The encrypted snapshot file, to be journaled and written by `seal`.
    pub snapshot_bytes_base64: String,
    pub disks: Vec<StoredDisk>,
    pub files: Vec<domain::evidence::FileDigest>,
    /// Bytes read from allocated ranges.
    pub read_bytes: u64,
    /// New bytes in the repository.
    pub added_bytes: u64,
}

/// A disk inside a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDisk {
    pub index: u32,
    pub name: String,
    pub size_bytes: u64,
    pub extent_bytes: u64,
    /// BLAKE3 (hex) over the ordered list of (offset, extent digest), so that absent ranges cost nothing. The exact text that is
    /// hashed stands at the top of `layout.rs`; `b3sum` and a shell can compute it.
    pub digest: String,
}
