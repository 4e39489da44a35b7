//! The file type identifier and the two headers.

use uuid::Uuid;

use crate::crc32c::checksum_of_structure;
use crate::error::{Error, Result};
use crate::source::{ReadAt, guid_at, put, u16_at, u32_at, u64_at};
use crate::{MIB, region};

pub(crate) const HEADER_BYTES: usize = 4096;
/// Where the two copies lie.
pub(crate) const HEADER_OFFSETS: [u64; 2] = [64 << 10, 128 << 10];

/// The live parts of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub sequence: u64,
    pub file_write: Uuid,
    pub data_write: Uuid,
    pub log: Uuid,
    pub log_offset: u64,
    pub log_len: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        put(&mut bytes, 0, b"head");
        put(&mut bytes, 8, &self.sequence.to_le_bytes());
        put(&mut bytes, 16, &self.file_write.to_bytes_le());
        put(&mut bytes, 32, &self.data_write.to_bytes_le());
        put(&mut bytes, 48, &self.log.to_bytes_le());
        put(&mut bytes, 66, &1u16.to_le_bytes());
        put(&mut bytes, 68, &self.log_len.to_le_bytes());
        put(&mut bytes, 72, &self.log_offset.to_le_bytes());
        let checksum = checksum_of_structure(&bytes);
        put(&mut bytes, 4, &checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8], offset: u64) -> Result<Self> {
        const WHAT: &str = "header";
        if bytes.get(..4) != Some(b"head") {
            return Err(Error::BadSignature { what: WHAT, offset });
        }
        check(WHAT, offset, bytes)?;
        let (log_version, version) = (u16_at(bytes, 64), u16_at(bytes, 66));
        if version != 1 || log_version != 0 {
            let why = format!("version {version}, log version {log_version}; only 1 and 0 are known");
            return Err(Error::invalid(WHAT, offset, why));
        }
        Ok(Self {
            sequence: u64_at(bytes, 8),
            file_write: guid_at(bytes, 16),
            data_write: guid_at(bytes, 32),
            log: guid_at(bytes, 48),
            log_len: u32_at(bytes, 68),
            log_offset: u64_at(bytes, 72),
        })
    }

    /// The current header and the slot it lies in.
    pub(crate) fn load<S: ReadAt>(source: &S) -> Result<(Self, usize)> {
        let mut identifier = [0; 8];
        source
            .read_exact_at(&mut identifier, 0)
            .map_err(Error::io("read", "file type identifier", 0))?;
        if &identifier != b"vhdxfile" {
            return Err(Error::BadSignature {
                what: "file type identifier",
                offset: 0,
            });
        }
        let read = |slot: usize| -> Result<Self> {
            let offset = HEADER_OFFSETS[slot];
            let mut bytes = vec![0; HEADER_BYTES];
            source
                .read_exact_at(&mut bytes, offset)
                .map_err(Error::io("read", "header", offset))?;
            Self::decode(&bytes, offset)
        };
        let (header, slot) = match (read(0), read(1)) {
            (Err(error @ Error::Io { .. }), _) | (_, Err(error @ Error::Io { .. })) => return Err(error),
            (Ok(first), Ok(second)) if first.sequence == second.sequence && first != second => {
                let why = format!("both copies have sequence number {} and differ", first.sequence);
                return Err(Error::invalid("header", HEADER_OFFSETS[1], why));
            }
            (Ok(first), Ok(second)) if second.sequence > first.sequence => (second, 1),
            (Ok(first), _) => (first, 0),
            (Err(_), Ok(second)) => (second, 1),
            (Err(first), Err(second)) => {
                return Err(Error::NoGoodCopy {
                    what: "header",
                    first: Box::new(first),
                    second: Box::new(second),
                });
            }
        };
        header.check_log_place(HEADER_OFFSETS[slot])?;
        Ok((header, slot))
    }

    fn check_log_place(&self, offset: u64) -> Result<()> {
        let misplaced = self.log_offset < MIB
            || !self.log_offset.is_multiple_of(MIB)
            || !u64::from(self.log_len).is_multiple_of(MIB);
        if misplaced && !(self.log.is_nil() && self.log_len == 0) {
            let why = format!(
                "log at {:#x}+{:#x} is not on mebibytes",
                self.log_offset, self.log_len
            );
            return Err(Error::invalid("header", offset, why));
        }
        Ok(())
    }
}

/// Verifies the checksum field at 4.
pub(crate) fn check(what: &'static str, offset: u64, bytes: &[u8]) -> Result<()> {
    let (stored, computed) = (u32_at(bytes, 4), checksum_of_structure(bytes));
    if stored == computed {
        Ok(())
    } else {
        Err(Error::BadChecksum {
            what,
            offset,
            stored,
            computed,
        })
    }
}

/// First mebibyte of a new file: identifier, both headers, both region tables.
pub(crate) fn first_mebibyte(header: &Header, regions: &[region::Region]) -> Vec<u8> {
    let mut bytes = vec![0; MIB as usize];
    put(&mut bytes, 0, b"vhdxfile");
    for (at, unit) in "Stillpoint".encode_utf16().enumerate() {
        put(&mut bytes, 8 + 2 * at, &unit.to_le_bytes());
    }
    let older = Header {
        sequence: header.sequence.saturating_sub(1),
        ..header.clone()
    };
    put(&mut bytes, HEADER_OFFSETS[0] as usize, &older.encode());
    put(&mut bytes, HEADER_OFFSETS[1] as usize, &header.encode());
    let table = region::encode(regions);
    for offset in region::TABLE_OFFSETS {
        put(&mut bytes, offset as usize, &table);
    }
    bytes
}

/// A new random identity. It has to be different, not secret: the standard library's hasher keys suffice.
pub(crate) fn fresh_guid() -> Uuid {
    use std::hash::{BuildHasher, RandomState};
    let half = |salt: u8| RandomState::new().hash_one(salt).to_le_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half(1));
    bytes[8..].copy_from_slice(&half(2));
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
