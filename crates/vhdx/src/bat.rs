//! The block allocation table: one entry per block, a sector-bitmap entry after each chunk of blocks.

use crate::MIB;
use crate::error::{Error, Result};
use crate::region::Regions;

const WHAT: &str = "block allocation table";
/// Bits of one sector-bitmap block (1 MiB): sectors that one chunk covers.
const CHUNK_SECTORS: u64 = 1 << 23;

pub(crate) const FULLY_PRESENT: u64 = 6;
pub(crate) const PARTIALLY_PRESENT: u64 = 7;

/// Sizes that fix where everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub virtual_size: u64,
    pub block_bytes: u64,
    pub sector_bytes: u64,
    pub differencing: bool,
}

impl Geometry {
    /// Blocks that share one sector bitmap.
    pub(crate) fn chunk_ratio(&self) -> u64 {
        CHUNK_SECTORS * self.sector_bytes / self.block_bytes
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.virtual_size.div_ceil(self.block_bytes)
    }

    pub(crate) fn bat_entries(&self) -> u64 {
        let (blocks, ratio) = (self.blocks(), self.chunk_ratio());
        if self.differencing {
            blocks.div_ceil(ratio) * (ratio + 1)
        } else {
            blocks + blocks.saturating_sub(1) / ratio
        }
    }

    /// Table index of a block's own entry.
    pub(crate) fn block_index(&self, block: u64) -> u64 {
        block + block / self.chunk_ratio()
    }

    /// Table index of the sector-bitmap entry that covers a block.
    pub(crate) fn bitmap_index(&self, block: u64) -> u64 {
        let ratio = self.chunk_ratio();
        block / ratio * (ratio + 1) + ratio
    }

    /// Byte and bit of a disk offset inside its chunk's bitmap.
    pub(crate) fn bitmap_bit(&self, offset: u64) -> u64 {
        offset / self.sector_bytes % CHUNK_SECTORS
    }

    /// Bytes of a block that belong to the disk; the last block may be cut.
    pub(crate) fn live_bytes(&self, block: u64) -> u64 {
        self.block_bytes
            .min(self.virtual_size.saturating_sub(block * self.block_bytes))
    }

    /// Refuses a range outside the disk.
    pub(crate) fn check_range(&self, offset: u64, len: usize) -> Result<()> {
        let len = len as u64;
        if offset.checked_add(len).is_none_or(|end| end > self.virtual_size) {
            return Err(Error::OutOfRange {
                offset,
                len,
                virtual_size: self.virtual_size,
            });
        }
        Ok(())
    }

    /// Cuts a range of the disk at block borders: (block, offset inside the block, position in the range, length).
    pub(crate) fn pieces(self, offset: u64, len: usize) -> impl Iterator<Item = (u64, u64, usize, usize)> {
        let mut done = 0usize;
        std::iter::from_fn(move || {
            if done >= len {
                return None;
            }
            let at = offset + done as u64;
            let (block, within) = (at / self.block_bytes, at % self.block_bytes);
            let take = (self.block_bytes - within).min((len - done) as u64) as usize;
            let piece = (block, within, done, take);
            done += take;
            Some(piece)
        })
    }
}

/// What an entry says about its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// Never written: the parent's bytes, or zeros without one.
    Absent,
    /// Zeros, whatever the parent holds.
    Zero,
    /// All bytes at this file offset.
    Present(u64),
    /// Some sectors at this file offset, the rest in the parent.
    Partial(u64),
}

/// The table in memory, checked.
#[derive(Debug, Clone)]
pub(crate) struct Bat {
    pub entries: Vec<u64>,
}

pub(crate) fn entry(state: u64, offset: u64) -> u64 {
    state | offset
}

fn offset_of(entry: u64) -> u64 {
    entry & !(MIB - 1)
}

