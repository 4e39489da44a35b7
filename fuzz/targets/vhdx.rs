//! See `vhdx::fuzzing::Good`.
#![no_main]

use std::sync::LazyLock;
use vhdx::DynamicWriter;
use vhdx::fuzzing::Good;

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk.vhdx");
    let mut disk = DynamicWriter::create(&path, 20 << 20, 1 << 20).expect("a disk");
    disk.write_at(5 << 20, &[7; 512]).expect("written");
    disk.flush().expect("flushed");
    Good::of(std::fs::read(&path).expect("read"))
});

libfuzzer_sys::fuzz_target!(|edits: &[u8]| GOOD.damaged(edits));
