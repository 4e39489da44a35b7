//! What must never become a point: partial reads, failed writes, a full store, a killed process, a stop on request.

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io};
use support::*;
use vault::{DiskReader, Format, Overwrite, Progress, Quiet, VaultError};

const FULL: i32 = 28;
const IO: i32 = 5;

#[test]
fn a_read_error_in_the_middle_of_a_disk_leaves_no_point() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let good = MemoryDisk::new(64 * MIB).filled(0..40 * MIB, 1);
    let bad = good.clone().failing_at(22 * MIB);
    for disks in [vec![&bad], vec![&good, &bad], vec![&bad, &good]] {
        let error = ingest(&vault, &request("contoso"), &disks).unwrap_err();
        match &error {
            VaultError::DiskRead { offset, source, .. } => {
                assert!((20 * MIB..=22 * MIB).contains(offset), "{offset}");
                assert_eq!(source.raw_os_error(), Some(IO));
            }
            other => panic!("{other}"),
        }
        assert!(vault.list(&contoso).unwrap().is_empty());
    }
    let restic = Restic::on(&vault, &contoso);
    assert!(restic.snapshots().is_empty());
    restic.succeeds(&["check", "--read-data"]);
    assert!(vault.check(&contoso, true).unwrap().errors.is_empty());
}

#[test]
fn a_missing_configuration_file_fails_the_ingest_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let mut request = request("contoso");
    request.config_files.push(dir.path().join("gone.vmcx"));
    let error = ingest(&vault, &request, &[&MemoryDisk::new(8 * MIB)]).unwrap_err();
    assert!(error.to_string().contains("gone.vmcx"), "{error}");
}

/// Changes a file when the ingest begins to read the disks, which is after it took the file's digest.
struct Meddler(std::path::PathBuf);

impl Progress for Meddler {
    fn expect(&self, _bytes: u64) {
        let written = fs::write(&self.0, b"after.");
        assert!(written.is_ok(), "{written:?}");
    }
}

#[test]
fn a_configuration_file_that_changes_during_the_ingest_leaves_no_point() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let path = dir.path().join("vm.vmcx");
    fs::write(&path, b"before").unwrap();
    let mut request = request("contoso");
    request.config_files.push(path.clone());
    let disk = MemoryDisk::new(8 * MIB).with(0, 1);
    let meddler = Arc::new(Meddler(path));
    let error = vault
        .ingest_from(&request, vec![(source(0), disk.boxed())], meddler)
        .unwrap_err();
    assert!(matches!(error, VaultError::FileChanged { .. }), "{error}");
    assert!(vault.list(&request.tenant).unwrap().is_empty());
}

#[test]
fn a_full_store_is_no_room_and_the_next_ingest_succeeds_once_there_is_some() {
    let dir = tempfile::tempdir().unwrap();
    let disk = MemoryDisk::new(128 * MIB).filled(0..96 * MIB, 1);
    let contoso = tenant("contoso");
    for packs in [0, 1] {
        let full = open_on(dir.path(), Failing::stores(FULL, packs));
        let error = ingest(&full, &request("contoso"), &[&disk]).unwrap_err();
        assert!(matches!(error, VaultError::NoRoom { .. }), "{error}");
        assert!(full.list(&contoso).unwrap().is_empty());
    }
    let vault = open(dir.path());
    let withheld = ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    Restic::on(&vault, &contoso).succeeds(&["check", "--read-data"]);
}

#[test]
fn a_failed_write_fails_the_ingest_and_leaves_no_point() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open_on(dir.path(), Failing::stores(IO, 1));
    let disk = MemoryDisk::new(128 * MIB).filled(0..96 * MIB, 1);
    let error = ingest(&vault, &request("contoso"), &[&disk]).unwrap_err();
    assert!(matches!(error, VaultError::Repository { .. }), "{error}");
    assert!(vault.list(&tenant("contoso")).unwrap().is_empty());
}

/// Asks to stop once that many bytes are done.
struct StopAfter {
    limit: u64,
    done: AtomicU64,
}

impl Progress for StopAfter {
    fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.done.load(Ordering::SeqCst) >= self.limit
    }
}

