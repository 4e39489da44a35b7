//! Turning a disk into a new file, leaving out what is zero.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::reader::Disk;
use crate::writer::DynamicWriter;

/// Bytes looked at together: a run of zeros this long is not written.
const STEP: usize = 64 << 10;
const READ_STEP: usize = 1 << 20;

/// What a copy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Bytes read or handed in.
    pub seen: u64,
    /// Bytes written; the rest was zero.
    pub written: u64,
}

/// A new dynamic VHDX filled range by range, in any order; zeros take no room.
#[derive(Debug)]
pub struct VhdxSink {
    writer: DynamicWriter,
    copied: Copied,
}

impl VhdxSink {
    /// Makes the file, for its owner only; never overwrites one.
    ///
    /// # Errors
    /// As [`DynamicWriter::create`].
    pub fn create(path: impl AsRef<Path>, virtual_size: u64, block_bytes: u32) -> Result<Self> {
        Ok(Self {
            writer: DynamicWriter::create(path, virtual_size, block_bytes)?,
            copied: Copied::default(),
        })
    }

    /// Puts `data` at `offset` of the disk.
    ///
    /// # Errors
    /// As [`DynamicWriter::write_at`].
    pub fn put(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        for (at, part) in steps(offset, data) {
            if is_zero(part)
                && !self.writer.is_allocated(at)
                && !self.writer.is_allocated(at + part.len() as u64 - 1)
            {
                continue;
            }
            self.writer.write_at(at, part)?;
            self.copied.written += part.len() as u64;
        }
        self.copied.seen += data.len() as u64;
        Ok(())
    }

    /// Flushes and closes the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self) -> Result<Copied> {
        self.writer.flush()?;
        Ok(self.copied)
    }
}

/// Copies a disk into a new dynamic VHDX.
///
/// # Errors
/// The first failed read or write; the unfinished file stays for the caller to remove.
pub fn write_vhdx_from(disk: &dyn Disk, path: impl AsRef<Path>, block_bytes: u32) -> Result<Copied> {
    let mut sink = VhdxSink::create(path, disk.virtual_size(), block_bytes)?;
    each_part(disk, |offset, part| sink.put(offset, part))?;
    sink.finish()
}

/// Copies a disk into `raw`, a sparse file of exactly the disk's size. What `raw` held before is gone.
///
/// # Errors
/// The first failed read or write.
pub fn raw_copy(disk: &dyn Disk, raw: &File) -> Result<Copied> {
    let mut copied = Copied::default();
    for len in [0, disk.virtual_size()] {
        raw.set_len(len)
            .map_err(Error::io("set the length of", "raw file", len))?;
    }
    each_part(disk, |offset, data| {
        for (at, part) in steps(offset, data).filter(|(_, part)| !is_zero(part)) {
            raw.write_all_at(part, at)
                .map_err(Error::io("write", "raw file", at))?;
            copied.written += part.len() as u64;
        }
        copied.seen += data.len() as u64;
        Ok(())
    })?;
    raw.sync_data().map_err(Error::io("flush", "raw file", 0))?;
    Ok(copied)
}

fn each_part(disk: &dyn Disk, mut take: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
    let mut buf = vec![0; READ_STEP];
    for (start, len) in disk.allocated_ranges() {
        let mut done = 0;
        while done < len {
            let step = (len - done).min(READ_STEP as u64) as usize;
            let Some(part) = buf.get_mut(..step) else { break };
            disk.read_at(start + done, part)?;
            take(start + done, part)?;
            done += step as u64;
        }
    }
    Ok(())
}

fn steps(offset: u64, data: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    data.chunks(STEP)
        .enumerate()
        .map(move |(i, part)| (offset + (i * STEP) as u64, part))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
