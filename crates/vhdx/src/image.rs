//! One VHDX file, parsed and checked: what reader and writer share.

use uuid::Uuid;

use crate::bat::Bat;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::log;
use crate::metadata::Metadata;
use crate::overlay::Overlay;
use crate::region::{self, Region, Regions};
use crate::source::{ReadAt, u64_at};

/// Bytes of the table read at a time.
const BAT_STEP: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Image<S> {
    pub source: S,
    pub header: Header,
    pub header_slot: usize,
    pub regions: Regions,
    pub metadata: Metadata,
    pub bat: Bat,
    pub overlay: Overlay,
    /// Length on disk.
    pub file_len: u64,
    /// Length once the log is carried out; bytes between read as zero.
    pub full_len: u64,
}

impl<S: ReadAt> Image<S> {
    pub(crate) fn load(source: S) -> Result<Self> {
        let length = |source: &S| source.len().map_err(Error::io("read", "file length", 0));
        let file_len = length(&source)?;
        let (header, header_slot) = Header::load(&source)?;
        let log_place = (header.log_offset, u64::from(header.log_len));
        let replayed = log::replay(&source, &header, file_len)?;
        let file = Patched {
            source: &source,
            overlay: &replayed.overlay,
            file_len,
        };
        let regions = file.regions(log_place)?;
        let metadata = Metadata::load(&regions.metadata, |offset, buf| {
            file.read("metadata", offset, buf)
        })?;
        let bat = file.bat(&regions.bat, metadata.geometry.bat_entries())?;
        // The length is asked again after the table: a writer lengthens the file before it points into it.
        let file_len = length(&source)?.max(file_len);
        let full_len = file_len.max(replayed.file_len);
        bat.check(&metadata.geometry, &regions, full_len)?;
        let overlay = replayed.overlay;
        Ok(Self {
            source,
            header,
            header_slot,
            regions,
            metadata,
            bat,
            overlay,
            file_len,
            full_len,
        })
    }

    /// The file's bytes with the log carried out.
    pub(crate) fn read(&self, what: &'static str, offset: u64, buf: &mut [u8]) -> Result<()> {
        Patched {
            source: &self.source,
            overlay: &self.overlay,
            file_len: self.file_len,
        }
        .read(what, offset, buf)
    }

    pub(crate) fn data_write(&self) -> Uuid {
        self.header.data_write
    }
}

struct Patched<'a, S> {
    source: &'a S,
    overlay: &'a Overlay,
    file_len: u64,
}

impl<S: ReadAt> Patched<'_, S> {
    fn read(&self, what: &'static str, offset: u64, buf: &mut [u8]) -> Result<()> {
        let on_disk = self.file_len.saturating_sub(offset).min(buf.len() as u64) as usize;
        let (stored, beyond) = buf.split_at_mut(on_disk);
        if !stored.is_empty() {
            self.source
                .read_exact_at(stored, offset)
                .map_err(Error::io("read", what, offset))?;
        }
        beyond.fill(0);
        if !self.overlay.is_empty() {
            self.overlay.apply(offset, buf);
        }
        Ok(())
    }

    fn regions(&self, log: (u64, u64)) -> Result<Regions> {
        let read = |offset: u64| -> Result<Regions> {
            let mut bytes = vec![0; region::TABLE_BYTES];
            self.read("region table", offset, &mut bytes)?;
            region::decode(&bytes, offset, log, self.file_len)
        };
        let [first, second] = region::TABLE_OFFSETS;
        read(first).or_else(|first| match (first, read(second)) {
            (error @ Error::Io { .. }, _) | (_, Err(error @ Error::Io { .. })) => Err(error),
            (_, Ok(regions)) => Ok(regions),
            (first, Err(second)) => Err(Error::NoGoodCopy {
                what: "region table",
                first: Box::new(first),
                second: Box::new(second),
            }),
        })
    }

    /// Reads the table. `entries` is bounded by the region, and the region by the file, before any allocation.
    fn bat(&self, region: &Region, entries: u64) -> Result<Bat> {
        if entries.saturating_mul(8) > region.len {
            let why = format!("{entries} entries do not fit into {} bytes", region.len);
            return Err(Error::invalid("block allocation table", region.offset, why));
        }
        let mut table = Vec::with_capacity(entries as usize);
        let mut buf = vec![0; BAT_STEP.min(entries as usize * 8)];
        while (table.len() as u64) < entries {
            let left = (entries as usize - table.len()) * 8;
            let step = buf.len().min(left);
            let Some(part) = buf.get_mut(..step) else { break };
            self.read(
                "block allocation table",
                region.offset + table.len() as u64 * 8,
                part,
            )?;
            table.extend(part.chunks_exact(8).map(|entry| u64_at(entry, 0)));
        }
        Ok(Bat { entries: table })
    }
}
