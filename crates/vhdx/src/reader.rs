//! Reading one VHDX file.

use std::fs::File;
use std::path::Path;

use uuid::Uuid;

use crate::bat::Block;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::locator::ParentLocator;
use crate::source::ReadAt;

/// Anything that reads like a disk: one file or a chain of them.
pub trait Disk {
    /// Bytes of the disk as its guest sees it.
    fn virtual_size(&self) -> u64;

    /// Fills `buf` from `offset`; what was never written reads as zero.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] beyond the disk's end, and whatever the file's own reads report.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()>;

    /// (offset, length) of what may hold data, ascending, adjacent ranges joined. The rest is zeros.
    fn allocated_ranges(&self) -> AllocatedRanges<'_>;
}

/// Iterator over (offset, length) in bytes of the disk.
pub struct AllocatedRanges<'a> {
    holds_data: Box<dyn Fn(u64) -> bool + 'a>,
    block: u64,
    block_bytes: u64,
    virtual_size: u64,
}

impl<'a> AllocatedRanges<'a> {
    pub(crate) fn new(block_bytes: u64, virtual_size: u64, holds_data: impl Fn(u64) -> bool + 'a) -> Self {
        Self {
            holds_data: Box::new(holds_data),
            block: 0,
            block_bytes,
            virtual_size,
        }
    }
}

impl Iterator for AllocatedRanges<'_> {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let blocks = self.virtual_size.div_ceil(self.block_bytes);
        while self.block < blocks && !(self.holds_data)(self.block) {
            self.block += 1;
        }
        if self.block >= blocks {
            return None;
        }
        let first = self.block;
        while self.block < blocks && (self.holds_data)(self.block) {
            self.block += 1;
        }
        let start = first * self.block_bytes;
        Some((
            start,
            (self.block * self.block_bytes).min(self.virtual_size) - start,
        ))
    }
}

/// One VHDX file, checked when opened. The allocation table is that of the moment of opening.
#[derive(Debug)]
pub struct Reader<S = File> {
    image: Image<S>,
}

impl Reader<File> {
    /// Opens and checks a file.
    ///
    /// # Errors
    /// Names the file and what in it is not valid; see [`Error::reason`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        File::open(path)
            .map_err(Error::io("open", "file", 0))
            .and_then(Self::from_source)
            .map_err(|error| error.in_file(path))
    }

    /// As [`Reader::open`], for a file already open.
    ///
    /// # Errors
    /// As [`Reader::open`], without the name.
    pub fn from_file(file: File) -> Result<Self> {
        Self::from_source(file)
    }
}

impl<S: ReadAt> Reader<S> {
    /// Reads a VHDX from anything with positional reads.
    ///
    /// # Errors
    /// What in the bytes is not valid.
    pub fn from_source(source: S) -> Result<Self> {
        Image::load(source).map(|image| Self { image })
    }

    /// Bytes of the disk as its guest sees it.
    #[must_use]
    pub fn virtual_size(&self) -> u64 {
        self.image.metadata.geometry.virtual_size
    }

    /// Unit in which the file grows, in bytes.
    #[must_use]
    pub fn block_bytes(&self) -> u64 {
        self.image.metadata.geometry.block_bytes
    }

    /// Logical sector size, 512 or 4096 bytes.
    #[must_use]
    pub fn sector_bytes(&self) -> u64 {
        self.image.metadata.geometry.sector_bytes
    }

    /// Identity of the virtual disk, kept through copies.
    #[must_use]
    pub fn disk_id(&self) -> Uuid {
        self.image.metadata.disk_id
    }

    /// Changes whenever the disk's content does; a child names it as its parent's linkage.
    #[must_use]
    pub fn data_write_guid(&self) -> Uuid {
        self.image.data_write()
    }

    /// The parent of a differencing disk.
    #[must_use]
    pub fn parent(&self) -> Option<&ParentLocator> {
        self.image.metadata.parent.as_ref()
    }

    /// True if the file carried unfinished writes in its log, which this reader carries out in memory.
    #[must_use]
    pub fn log_was_replayed(&self) -> bool {
        !self.image.header.log.is_nil()
    }

