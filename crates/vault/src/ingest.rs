//! Taking a point in: everything is stored, nothing is visible.
//!
//! **Every extent is read and hashed anew each time** (`force`, no parent snapshot): the engine would otherwise skip files whose
//! size and times equal the parent's without looking at them. Equal content is still stored once. Skipping unchanged extents comes
//! with reference points and needs times that change with the content.

use crate::Vault;
use crate::backend::StoreBackend;
use crate::contract::{DiskSource, IngestRequest, Withheld};
use crate::error::{Result, VaultError};
use crate::progress::Progress;
use crate::repository::engine_error;
use crate::source::disk::DiskFeed;
use crate::source::feed::{Feed, OnceSource};
use crate::source::file::digest_file;
use crate::source::image::VhdxDisk;
use crate::source::{DiskReader, Ledger};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::evidence::FileDigest;
use domain::ids::TenantId;
use rustic_core::jiff::Timestamp;
use rustic_core::jiff::tz::TimeZone;
use rustic_core::repofile::{SnapshotFile, SnapshotId};
use rustic_core::{BackupOptions, Id, StringList};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

impl Vault {
    /// Stores the disks and configuration files of an export. The snapshot file that would make them a restore point is withheld
    /// and returned; journal it and call [`Vault::seal`] once the proof holds. Dropping it leaves nothing visible, only
    /// unreferenced packs that the next ingest of the same content uses.
    ///
    /// Ingests of one tenant wait for each other, across processes too. Call from a blocking thread.
    ///
    /// # Errors
    /// Any read or write error, a full store ([`VaultError::NoRoom`]), a stop on request, or the engine having taken in less than
    /// it was given. In each case nothing is visible.
    pub fn ingest(&self, request: &IngestRequest, progress: Arc<dyn Progress>) -> Result<Withheld> {
        let mut disks = Vec::new();
        for disk in &request.disks {
            let reader: Box<dyn DiskReader> = Box::new(open_image(disk)?);
            disks.push((disk.clone(), reader));
        }
        self.ingest_from(request, disks, progress)
    }

    /// [`Vault::ingest`] with readers of the caller's own; `request.disks` is not looked at.
    ///
    /// # Errors
    /// As [`Vault::ingest`].
    pub fn ingest_from(
        &self,
        request: &IngestRequest,
        disks: Vec<(DiskSource, Box<dyn DiskReader>)>,
        progress: Arc<dyn Progress>,
    ) -> Result<Withheld> {
        let taken: Timestamp = request.taken.parse().map_err(|_| VaultError::BadRequest {
            why: format!("`{}` is not an RFC 3339 time", request.taken),
        })?;
        let indexes: BTreeSet<u32> = disks.iter().map(|(disk, _)| disk.index).collect();
        if indexes.len() != disks.len() {
            return Err(VaultError::BadRequest {
                why: "two disks have the same number".to_owned(),
            });
        }
        let mut feeds = Vec::new();
        for (disk, reader) in disks {
            feeds.push(DiskFeed::new(disk.index, disk.name, reader)?);
        }
        let files = named_digests(&request.config_files)?;

        self.ensure_repository(&request.tenant)?;
        let lock = self.lock(&request.tenant)?;
        self.sweep_leftovers(&request.tenant, &lock)?;
        let ledger = Arc::new(Ledger::new(progress));
        let feed = Feed::new(request, taken, files, feeds, ledger.clone());
        let outcome = feed.outcome();
        let backend = Arc::new(self.backend(&request.tenant)?.armed(Vec::new()));
        let stored = self.archive(request, taken, feed, &backend);

        // The reader's own error says more than what the engine makes of it.
        if let Some(error) = ledger.take_error() {
            return Err(error);
        }
        if let Some(failure) = backend.failure() {
            return Err(store_error(&request.tenant, failure.full, &failure.detail));
        }
        let snapshot = stored?;
        guard_counts(&ledger, &snapshot)?;
        let (id, bytes) = held_snapshot(request, &backend)?;
        self.guard_snapshot(&request.tenant, &backend, &id, Some(&snapshot))?;
        let manifest = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        let manifest = manifest.ok_or_else(|| incomplete(&ledger, 0, 0))?;
        Ok(Withheld {
            snapshot: id.to_hex().to_string(),
            snapshot_bytes_base64: BASE64.encode(&bytes),
            disks: manifest.disks,
            files: manifest.files,
            read_bytes: ledger.bytes_read(),
            added_bytes: snapshot
                .summary
                .as_ref()
                .map_or(0, |summary| summary.data_added_packed),
        })
    }

