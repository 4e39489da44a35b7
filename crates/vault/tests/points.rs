//! A point's life: withheld, sealed, read back by Stillpoint and by stock restic.

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::*;
use vault::{Format, Overwrite, Quiet, Vault, VaultError};

/// Two and a half GiB, so three shards; the last extent is shorter; one block at the very end.
fn large_disk() -> MemoryDisk {
    let size = (5 << 29) + 3 * MIB;
    MemoryDisk::new(size)
        .filled(0..9 * MIB, 1)
        .with(1 << 30, 2)
        .with(size - MIB, 3)
}

#[test]
fn a_point_comes_back_from_stillpoint_and_from_stock_restic() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let (first, second) = (large_disk(), MemoryDisk::new(16 * MIB).with(4 * MIB, 9));
    let mut request = request("contoso");
    let config = dir.path().join("vm.vmcx");
    fs::write(&config, b"configuration").unwrap();
    request.config_files.push(config);
    let withheld = ingest(&vault, &request, &[&first, &second]).unwrap();
    assert_eq!(withheld.read_bytes, 12 * MIB + 13);
    let contoso = tenant("contoso");

    // Withheld: nobody sees it.
    let restic = Restic::on(&vault, &contoso);
    assert!(restic.snapshots().is_empty());
    assert!(vault.list(&contoso).unwrap().is_empty());
    assert!(!vault.snapshot_exists(&contoso, &withheld.snapshot).unwrap());
    assert!(matches!(
        vault.manifest(&contoso, &withheld.snapshot),
        Err(VaultError::NoSuchSnapshot { .. })
    ));

    // Sealed, twice: one point.
    vault.seal(&contoso, &withheld).unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    assert!(vault.snapshot_exists(&contoso, &withheld.snapshot).unwrap());
    assert_eq!(restic.snapshots(), std::slice::from_ref(&withheld.snapshot));
    let listed = vault.list(&contoso).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].point, listed[0].taken.as_str()),
        (request.point, "2026-11-21T22:15:30Z")
    );
    restic.succeeds(&["check", "--read-data"]);
    assert!(vault.check(&contoso, true).unwrap().errors.is_empty());
    let verified = vault.verify(&contoso, &withheld.snapshot, &Quiet).unwrap();
    assert_eq!(
        (&verified.disks, &verified.files),
        (&withheld.disks, &withheld.files)
    );

    // By Stillpoint.
    let out = dir.path().join("out");
    let written = vault
        .restore_dir(
            &contoso,
            &withheld.snapshot,
            &out,
            Format::Raw,
            Overwrite::Never,
            &Quiet,
        )
        .unwrap();
    assert_eq!(written.len(), 3);
    assert!(first.equals(&out.join("erp-db-0.raw")));
    assert!(second.equals(&out.join("erp-db-1.raw")));
    assert_eq!(fs::read(out.join("config/vm.vmcx")).unwrap(), b"configuration");

    // By restic and the script.
    let taken_out = dir.path().join("restic");
    restic.succeeds(&[
        "restore",
        &withheld.snapshot,
        "--target",
        taken_out.to_str().unwrap(),
    ]);
    let replica = taken_out.join(request.replica.to_string());
    for (index, disk) in [&first, &second].into_iter().enumerate() {
        let joined = dir.path().join(format!("joined-{index}.raw"));
        join(&replica.join(format!("disk-{index}")), &joined);
        assert!(disk.equals(&joined), "disk {index}");
    }
}

