//! Laying out a new file: headers, log, metadata, table, each on its mebibyte.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::bat::{Bat, Geometry};
use crate::error::{Error, Result};
use crate::header::{Header, first_mebibyte, fresh_guid};
use crate::image::Image;
use crate::locator::ParentLocator;
use crate::metadata::Metadata;
use crate::overlay::Overlay;
use crate::reader::Reader;
use crate::region::{BAT, METADATA, Region, Regions};
use crate::writer::{DynamicWriter, write_all};
use crate::{MIB, VIRTUAL_SIZE_MAX};

const LOGICAL_SECTOR: u64 = 512;
pub(crate) const PHYSICAL_SECTOR: u32 = 4096;
pub(crate) const LOG_OFFSET: u64 = MIB;
pub(crate) const METADATA_OFFSET: u64 = 2 * MIB;
pub(crate) const BAT_OFFSET: u64 = 3 * MIB;

impl DynamicWriter {
    /// Makes an empty dynamic disk of 512-byte sectors, for its owner only (0600). Never overwrites a file.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless `virtual_size` is whole sectors up to 64 TiB and `block_bytes` a power of two
    /// from 1 to 256 MiB; [`Error::Io`] if the file exists or cannot be written.
    pub fn create(path: impl AsRef<Path>, virtual_size: u64, block_bytes: u32) -> Result<Self> {
        Self::create_with(path.as_ref(), virtual_size, block_bytes, LOGICAL_SECTOR, None)
    }

    /// Makes an empty differencing disk beside its parent, with the parent's sizes.
    ///
    /// # Errors
    /// As [`DynamicWriter::create`], and [`Error::ParentRefused`] unless both lie in one folder.
    pub fn create_child(path: impl AsRef<Path>, parent: impl AsRef<Path>) -> Result<Self> {
        let (path, parent) = (path.as_ref(), parent.as_ref());
        let refused = |why| Error::ParentRefused {
            reference: parent.display().to_string(),
            why,
        };
        if path.parent() != parent.parent() {
            return Err(refused("a child must lie in its parent's folder"));
        }
        let name = parent.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| refused("its name is not Unicode"))?;
        let reader = Reader::open(parent)?;
        let locator = ParentLocator {
            linkage: Some(reader.data_write_guid()),
            relative_path: Some(format!(".\\{name}")),
            ..ParentLocator::default()
        };
        let (size, block, sector) = (
            reader.virtual_size(),
            reader.block_bytes() as u32,
            reader.sector_bytes(),
        );
        Self::create_with(path, size, block, sector, Some(locator))
    }

    fn create_with(
        path: &Path,
        virtual_size: u64,
        block_bytes: u32,
        sector_bytes: u64,
        parent: Option<ParentLocator>,
    ) -> Result<Self> {
        check_parameters(virtual_size, block_bytes)?;
        let geometry = Geometry {
            virtual_size,
            block_bytes: block_bytes.into(),
            sector_bytes,
            differencing: parent.is_some(),
        };
        let metadata = Metadata {
            geometry,
            physical_sector_bytes: PHYSICAL_SECTOR,
            disk_id: fresh_guid(),
            parent,
        };
        let header = Header {
            sequence: 2,
            file_write: fresh_guid(),
            data_write: fresh_guid(),
            log: uuid::Uuid::nil(),
            log_offset: LOG_OFFSET,
            log_len: MIB as u32,
        };
        let bat_len = (geometry.bat_entries() * 8).next_multiple_of(MIB);
        let bat = Region {
            id: BAT,
            offset: BAT_OFFSET,
            len: bat_len,
        };
        let region = Region {
            id: METADATA,
            offset: METADATA_OFFSET,
            len: MIB,
        };
        let log = Region {
            id: uuid::Uuid::nil(),
            offset: LOG_OFFSET,
            len: MIB,
        };
        let file_len = BAT_OFFSET + bat_len;
        let write = || -> Result<File> {
            let mut options = OpenOptions::new();
            // A disk holds everything that its machine knew.
            options.read(true).write(true).create_new(true).mode(0o600);
            let file = options.open(path);
            let file = file.map_err(Error::io("create", "file", 0))?;
            file.set_len(file_len)
                .map_err(Error::io("lengthen", "file", file_len))?;
            write_all(&file, "metadata", METADATA_OFFSET, &metadata.encode())?;
            write_all(&file, "headers", 0, &first_mebibyte(&header, &[region, bat]))?;
            Ok(file)
        };
        let image = Image {
            source: write().map_err(|error| error.in_file(path))?,
            header,
            header_slot: 1,
            regions: Regions {
                bat,
                metadata: region,
                all: vec![log, bat, region],
            },
            bat: Bat {
                entries: vec![0; geometry.bat_entries() as usize],
            },
            metadata,
            overlay: Overlay::default(),
            file_len,
            full_len: file_len,
        };
        Ok(Self::with_image(path, image, file_len))
    }
}

pub(crate) fn check_parameters(virtual_size: u64, block_bytes: u32) -> Result<()> {
    let bad = |what, value, why| Err(Error::BadParameter { what, value, why });
    if virtual_size == 0 || virtual_size > VIRTUAL_SIZE_MAX || !virtual_size.is_multiple_of(LOGICAL_SECTOR) {
        return bad(
            "a virtual size",
            virtual_size,
            "it must be whole sectors of 512 bytes up to 64 TiB",
        );
    }
    if !block_bytes.is_power_of_two() || !(1 << 20..=256 << 20).contains(&block_bytes) {
        return bad(
            "a block size",
            block_bytes.into(),
            "it must be a power of two from 1 to 256 MiB",
        );
    }
    Ok(())
}
