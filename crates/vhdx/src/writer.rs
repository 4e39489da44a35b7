//! Making and changing dynamic disks.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::MIB;
use crate::bat::{Block, FULLY_PRESENT, PARTIALLY_PRESENT, entry};
use crate::error::{Error, Result};
use crate::header::{HEADER_OFFSETS, Header, fresh_guid};
use crate::image::Image;
use crate::overlay::Overlay;

/// A dynamic VHDX open for writing. Only one writer at a time; readers may look on.
///
/// A block's bytes go to the file before the table entry that points to them, and both at once: another handle
/// sees a write as soon as [`DynamicWriter::write_at`] returns. Power loss is survived from [`DynamicWriter::flush`] on.
#[derive(Debug)]
pub struct DynamicWriter {
    path: PathBuf,
    image: Image<File>,
    next_free: u64,
    touched: bool,
}

impl DynamicWriter {
    /// Opens an existing disk for writing; unfinished writes in its log are carried out first.
    ///
    /// # Errors
    /// As [`crate::Reader::open`], and [`Error::Io`] where the file cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let open = || -> Result<Self> {
            let file = OpenOptions::new().read(true).write(true).open(path);
            let image = Image::load(file.map_err(Error::io("open", "file", 0))?)?;
            let next_free = image.full_len.next_multiple_of(MIB);
            let mut writer = Self::with_image(path, image, next_free);
            writer.settle_log()?;
            Ok(writer)
        };
        open().map_err(|error| error.in_file(path))
    }

    pub(crate) fn with_image(path: &Path, image: Image<File>, next_free: u64) -> Self {
        Self {
            path: path.to_owned(),
            image,
            next_free,
            touched: false,
        }
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

    /// True if the block that holds `offset` has bytes of its own in the file.
    #[must_use]
    pub fn is_allocated(&self, offset: u64) -> bool {
        let geometry = &self.image.metadata.geometry;
        matches!(
            self.image.bat.block(geometry, offset / geometry.block_bytes),
            Block::Present(_) | Block::Partial(_)
        )
    }

    /// Writes `data` at `offset` of the disk, allocating blocks as needed. Zeros are written like anything else.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]; [`Error::Unaligned`] for parts of sectors of a differencing disk; [`Error::Io`].
    pub fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let path = self.path.clone();
        self.write_inner(offset, data)
            .map_err(|error| error.in_file(&path))
    }

    fn write_inner(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let geometry = self.image.metadata.geometry;
        geometry.check_range(offset, data.len())?;
        let (len, sector) = (data.len() as u64, geometry.sector_bytes);
        if geometry.differencing && !(offset.is_multiple_of(sector) && len.is_multiple_of(sector)) {
            return Err(Error::Unaligned { offset, len, sector });
        }
        self.mark_changed()?;
        for (block, within, at, len) in geometry.pieces(offset, data.len()) {
            let Some(part) = data.get(at..at + len) else {
                continue;
            };
            let whole = within == 0 && len as u64 >= geometry.live_bytes(block);
            match self.image.bat.block(&geometry, block) {
                Block::Present(file_offset) => self.put("block", file_offset + within, part)?,
                Block::Partial(file_offset) => {
                    self.put("block", file_offset + within, part)?;
                    self.mark_sectors(block, offset + at as u64, len as u64)?;
                }
                old => {
                    let file_offset = self.grow(geometry.block_bytes)?;
                    self.put("block", file_offset + within, part)?;
                    if geometry.differencing && old == Block::Absent && !whole {
                        self.mark_sectors(block, offset + at as u64, len as u64)?;
                        self.point(geometry.block_index(block), entry(PARTIALLY_PRESENT, file_offset))?;
                    } else {
                        self.point(geometry.block_index(block), entry(FULLY_PRESENT, file_offset))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes everything written so far survive power loss.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<()> {
        let synced = self
            .image
            .source
            .sync_data()
            .map_err(Error::io("flush", "file", 0));
        synced.map_err(|error| error.in_file(&self.path))
    }

    /// A new block of zeros at the end of the file.
    fn grow(&mut self, bytes: u64) -> Result<u64> {
        let offset = self.next_free;
        let end = offset + bytes;
        self.image
            .source
            .set_len(end)
            .map_err(Error::io("lengthen", "file", end))?;
        self.next_free = end;
        self.image.file_len = end;
        Ok(offset)
    }

    fn point(&mut self, index: u64, value: u64) -> Result<()> {
        self.put(
            "block allocation table",
            self.image.regions.bat.offset + 8 * index,
            &value.to_le_bytes(),
        )?;
        if let Some(entry) = self.image.bat.entries.get_mut(index as usize) {
            *entry = value;
        }
        Ok(())
    }

    /// Sets the bits of written sectors in the chunk's bitmap, which is made when missing.
    fn mark_sectors(&mut self, block: u64, offset: u64, len: u64) -> Result<()> {
        let geometry = self.image.metadata.geometry;
        let bitmap_offset = match self.image.bat.bitmap(&geometry, block) {
            Some(offset) => offset,
            None => {
                let offset = self.grow(MIB)?;
                self.point(geometry.bitmap_index(block), entry(FULLY_PRESENT, offset))?;
                offset
            }
        };
        let (first, last) = (geometry.bitmap_bit(offset), geometry.bitmap_bit(offset + len - 1));
        let mut bits = vec![0; (last / 8 - first / 8 + 1) as usize];
        let at = bitmap_offset + first / 8;
        self.image.read("sector bitmap", at, &mut bits)?;
        for bit in first..=last {
            if let Some(byte) = bits.get_mut((bit / 8 - first / 8) as usize) {
                *byte |= 1 << (bit % 8);
            }
        }
        self.put("sector bitmap", at, &bits)
    }

    /// Before the first change since opening: new write GUIDs, so that a child of the old content is noticed.
    fn mark_changed(&mut self) -> Result<()> {
        if self.touched {
            return Ok(());
        }
        self.touched = true;
        let header = Header {
            file_write: fresh_guid(),
            data_write: fresh_guid(),
            ..self.image.header.clone()
        };
        self.put_header(header)
    }

    /// Writes a header with the next sequence number over the older copy.
    fn put_header(&mut self, header: Header) -> Result<()> {
        let slot = 1 - self.image.header_slot;
        let header = Header {
            sequence: header.sequence + 1,
            ..header
        };
        self.put("header", HEADER_OFFSETS[slot], &header.encode())?;
        self.image.header = header;
        self.image.header_slot = slot;
        Ok(())
    }

    /// Carries out what the log promised, then empties it.
    fn settle_log(&mut self) -> Result<()> {
        if self.image.header.log.is_nil() {
            return Ok(());
        }
        let sync = |file: &File| file.sync_data().map_err(Error::io("flush", "file", 0));
        let full_len = self.image.full_len;
        self.image
            .source
            .set_len(full_len)
            .map_err(Error::io("lengthen", "file", full_len))?;
        for (offset, len, bytes) in self.image.overlay.iter() {
            match bytes {
                Some(bytes) => write_all(&self.image.source, "logged sector", offset, bytes)?,
                None => write_zeros(
                    &self.image.source,
                    offset,
                    len.min(full_len.saturating_sub(offset)),
                )?,
            }
        }
        sync(&self.image.source)?;
        self.put_header(Header {
            log: uuid::Uuid::nil(),
            ..self.image.header.clone()
        })?;
        sync(&self.image.source)?;
        self.image.overlay = Overlay::default();
        self.image.file_len = full_len;
        Ok(())
    }

    fn put(&self, what: &'static str, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all(&self.image.source, what, offset, bytes)
    }
}

pub(crate) fn write_all(file: &File, what: &'static str, offset: u64, bytes: &[u8]) -> Result<()> {
    file.write_all_at(bytes, offset)
        .map_err(Error::io("write", what, offset))
}

fn write_zeros(file: &File, offset: u64, len: u64) -> Result<()> {
    let zeros = vec![0; len.min(MIB) as usize];
    let mut done = 0;
    while done < len {
        let step = (len - done).min(MIB) as usize;
        write_all(
            file,
            "zeroed range",
            offset + done,
            zeros.get(..step).unwrap_or_default(),
        )?;
        done += step as u64;
    }
    Ok(())
}
