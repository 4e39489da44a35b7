//! A differencing disk with its parents.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::reader::{AllocatedRanges, Disk, Reader};

/// Longer chains are refused; Hyper-V itself stops far earlier.
const CHAIN_MAX: usize = 64;

/// A disk and its parents, all in one folder. Also opens a disk without a parent.
#[derive(Debug)]
pub struct Chain {
    /// The leaf first.
    links: Vec<Reader>,
}

impl Chain {
    /// Opens `path` and every parent it names by relative path within its own folder.
    ///
    /// # Errors
    /// [`Error::ParentRefused`] for references that leave the folder, are links, or go in a circle;
    /// [`Error::ParentChanged`] when the parent was written to since; else as [`Reader::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let mut seen = vec![path.to_owned()];
        let mut links = vec![Reader::open(path)?];
        while let Some(locator) = links.last().and_then(Reader::parent).cloned() {
            let reference = locator.relative_path.clone().unwrap_or_default();
            let refused = |why| {
                Error::ParentRefused {
                    reference: reference.clone(),
                    why,
                }
                .in_file(path)
            };
            let parent = folder.join(file_name(&reference).map_err(refused)?);
            if seen.contains(&parent) {
                return Err(refused("the chain goes in a circle"));
            }
            if seen.len() >= CHAIN_MAX {
                return Err(refused("the chain is too long"));
            }
            if fs::symlink_metadata(&parent).is_ok_and(|found| !found.is_file()) {
                return Err(refused("it is not a plain file"));
            }
            let reader = Reader::open(&parent)?;
            let found = reader.data_write_guid();
            if locator.linkage != Some(found) && locator.linkage2 != Some(found) {
                let expected = locator
                    .linkage
                    .map_or_else(|| "none".to_owned(), |id| id.to_string());
                return Err(Error::ParentChanged {
                    path: parent,
                    expected,
                    found: found.to_string(),
                });
            }
            seen.push(parent);
            links.push(reader);
        }
        Ok(Self { links })
    }

    /// Number of files, 1 for a disk without a parent.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.links.len()
    }

    fn leaf(&self) -> Option<&Reader> {
        self.links.first()
    }

    fn read_link(&self, link: usize, offset: u64, buf: &mut [u8]) -> Result<()> {
        let Some(reader) = self.links.get(link) else {
            buf.fill(0);
            return Ok(());
        };
        // A parent may be smaller than its child: beyond its end there is nothing.
        let inside = reader.virtual_size().saturating_sub(offset).min(buf.len() as u64) as usize;
        let (buf, beyond) = buf.split_at_mut(inside);
        beyond.fill(0);
        reader.read_through(offset, buf, &mut |offset, part| {
            self.read_link(link + 1, offset, part)
        })
    }

    /// May any byte of the leaf's block come from a file?
    fn holds_data(&self, start: u64, end: u64) -> bool {
        for reader in &self.links {
            let end = end.min(reader.virtual_size());
            if start >= end {
                return false;
            }
            let bytes = reader.block_bytes();
            let blocks = start / bytes..=(end - 1) / bytes;
            if blocks.clone().any(|block| reader.holds(block)) {
                return true;
            }
            if !blocks.clone().any(|block| reader.refers_to_parent(block)) {
                return false;
            }
        }
        false
    }
}

impl Disk for Chain {
    fn virtual_size(&self) -> u64 {
        self.leaf().map_or(0, Reader::virtual_size)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let (len, virtual_size) = (buf.len() as u64, self.virtual_size());
        if offset.checked_add(len).is_none_or(|end| end > virtual_size) {
            return Err(Error::OutOfRange {
                offset,
                len,
                virtual_size,
            });
        }
        self.read_link(0, offset, buf)
    }

    fn allocated_ranges(&self) -> AllocatedRanges<'_> {
        let (bytes, size) = (
            self.leaf().map_or(crate::MIB, Reader::block_bytes),
            self.virtual_size(),
        );
        AllocatedRanges::new(bytes, size, move |block| {
            self.holds_data(block * bytes, ((block + 1) * bytes).min(size))
        })
    }
}

/// The plain file name in a parent reference; anything that could leave the folder is refused.
fn file_name(reference: &str) -> std::result::Result<&str, &'static str> {
    let name = reference
        .strip_prefix(".\\")
        .or_else(|| reference.strip_prefix("./"))
        .unwrap_or(reference);
    if name.is_empty() || name == "." || name == ".." {
        return Err("it names no file");
    }
    if name.contains(['/', '\\', ':', '\0']) {
        return Err("it leaves the child's folder; put the parent beside the child");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn only_a_name_in_the_same_folder_is_followed() {
        assert_eq!(file_name(".\\base.vhdx"), Ok("base.vhdx"));
        assert_eq!(file_name("./base.vhdx"), Ok("base.vhdx"));
        assert_eq!(file_name("base.vhdx"), Ok("base.vhdx"));
        for hostile in [
            "",
            "..",
            ".\\..",
            "..\\base.vhdx",
            "/etc/passwd",
            "C:base.vhdx",
            ".\\sub\\base.vhdx",
            "a\0b",
        ] {
            assert!(file_name(hostile).is_err(), "{hostile:?}");
        }
    }
}