    fn archive(
        &self,
        request: &IngestRequest,
        taken: Timestamp,
        feed: Feed,
        backend: &Arc<StoreBackend>,
    ) -> Result<SnapshotFile> {
        let tenant = &request.tenant;
        let repository = self
            .open_repository(tenant, backend.clone())?
            .to_indexed_ids()
            .map_err(engine_error("read the index", tenant))?;
        let mut tags = StringList::default();
        for tag in [
            "stillpoint".to_owned(),
            format!("replica:{}", request.replica),
            format!("point:{}", request.point),
            format!("attempt:{}", request.attempt),
            format!("token:{}", request.token),
        ] {
            tags.add(tag);
        }
        let snapshot = SnapshotFile {
            time: taken.to_zoned(TimeZone::UTC),
            hostname: "stillpoint".to_owned(),
            program_version: format!("stillpoint {}", env!("CARGO_PKG_VERSION")),
            label: request.point.to_string(),
            tags,
            ..SnapshotFile::default()
        };
        let mut options = BackupOptions::default().no_scan(true);
        options.parent_opts.force = true;
        let roots = [PathBuf::from(request.replica.to_string())];
        repository
            .archive(&options, &OnceSource::new(feed), snapshot, &roots)
            .map_err(engine_error("store the disks", tenant))
    }

    /// Checks that a withheld snapshot is what its name says, opens with the tenant's key and is the one expected.
    pub(crate) fn guard_snapshot(
        &self,
        tenant: &TenantId,
        armed: &Arc<StoreBackend>,
        id: &Id,
        expected: Option<&SnapshotFile>,
    ) -> Result<SnapshotFile> {
        let not_that = |why| VaultError::NotThatSnapshot {
            tenant: tenant.clone(),
            snapshot: id.to_hex().to_string(),
            why,
        };
        let held = armed.held();
        let (_, bytes) = held
            .iter()
            .find(|(held_id, _)| held_id == id)
            .ok_or_else(|| not_that("none is withheld"))?;
        if !id.blob_matches_reader(bytes.len() as u64, &mut &bytes[..]) {
            return Err(not_that("their SHA-256 is another"));
        }
        let repository = self.open_repository(tenant, armed.clone())?;
        let read = repository
            .get_file::<SnapshotFile>(&SnapshotId::from(*id))
            .map_err(|_| not_that("they do not open with the tenant's key"))?;
        if expected.is_some_and(|expected| expected.tree != read.tree) {
            return Err(not_that("they point to another tree"));
        }
        Ok(read)
    }
}

fn open_image(disk: &DiskSource) -> Result<VhdxDisk> {
    VhdxDisk::open(&disk.path).map_err(|source| VaultError::DiskOpen {
        disk: disk.index,
        name: disk.name.clone(),
        source,
    })
}

/// Digests of the configuration files under the names they get in the vault. Exports hold several folders, so two files may have
/// the same name: the later ones get a number in front.
fn named_digests(paths: &[PathBuf]) -> Result<Vec<(PathBuf, FileDigest)>> {
    let mut taken = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        let base = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| VaultError::BadRequest {
                why: format!("the configuration file `{}` has no name in UTF-8", path.display()),
            })?;
        let mut name = base.to_owned();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{number}-{base}");
            number += 1;
        }
        files.push((path.clone(), digest_file(path, name)?));
    }
    Ok(files)
}

fn incomplete(ledger: &Ledger, files: u64, bytes: u64) -> VaultError {
    VaultError::Incomplete {
        files,
        files_expected: ledger.files_handed_over(),
        bytes,
        bytes_expected: ledger.bytes_handed_over(),
    }
}

/// The engine swallows read errors and leaves the file out; so what it says it stored must be what it was handed.
fn guard_counts(ledger: &Ledger, snapshot: &SnapshotFile) -> Result<()> {
    let (files, bytes) = snapshot.summary.as_ref().map_or((0, 0), |summary| {
        (
            summary.files_new + summary.files_changed + summary.files_unmodified,
            summary.total_bytes_processed,
        )
    });
    if !ledger.is_complete() || files != ledger.files_handed_over() || bytes != ledger.bytes_handed_over() {
        return Err(incomplete(ledger, files, bytes));
    }
    Ok(())
}

