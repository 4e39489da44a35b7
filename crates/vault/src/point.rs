//! Sealing, finding and reading points.

pub(crate) mod disk;
pub(crate) mod reading;

use crate::Vault;
use crate::contract::Withheld;
use crate::error::{Result, VaultError};
use crate::ingest::store_error;
use crate::layout::Manifest;
use crate::point::reading::Point;
use crate::repository::engine_error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use domain::ids::{AttemptId, PointId, ReplicaId, TenantId};
use rustic_core::repofile::{FileType, SnapshotFile, SnapshotId};
use rustic_core::{BytesList, Id, WriteBackend as _};
use std::str::FromStr;
use std::sync::Arc;

/// A sealed point as its snapshot names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointEntry {
    /// restic snapshot id, 64 hexadecimal digits.
    pub snapshot: String,
    pub point: PointId,
    pub replica: ReplicaId,
    pub attempt: AttemptId,
    /// World's time of the checkpoint, RFC 3339 UTC.
    pub taken: String,
}

impl Vault {
    /// Makes a point visible by writing its withheld snapshot file. Doing it again changes nothing. Check lease, token and proof
    /// before; the vault knows nothing of them.
    ///
    /// # Errors
    /// [`VaultError::NotThatSnapshot`] when the journaled bytes are not that snapshot; [`VaultError::NoRoom`]; storage errors.
    pub fn seal(&self, tenant: &TenantId, withheld: &Withheld) -> Result<()> {
        let not_that = |why| VaultError::NotThatSnapshot {
            tenant: tenant.clone(),
            snapshot: withheld.snapshot.clone(),
            why,
        };
        let id: Id = withheld
            .snapshot
            .parse()
            .map_err(|_| not_that("the id is not 64 hexadecimal digits"))?;
        let bytes = BASE64
            .decode(&withheld.snapshot_bytes_base64)
            .map_err(|_| not_that("they are not base64"))?;
        let bytes = Bytes::from(bytes);
        let armed = Arc::new(self.backend(tenant)?.armed(vec![(id, bytes.clone())]));
        self.guard_snapshot(tenant, &armed, &id, None)?;
        let backend = self.backend(tenant)?;
        backend
            .write_bytes(FileType::Snapshot, &id, false, BytesList::from(bytes))
            .map_err(|error| match backend.failure() {
                Some(failure) => store_error(tenant, failure.full, &failure.detail),
                None => engine_error("write the snapshot", tenant)(error),
            })
    }

    /// Whether a snapshot is sealed.
    ///
    /// # Errors
    /// Storage errors.
    pub fn snapshot_exists(&self, tenant: &TenantId, snapshot: &str) -> Result<bool> {
        let Ok(id) = snapshot.parse::<Id>() else {
            return Ok(false);
        };
        match self.backend(tenant) {
            Err(VaultError::NoRepository { .. }) => Ok(false),
            backend => backend?
                .exists(FileType::Snapshot, &id)
                .map_err(engine_error("look for the snapshot", tenant)),
        }
    }

    /// All points of a tenant, oldest first; other snapshots in the repository are left out. A tenant without a repository has none.
    ///
    /// # Errors
    /// Key and storage errors.
    pub fn list(&self, tenant: &TenantId) -> Result<Vec<PointEntry>> {
        let repository = match self
            .backend(tenant)
            .and_then(|backend| self.open_repository(tenant, Arc::new(backend)))
        {
            Err(VaultError::NoRepository { .. }) => return Ok(Vec::new()),
            other => other?,
        };
        let mut snapshots = repository
            .get_all_snapshots()
            .map_err(engine_error("list the snapshots", tenant))?;
        snapshots.sort_by_key(|snapshot| snapshot.time.timestamp());
        Ok(snapshots.iter().filter_map(entry_of).collect())
    }

    /// What a point says about itself.
    ///
    /// # Errors
    /// No such snapshot, or not a point; key and storage errors.
    pub fn manifest(&self, tenant: &TenantId, snapshot: &str) -> Result<Manifest> {
        Ok(self.open_point(tenant, snapshot)?.manifest)
    }

    pub(crate) fn open_point(&self, tenant: &TenantId, snapshot: &str) -> Result<Point> {
        let none = || VaultError::NoSuchSnapshot {
            tenant: tenant.clone(),
            snapshot: snapshot.to_owned(),
        };
        let id: Id = snapshot.parse().map_err(|_| none())?;
        let backend = Arc::new(self.backend(tenant)?);
        let repository = self.open_repository(tenant, backend.clone())?;
        if !backend
            .exists(FileType::Snapshot, &id)
            .map_err(engine_error("look for the snapshot", tenant))?
        {
            return Err(none());
        }
        let file: SnapshotFile = repository
            .get_file(&SnapshotId::from(id))
            .map_err(engine_error("read the snapshot", tenant))?;
        let entry = entry_of(&file).ok_or_else(|| VaultError::NotAPoint {
            snapshot: snapshot.to_owned(),
            why: "it does not carry the tags of a point".to_owned(),
        })?;
        let repository = repository
            .to_indexed()
            .map_err(engine_error("read the index", tenant))?;
        Point::open(repository, tenant.clone(), snapshot.to_owned(), file.tree, &entry)
    }
}

fn entry_of(file: &SnapshotFile) -> Option<PointEntry> {
    fn tag<T: FromStr>(file: &SnapshotFile, name: &str) -> Option<T> {
        file.tags
            .iter()
            .find_map(|tag| tag.strip_prefix(name)?.strip_prefix(':')?.parse().ok())
    }
    Some(PointEntry {
        snapshot: file.id.into_inner().to_hex().to_string(),
        point: tag(file, "point")?,
        replica: tag(file, "replica")?,
        attempt: tag(file, "attempt")?,
        taken: file.time.timestamp().to_string(),
    })
}