    /// Fills `buf` from `offset`; what was never written reads as zero.
    ///
    /// # Errors
    /// [`Error::NeedsParent`] where a differencing disk refers to its parent, [`Error::OutOfRange`], I/O.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.read_through(offset, buf, &mut |_, part| {
            if self.parent().is_some() {
                return Err(Error::NeedsParent);
            }
            part.fill(0);
            Ok(())
        })
    }

    /// (offset, length) of the ranges that have bytes in this file, ascending and joined.
    #[must_use]
    pub fn allocated_ranges(&self) -> AllocatedRanges<'_> {
        let geometry = self.image.metadata.geometry;
        AllocatedRanges::new(geometry.block_bytes, geometry.virtual_size, move |block| {
            self.holds(block)
        })
    }

    pub(crate) fn holds(&self, block: u64) -> bool {
        let geometry = &self.image.metadata.geometry;
        matches!(
            self.image.bat.block(geometry, block),
            Block::Present(_) | Block::Partial(_)
        )
    }

    pub(crate) fn refers_to_parent(&self, block: u64) -> bool {
        matches!(
            self.image.bat.block(&self.image.metadata.geometry, block),
            Block::Absent | Block::Partial(_)
        )
    }

    /// Reads what this file holds; `absent(offset, part)` fills what it leaves to a parent.
    pub(crate) fn read_through(
        &self,
        offset: u64,
        buf: &mut [u8],
        absent: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    ) -> Result<()> {
        let geometry = self.image.metadata.geometry;
        geometry.check_range(offset, buf.len())?;
        for (block, within, at, len) in geometry.pieces(offset, buf.len()) {
            let Some(part) = buf.get_mut(at..at + len) else {
                continue;
            };
            let disk_offset = offset + at as u64;
            match self.image.bat.block(&geometry, block) {
                Block::Absent => absent(disk_offset, part)?,
                Block::Zero => part.fill(0),
                Block::Present(file_offset) => self.image.read("block", file_offset + within, part)?,
                Block::Partial(file_offset) => {
                    self.read_partial(block, disk_offset, file_offset + within, part, absent)?;
                }
            }
        }
        Ok(())
    }

    /// Reads a partly present block by runs of sectors that are, or are not, in this file.
    fn read_partial(
        &self,
        block: u64,
        disk_offset: u64,
        file_offset: u64,
        part: &mut [u8],
        absent: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    ) -> Result<()> {
        let geometry = self.image.metadata.geometry;
        let Some(bitmap_offset) = self.image.bat.bitmap(&geometry, block) else {
            return absent(disk_offset, part);
        };
        let first_bit = geometry.bitmap_bit(disk_offset);
        let last_bit = geometry.bitmap_bit(disk_offset + part.len() as u64 - 1);
        let mut bitmap = vec![0; (last_bit / 8 - first_bit / 8 + 1) as usize];
        self.image
            .read("sector bitmap", bitmap_offset + first_bit / 8, &mut bitmap)?;
        let here = |offset: u64| {
            let bit = geometry.bitmap_bit(offset);
            bitmap
                .get((bit / 8 - first_bit / 8) as usize)
                .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
        };
        let mut done = 0usize;
        while done < part.len() {
            let start = disk_offset + done as u64;
            let present = here(start);
            let mut end = start;
            while end < disk_offset + part.len() as u64 && here(end) == present {
                end = (end / geometry.sector_bytes + 1) * geometry.sector_bytes;
            }
            let stop = ((end - disk_offset) as usize).min(part.len());
            let Some(run) = part.get_mut(done..stop) else {
                break;
            };
            if present {
                self.image.read("block", file_offset + done as u64, run)?;
            } else {
                absent(start, run)?;
            }
            done = stop;
        }
        Ok(())
    }
}

impl<S: ReadAt> Disk for Reader<S> {
    fn virtual_size(&self) -> u64 {
        self.virtual_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        self.read_at(offset, buf)
    }

    fn allocated_ranges(&self) -> AllocatedRanges<'_> {
        self.allocated_ranges()
    }
}
