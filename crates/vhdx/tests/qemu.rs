//! `qemu-img` as the referee: what we write it reads, what it writes we read, byte for byte.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use vhdx::{Disk, DynamicWriter, Reader, VhdxSink, raw_copy, write_vhdx_from};

const MIB: u64 = 1 << 20;

fn qemu_img(args: &[&str]) -> String {
    let run = Command::new("qemu-img").args(args).output();
    let run =
        run.unwrap_or_else(|error| panic!("qemu-img: {error}; install it: apt-get install -y qemu-utils"));
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "qemu-img {args:?}: {said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    said
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A raw disk with data at the start, across block borders, and in its last sector.
fn pattern(path: &Path, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; size as usize];
    for (start, len) in [
        (0, 4096),
        (MIB - 700, 1500),
        (5 * MIB + 512, 3 * MIB),
        (size - 512, 512),
    ] {
        for i in start..(start + len).min(size) {
            bytes[i as usize] = (i % 251) as u8 + 1;
        }
    }
    fs::write(path, &bytes).unwrap();
    bytes
}

fn read_all(disk: &dyn Disk) -> Vec<u8> {
    let mut bytes = vec![0xAA; disk.virtual_size() as usize];
    disk.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn qemu_finds_our_disk_whole_and_equal_to_the_raw_one() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, ours) = (dir.path().join("a.raw"), dir.path().join("a.vhdx"));
    for (size, block) in [(16 * MIB, MIB), (33 * MIB + 512, 2 * MIB), (64 * MIB, 32 * MIB)] {
        let bytes = pattern(&raw, size);
        let mut writer = DynamicWriter::create(&ours, size, block as u32).unwrap();
        for (i, part) in bytes
            .chunks(300_000)
            .enumerate()
            .filter(|(_, part)| part.iter().any(|byte| *byte != 0))
        {
            writer.write_at(i as u64 * 300_000, part).unwrap();
        }
        writer.flush().unwrap();
        qemu_img(&["check", "-f", "vhdx", text(&ours)]);
        qemu_img(&["compare", "-f", "raw", "-F", "vhdx", text(&raw), text(&ours)]);
        let info = qemu_img(&["info", "--output=json", text(&ours)]);
        assert!(info.contains(&format!("\"virtual-size\": {size}")), "{info}");
        assert_eq!(read_all(&Reader::open(&ours).unwrap()), bytes);
        fs::remove_file(&ours).unwrap();
    }
}

#[test]
fn a_disk_of_several_chunks_keeps_its_bitmap_entries_apart() {
    // 256 MiB blocks: 16 to a chunk, so 20 blocks cross a chunk's border.
    let dir = tempfile::tempdir().unwrap();
    let (part, ours) = (dir.path().join("part"), dir.path().join("a.vhdx"));
    let size = 5u64 << 30;
    let mut writer = DynamicWriter::create(&ours, size, 256 << 20).unwrap();
    let offsets = [0, (4 << 30) - 4096, 4 << 30, size - 4096];
    for (offset, fill) in offsets.into_iter().zip(1u8..) {
        writer.write_at(offset, &[fill; 4096]).unwrap();
    }
    qemu_img(&["check", "-f", "vhdx", text(&ours)]);
    for (offset, fill) in offsets.into_iter().zip(1u8..) {
        let (from, to) = (format!("if={}", text(&ours)), format!("of={}", text(&part)));
        // Its `dd` counts what it skips.
        let (skip, count) = (
            format!("skip={}", offset / 4096),
            format!("count={}", offset / 4096 + 1),
        );
        qemu_img(&[
            "dd", "-f", "vhdx", "-O", "raw", "bs=4096", &count, &skip, &from, &to,
        ]);
        assert!(fs::read(&part).unwrap() == [fill; 4096], "{offset:#x}");
        fs::remove_file(&part).unwrap();
    }
}

#[test]
fn disks_made_by_qemu_read_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, theirs) = (dir.path().join("a.raw"), dir.path().join("a.vhdx"));
    for (size, options) in [
        (16 * MIB, "subformat=dynamic,block_size=1M"),
        (20 * MIB, "subformat=dynamic,block_size=8M,log_size=2M"),
        (17 * MIB, "subformat=fixed"),
        (16 * MIB, "subformat=dynamic,block_state_zero=off"),
    ] {
        let bytes = pattern(&raw, size);
        qemu_img(&[
            "convert",
            "-f",
            "raw",
            "-O",
            "vhdx",
            "-o",
            options,
            text(&raw),
            text(&theirs),
        ]);
        let reader = Reader::open(&theirs).unwrap();
        assert_eq!(reader.virtual_size(), size, "{options}");
        assert!(read_all(&reader) == bytes, "{options}");
        let copy = dir.path().join("copy.vhdx");
        write_vhdx_from(&reader, &copy, MIB as u32).unwrap();
        qemu_img(&["compare", text(&theirs), text(&copy)]);
        let plain = File::create(dir.path().join("copy.raw")).unwrap();
        raw_copy(&reader, &plain).unwrap();
        assert!(
            fs::read(dir.path().join("copy.raw")).unwrap() == bytes,
            "{options}"
        );
        fs::remove_file(copy).unwrap();
    }
}

#[test]
fn a_disk_made_by_qemu_can_be_written_on() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, disk) = (dir.path().join("a.raw"), dir.path().join("a.vhdx"));
    let mut bytes = pattern(&raw, 16 * MIB);
    qemu_img(&[
        "convert",
        "-O",
        "vhdx",
        "-o",
        "block_size=1M",
        "-f",
        "raw",
        text(&raw),
        text(&disk),
    ]);
    for round in 0..3u8 {
        let mut writer = DynamicWriter::open(&disk).unwrap();
        for offset in [100u64, 3 * MIB - 5, 12 * MIB + u64::from(round) * 777] {
            writer.write_at(offset, &[round + 1; 1000]).unwrap();
            bytes[offset as usize..][..1000].fill(round + 1);
        }
        writer.flush().unwrap();
        drop(writer);
        fs::write(&raw, &bytes).unwrap();
        qemu_img(&["check", "-f", "vhdx", text(&disk)]);
        qemu_img(&["compare", "-f", "raw", "-F", "vhdx", text(&raw), text(&disk)]);
    }
}

#[test]
fn a_sink_leaves_zeros_out_but_never_loses_an_overwriting_zero() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vhdx");
    let mut sink = VhdxSink::create(&path, 64 * MIB, MIB as u32).unwrap();
    sink.put(8 * MIB, &[1; 4096]).unwrap();
    sink.put(8 * MIB, &[0; 4096]).unwrap();
    sink.put(32 * MIB, &vec![0; 8 << 20]).unwrap();
    let copied = sink.finish().unwrap();
    assert_eq!((copied.seen, copied.written), (8192 + 8 * MIB, 8192));
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.allocated_ranges().collect::<Vec<_>>(), [(8 * MIB, MIB)]);
    assert!(read_all(&reader).iter().all(|byte| *byte == 0));
    qemu_img(&["check", "-f", "vhdx", text(&path)]);
}
