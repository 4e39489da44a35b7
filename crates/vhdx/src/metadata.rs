//! The metadata region: sizes, identity and, for a differencing disk, where its parent is.

use uuid::{Uuid, uuid};

use crate::bat::Geometry;
use crate::error::{Error, Result};
use crate::locator::ParentLocator;
use crate::region::Region;
use crate::source::{guid_at, put, u16_at, u32_at};
use crate::{MIB, VIRTUAL_SIZE_MAX};

const WHAT: &str = "metadata";
const TABLE_BYTES: u64 = 64 << 10;
const ENTRIES_MAX: u16 = 2047;
const LOCATOR_BYTES_MAX: u64 = 1 << 20;

const FILE_PARAMETERS: Uuid = uuid!("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
const VIRTUAL_DISK_SIZE: Uuid = uuid!("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
const VIRTUAL_DISK_ID: Uuid = uuid!("beca12ab-b2e6-4523-93ef-c309e000c746");
const LOGICAL_SECTOR_SIZE: Uuid = uuid!("8141bf1d-a96f-4709-ba47-f233a8faab5f");
const PHYSICAL_SECTOR_SIZE: Uuid = uuid!("cda348c7-445d-4471-9cc9-e9885251c556");
const PARENT_LOCATOR: Uuid = uuid!("a8d35f2d-b30b-454d-abf7-d3d84834ab0c");

const IS_VIRTUAL_DISK: u32 = 2;
const IS_REQUIRED: u32 = 4;

#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    pub geometry: Geometry,
    pub physical_sector_bytes: u32,
    pub disk_id: Uuid,
    pub parent: Option<ParentLocator>,
}

impl Metadata {
    /// Bytes of a new metadata region (1 MiB).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let flags = u32::from(self.parent.is_some()) << 1;
        let mut parameters = (self.geometry.block_bytes as u32).to_le_bytes().to_vec();
        parameters.extend(flags.to_le_bytes());
        let mut items = vec![
            (FILE_PARAMETERS, IS_REQUIRED, parameters),
            (
                VIRTUAL_DISK_SIZE,
                IS_REQUIRED | IS_VIRTUAL_DISK,
                self.geometry.virtual_size.to_le_bytes().to_vec(),
            ),
            (
                VIRTUAL_DISK_ID,
                IS_REQUIRED | IS_VIRTUAL_DISK,
                self.disk_id.to_bytes_le().to_vec(),
            ),
            (
                LOGICAL_SECTOR_SIZE,
                IS_REQUIRED | IS_VIRTUAL_DISK,
                (self.geometry.sector_bytes as u32).to_le_bytes().to_vec(),
            ),
            (
                PHYSICAL_SECTOR_SIZE,
                IS_REQUIRED | IS_VIRTUAL_DISK,
                self.physical_sector_bytes.to_le_bytes().to_vec(),
            ),
        ];
        if let Some(parent) = &self.parent {
            items.push((PARENT_LOCATOR, IS_REQUIRED, parent.encode()));
        }
        let mut bytes = vec![0; MIB as usize];
        put(&mut bytes, 0, b"metadata");
        put(&mut bytes, 10, &(items.len() as u16).to_le_bytes());
        let mut place = TABLE_BYTES as usize;
        for (i, (id, flags, data)) in items.iter().enumerate() {
            let at = 32 + 32 * i;
            put(&mut bytes, at, &id.to_bytes_le());
            put(&mut bytes, at + 16, &(place as u32).to_le_bytes());
            put(&mut bytes, at + 20, &(data.len() as u32).to_le_bytes());
            put(&mut bytes, at + 24, &flags.to_le_bytes());
            put(&mut bytes, place, data);
            place += data.len().next_multiple_of(8);
        }
        bytes
    }

    /// Reads and checks the region through `read(offset in the file, buffer)`.
    pub(crate) fn load(region: &Region, read: impl Fn(u64, &mut [u8]) -> Result<()>) -> Result<Self> {
        let items = Items::load(region, &read)?;
        let parameters: [u8; 8] = items.fixed(FILE_PARAMETERS, "file parameters", &read)?;
        let (block_bytes, flags) = (u32_at(&parameters, 0), u32_at(&parameters, 4));
        let differencing = flags & 2 != 0;
        let virtual_size = u64::from_le_bytes(items.fixed(VIRTUAL_DISK_SIZE, "virtual disk size", &read)?);
        let sector_bytes =
            u32::from_le_bytes(items.fixed(LOGICAL_SECTOR_SIZE, "logical sector size", &read)?);
        let physical_sector_bytes =
            u32::from_le_bytes(items.fixed(PHYSICAL_SECTOR_SIZE, "physical sector size", &read)?);
        let disk_id = Uuid::from_bytes_le(items.fixed(VIRTUAL_DISK_ID, "virtual disk id", &read)?);
        let bad = |why: String| Err(Error::invalid(WHAT, region.offset, why));
        if !block_bytes.is_power_of_two() || !(1 << 20..=256 << 20).contains(&block_bytes) {
            return bad(format!(
                "block size {block_bytes} is no power of two from 1 to 256 MiB"
            ));
        }
        for bytes in [sector_bytes, physical_sector_bytes] {
            if ![512, 4096].contains(&bytes) {
                return bad(format!("sector size {bytes} is neither 512 nor 4096"));
            }
        }
        if virtual_size > VIRTUAL_SIZE_MAX {
            return Err(Error::TooLarge {
                what: "virtual disk size",
                value: virtual_size,
                limit: VIRTUAL_SIZE_MAX,
            });
        }
        if virtual_size == 0 || !virtual_size.is_multiple_of(u64::from(sector_bytes)) {
            return bad(format!(
                "virtual size {virtual_size} is not a whole number of sectors"
            ));
        }
        let parent = if differencing {
            Some(items.locator(&read)?)
        } else {
            None
        };
        let geometry = Geometry {
            virtual_size,
            block_bytes: block_bytes.into(),
            sector_bytes: sector_bytes.into(),
            differencing,
        };
        Ok(Self {
            geometry,
            physical_sector_bytes,
            disk_id,
            parent,
        })
    }
}

