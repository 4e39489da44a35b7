//! How a restore point lies in a snapshot, and the rule of its digests.
//!
//! ```text
//! <replica id>/
//!   config/<file>                        configuration files as exported
//!   disk-<n>/
//!     <shard>/                           16 hex digits: offset of its first byte; 256 extents (1 GiB)
//!       <extent>                         16 hex digits: offset on the disk; 4 MiB (the last one may be shorter)
//!       b3sums                           `b3sum --check` list of the shard's extents
//!     disk.json                          [`StoredDisk`] and the format
//!   manifest.json                        [`Manifest`]
//! ```
//!
//! An extent that is not there is all zeros. **Digest of a disk** = BLAKE3 of this text, so that `b3sum` and a shell can compute it:
//! one line `stillpoint-disk-v1 <size> <extent size>`, then for each extent that is there, in ascending order, one line
//! `<16 hex digits offset> <64 hex digits BLAKE3 of the extent>`, each line ended by a newline.

use crate::contract::StoredDisk;
use domain::evidence::FileDigest;
use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId, TenantId};
use serde::{Deserialize, Serialize};

/// Bytes of an extent. A point carries its own value; this is the one new points get.
pub const EXTENT_BYTES: u64 = 4 << 20;
/// Extents of a shard: keeps directories small, since each is stored as one blob.
pub const SHARD_EXTENTS: u64 = 256;

pub(crate) const CONFIG_FOLDER: &str = "config";
pub(crate) const DISK_FILE: &str = "disk.json";
pub(crate) const MANIFEST_FILE: &str = "manifest.json";
pub(crate) const SUMS_FILE: &str = "b3sums";
/// Version of the layout that this build writes and reads.
pub(crate) const LAYOUT_VERSION: u32 = 1;

/// What a point says about itself, inside the snapshot: enough to find and verify points when the state database is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout, 1.
    pub layout: u32,
    pub tenant: TenantId,
    pub replica: ReplicaId,
    pub attempt: AttemptId,
    pub token: FencingToken,
    pub point: PointId,
    /// World's time of the checkpoint, RFC 3339 UTC.
    pub taken: String,
    /// In order of their numbers.
    pub disks: Vec<StoredDisk>,
    /// Configuration files.
    pub files: Vec<FileDigest>,
}

/// `disk.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DiskFile {
    #[serde(flatten)]
    pub disk: StoredDisk,
    /// Format of the image it came from; the extents hold the disk's content, not the image's.
    pub format: String,
}

pub(crate) fn disk_folder(index: u32) -> String {
    format!("disk-{index}")
}

/// Name of an extent or a shard.
pub(crate) fn offset_name(offset: u64) -> String {
    format!("{offset:016x}")
}

/// The offset that a name stands for; `None` for any other name.
pub(crate) fn offset_of(name: &str) -> Option<u64> {
    let digits = name.len() == 16
        && name
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if digits {
        u64::from_str_radix(name, 16).ok()
    } else {
        None
    }
}

/// Computes the digest of a disk from its extents in ascending order.
pub(crate) struct DiskDigest(blake3::Hasher);

impl DiskDigest {
    pub fn new(size_bytes: u64, extent_bytes: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("stillpoint-disk-v1 {size_bytes} {extent_bytes}\n").as_bytes());
        Self(hasher)
    }

    pub fn add(&mut self, offset: u64, extent: blake3::Hash) {
        self.0
            .update(format!("{} {}\n", offset_name(offset), extent.to_hex()).as_bytes());
    }

    pub fn finish(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_disk_is_the_blake3_of_the_documented_text() {
        let extent = blake3::hash(b"extent");
        let mut digest = DiskDigest::new(1 << 30, EXTENT_BYTES);
        digest.add(0x40_0000, extent);
        let text = format!(
            "stillpoint-disk-v1 1073741824 4194304\n0000000000400000 {}\n",
            extent.to_hex()
        );
        assert_eq!(
            digest.finish(),
            blake3::hash(text.as_bytes()).to_hex().to_string()
        );
    }

    #[test]
    fn only_sixteen_lower_case_digits_name_an_offset() {
        assert_eq!(offset_of(&offset_name(u64::MAX)), Some(u64::MAX));
        for other in [
            "b3sums",
            "disk.json",
            "00000000004000000",
            "000000000040000G",
            "0000000000A00000",
            "+000000000400000",
        ] {
            assert_eq!(offset_of(other), None, "{other}");
        }
    }
}
