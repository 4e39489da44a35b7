//! A damaged VHDX through the reader, for fuzzers (`fuzz/`) and for the tests below. Nothing of it is used otherwise.
//!
//! A file is mebibytes of zeros between a few structures with checksums: damage to its bytes would meet nothing but a wrong checksum. So an
//! input is a list of edits of the structures of a good file, whose checksums are put right again where an edit asks for it.

use crate::crc32c::checksum_of_structure;
use crate::{ReadAt, Reader, VIRTUAL_SIZE_MAX};
use std::io;

/// Bytes of a window in which an edit says where it begins.
const WINDOW: usize = 4_096;
/// The most ranges that are looked at.
const RANGES_MAX: usize = 1_000;
/// Structures with a checksum: start and length.
const SUMMED: [(usize, usize); 4] = [
    (64 << 10, 4_096),
    (128 << 10, 4_096),
    (192 << 10, 64 << 10),
    (256 << 10, 64 << 10),
];
/// Where it stands in each.
const SUM_AT: usize = 4;

/// A good file whose structures are to be damaged.
pub struct Good {
    bytes: Vec<u8>,
    /// Starts of windows in which something stands.
    windows: Vec<usize>,
}

impl Good {
    /// From the bytes of a file.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        let full = |(_, window): &(usize, &[u8])| window.iter().any(|byte| *byte != 0);
        let windows = bytes.chunks(WINDOW).enumerate().filter(full);
        let windows = windows.map(|(number, _)| number * WINDOW).collect();
        Self { bytes, windows }
    }

    /// Damages the file as `edits` say, opens it and reads. An edit is: which window, a sign, the place in the window (two bytes), how many
    /// bytes follow, and these.
    pub fn damaged(&self, edits: &[u8]) {
        let mut damaged = Damaged {
            bytes: &self.bytes,
            length: self.bytes.len(),
            edits: Vec::new(),
        };
        let (mut rest, mut sum) = (edits, false);
        while let [window, sign, high, low, length, tail @ ..] = rest {
            let put = tail.get(..usize::from(*length)).unwrap_or(tail);
            rest = tail.get(put.len()..).unwrap_or_default();
            sum |= sign & 1 == 1;
            let Some(turn) = usize::from(*window).checked_rem(self.windows.len()) else {
                break;
            };
            let start = self.windows.get(turn).copied().unwrap_or_default();
            let at = start + usize::from(u16::from_be_bytes([*high, *low])) % WINDOW;
            if sign & 2 == 2 {
                damaged.length = damaged.length.min(at);
            } else {
                damaged.edits.push((at, put.to_vec()));
            }
        }
        if sum {
            for (start, length) in SUMMED {
                let mut structure = vec![0; length];
                if damaged.read_exact_at(&mut structure, start as u64).is_ok() {
                    let sum = checksum_of_structure(&structure).to_le_bytes();
                    damaged.edits.push((start + SUM_AT, sum.to_vec()));
                }
            }
        }
        look(&damaged);
    }
}

/// A file with edits in it, the later over the earlier: copying it for every try would take longer than reading it.
struct Damaged<'a> {
    bytes: &'a [u8],
    length: usize,
    edits: Vec<(usize, Vec<u8>)>,
}

impl ReadAt for Damaged<'_> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let whole = self.bytes.get(..self.length).unwrap_or(self.bytes);
        whole.read_exact_at(buf, offset)?;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        for (at, put) in &self.edits {
            for (n, byte) in put.iter().enumerate() {
                let place = (at + n).checked_sub(from).and_then(|place| buf.get_mut(place));
                if let Some(place) = place {
                    *place = *byte;
                }
            }
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.length.min(self.bytes.len()) as u64)
    }
}

/// Opens and reads; what is said of a file that opens must hold.
fn look(file: &Damaged<'_>) {
    let Ok(reader) = Reader::from_source(file) else {
        return;
    };
    let size = reader.virtual_size();
    assert!(size <= VIRTUAL_SIZE_MAX && reader.block_bytes() > 0 && reader.sector_bytes() > 0);
    let mut buffer = [0; 4_096];
    let _read = (
        reader.read_at(0, &mut buffer),
        reader.read_at(size.saturating_sub(4_096), &mut buffer),
    );
    assert!(reader.read_at(size, &mut buffer).is_err(), "read beyond the end");
    let mut end = 0;
    for (at, length) in reader.allocated_ranges().take(RANGES_MAX) {
        assert!(
            at >= end && length > 0 && at + length <= size,
            "{at} {length} of {size}"
        );
        end = at + length;
        let mut buffer = vec![0; usize::try_from(length.min(4_096)).unwrap_or(0)];
        let _read = reader.read_at(at, &mut buffer);
    }
    let _about = (
        reader.parent().is_some(),
        reader.log_was_replayed(),
        reader.disk_id(),
        reader.data_write_guid(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DynamicWriter;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    fn good() -> &'static Good {
        static GOOD: OnceLock<Good> = OnceLock::new();
        GOOD.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("disk.vhdx");
            let mut disk = DynamicWriter::create(&path, 20 << 20, 1 << 20).unwrap();
            disk.write_at(5 << 20, &[7; 512]).unwrap();
            disk.flush().unwrap();
            Good::of(std::fs::read(&path).unwrap())
        })
    }

    #[test]
    fn the_file_that_is_damaged_is_a_good_one() {
        let reader = Reader::from_source(good().bytes.clone()).unwrap();
        assert_eq!(
            reader.allocated_ranges().collect::<Vec<_>>(),
            [(5 << 20, 1 << 20)]
        );
        assert!(good().windows.len() > 5, "{:?}", good().windows);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_damage_makes_opening_panic_or_reach_beyond_the_disk(edits in proptest::collection::vec(any::<u8>(), 0..120)) {
            good().damaged(&edits);
        }
    }
}