struct Items<'a> {
    region: &'a Region,
    entries: Vec<(Uuid, u64, u64)>,
}

impl<'a> Items<'a> {
    fn load(region: &'a Region, read: &impl Fn(u64, &mut [u8]) -> Result<()>) -> Result<Self> {
        let mut table = vec![0; TABLE_BYTES as usize];
        read(region.offset, &mut table)?;
        if table.get(..8) != Some(b"metadata") {
            return Err(Error::BadSignature {
                what: WHAT,
                offset: region.offset,
            });
        }
        let count = u16_at(&table, 10);
        if count > ENTRIES_MAX {
            return Err(Error::TooLarge {
                what: "number of metadata items",
                value: count.into(),
                limit: ENTRIES_MAX.into(),
            });
        }
        let known = [
            FILE_PARAMETERS,
            VIRTUAL_DISK_SIZE,
            VIRTUAL_DISK_ID,
            LOGICAL_SECTOR_SIZE,
            PHYSICAL_SECTOR_SIZE,
            PARENT_LOCATOR,
        ];
        let mut entries: Vec<(Uuid, u64, u64)> = Vec::new();
        for i in 0..usize::from(count) {
            let at = 32 + 32 * i;
            let id = guid_at(&table, at);
            let (offset, len) = (
                u64::from(u32_at(&table, at + 16)),
                u64::from(u32_at(&table, at + 20)),
            );
            let flags = u32_at(&table, at + 24);
            let bad = |why: String| Err(Error::invalid(WHAT, region.offset + at as u64, why));
            if len > 0 && (offset < TABLE_BYTES || offset + len > region.len) {
                return bad(format!(
                    "item {id} at {offset:#x}+{len:#x} lies outside the region"
                ));
            }
            if !known.contains(&id) {
                if flags & IS_REQUIRED != 0 {
                    return bad(format!("required item {id} is not known"));
                }
                continue;
            }
            if entries.iter().any(|entry| entry.0 == id) {
                return bad(format!("item {id} appears twice"));
            }
            if entries
                .iter()
                .any(|(_, other, n)| offset < other + n && *other < offset + len)
            {
                return bad(format!("item {id} overlaps another"));
            }
            entries.push((id, offset, len));
        }
        Ok(Self { region, entries })
    }

    fn find(&self, id: Uuid, name: &str) -> Result<(u64, u64)> {
        let found = self.entries.iter().find(|entry| entry.0 == id);
        let (_, offset, len) =
            found.ok_or_else(|| Error::invalid(WHAT, self.region.offset, format!("no {name}")))?;
        Ok((self.region.offset + offset, *len))
    }

    fn fixed<const N: usize>(
        &self,
        id: Uuid,
        name: &str,
        read: &impl Fn(u64, &mut [u8]) -> Result<()>,
    ) -> Result<[u8; N]> {
        let (offset, len) = self.find(id, name)?;
        if len < N as u64 {
            return Err(Error::invalid(
                WHAT,
                offset,
                format!("{name} has {len} bytes instead of {N}"),
            ));
        }
        let mut bytes = [0; N];
        read(offset, &mut bytes)?;
        Ok(bytes)
    }

    fn locator(&self, read: &impl Fn(u64, &mut [u8]) -> Result<()>) -> Result<ParentLocator> {
        let (offset, len) = self.find(PARENT_LOCATOR, "parent locator")?;
        if len > LOCATOR_BYTES_MAX {
            return Err(Error::TooLarge {
                what: "parent locator",
                value: len,
                limit: LOCATOR_BYTES_MAX,
            });
        }
        let mut bytes = vec![0; len as usize];
        read(offset, &mut bytes)?;
        ParentLocator::decode(&bytes, offset)
    }
}