#[test]
fn a_stop_on_request_leaves_no_point_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let disk = MemoryDisk::new(64 * MIB).filled(0..40 * MIB, 1);
    let stop = || StopAfter {
        limit: 12 * MIB,
        done: AtomicU64::new(0),
    };
    let error = vault
        .ingest_from(
            &request("contoso"),
            vec![(source(0), disk.boxed())],
            Arc::new(stop()),
        )
        .unwrap_err();
    assert!(matches!(error, VaultError::Cancelled), "{error}");
    assert!(vault.list(&contoso).unwrap().is_empty());

    let withheld = ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    vault.seal(&contoso, &withheld).unwrap();
    let to = dir.path().join("out.raw");
    let error = vault
        .restore_disk(
            &contoso,
            &withheld.snapshot,
            0,
            &to,
            Format::Raw,
            Overwrite::Never,
            &stop(),
        )
        .unwrap_err();
    assert!(matches!(error, VaultError::Cancelled), "{error}");
    assert!(!to.exists());
}

#[test]
fn ingests_of_one_tenant_wait_for_each_other_and_all_succeed() {
    let dir = tempfile::tempdir().unwrap();
    // Two vaults on one folder: as two processes would have.
    let vaults = [open(dir.path()), open(dir.path())];
    std::thread::scope(|scope| {
        for round in 0..6u64 {
            let vault = &vaults[round as usize % 2];
            scope.spawn(move || {
                let disk = MemoryDisk::new(16 * MIB).with(0, 1).with(4 * MIB, round);
                let withheld = ingest(vault, &request("contoso"), &[&disk]).unwrap();
                vault.seal(&tenant("contoso"), &withheld).unwrap();
            });
        }
    });
    let contoso = tenant("contoso");
    assert_eq!(vaults[0].list(&contoso).unwrap().len(), 6);
    Restic::on(&vaults[0], &contoso).succeeds(&["check", "--read-data"]);
}

const CHILD: &str = "VAULT_TEST_KILLED_IN";

/// Reads on until the packs of its first part are stored, then says so and waits to be killed.
struct StopsAt {
    disk: MemoryDisk,
    at: u64,
}

impl DiskReader for StopsAt {
    fn size_bytes(&self) -> u64 {
        self.disk.size
    }

    fn allocated(&mut self) -> io::Result<Vec<std::ops::Range<u64>>> {
        self.disk.allocated()
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset >= self.at {
            println!("\nin the middle");
            io::stdout().flush()?;
            loop {
                std::thread::park();
            }
        }
        self.disk.read_at(offset, buffer)
    }
}

fn killed_disk() -> MemoryDisk {
    MemoryDisk::new(256 * MIB).filled(0..160 * MIB, 1)
}

/// The process that gets killed; does nothing unless started by the test below.
#[test]
fn the_process_that_is_killed_in_the_middle_of_an_ingest() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let vault = open(folder.as_ref());
    let reader = StopsAt {
        disk: killed_disk(),
        at: 150 * MIB,
    };
    let _ = vault.ingest_from(
        &request("contoso"),
        vec![(source(0), Box::new(reader))],
        Arc::new(Quiet),
    );
}

#[test]
fn a_process_killed_in_the_middle_of_an_ingest_leaves_a_clean_repository() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "the_process_that_is_killed_in_the_middle_of_an_ingest",
            "--nocapture",
        ])
        .env(CHILD, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "in the middle"));
    child.kill().unwrap();
    child.wait().unwrap();

    let vault = open(dir.path());
    let contoso = tenant("contoso");
    assert!(
        !files_below(&vault.repository_path(&contoso).join("data")).is_empty(),
        "killed too early to mean anything"
    );
    assert!(vault.list(&contoso).unwrap().is_empty());
    assert!(vault.check(&contoso, true).unwrap().errors.is_empty());
    // What a killed writer had half written is swept away by the next one.
    let leftover = vault
        .repository_path(&contoso)
        .join(format!("data/ab/{}#1", "ab".repeat(32)));
    fs::create_dir_all(leftover.parent().unwrap()).unwrap();
    fs::write(&leftover, b"half a pack").unwrap();
    let withheld = ingest(&vault, &request("contoso"), &[&killed_disk()]).unwrap();
    assert!(!leftover.exists());
    vault.seal(&contoso, &withheld).unwrap();
    let restic = Restic::on(&vault, &contoso);
    restic.succeeds(&["check", "--read-data"]);
    assert_eq!(restic.snapshots(), [withheld.snapshot]);
}
