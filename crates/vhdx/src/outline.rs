//! A dynamic disk whose file is never written: every byte of it is worked out when it is asked for.
//!
//! The same size, blocks and name make the same file, byte for byte, so one that was cut off on its way can be continued.

use uuid::Uuid;

use crate::bat::{FULLY_PRESENT, Geometry, entry};
use crate::create::{BAT_OFFSET, LOG_OFFSET, METADATA_OFFSET, PHYSICAL_SECTOR, check_parameters};
use crate::error::{Error, Result};
use crate::header::{Header, first_mebibyte};
use crate::metadata::Metadata;
use crate::region::{BAT, METADATA, Region};
use crate::{MIB, source::put};

const SECTOR: u64 = 512;

/// The file of a dynamic disk of 512-byte sectors, with its blocks in ascending order behind its table.
#[derive(Debug, Clone)]
pub struct Outline {
    /// All before the first block.
    head: Vec<u8>,
    block_bytes: u64,
    /// Numbers of the blocks that are in the file, ascending.
    blocks: Vec<u64>,
}

/// What lies at a place of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// These bytes: headers, metadata or table.
    Head(&'a [u8]),
    /// The disk's own bytes from `disk_offset` on, for `len` bytes; zeros where the disk has ended.
    Disk { disk_offset: u64, len: u64 },
}

impl Outline {
    /// Lays the file out. `blocks` are the numbers of the blocks that hold data (disk offset / `block_bytes`), ascending; all others are
    /// zeros. `name` stands for the content: what differs must be named differently.
    ///
    /// # Errors
    /// [`Error::BadParameter`] for a size or block size that a dynamic disk cannot have, or for blocks that are not ascending or not on the disk.
    pub fn new(virtual_size: u64, block_bytes: u32, blocks: Vec<u64>, name: Uuid) -> Result<Self> {
        check_parameters(virtual_size, block_bytes)?;
        let geometry = Geometry {
            virtual_size,
            block_bytes: block_bytes.into(),
            sector_bytes: SECTOR,
            differencing: false,
        };
        let ascending = blocks.windows(2).all(|pair| pair[0] < pair[1]);
        if let Some(last) = blocks
            .last()
            .filter(|last| !ascending || **last >= geometry.blocks())
        {
            return Err(Error::BadParameter {
                what: "a block number",
                value: *last,
                why: "blocks must be ascending and on the disk",
            });
        }
        let head = head(geometry, &blocks, name);
        Ok(Self {
            head,
            block_bytes: block_bytes.into(),
            blocks,
        })
    }

    /// Bytes of the whole file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.head.len() as u64 + self.blocks.len() as u64 * self.block_bytes
    }

    /// What lies at `offset` of the file, as far as it hangs together; `None` behind its end.
    #[must_use]
    pub fn part(&self, offset: u64) -> Option<Part<'_>> {
        let head_bytes = self.head.len() as u64;
        let Some(behind) = offset.checked_sub(head_bytes) else {
            return self.head.get(usize::try_from(offset).ok()?..).map(Part::Head);
        };
        let block = self
            .blocks
            .get(usize::try_from(behind / self.block_bytes).ok()?)?;
        let within = behind % self.block_bytes;
        Some(Part::Disk {
            disk_offset: block * self.block_bytes + within,
            len: self.block_bytes - within,
        })
    }
}

fn head(geometry: Geometry, blocks: &[u64], name: Uuid) -> Vec<u8> {
    let bat_len = (geometry.bat_entries() * 8).next_multiple_of(MIB);
    let first_block = BAT_OFFSET + bat_len;
    let regions = [
        Region {
            id: METADATA,
            offset: METADATA_OFFSET,
            len: MIB,
        },
        Region {
            id: BAT,
            offset: BAT_OFFSET,
            len: bat_len,
        },
    ];
    let header = Header {
        sequence: 2,
        file_write: derived(name, 1),
        data_write: derived(name, 2),
        log: Uuid::nil(),
        log_offset: LOG_OFFSET,
        log_len: MIB as u32,
    };
    let metadata = Metadata {
        geometry,
        physical_sector_bytes: PHYSICAL_SECTOR,
        disk_id: derived(name, 3),
        parent: None,
    };
    let mut head = vec![0; first_block as usize];
    put(&mut head, 0, &first_mebibyte(&header, &regions));
    put(&mut head, METADATA_OFFSET as usize, &metadata.encode());
    for (nth, block) in blocks.iter().enumerate() {
        let at = BAT_OFFSET + geometry.block_index(*block) * 8;
        let place = first_block + nth as u64 * geometry.block_bytes;
        put(&mut head, at as usize, &entry(FULLY_PRESENT, place).to_le_bytes());
    }
    head
}

/// A GUID that follows from a name: the same for the same file, another for each use.
fn derived(name: Uuid, n: u8) -> Uuid {
    let mut bytes = *name.as_bytes();
    if let Some(last) = bytes.last_mut() {
        *last ^= n;
    }
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests;
