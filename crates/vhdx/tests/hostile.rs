//! Damaged, cut, lying and failing files: a clear error, never a panic, never memory without bound.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::fs;
use std::io;
use std::process::Command;

use proptest::prelude::*;
use vhdx::{Disk, DynamicWriter, Error, ReadAt, Reader, raw_copy};

const MIB: u64 = 1 << 20;
const LOG: usize = 1 << 20;
const METADATA: usize = 2 << 20;
const BAT: usize = 3 << 20;

fn disk() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    let mut writer = DynamicWriter::create(&path, 6 * MIB, MIB as u32).unwrap();
    writer.write_at(MIB - 512, &[5; 2048]).unwrap();
    writer.write_at(4 * MIB, &[6; 512]).unwrap();
    drop(writer);
    fs::read(path).unwrap()
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0x82F6_3B78
            } else {
                crc >> 1
            }
        })
    })
}

/// Puts the right checksum over a changed structure, so that the next check is what meets the lie.
fn seal(file: &mut [u8], at: usize, len: usize) {
    file[at + 4..at + 8].fill(0);
    let sum = crc32c(&file[at..at + len]);
    file[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn open_error(file: Vec<u8>) -> Error {
    Reader::from_source(file).err().unwrap()
}

/// Reads everything a file offers; only the absence of panics is of interest.
fn exercise(file: Vec<u8>) {
    let Ok(reader) = Reader::from_source(file) else {
        return;
    };
    let mut buf = vec![0; 70_000];
    for (start, len) in reader.allocated_ranges().take(64) {
        let part = len.min(70_000) as usize;
        let _ = reader.read_at(start, &mut buf[..part]);
        let _ = reader.read_at(start + len - part as u64, &mut buf[..part]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn flipped_bytes_never_panic(
        hits in proptest::collection::vec(
            (prop_oneof![
                0usize..80, (64usize << 10)..(64 << 10) + 90, (128usize << 10)..(128 << 10) + 90,
                (192usize << 10)..(192 << 10) + 90, (256usize << 10)..(256 << 10) + 90,
                METADATA..METADATA + 260, METADATA + 65536..METADATA + 65600, BAT..BAT + 64,
            ], any::<u8>()), 1..6),
        resealed in any::<bool>(),
    ) {
        let mut file = disk();
        for (at, byte) in hits {
            file[at] = byte;
        }
        if resealed {
            for (at, len) in [(64 << 10, 4096), (128 << 10, 4096), (192 << 10, 65536), (256 << 10, 65536)] {
                seal(&mut file, at, len);
            }
        }
        exercise(file);
    }

    #[test]
    fn a_file_cut_anywhere_gives_an_error_or_whole_data(len in 0usize..8 << 20) {
        let mut file = disk();
        let whole = file.len();
        file.truncate(len);
        if len < whole {
            prop_assert!(Reader::from_source(file).is_err());
        }
    }
}

#[test]
fn something_else_is_not_taken_for_a_disk() {
    for bytes in [
        vec![],
        b"vhdx".to_vec(),
        vec![0; 4 << 20],
        b"QFI\xfb".repeat(1 << 18),
    ] {
        let error = open_error(bytes);
        assert!(
            matches!(error, Error::Io { .. } | Error::BadSignature { .. }),
            "{error}"
        );
    }
}

#[test]
fn one_damaged_header_is_survived_and_two_are_named() {
    let mut file = disk();
    file[(64 << 10) + 20] ^= 1;
    assert!(Reader::from_source(file.clone()).is_ok());
    file[(128 << 10) + 20] ^= 1;
    let error = open_error(file);
    assert!(
        matches!(error, Error::NoGoodCopy { what: "header", .. }),
        "{error}"
    );
    assert!(error.to_string().contains("0x20000"), "{error}");
}

#[test]
fn one_damaged_region_table_is_survived_and_two_are_named() {
    let mut file = disk();
    file[(192 << 10) + 20] ^= 1;
    assert!(Reader::from_source(file.clone()).is_ok());
    file[(256 << 10) + 20] ^= 1;
    let error = open_error(file);
    assert!(
        matches!(
            error,
            Error::NoGoodCopy {
                what: "region table",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn headers_of_equal_number_and_different_content_are_refused() {
    let mut file = disk();
    let first = file[(64 << 10) + 8..(64 << 10) + 16].to_vec();
    put(&mut file, (128 << 10) + 8, &first);
    put(&mut file, (128 << 10) + 16, &[9; 16]);
    seal(&mut file, 128 << 10, 4096);
    assert!(matches!(open_error(file), Error::Invalid { what: "header", .. }));
}

#[test]
fn a_huge_virtual_size_is_refused_before_memory_is_taken() {
    let mut file = disk();
    // Items lie in writing order after the table: file parameters (8 bytes), then the size.
    put(&mut file, METADATA + 65536 + 8, &(64u64 << 40).to_le_bytes());
    let error = open_error(file.clone());
    assert!(
        matches!(
            error,
            Error::Invalid {
                what: "block allocation table",
                ..
            }
        ),
        "{error}"
    );
    put(&mut file, METADATA + 65536 + 8, &u64::MAX.to_le_bytes());
    let error = open_error(file);
    assert!(
        matches!(
            error,
            Error::TooLarge {
                what: "virtual disk size",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn blocks_that_point_somewhere_wrong_are_refused() {
    let good = disk();
    let entry = |file: &[u8], i: usize| u64::from_le_bytes(file[BAT + 8 * i..][..8].try_into().unwrap());
    let first = entry(&good, 0);
    for lie in [
        6,
        MIB | 6,
        (3 * MIB) | 6,
        (1 << 40) | 6,
        (u64::MAX << 20) | 6,
        entry(&good, 1),
        (first & !7) | 5,
        first | 7,
    ] {
        let mut file = good.clone();
        put(&mut file, BAT, &lie.to_le_bytes());
        let error = open_error(file);
        assert!(
            matches!(error, Error::Invalid { .. } | Error::Truncated { .. }),
            "{lie:#x}: {error}"
        );
    }
}

#[test]
fn regions_that_overlap_or_leave_the_file_are_refused() {
    for (offset, len) in [
        (MIB, MIB),
        (2 * MIB, 2 * MIB),
        (1 << 50, MIB),
        (0, MIB),
        (5 * MIB + 4096, MIB),
    ] {
        let mut file = disk();
        for table in [192 << 10, 256 << 10] {
            put(&mut file, table + 16 + 32 + 16, &offset.to_le_bytes());
            put(&mut file, table + 16 + 32 + 24, &(len as u32).to_le_bytes());
            seal(&mut file, table, 65536);
        }
        let error = open_error(file);
        assert!(matches!(error, Error::NoGoodCopy { .. }), "{offset:#x}: {error}");
    }
}

/// One log entry with a data sector for `target` and a zeroed range.
fn log_entry(
    file: &mut [u8],
    ring_at: usize,
    sequence: u64,
    target: u64,
    sector: &[u8; 4096],
    zero: (u64, u64),
) {
    let at = LOG + ring_at;
    let file_len = file.len() as u64;
    file[at..at + 8192].fill(0);
    put(file, at, b"loge");
    put(file, at + 8, &8192u32.to_le_bytes());
    put(file, at + 16, &sequence.to_le_bytes());
    put(file, at + 24, &2u32.to_le_bytes());
    put(file, at + 32, &[0x11; 16]);
    put(file, at + 48, &file_len.to_le_bytes());
    put(file, at + 56, &file_len.to_le_bytes());
    put(file, at + 64, b"desc");
    put(file, at + 68, &sector[4092..]);
    put(file, at + 72, &sector[..8]);
    put(file, at + 80, &target.to_le_bytes());
    put(file, at + 88, &sequence.to_le_bytes());
    put(file, at + 96, b"zero");
    put(file, at + 104, &zero.1.to_le_bytes());
    put(file, at + 112, &zero.0.to_le_bytes());
    put(file, at + 120, &sequence.to_le_bytes());
    put(file, at + 4096, b"data");
    put(file, at + 4100, &((sequence >> 32) as u32).to_le_bytes());
    put(file, at + 4104, &sector[8..4092]);
    put(file, at + 8188, &(sequence as u32).to_le_bytes());
}

fn dirty_disk() -> (Vec<u8>, u64) {
    let mut file = disk();
    for header in [64 << 10, 128 << 10] {
        put(&mut file, header + 48, &[0x11; 16]);
        seal(&mut file, header, 4096);
    }
    // The first block of the disk; the log says: its first sector is 0x42, its last two zero.
    let block = u64::from_le_bytes(file[BAT..][..8].try_into().unwrap()) & !(MIB - 1);
    (file, block)
}

#[test]
fn unfinished_writes_in_the_log_are_carried_out_for_readers_and_for_good_by_writers() {
    let (mut file, block) = dirty_disk();
    log_entry(
        &mut file,
        8192,
        8,
        block,
        &[0x41; 4096],
        (block + MIB - 4096, 4096),
    );
    put(&mut file, LOG + 8192 + 12, &8192u32.to_le_bytes());
    log_entry(
        &mut file,
        16384,
        9,
        block,
        &[0x42; 4096],
        (block + MIB - 4096, 4096),
    );
    put(&mut file, LOG + 16384 + 12, &8192u32.to_le_bytes());
    // An older leftover that must not be replayed.
    log_entry(&mut file, 0, 5, block, &[0x66; 4096], (block, 4096));
    for at in [0, 8192, 16384] {
        seal(&mut file, LOG + at, 8192);
    }
    let check = |reader: &dyn Disk| {
        let mut bytes = vec![0; 2 << 20];
        reader.read_at(0, &mut bytes).unwrap();
        assert_eq!(bytes[..4096], [0x42; 4096]);
        assert!(
            bytes[MIB as usize - 4096..MIB as usize]
                .iter()
                .all(|byte| *byte == 0)
        );
        assert_eq!(bytes[MIB as usize..][..1536], [5; 1536]);
    };
    let reader = Reader::from_source(file.clone()).unwrap();
    assert!(reader.log_was_replayed());
    check(&reader);

    // An independent program carries the same log out to the same bytes.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dirty.vhdx");
    fs::write(&path, &file).unwrap();
    let run = Command::new("qemu-img")
        .args(["check", "-r", "all", "-f", "vhdx"])
        .arg(&path)
        .output();
    let run =
        run.unwrap_or_else(|error| panic!("qemu-img: {error}; install it: apt-get install -y qemu-utils"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let repaired = Reader::open(&path).unwrap();
    assert!(!repaired.log_was_replayed());
    check(&repaired);

    fs::write(&path, &file).unwrap();
    drop(DynamicWriter::open(&path).unwrap());
    let settled = Reader::open(&path).unwrap();
    assert!(!settled.log_was_replayed());
    check(&settled);
}

#[test]
fn a_log_without_a_complete_sequence_is_an_error_that_says_what_to_do() {
    let (mut file, block) = dirty_disk();
    let error = open_error(file.clone());
    assert!(matches!(error, Error::DirtyLog { .. }), "{error}");
    log_entry(&mut file, 8192, 8, block, &[0x41; 4096], (block, 4096));
    seal(&mut file, LOG + 8192, 8192);
    // Its tail (0) was never written.
    let error = open_error(file);
    assert!(
        error.to_string().contains("let its host open the disk once"),
        "{error}"
    );
}

/// Fails every read that touches the given offset, once armed.
struct Failing {
    bytes: Vec<u8>,
    bad: u64,
    armed: Cell<bool>,
}

impl ReadAt for Failing {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if self.armed.get() && (offset..offset + buf.len() as u64).contains(&self.bad) {
            return Err(io::Error::other("medium error"));
        }
        self.bytes.read_exact_at(buf, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }
}

#[test]
fn a_failing_read_in_the_middle_of_a_disk_is_never_swallowed() {
    let bytes = disk();
    let block = u64::from_le_bytes(bytes[BAT + 32..][..8].try_into().unwrap()) & !(MIB - 1);
    let source = Failing {
        bytes,
        bad: block + 4096,
        armed: Cell::new(true),
    };
    let reader = Reader::from_source(source).unwrap();
    let error = reader.read_at(4 * MIB, &mut vec![0; 8192]).unwrap_err();
    assert!(
        matches!(error, Error::Io { .. }) && error.to_string().contains("medium error"),
        "{error}"
    );
    let raw = tempfile::tempfile().unwrap();
    assert!(raw_copy(&reader, &raw).is_err());
}

#[test]
fn a_failing_read_while_opening_is_reported_as_such() {
    for bad in [
        0u64,
        64 << 10,
        128 << 10,
        192 << 10,
        2 << 20,
        (2 << 20) + 65536,
        3 << 20,
    ] {
        let source = Failing {
            bytes: disk(),
            bad,
            armed: Cell::new(true),
        };
        let error = Reader::from_source(source).err().unwrap();
        assert_eq!(error.io_kind(), Some(io::ErrorKind::Other), "{bad:#x}: {error}");
    }
}
