use super::*;
use crate::{Disk, Reader};
use proptest::prelude::*;
use std::io::Write;

const BLOCK: u32 = 1 << 20;

/// The byte of a disk at an offset.
fn byte(offset: u64) -> u8 {
    (offset.wrapping_mul(2_654_435_761) >> 13) as u8 | 1
}

fn content(size: u64, disk_offset: u64, len: u64) -> Vec<u8> {
    (disk_offset..disk_offset + len)
        .map(|at| if at < size { byte(at) } else { 0 })
        .collect()
}

/// The file from `from` on, in steps.
fn rendered(outline: &Outline, size: u64, from: u64, step: usize) -> Vec<u8> {
    let (mut at, mut out) = (from, Vec::new());
    while let Some(part) = outline.part(at) {
        let bytes = match part {
            Part::Head(bytes) => bytes[..bytes.len().min(step)].to_vec(),
            Part::Disk { disk_offset, len } => content(size, disk_offset, len.min(step as u64)),
        };
        at += bytes.len() as u64;
        out.extend(bytes);
    }
    assert_eq!(at, outline.file_bytes().max(from));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_worked_out_reads_back_as_the_disk(
        sectors in 1_u64..20_000, chosen in prop::collection::btree_set(0_u64..10, 0..6), step in 1_000_usize..3_000_000,
    ) {
        let size = sectors * 512;
        let last = size.div_ceil(BLOCK.into());
        let blocks: Vec<u64> = chosen.into_iter().filter(|block| *block < last).collect();
        let outline = Outline::new(size, BLOCK, blocks.clone(), Uuid::from_u128(7)).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&rendered(&outline, size, 0, step)).unwrap();
        let reader = Reader::from_file(file).unwrap();
        prop_assert_eq!(reader.virtual_size(), size);
        let mut read = vec![0; size as usize];
        Disk::read_at(&reader, 0, &mut read).unwrap();
        for (at, found) in read.iter().enumerate() {
            let at = at as u64;
            let expected = if blocks.contains(&(at / u64::from(BLOCK))) { byte(at) } else { 0 };
            prop_assert_eq!(*found, expected, "at {}", at);
        }
    }

    #[test]
    fn what_was_cut_off_is_continued_where_it_ended(from in 0_u64..9_000_000, step in 1_000_usize..3_000_000) {
        let size = 5 << 20;
        let outline = Outline::new(size, BLOCK, vec![0, 2, 3], Uuid::from_u128(7)).unwrap();
        let whole = rendered(&outline, size, 0, 1 << 20);
        let from = from.min(outline.file_bytes());
        prop_assert_eq!(&rendered(&outline, size, from, step)[..], &whole[from as usize..]);
    }
}

#[test]
fn a_disk_of_many_chunks_has_its_blocks_where_the_table_says() {
    // 8 GiB with blocks of 1 MiB: 4,096 blocks share a bitmap entry, so the table has holes.
    let size = 9 << 30;
    let blocks = vec![0, 4_095, 4_096, 8_192];
    let outline = Outline::new(size, BLOCK, blocks, Uuid::from_u128(7)).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&rendered(&outline, size, 0, 1 << 20)).unwrap();
    let reader = Reader::from_file(file).unwrap();
    let found: Vec<_> = reader.allocated_ranges().collect();
    let mib = 1 << 20;
    assert_eq!(found, [(0, mib), (4_095 * mib, 2 * mib), (8_192 * mib, mib)]);
}

#[test]
fn files_of_other_names_are_other_disks_and_one_name_makes_one_file() {
    let of = |name| Outline::new(1 << 20, BLOCK, vec![0], Uuid::from_u128(name)).unwrap();
    assert_eq!(of(8).head, of(8).head);
    assert_ne!(of(8).head, of(16).head);
}

#[test]
fn blocks_that_cannot_be_are_refused() {
    for blocks in [vec![1, 0], vec![1, 1], vec![5]] {
        assert!(Outline::new(5 << 20, BLOCK, blocks, Uuid::nil()).is_err());
    }
    assert!(Outline::new(513, BLOCK, vec![], Uuid::nil()).is_err());
    assert!(Outline::new(512, 3 << 20, vec![], Uuid::nil()).is_err());
}
