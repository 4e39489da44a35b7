//! One disk of a point, opened for reading in any order.

use crate::Vault;
use crate::contract::StoredDisk;
use crate::error::Result;
use crate::layout::{DISK_FILE, DiskDigest, DiskFile, disk_folder, offset_of};
use crate::point::reading::{Point, mismatch};
use domain::ids::TenantId;
use rustic_core::repofile::Node;
use std::collections::HashMap;

/// A disk's extents. What they should be was compared with the point's digest when it was opened; each is compared when it is read.
pub struct OpenDisk {
    point: Point,
    disk: StoredDisk,
    /// The disk's folder: its shards.
    shards: Vec<Node>,
    /// Numbers of the extents that are there, ascending.
    extents: Vec<u64>,
    /// The shard that was read last: a reader goes from one extent to the next.
    near: Option<Shard>,
}

struct Shard {
    name: String,
    nodes: Vec<Node>,
    sums: HashMap<String, String>,
}

impl Vault {
    /// Opens a disk of a point.
    ///
    /// # Errors
    /// [`VaultError::NoSuchDisk`]; [`VaultError::DigestMismatch`] when the recorded digests do not make up the disk's; key and storage errors.
    pub fn open_disk(&self, tenant: &TenantId, snapshot: &str, disk: u32) -> Result<OpenDisk> {
        OpenDisk::new(self.open_point(tenant, snapshot)?, disk)
    }
}

impl OpenDisk {
    fn new(point: Point, index: u32) -> Result<Self> {
        let disk = point.disk(index)?.clone();
        let shards = point.folder(&point.root, &disk_folder(index))?;
        let file: DiskFile = serde_json::from_slice(&point.small_file(&shards, DISK_FILE)?)
            .map_err(|error| point.not_a_point(error.to_string()))?;
        if file.disk != disk || disk.extent_bytes == 0 {
            return Err(point.not_a_point(format!("its manifest and the {DISK_FILE} of disk {index} differ")));
        }
        let mut reader = Self {
            point,
            disk,
            shards,
            extents: Vec::new(),
            near: None,
        };
        reader.extents = reader.survey()?;
        Ok(reader)
    }

    /// Lists all extents, and compares what is recorded of them with the disk's digest.
    fn survey(&mut self) -> Result<Vec<u64>> {
        let (mut extents, mut digest) = (
            Vec::new(),
            DiskDigest::new(self.disk.size_bytes, self.disk.extent_bytes),
        );
        let names: Vec<String> = self.shards.iter().map(|node| node.name.clone()).collect();
        for name in names.iter().filter(|name| offset_of(name).is_some()) {
            let shard = self.shard(name)?;
            for node in &shard.nodes {
                let Some(offset) = offset_of(&node.name) else {
                    continue;
                };
                let sum = shard.sum(node).and_then(|sum| blake3::Hash::from_hex(sum).ok());
                let sum = sum.ok_or_else(|| {
                    self.point
                        .not_a_point(format!("the extent at byte {offset} has no digest"))
                })?;
                self.point.fits(&self.disk, offset, node)?;
                digest.add(offset, sum);
                extents.push(offset / self.disk.extent_bytes);
            }
        }
        let found = digest.finish();
        if found != self.disk.digest || !extents.is_sorted() {
            let what = format!("disk {} as a whole", self.disk.index);
            return Err(mismatch(what, &self.disk.digest, &found));
        }
        Ok(extents)
    }

    fn shard(&self, name: &str) -> Result<Shard> {
        let nodes = self.point.folder(&self.shards, name)?;
        let sums = self.point.sums(&nodes)?;
        Ok(Shard {
            name: name.to_owned(),
            nodes,
            sums,
        })
    }

    /// What the point says of the disk: name, size, digest.
    #[must_use]
    pub fn disk(&self) -> &StoredDisk {
        &self.disk
    }

    /// Numbers of the extents that are there, ascending (disk offset / extent size); all others are zeros.
    #[must_use]
    pub fn extents(&self) -> &[u64] {
        &self.extents
    }

    /// The bytes of an extent; the last one of a disk may be shorter than the others.
    ///
    /// # Errors
    /// [`VaultError::DigestMismatch`]; [`VaultError::NotAPoint`] for an extent that is not there; storage errors.
    pub fn extent(&mut self, number: u64) -> Result<Vec<u8>> {
        let offset = number.saturating_mul(self.disk.extent_bytes);
        let what = || format!("disk {}, extent at byte {offset}", self.disk.index);
        let none = || self.point.not_a_point(format!("{} is not there", what()));
        let name = self
            .shards
            .iter()
            .filter_map(|node| Some((offset_of(&node.name)?, &node.name)))
            .filter(|(first, _)| *first <= offset)
            .max()
            .map(|(_, name)| name.clone())
            .ok_or_else(none)?;
        let shard = match self.near.take().filter(|near| near.name == name) {
            Some(near) => near,
            None => self.shard(&name)?,
        };
        let node = shard
            .nodes
            .iter()
            .find(|node| offset_of(&node.name) == Some(offset));
        let node = node.ok_or_else(none)?;
        let recorded = shard.sum(node).ok_or_else(none)?;
        let content = self.point.extent(&self.disk, offset, node)?;
        let found = blake3::hash(&content).to_hex();
        if found.as_str() != recorded {
            return Err(mismatch(what(), recorded, found.as_str()));
        }
        self.near = Some(shard);
        Ok(content)
    }
}

impl Shard {
    fn sum(&self, node: &Node) -> Option<&str> {
        self.sums.get(node.name.as_str()).map(String::as_str)
    }
}

impl std::fmt::Debug for OpenDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenDisk")
            .field("disk", &self.disk)
            .finish_non_exhaustive()
    }
}
