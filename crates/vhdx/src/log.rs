//! The log: writes to tables that were promised and perhaps not carried out. Replayed in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crc32c::checksum_of_structure;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::overlay::Overlay;
use crate::source::{ReadAt, guid_at, u32_at, u64_at};

const SECTOR: usize = 4096;
/// Hyper-V uses 1 MiB; anything far beyond is not worth its memory.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Checksummed bytes per byte of log: honest entries do not overlap, hostile ones must not cost more.
const WORK_FACTOR: usize = 8;

/// What a replay says about the file.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub overlay: Overlay,
    /// The file's length once the log is carried out, 0 if the log does not say.
    pub file_len: u64,
}

struct Entry {
    sequence: u64,
    tail: usize,
    flushed_len: u64,
    last_len: u64,
    bytes: Vec<u8>,
    descriptors: usize,
}

struct Ring<'a> {
    bytes: &'a [u8],
    header: &'a Header,
}

/// Replays the log named by `header`; an empty one (nil GUID) gives nothing.
pub(crate) fn replay<S: ReadAt>(source: &S, header: &Header, file_len: u64) -> Result<Replayed> {
    if header.log.is_nil() {
        return Ok(Replayed::default());
    }
    let (offset, len) = (header.log_offset, u64::from(header.log_len));
    if len > LOG_BYTES_MAX {
        return Err(Error::TooLarge {
            what: "log",
            value: len,
            limit: LOG_BYTES_MAX,
        });
    }
    if offset.checked_add(len).is_none_or(|end| end > file_len) {
        return Err(Error::Truncated {
            what: "log",
            offset,
            len,
            file_len,
        });
    }
    let mut bytes = vec![0; len as usize];
    source
        .read_exact_at(&mut bytes, offset)
        .map_err(Error::io("read", "log", offset))?;
    let ring = Ring {
        bytes: &bytes,
        header,
    };
    let dirty = |why: &str| Error::DirtyLog {
        offset,
        why: why.to_owned(),
    };
    let entries = ring.entries()?;
    let active =
        active_sequence(&entries, bytes.len()).ok_or_else(|| dirty("no complete sequence of entries"))?;
    let mut replayed = Replayed::default();
    for at in active {
        let Some(entry) = entries.get(&at) else { continue };
        if entry.flushed_len > file_len {
            return Err(Error::Truncated {
                what: "flushed file",
                offset: 0,
                len: entry.flushed_len,
                file_len,
            });
        }
        // A log can only write what it holds or zero: more growth than a disk can have is a lie.
        if entry.last_len > crate::VIRTUAL_SIZE_MAX.saturating_mul(2) {
            return Err(dirty("it wants the file longer than any disk"));
        }
        replayed.file_len = replayed.file_len.max(entry.last_len);
        entry.replay(&mut replayed.overlay).map_err(dirty)?;
    }
    Ok(replayed)
}

impl Ring<'_> {
    /// All valid entries by their place in the ring.
    fn entries(&self) -> Result<BTreeMap<usize, Entry>> {
        let mut work = self.bytes.len().saturating_mul(WORK_FACTOR);
        let mut entries = BTreeMap::new();
        for at in (0..self.bytes.len()).step_by(SECTOR) {
            let Some(len) = self.candidate(at) else { continue };
            work = work.checked_sub(len).ok_or_else(|| Error::DirtyLog {
                offset: self.header.log_offset,
                why: "its entries overlap each other over and over".to_owned(),
            })?;
            if let Some(entry) = self.entry(at, len) {
                entries.insert(at, entry);
            }
        }
        Ok(entries)
    }

    /// Length of what may be an entry at `at`.
    fn candidate(&self, at: usize) -> Option<usize> {
        let head = self.bytes.get(at..at + 64)?;
        let len = u32_at(head, 8) as usize;
        let plausible = head.get(..4) == Some(b"loge")
            && guid_at(head, 32) == self.header.log
            && u64_at(head, 16) > 0
            && len >= SECTOR
            && len.is_multiple_of(SECTOR)
            && len <= self.bytes.len();
        plausible.then_some(len)
    }

    fn entry(&self, at: usize, len: usize) -> Option<Entry> {
        let first = self.bytes.get(at..(at + len).min(self.bytes.len()))?;
        let mut bytes = first.to_vec();
        bytes.extend(self.bytes.get(..len - first.len())?);
        if u32_at(&bytes, 4) != checksum_of_structure(&bytes) {
            return None;
        }
        let (tail, descriptors) = (u32_at(&bytes, 12) as usize, u32_at(&bytes, 24) as usize);
        if !tail.is_multiple_of(SECTOR) || tail >= self.bytes.len() || descriptors > (len - 64) / 32 {
            return None;
        }
        Some(Entry {
            sequence: u64_at(&bytes, 16),
            tail,
            flushed_len: u64_at(&bytes, 48),
            last_len: u64_at(&bytes, 56),
            descriptors,
            bytes,
        })
    }
}