impl Bat {
    pub(crate) fn block(&self, geometry: &Geometry, block: u64) -> Block {
        let entry = self.entry(geometry.block_index(block));
        match entry & 7 {
            0 => Block::Absent,
            FULLY_PRESENT => Block::Present(offset_of(entry)),
            PARTIALLY_PRESENT => Block::Partial(offset_of(entry)),
            _ => Block::Zero,
        }
    }

    /// File offset of the sector bitmap that covers a block.
    pub(crate) fn bitmap(&self, geometry: &Geometry, block: u64) -> Option<u64> {
        let entry = self.entry(geometry.bitmap_index(block));
        (entry & 7 == FULLY_PRESENT).then(|| offset_of(entry))
    }

    fn entry(&self, index: u64) -> u64 {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.entries.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// Checks every entry: states, places inside the file, no overlap with regions or with each other.
    pub(crate) fn check(&self, geometry: &Geometry, regions: &Regions, file_len: u64) -> Result<()> {
        let mut claimed: Vec<(u64, u64)> = Vec::new();
        let ratio = geometry.chunk_ratio();
        for (index, entry) in self.entries.iter().copied().enumerate() {
            let index = index as u64;
            let at = regions.bat.offset + 8 * index;
            let (chunk, slot) = (index / (ratio + 1), index % (ratio + 1));
            let block = chunk * ratio + slot;
            let is_bitmap = slot == ratio;
            let present = match (entry & 7, is_bitmap) {
                (0..=3, false) | (0, true) => None,
                (FULLY_PRESENT, false) => Some((geometry.block_bytes, geometry.live_bytes(block))),
                (PARTIALLY_PRESENT, false) if geometry.differencing => {
                    if self.bitmap(geometry, block).is_none() {
                        let why = format!("block {block} is partly present without a sector bitmap");
                        return Err(Error::invalid(WHAT, at, why));
                    }
                    Some((geometry.block_bytes, geometry.live_bytes(block)))
                }
                (FULLY_PRESENT, true) => Some((MIB, MIB)),
                (state, _) => {
                    return Err(Error::invalid(
                        WHAT,
                        at,
                        format!("entry {index} has state {state}"),
                    ));
                }
            };
            if let Some((len, live)) = present {
                let offset = offset_of(entry);
                check_place(offset, len, live, at, regions, file_len)?;
                claimed.push((offset, live.max(1)));
            }
        }
        claimed.sort_unstable();
        for pair in claimed.windows(2) {
            if let [(a, len), (b, _)] = pair
                && a + len > *b
            {
                let why = format!("two entries claim file offset {b:#x}");
                return Err(Error::invalid(WHAT, regions.bat.offset, why));
            }
        }
        Ok(())
    }
}

fn check_place(offset: u64, len: u64, live: u64, at: u64, regions: &Regions, file_len: u64) -> Result<()> {
    if offset < MIB {
        return Err(Error::invalid(
            WHAT,
            at,
            format!("a block at {offset:#x} would lie in the headers"),
        ));
    }
    if offset.checked_add(len).is_none() || offset + live > file_len {
        return Err(Error::Truncated {
            what: "block",
            offset,
            len: live,
            file_len,
        });
    }
    if regions.all.iter().any(|region| region.overlaps(offset, live)) {
        return Err(Error::invalid(
            WHAT,
            at,
            format!("a block at {offset:#x} overlaps a region or the log"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_entry_follows_each_chunk_of_blocks() {
        let geometry = Geometry {
            virtual_size: 9 << 30,
            block_bytes: 256 << 20,
            sector_bytes: 512,
            differencing: false,
        };
        assert_eq!(geometry.chunk_ratio(), 16);
        assert_eq!(geometry.blocks(), 36);
        assert_eq!(geometry.bat_entries(), 38);
        assert_eq!(geometry.block_index(15), 15);
        assert_eq!(geometry.block_index(16), 17);
        assert_eq!(geometry.bitmap_index(0), 16);
        assert_eq!(geometry.bitmap_index(16), 33);
        let child = Geometry {
            differencing: true,
            ..geometry
        };
        assert_eq!(child.bat_entries(), 3 * 17);
    }
}
