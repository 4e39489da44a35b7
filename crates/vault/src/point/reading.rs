//! Reading an opened point: its manifest, its disks, its files, everything against its digest.

use crate::contract::StoredDisk;
use crate::error::{Result, VaultError};
use crate::layout::{
    CONFIG_FOLDER, DISK_FILE, DiskDigest, DiskFile, LAYOUT_VERSION, MANIFEST_FILE, Manifest, SUMS_FILE,
    disk_folder, offset_of,
};
use crate::point::PointEntry;
use crate::progress::Progress;
use crate::repository::engine_error;
use domain::evidence::FileDigest;
use domain::ids::{FencingToken, TenantId};
use rustic_core::repofile::Node;
use rustic_core::{IndexedFullStatus, Repository, TreeId};
use std::collections::HashMap;
use std::io::{self, Write};

/// Files other than extents are small; anything larger is not ours.
const SMALL_FILE_BYTES: u64 = 64 << 20;

/// A point opened for reading.
pub(crate) struct Point {
    repository: Repository<IndexedFullStatus>,
    tenant: TenantId,
    snapshot: String,
    pub root: Vec<Node>,
    pub manifest: Manifest,
}

impl Point {
    pub fn open(
        repository: Repository<IndexedFullStatus>,
        tenant: TenantId,
        snapshot: String,
        tree: TreeId,
        entry: &PointEntry,
    ) -> Result<Self> {
        let layout = LAYOUT_VERSION;
        let nothing = Manifest {
            layout,
            tenant: tenant.clone(),
            replica: entry.replica,
            attempt: entry.attempt,
            token: FencingToken(0),
            point: entry.point,
            taken: entry.taken.clone(),
            disks: Vec::new(),
            files: Vec::new(),
        };
        let mut point = Self {
            repository,
            tenant,
            snapshot,
            root: Vec::new(),
            manifest: nothing,
        };
        let top = point.tree(tree)?;
        point.root = point.folder(&top, &entry.replica.to_string())?;
        let manifest = point.small_file(&point.root, MANIFEST_FILE)?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).map_err(|error| point.not_a_point(error.to_string()))?;
        if manifest.layout != layout {
            return Err(point.not_a_point(format!(
                "its layout is version {}, this build reads {layout}",
                manifest.layout
            )));
        }
        if manifest.tenant != point.tenant
            || manifest.point != entry.point
            || manifest.replica != entry.replica
        {
            return Err(point.not_a_point("its manifest belongs to another point".to_owned()));
        }
        point.manifest = manifest;
        Ok(point)
    }

    /// The disk of that number.
    pub fn disk(&self, index: u32) -> Result<&StoredDisk> {
        self.manifest
            .disks
            .iter()
            .find(|disk| disk.index == index)
            .ok_or_else(|| VaultError::NoSuchDisk {
                snapshot: self.snapshot.clone(),
                disk: index,
                available: match &self.manifest.disks[..] {
                    [] => "none".to_owned(),
                    disks => disks
                        .iter()
                        .map(|disk| format!("{} ({})", disk.index, disk.name))
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            })
    }

    /// Reads a disk's extents in ascending order, comparing each with its digest and the whole with the manifest's. `each` gets
    /// (offset, content) of every extent that is there. Nothing handed to it counts before this has returned.
    pub fn walk_disk(
        &self,
        index: u32,
        progress: &dyn Progress,
        each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let disk = self.disk(index)?.clone();
        progress.expect(disk.size_bytes);
        let nodes = self.folder(&self.root, &disk_folder(index))?;
        let file: DiskFile = serde_json::from_slice(&self.small_file(&nodes, DISK_FILE)?)
            .map_err(|error| self.not_a_point(error.to_string()))?;
        if file.disk != disk || disk.extent_bytes == 0 {
            return Err(self.not_a_point(format!("its manifest and the {DISK_FILE} of disk {index} differ")));
        }
        let mut digest = DiskDigest::new(disk.size_bytes, disk.extent_bytes);
        let mut done = 0;
        for node in &nodes {
            if offset_of(&node.name).is_none() {
                continue;
            }
            let extents = self.folder(&nodes, &node.name)?;
            let sums = self.sums(&extents)?;
            for extent in &extents {
                let Some(offset) = offset_of(&extent.name) else {
                    continue;
                };
                if progress.cancelled() {
                    return Err(VaultError::Cancelled);
                }
                let content = self.extent(&disk, offset, extent)?;
                let found = blake3::hash(&content);
                let what = || format!("disk {index}, extent at byte {offset}");
                let recorded = sums
                    .get(extent.name.as_str())
                    .ok_or_else(|| self.not_a_point(format!("{} has no digest", what())))?;
                if found.to_hex().as_str() != recorded {
                    return Err(mismatch(what(), recorded, found.to_hex().as_str()));
                }
                digest.add(offset, found);
                each(offset, &content)?;
                let end = offset + content.len() as u64;
                progress.advance(end.saturating_sub(done));
                done = end;
            }
        }
        progress.advance(disk.size_bytes.saturating_sub(done));
        let found = digest.finish();
        if found != disk.digest {
            return Err(mismatch(format!("disk {index} as a whole"), &disk.digest, &found));
        }
        Ok(())
    }

    /// Whether an extent is where and as long as one of this disk can be; its length.
    pub fn fits(&self, disk: &StoredDisk, offset: u64, node: &Node) -> Result<u64> {
        let length = disk.extent_bytes.min(disk.size_bytes.saturating_sub(offset));
        if length == 0 || !offset.is_multiple_of(disk.extent_bytes) || node.meta.size != length {
            return Err(self.not_a_point(format!(
                "the extent {} does not fit disk {}",
                node.name, disk.index
            )));
        }
        Ok(length)
    }

    pub fn extent(&self, disk: &StoredDisk, offset: u64, node: &Node) -> Result<Vec<u8>> {
        let length = self.fits(disk, offset, node)?;
        let content = self.content(node)?;
        if content.len() as u64 != length {
            return Err(self.not_a_point(format!(
                "the extent {} of disk {} has the wrong length",
                node.name, disk.index
            )));
        }
        Ok(content)
    }

    pub fn sums(&self, nodes: &[Node]) -> Result<HashMap<String, String>> {
        let text = String::from_utf8_lossy(&self.small_file(nodes, SUMS_FILE)?).into_owned();
        Ok(text
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(hash, name)| (name.to_owned(), hash.to_owned()))
            .collect())
    }

    /// Writes a configuration file out, comparing it with its digest.
    pub fn copy_config(&self, file: &FileDigest, to: &mut dyn Write) -> Result<()> {
        let nodes = self.folder(&self.root, CONFIG_FOLDER)?;
        let node = self.child(&nodes, &file.name)?;
        let mut hashing = Hashing {
            to,
            hasher: blake3::Hasher::new(),
        };
        self.repository
            .dump(node, &mut hashing)
            .map_err(engine_error("read a file", &self.tenant))?;
        let found = hashing.hasher.finalize().to_hex();
        if found.as_str() != file.blake3 {
            return Err(mismatch(
                format!("the configuration file `{}`", file.name),
                &file.blake3,
                found.as_str(),
            ));
        }
        Ok(())
    }

    pub fn small_file(&self, nodes: &[Node], name: &str) -> Result<Vec<u8>> {
        let node = self.child(nodes, name)?;
        if node.meta.size > SMALL_FILE_BYTES {
            return Err(self.not_a_point(format!("`{name}` is too large")));
        }
        self.content(node)
    }

    fn content(&self, node: &Node) -> Result<Vec<u8>> {
        let mut content = Vec::with_capacity(usize::try_from(node.meta.size).unwrap_or(0));
        self.repository
            .dump(node, &mut content)
            .map_err(engine_error("read a file", &self.tenant))?;
        Ok(content)
    }

    pub fn folder(&self, nodes: &[Node], name: &str) -> Result<Vec<Node>> {
        let tree = self.child(nodes, name)?.subtree;
        self.tree(tree.ok_or_else(|| self.not_a_point(format!("`{name}` is not a folder")))?)
    }

    fn child<'a>(&self, nodes: &'a [Node], name: &str) -> Result<&'a Node> {
        nodes
            .iter()
            .find(|node| node.name == name)
            .ok_or_else(|| self.not_a_point(format!("`{name}` is missing")))
    }

    fn tree(&self, id: TreeId) -> Result<Vec<Node>> {
        Ok(self
            .repository
            .get_tree(&id)
            .map_err(engine_error("read a folder", &self.tenant))?
            .nodes)
    }

    pub fn not_a_point(&self, why: String) -> VaultError {
        VaultError::NotAPoint {
            snapshot: self.snapshot.clone(),
            why,
        }
    }
}

struct Hashing<'a> {
    to: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

pub(crate) fn mismatch(what: String, recorded: &str, found: &str) -> VaultError {
    VaultError::DigestMismatch {
        what,
        recorded: recorded.to_owned(),
        found: found.to_owned(),
    }
}
