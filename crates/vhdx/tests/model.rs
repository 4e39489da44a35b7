//! The writer against a plain vector of bytes.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use vhdx::{Chain, Disk, DynamicWriter, Error, Reader};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 5 * MIB + 1536;

fn writes() -> impl Strategy<Value = Vec<(u64, usize, u8, bool)>> {
    proptest::collection::vec((0..SIZE, 1usize..200_000, any::<u8>(), any::<bool>()), 1..12)
}

fn read_all(disk: &dyn Disk) -> Vec<u8> {
    let mut bytes = vec![0xAA; disk.virtual_size() as usize];
    disk.read_at(0, &mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn writes_in_any_order_read_back_like_memory(writes in writes()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.vhdx");
        let mut model = vec![0u8; SIZE as usize];
        let mut writer = DynamicWriter::create(&path, SIZE, MIB as u32).unwrap();
        for (offset, len, fill, reopen) in writes {
            let len = len.min((SIZE - offset) as usize);
            writer.write_at(offset, &vec![fill; len]).unwrap();
            model[offset as usize..offset as usize + len].fill(fill);
            if reopen {
                drop(writer);
                writer = DynamicWriter::open(&path).unwrap();
            }
        }
        // The writer is still open and nothing was flushed: another handle sees everything all the same.
        let reader = Reader::open(&path).unwrap();
        prop_assert!(read_all(&reader) == model);
        let covered: Vec<_> = reader.allocated_ranges().collect();
        prop_assert!(covered.windows(2).all(|pair| pair[0].0 + pair[0].1 < pair[1].0));
        for (i, byte) in model.iter().enumerate().filter(|(_, byte)| **byte != 0).step_by(997) {
            let at = i as u64;
            prop_assert!(covered.iter().any(|(start, len)| (*start..start + len).contains(&at)), "{byte} at {i}");
        }
    }

    #[test]
    fn a_chain_of_three_reads_like_the_writes_laid_over_each_other(
        links in proptest::collection::vec(writes(), 3),
        window in (0..SIZE, 1usize..300_000),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = vec![0u8; SIZE as usize];
        let path = |link: usize| dir.path().join(format!("{link}.vhdx"));
        for (link, writes) in links.into_iter().enumerate() {
            let mut writer = match link {
                0 => DynamicWriter::create(path(0), SIZE, MIB as u32).unwrap(),
                _ => DynamicWriter::create_child(path(link), path(link - 1)).unwrap(),
            };
            for (offset, len, fill, _) in writes {
                let offset = offset / 512 * 512;
                let len = len.next_multiple_of(512).min((SIZE - offset) as usize);
                writer.write_at(offset, &vec![fill; len]).unwrap();
                model[offset as usize..offset as usize + len].fill(fill);
            }
        }
        let chain = Chain::open(path(2)).unwrap();
        prop_assert_eq!(chain.depth(), 3);
        prop_assert!(read_all(&chain) == model);
        let mut part = vec![0; window.1.min((SIZE - window.0) as usize)];
        chain.read_at(window.0, &mut part).unwrap();
        prop_assert!(part == model[window.0 as usize..][..part.len()]);
        let covered: Vec<_> = chain.allocated_ranges().collect();
        for (i, _) in model.iter().enumerate().filter(|(_, byte)| **byte != 0).step_by(997) {
            prop_assert!(covered.iter().any(|(start, len)| (*start..start + len).contains(&(i as u64))));
        }
    }
}

#[test]
fn a_write_is_visible_to_another_handle_before_any_flush() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    let mut writer = DynamicWriter::create(&path, 8 * MIB, MIB as u32).unwrap();
    for generation in 1..4u8 {
        writer.write_at(2 * MIB, &[generation; 512]).unwrap();
        let mut seen = [0; 512];
        Reader::open(&path).unwrap().read_at(2 * MIB, &mut seen).unwrap();
        assert_eq!(seen, [generation; 512]);
    }
}

#[test]
fn a_writer_never_takes_the_place_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    std::fs::write(&path, "precious").unwrap();
    let error = DynamicWriter::create(&path, MIB, MIB as u32).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::AlreadyExists));
    assert!(error.to_string().contains("a.vhdx"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn sizes_outside_the_format_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    for (size, block) in [
        (0, 1 << 20),
        (511, 1 << 20),
        ((64 << 40) + 512, 1 << 20),
        (512, 1 << 19),
        (512, 3 << 20),
    ] {
        let error = DynamicWriter::create(&path, size, block).unwrap_err();
        assert!(matches!(error, Error::BadParameter { .. }), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn ranges_outside_the_disk_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    let mut writer = DynamicWriter::create(&path, MIB, MIB as u32).unwrap();
    for offset in [MIB - 1, MIB, u64::MAX] {
        let error = writer.write_at(offset, &[1; 2]).unwrap_err();
        assert!(matches!(error.reason(), Error::OutOfRange { .. }), "{error}");
        let error = Reader::open(&path)
            .unwrap()
            .read_at(offset, &mut [0; 2])
            .unwrap_err();
        assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
    }
}

#[test]
fn a_parent_that_changed_since_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (base, child) = (dir.path().join("base.vhdx"), dir.path().join("child.vhdx"));
    DynamicWriter::create(&base, 4 * MIB, MIB as u32).unwrap();
    DynamicWriter::create_child(&child, &base).unwrap();
    assert_eq!(Chain::open(&child).unwrap().depth(), 2);
    let error = Reader::open(&child)
        .unwrap()
        .read_at(0, &mut [0; 512])
        .unwrap_err();
    assert!(matches!(error, Error::NeedsParent), "{error}");
    DynamicWriter::open(&base)
        .unwrap()
        .write_at(0, &[1; 512])
        .unwrap();
    let error = Chain::open(&child).unwrap_err();
    assert!(matches!(error, Error::ParentChanged { .. }), "{error}");
}