#[test]
fn a_restored_vhdx_reads_like_the_disk_and_is_never_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let disk = MemoryDisk::new(64 * MIB).filled(7 * MIB..20 * MIB, 5);
    let contoso = tenant("contoso");
    let withheld = ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    let to = dir.path().join("back.vhdx");
    let restore = |overwrite| {
        vault.restore_disk(
            &contoso,
            &withheld.snapshot,
            0,
            &to,
            Format::Vhdx,
            overwrite,
            &Quiet,
        )
    };
    restore(Overwrite::Never).unwrap();
    assert_eq!(
        fs::metadata(&to).unwrap().mode() & 0o777,
        0o600,
        "for its owner only"
    );
    let back = vhdx::Reader::open(&to).unwrap();
    let raw = dir.path().join("back.raw");
    vhdx::raw_copy(&back, &fs::File::create(&raw).unwrap()).unwrap();
    assert!(disk.equals(&raw));
    assert_eq!(back.virtual_size(), disk.size);

    fs::write(&to, b"precious").unwrap();
    assert!(matches!(
        restore(Overwrite::Never),
        Err(VaultError::Exists { .. })
    ));
    assert_eq!(fs::read(&to).unwrap(), b"precious");
    restore(Overwrite::Force).unwrap();
    assert_ne!(fs::read(&to).unwrap(), b"precious");
    let missing = vault.restore_disk(
        &contoso,
        &withheld.snapshot,
        4,
        &raw,
        Format::Raw,
        Overwrite::Force,
        &Quiet,
    );
    let words = missing.as_ref().map_err(ToString::to_string);
    assert!(matches!(missing, Err(VaultError::NoSuchDisk { .. })));
    assert!(words.is_err_and(|words| words.contains("no disk 4; its disks: 0 (")));
    let nowhere = dir.path().join("none/back.vhdx");
    let refused = vault.restore_disk(
        &contoso,
        &withheld.snapshot,
        0,
        &nowhere,
        Format::Vhdx,
        Overwrite::Never,
        &Quiet,
    );
    assert!(matches!(refused, Err(VaultError::NoFolder { .. })), "{refused:?}");
}

#[test]
fn an_exported_vhdx_is_taken_in_and_only_its_allocated_ranges_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let path = dir.path().join("disk.vhdx");
    let mut image = vhdx::DynamicWriter::create(&path, 256 * MIB, 2 << 20).unwrap();
    image.write_at(10 * MIB, &[7; 5000]).unwrap();
    image.write_at(200 * MIB, &[0; 5000]).unwrap();
    image.flush().unwrap();
    drop(image);
    let mut request = request("contoso");
    request
        .disks
        .push(vault::contract::DiskSource { path, ..source(0) });
    let withheld = vault.ingest(&request, Arc::new(Quiet)).unwrap();
    assert_eq!(withheld.read_bytes, 4 * MIB);
    vault.seal(&request.tenant, &withheld).unwrap();
    let verified = vault.verify(&request.tenant, &withheld.snapshot, &Quiet).unwrap();
    // The allocated block of zeros takes no extent.
    assert_eq!(verified.read_bytes, 4 * MIB);
}

#[test]
fn a_truncated_vhdx_fails_the_ingest_and_leaves_no_point() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let path = dir.path().join("disk.vhdx");
    let mut image = vhdx::DynamicWriter::create(&path, 64 * MIB, 2 << 20).unwrap();
    image.write_at(0, &vec![3; 32 << 20]).unwrap();
    image.flush().unwrap();
    drop(image);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - (3 << 20)).unwrap();
    let mut request = request("contoso");
    request
        .disks
        .push(vault::contract::DiskSource { path, ..source(0) });
    let error = vault.ingest(&request, Arc::new(Quiet)).unwrap_err();
    assert!(
        matches!(error, VaultError::DiskOpen { .. } | VaultError::DiskRead { .. }),
        "{error}"
    );
    assert!(vault.list(&request.tenant).unwrap().is_empty());
}

#[test]
fn a_changed_block_of_equal_size_is_never_skipped_and_equal_ones_are_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let before = MemoryDisk::new(64 * MIB).filled(0..40 * MIB, 1);
    let after = before.clone().with(21 * MIB, 77);
    let mut points = Vec::new();
    for disk in [&before, &after] {
        let withheld = ingest(&vault, &request("contoso"), &[disk]).unwrap();
        vault.seal(&contoso, &withheld).unwrap();
        points.push(withheld);
    }
    assert_ne!(points[0].disks[0].digest, points[1].disks[0].digest);
    assert!(points[1].added_bytes < 3 * MIB, "{}", points[1].added_bytes);
    for (point, disk) in points.iter().zip([&before, &after]) {
        let to = dir.path().join(format!("{}.raw", point.snapshot));
        vault
            .restore_disk(
                &contoso,
                &point.snapshot,
                0,
                &to,
                Format::Raw,
                Overwrite::Never,
                &Quiet,
            )
            .unwrap();
        assert!(disk.equals(&to));
    }
    // Both were read whole.
    assert_eq!(before.reads.load(Ordering::SeqCst), 80 << 20);
}

