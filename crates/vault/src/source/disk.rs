//! One disk as a sequence of extents, shard lists and its `disk.json`, in the order the repository wants them.

use crate::contract::StoredDisk;
use crate::error::{Result, VaultError};
use crate::layout::{DISK_FILE, DiskDigest, DiskFile, EXTENT_BYTES, SHARD_EXTENTS, SUMS_FILE, offset_name};
use crate::source::{DiskReader, Ledger};
use std::collections::VecDeque;
use std::ops::Range;

/// A file inside the disk's folder.
pub(crate) struct Piece {
    /// Path below the disk's folder.
    pub path: String,
    pub content: Vec<u8>,
}

pub(crate) struct DiskFeed {
    index: u32,
    name: String,
    size: u64,
    reader: Box<dyn DiskReader>,
    /// Sorted, merged, inside the disk.
    ranges: VecDeque<Range<u64>>,
    next: u64,
    zeros: Vec<u8>,
    digest: DiskDigest,
    shard: u64,
    sums: String,
    waiting: VecDeque<Piece>,
    closed: bool,
}

impl DiskFeed {
    pub fn new(index: u32, name: String, mut reader: Box<dyn DiskReader>) -> Result<Self> {
        let size = reader.size_bytes();
        let allocated = reader.allocated().map_err(|source| VaultError::DiskOpen {
            disk: index,
            name: name.clone(),
            source,
        })?;
        Ok(Self {
            index,
            name,
            size,
            reader,
            ranges: tidy(allocated, size),
            next: 0,
            zeros: vec![0; EXTENT_BYTES as usize],
            digest: DiskDigest::new(size, EXTENT_BYTES),
            shard: 0,
            sums: String::new(),
            waiting: VecDeque::new(),
            closed: false,
        })
    }

    pub fn index(&self) -> u32 {
        self.index
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// What is known of the disk once [`Self::next_piece`] has returned `None`.
    pub fn stored(&self) -> StoredDisk {
        StoredDisk {
            index: self.index,
            name: self.name.clone(),
            size_bytes: self.size,
            extent_bytes: EXTENT_BYTES,
            digest: self.digest.finish(),
        }
    }

    /// The next file of the disk. Within a shard the extents come before `b3sums`, and the shards before `disk.json`: that is
    /// byte order, because offsets begin with a digit.
    pub fn next_piece(&mut self, ledger: &Ledger) -> Result<Option<Piece>> {
        while self.waiting.is_empty() && !self.closed {
            if ledger.progress.cancelled() {
                return Err(VaultError::Cancelled);
            }
            match self.next_extent(ledger)? {
                Some((offset, content)) => self.take_extent(offset, content),
                None => self.close(ledger)?,
            }
        }
        Ok(self.waiting.pop_front())
    }

    fn take_extent(&mut self, offset: u64, content: Vec<u8>) {
        let shard = offset - offset % (EXTENT_BYTES * SHARD_EXTENTS);
        if shard != self.shard {
            self.close_shard();
            self.shard = shard;
        }
        let hash = blake3::hash(&content);
        self.digest.add(offset, hash);
        let name = offset_name(offset);
        self.sums.push_str(&format!("{}  {name}\n", hash.to_hex()));
        self.waiting.push_back(Piece {
            path: format!("{}/{name}", offset_name(shard)),
            content,
        });
    }

    fn close_shard(&mut self) {
        if !self.sums.is_empty() {
            let content = std::mem::take(&mut self.sums).into_bytes();
            self.waiting.push_back(Piece {
                path: format!("{}/{SUMS_FILE}", offset_name(self.shard)),
                content,
            });
        }
    }

    fn close(&mut self, ledger: &Ledger) -> Result<()> {
        ledger.progress.advance(self.size.saturating_sub(self.next));
        self.close_shard();
        let file = DiskFile {
            disk: self.stored(),
            format: "vhdx".to_owned(),
        };
        let content = serde_json::to_vec_pretty(&file).map_err(|error| VaultError::BadRequest {
            why: error.to_string(),
        })?;
        self.waiting.push_back(Piece {
            path: DISK_FILE.to_owned(),
            content,
        });
        self.closed = true;
        Ok(())
    }

    /// The next extent that is not all zeros.
    fn next_extent(&mut self, ledger: &Ledger) -> Result<Option<(u64, Vec<u8>)>> {
        while let Some(first) = self.ranges.front() {
            let offset = first.start - first.start % EXTENT_BYTES;
            let length = EXTENT_BYTES.min(self.size - offset);
            let end = offset + length;
            let mut content = vec![0; length as usize];
            while let Some(range) = self.ranges.front_mut()
                && range.start < end
            {
                let part = range.start..range.end.min(end);
                range.start = part.end;
                if range.is_empty() {
                    self.ranges.pop_front();
                }
                let slice = &mut content[(part.start - offset) as usize..(part.end - offset) as usize];
                self.reader
                    .read_at(part.start, slice)
                    .map_err(|source| VaultError::DiskRead {
                        disk: self.index,
                        name: self.name.clone(),
                        offset: part.start,
                        source,
                    })?;
                ledger.read(part.end - part.start);
            }
            ledger.progress.advance(end - self.next);
            self.next = end;
            if content[..] != self.zeros[..content.len()] {
                return Ok(Some((offset, content)));
            }
            if ledger.progress.cancelled() {
                return Err(VaultError::Cancelled);
            }
        }
        Ok(None)
    }
}

/// Sorts, merges and clips ranges.
fn tidy(mut ranges: Vec<Range<u64>>, size: u64) -> VecDeque<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut tidied: VecDeque<Range<u64>> = VecDeque::new();
    for range in ranges {
        let range = range.start.min(size)..range.end.min(size);
        if range.is_empty() {
            continue;
        }
        match tidied.back_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => tidied.push_back(range),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_are_sorted_merged_and_clipped_to_the_disk() {
        let tidied = tidy(vec![8..12, 0..4, 4..6, 11..40, 50..60, 5..5], 30);
        assert_eq!(tidied, [0..6, 8..30]);
    }

    proptest::proptest! {
        #[test]
        fn tidied_ranges_cover_the_same_bytes_once_in_order(
            ranges in proptest::collection::vec((0u64..60, 0u64..20), 0..12), size in 0u64..70,
        ) {
            let ranges: Vec<_> = ranges.into_iter().map(|(start, length)| start..start + length).collect();
            let covered: BTreeSet<u64> = ranges.iter().cloned().flatten().filter(|byte| *byte < size).collect();
            let tidied = tidy(ranges, size);
            let bytes: Vec<u64> = tidied.iter().cloned().flatten().collect();
            proptest::prop_assert_eq!(bytes, covered.into_iter().collect::<Vec<_>>());
            proptest::prop_assert!(tidied.iter().zip(tidied.iter().skip(1)).all(|(a, b)| a.end < b.start));
        }
    }
}