fn held_snapshot(request: &IngestRequest, backend: &StoreBackend) -> Result<crate::backend::HeldSnapshot> {
    let mut held = backend.held();
    match (held.pop(), held.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(VaultError::Repository {
            doing: "withhold the snapshot",
            tenant: request.tenant.clone(),
            detail: "the engine wrote none or more than one".to_owned(),
        }),
    }
}

pub(crate) fn store_error(tenant: &TenantId, full: bool, detail: &str) -> VaultError {
    if full {
        VaultError::NoRoom {
            what: format!("the vault of tenant {tenant}"),
        }
    } else {
        VaultError::Repository {
            doing: "write",
            tenant: tenant.clone(),
            detail: detail.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Quiet;
    use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId};
    use rustic_core::repofile::SnapshotSummary;
    use std::fs;

    fn ledger(files: u64, bytes: u64, complete: bool) -> Ledger {
        let ledger = Ledger::new(Arc::new(Quiet));
        (0..files).for_each(|file| ledger.handed_over(if file == 0 { bytes } else { 0 }));
        if complete {
            ledger.finish();
        }
        ledger
    }

    #[test]
    fn fewer_files_or_bytes_than_handed_over_or_an_unfinished_feed_is_incomplete() {
        let mut summary = SnapshotSummary::default();
        summary.files_new = 3;
        summary.total_bytes_processed = 100;
        let snapshot = SnapshotFile {
            summary: Some(summary),
            ..SnapshotFile::default()
        };
        assert!(guard_counts(&ledger(3, 100, true), &snapshot).is_ok());
        for bad in [ledger(4, 100, true), ledger(3, 101, true), ledger(3, 100, false)] {
            assert!(matches!(
                guard_counts(&bad, &snapshot),
                Err(VaultError::Incomplete { .. })
            ));
        }
        assert!(guard_counts(&ledger(3, 100, true), &SnapshotFile::default()).is_err());
    }

    #[test]
    fn a_read_error_that_the_engine_swallows_is_caught_by_the_counts_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (root, secrets) = (dir.path().join("vault"), dir.path().join("secrets"));
        let vault = Vault::open_with(&root, &secrets, None, crate::local_stores()).unwrap();
        let (kept, lost) = (dir.path().join("kept.xml"), dir.path().join("lost.vmcx"));
        fs::write(&kept, b"kept").unwrap();
        fs::write(&lost, b"lost").unwrap();
        let request = IngestRequest {
            tenant: "contoso".parse().unwrap(),
            replica: ReplicaId(uuid::Uuid::nil()),
            attempt: AttemptId(uuid::Uuid::nil()),
            token: FencingToken(1),
            point: PointId(uuid::Uuid::nil()),
            taken: "2026-11-21T22:15:30Z".to_owned(),
            disks: Vec::new(),
            config_files: vec![kept, lost.clone()],
        };
        vault.ensure_repository(&request.tenant).unwrap();
        let ledger = Arc::new(Ledger::new(Arc::new(Quiet)));
        let taken = request.taken.parse().unwrap();
        let files = named_digests(&request.config_files).unwrap();
        let feed = Feed::new(&request, taken, files, Vec::new(), ledger.clone());
        fs::remove_file(lost).unwrap();
        let backend = Arc::new(vault.backend(&request.tenant).unwrap().armed(Vec::new()));
        // The engine says that all is well, and has a snapshot to show for it...
        let snapshot = vault.archive(&request, taken, feed, &backend).unwrap();
        assert_eq!(backend.held().len(), 1);
        // ...but the ledger knows of the error, and the counts would show it even without.
        assert!(matches!(ledger.take_error(), Some(VaultError::Io { .. })));
        assert!(matches!(
            guard_counts(&ledger, &snapshot),
            Err(VaultError::Incomplete { .. })
        ));
    }

    #[test]
    fn configuration_files_of_equal_name_are_both_kept() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|folder| {
            let path = dir.path().join(folder).join("vm.vmcx");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, folder).unwrap();
            path
        });
        let names: Vec<_> = named_digests(&paths)
            .unwrap()
            .into_iter()
            .map(|(_, digest)| digest.name)
            .collect();
        assert_eq!(names, ["vm.vmcx", "2-vm.vmcx"]);
    }
}
