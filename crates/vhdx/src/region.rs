//! The region table: where the block allocation table and the metadata lie.

use uuid::{Uuid, uuid};

use crate::MIB;
use crate::crc32c::checksum_of_structure;
use crate::error::{Error, Result};
use crate::header::check;
use crate::source::{guid_at, put, u32_at, u64_at};

pub(crate) const TABLE_BYTES: usize = 64 << 10;
/// Where the two copies lie.
pub(crate) const TABLE_OFFSETS: [u64; 2] = [192 << 10, 256 << 10];
pub(crate) const BAT: Uuid = uuid!("2dc27766-f623-4200-9d64-115e9bfd4a08");
pub(crate) const METADATA: Uuid = uuid!("8b7ca206-4790-4b9a-b8fe-575f050f886e");

const WHAT: &str = "region table";
const ENTRIES_MAX: u32 = 2047;

/// One region of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub id: Uuid,
    pub offset: u64,
    pub len: u64,
}

impl Region {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }

    pub(crate) fn overlaps(&self, offset: u64, len: u64) -> bool {
        offset < self.end() && self.offset < offset.saturating_add(len)
    }
}

/// The regions this crate understands, and every claimed piece of the file for overlap checks.
#[derive(Debug, Clone)]
pub(crate) struct Regions {
    pub bat: Region,
    pub metadata: Region,
    pub all: Vec<Region>,
}

pub(crate) fn encode(regions: &[Region]) -> Vec<u8> {
    let mut bytes = vec![0; TABLE_BYTES];
    put(&mut bytes, 0, b"regi");
    put(&mut bytes, 8, &(regions.len() as u32).to_le_bytes());
    for (i, region) in regions.iter().enumerate() {
        let at = 16 + 32 * i;
        put(&mut bytes, at, &region.id.to_bytes_le());
        put(&mut bytes, at + 16, &region.offset.to_le_bytes());
        put(&mut bytes, at + 24, &(region.len as u32).to_le_bytes());
        put(&mut bytes, at + 28, &1u32.to_le_bytes());
    }
    let checksum = checksum_of_structure(&bytes);
    put(&mut bytes, 4, &checksum.to_le_bytes());
    bytes
}

/// Decodes one copy. `log` is the log's place (offset, length), which no region may touch.
pub(crate) fn decode(bytes: &[u8], at: u64, log: (u64, u64), file_len: u64) -> Result<Regions> {
    if bytes.get(..4) != Some(b"regi") {
        return Err(Error::BadSignature {
            what: WHAT,
            offset: at,
        });
    }
    check(WHAT, at, bytes)?;
    let count = u32_at(bytes, 8);
    if count > ENTRIES_MAX {
        return Err(Error::TooLarge {
            what: "number of regions",
            value: count.into(),
            limit: ENTRIES_MAX.into(),
        });
    }
    let log = Region {
        id: Uuid::nil(),
        offset: log.0,
        len: log.1,
    };
    let mut all = vec![log];
    let (mut bat, mut metadata) = (None, None);
    for i in 0..count as usize {
        let entry = 16 + 32 * i;
        let region = Region {
            id: guid_at(bytes, entry),
            offset: u64_at(bytes, entry + 16),
            len: u64::from(u32_at(bytes, entry + 24)),
        };
        check_place(&region, &all, at, file_len)?;
        let slot = match region.id {
            BAT => Some(&mut bat),
            METADATA => Some(&mut metadata),
            _ => None,
        };
        match slot {
            Some(Some(_)) => {
                return Err(Error::invalid(
                    WHAT,
                    at,
                    format!("region {} appears twice", region.id),
                ));
            }
            Some(slot) => *slot = Some(region),
            None if u32_at(bytes, entry + 28) & 1 == 1 => {
                return Err(Error::invalid(
                    WHAT,
                    at,
                    format!("required region {} is not known", region.id),
                ));
            }
            None => {}
        }
        all.push(region);
    }
    let missing = |name: &str| Error::invalid(WHAT, at, format!("no {name} region"));
    Ok(Regions {
        bat: bat.ok_or_else(|| missing("block allocation table"))?,
        metadata: metadata.ok_or_else(|| missing("metadata"))?,
        all,
    })
}

fn check_place(region: &Region, others: &[Region], at: u64, file_len: u64) -> Result<()> {
    let place = format!("{} at {:#x}+{:#x}", region.id, region.offset, region.len);
    if region.offset < MIB
        || !region.offset.is_multiple_of(MIB)
        || !region.len.is_multiple_of(MIB)
        || region.len == 0
    {
        return Err(Error::invalid(
            WHAT,
            at,
            format!("region {place} is not on whole mebibytes after the first"),
        ));
    }
    if region
        .offset
        .checked_add(region.len)
        .is_none_or(|end| end > file_len)
    {
        let Region { offset, len, .. } = *region;
        return Err(Error::Truncated {
            what: "region",
            offset,
            len,
            file_len,
        });
    }
    if others
        .iter()
        .any(|other| other.overlaps(region.offset, region.len))
    {
        return Err(Error::invalid(
            WHAT,
            at,
            format!("region {place} overlaps another"),
        ));
    }
    Ok(())
}
