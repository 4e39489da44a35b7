//! Exported VHDX files, with their parents, as disks to read.

use crate::source::DiskReader;
use std::io;
use std::ops::Range;
use std::path::Path;
use vhdx::Disk as _;

/// A VHDX, read through its chain of parents in the same folder.
pub(crate) struct VhdxDisk(vhdx::Chain);

impl VhdxDisk {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(vhdx::Chain::open(path)?))
    }
}

impl DiskReader for VhdxDisk {
    fn size_bytes(&self) -> u64 {
        self.0.virtual_size()
    }

    fn allocated(&mut self) -> io::Result<Vec<Range<u64>>> {
        Ok(self
            .0
            .allocated_ranges()
            .map(|(start, length)| start..start + length)
            .collect())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.0.read_at(offset, buffer)?)
    }
}