/// Places of the newest complete run of entries, oldest first: it must reach from its head's tail to its head.
fn active_sequence(entries: &BTreeMap<usize, Entry>, ring: usize) -> Option<Vec<usize>> {
    let mut heads: Vec<(&usize, &Entry)> = entries.iter().collect();
    heads.sort_unstable_by_key(|(_, entry)| std::cmp::Reverse(entry.sequence));
    heads.into_iter().find_map(|(head_at, head)| {
        let mut run = Vec::new();
        let mut at = head.tail;
        loop {
            let entry = entries.get(&at)?;
            let expected = run
                .last()
                .and_then(|last| entries.get(last))
                .map(|last: &Entry| last.sequence + 1);
            if expected.is_some_and(|expected| expected != entry.sequence) || entry.sequence > head.sequence {
                return None;
            }
            run.push(at);
            if at == *head_at {
                return Some(run);
            }
            at = (at + entry.bytes.len()) % ring;
        }
    })
}

impl Entry {
    fn replay(&self, overlay: &mut Overlay) -> std::result::Result<(), &'static str> {
        let data_from = (64 + 32 * self.descriptors).next_multiple_of(SECTOR);
        let mut sectors = self
            .bytes
            .get(data_from..)
            .unwrap_or_default()
            .chunks_exact(SECTOR);
        for descriptor in self
            .bytes
            .get(64..)
            .unwrap_or_default()
            .chunks_exact(32)
            .take(self.descriptors)
        {
            let file_offset = u64_at(descriptor, 16);
            if u64_at(descriptor, 24) != self.sequence {
                return Err("a descriptor belongs to another entry");
            }
            if !file_offset.is_multiple_of(SECTOR as u64) || file_offset > u64::MAX / 2 {
                return Err("a descriptor's place is not on a sector");
            }
            match descriptor.get(..4) {
                Some(b"zero") => {
                    let len = u64_at(descriptor, 8);
                    if !len.is_multiple_of(SECTOR as u64) || len > u64::MAX / 2 {
                        return Err("a zeroed length is not whole sectors");
                    }
                    overlay.put_zero(file_offset, len);
                }
                Some(b"desc") => {
                    let sector = sectors.next().ok_or("fewer data sectors than promised")?;
                    overlay.put_data(file_offset, self.data(descriptor, sector)?);
                }
                _ => return Err("a descriptor of unknown kind"),
            }
        }
        Ok(())
    }

    fn data(&self, descriptor: &[u8], sector: &[u8]) -> std::result::Result<Arc<[u8]>, &'static str> {
        let sequence = u64::from(u32_at(sector, 4)) << 32 | u64::from(u32_at(sector, SECTOR - 4));
        if sector.get(..4) != Some(b"data") || sequence != self.sequence {
            return Err("a data sector belongs to another entry");
        }
        let mut bytes = Vec::with_capacity(SECTOR);
        bytes.extend_from_slice(descriptor.get(8..16).unwrap_or_default());
        bytes.extend_from_slice(sector.get(8..SECTOR - 4).unwrap_or_default());
        bytes.extend_from_slice(descriptor.get(4..8).unwrap_or_default());
        Ok(bytes.into())
    }
}