#[test]
fn withheld_bytes_that_are_not_that_snapshot_are_not_sealed() {
    use base64::Engine as _;
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let disk = MemoryDisk::new(8 * MIB).with(0, 1);
    let good = ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    let of_another = ingest(&vault, &request("fabrikam"), &[&disk]).unwrap();
    let mut torn = good.clone();
    torn.snapshot_bytes_base64 = base64::engine::general_purpose::STANDARD.encode(b"half a file");
    for (tenant_name, bad) in [("contoso", &torn), ("contoso", &of_another)] {
        let error = vault.seal(&tenant(tenant_name), bad).unwrap_err();
        assert!(matches!(error, VaultError::NotThatSnapshot { .. }), "{error}");
        assert!(vault.list(&tenant(tenant_name)).unwrap().is_empty());
    }
}

#[test]
fn an_opened_disk_gives_each_extent_in_any_order_and_nothing_that_is_not_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let disk = large_disk();
    let withheld = ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    let mut opened = vault.open_disk(&contoso, &withheld.snapshot, 0).unwrap();
    let size = opened.disk().extent_bytes;
    assert_eq!((opened.disk().size_bytes, size), (disk.size, vault::EXTENT_BYTES));
    // 9 MiB at the start, one at 1 GiB, one at the very end, in the other order, and back.
    let expected = [0, 1, 2, 256, 640];
    assert_eq!(opened.extents(), expected);
    for number in expected.into_iter().rev().chain(expected) {
        let extent = opened.extent(number).unwrap();
        assert_eq!(extent.len() as u64, size.min(disk.size - number * size));
        for (nth, part) in extent.chunks(MIB as usize).enumerate() {
            let at = number * size + nth as u64 * MIB;
            match disk.blocks.get(&at) {
                Some(block) => assert!(part == &block[..], "at byte {at}"),
                None => assert!(part.iter().all(|byte| *byte == 0), "at byte {at}"),
            }
        }
    }
    for absent in [3, 255, 641, u64::MAX] {
        assert!(
            matches!(opened.extent(absent), Err(VaultError::NotAPoint { .. })),
            "{absent}"
        );
    }
    assert!(matches!(
        vault.open_disk(&contoso, &withheld.snapshot, 1),
        Err(VaultError::NoSuchDisk { .. })
    ));
    assert!(matches!(
        vault.open_disk(&tenant("fabrikam"), &withheld.snapshot, 0),
        Err(VaultError::NoRepository { .. })
    ));
}

#[test]
fn damage_in_a_pack_is_found_by_check_verify_and_restore() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let withheld = ingest(
        &vault,
        &request("contoso"),
        &[&MemoryDisk::new(8 * MIB).with(0, 1)],
    )
    .unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    let data = vault.repository_path(&contoso).join("data");
    let largest = files_below(&data)
        .into_iter()
        .map(|file| data.join(file))
        .max_by_key(|file| fs::metadata(file).unwrap().len());
    let pack = largest.unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    assert!(!vault.check(&contoso, true).unwrap().errors.is_empty());
    assert!(vault.verify(&contoso, &withheld.snapshot, &Quiet).is_err());
    let opened = vault.open_disk(&contoso, &withheld.snapshot, 0);
    assert!(opened.and_then(|mut disk| disk.extent(0)).is_err());
    let to = dir.path().join("out.raw");
    assert!(
        vault
            .restore_disk(
                &contoso,
                &withheld.snapshot,
                0,
                &to,
                Format::Raw,
                Overwrite::Never,
                &Quiet
            )
            .is_err()
    );
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with("out.raw")),
        "{left:?}"
    );
}

#[test]
fn the_vault_works_from_a_thread_of_an_async_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_path_buf();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move {
        let vault = Arc::new(open(&path));
        let shared = vault.clone();
        let work = move || {
            let withheld = ingest(
                &shared,
                &request("contoso"),
                &[&MemoryDisk::new(8 * MIB).with(0, 1)],
            )?;
            shared.seal(&tenant("contoso"), &withheld)
        };
        tokio::task::spawn_blocking(work).await.unwrap().unwrap();
        // Dropping it here must not panic either.
        drop::<Arc<Vault>>(vault);
    });
}
