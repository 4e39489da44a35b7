//! A vault of names: what was taken in, what was sealed.

use domain::evidence::FileDigest;
use domain::ids::TenantId;
use engine::ports::{PointVault, VaultFailure};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use vault::contract::{IngestRequest, StoredDisk, Withheld};

#[derive(Default)]
pub struct FakeVault {
    pub full_vault: AtomicBool,
    pub full_staging: AtomicBool,
    /// There was room when it was asked for first, and none ever after.
    pub full_staging_later: AtomicBool,
    asked_staging: AtomicU32,
    /// Other than plenty, when set.
    pub free: AtomicU64,
    /// No room turns up only in the middle of the ingest.
    pub full_later: AtomicBool,
    pub fail: AtomicBool,
    /// Snapshot files cannot be written.
    pub fail_seal: AtomicBool,
    pub taken_in: Mutex<Vec<IngestRequest>>,
    /// Every snapshot file written, each time.
    pub sealed: Mutex<Vec<String>>,
}

impl FakeVault {
    pub fn snapshots(&self) -> BTreeSet<String> {
        self.sealed.lock().unwrap().iter().cloned().collect()
    }
}

impl PointVault for FakeVault {
    fn free_bytes(&self) -> Result<u64, VaultFailure> {
        Ok(if self.full_vault.load(Ordering::Relaxed) {
            1
        } else {
            1 << 40
        })
    }
    fn free_bytes_at(&self, _path: &Path) -> Result<u64, VaultFailure> {
        let before = self.asked_staging.fetch_add(1, Ordering::Relaxed);
        let later = self.full_staging_later.load(Ordering::Relaxed) && before > 0;
        let free = self.free.load(Ordering::Relaxed);
        Ok(if self.full_staging.load(Ordering::Relaxed) || later {
            1
        } else if free > 0 {
            free
        } else {
            1 << 40
        })
    }
    fn ingest(&self, request: &IngestRequest, _cancelled: Arc<AtomicBool>) -> Result<Withheld, VaultFailure> {
        if self.full_later.load(Ordering::Relaxed) {
            return Err(VaultFailure::NoRoom);
        }
        if self.fail.load(Ordering::Relaxed) {
            return Err(VaultFailure::Failed(
                "disk 0 cannot be read at byte 4096".to_owned(),
            ));
        }
        self.taken_in.lock().unwrap().push(request.clone());
        let disk = |d: &vault::contract::DiskSource| StoredDisk {
            index: d.index,
            name: d.name.clone(),
            size_bytes: 1,
            extent_bytes: 1,
            digest: std::fs::read_to_string(&d.path).unwrap(),
        };
        Ok(Withheld {
            snapshot: format!("snapshot-{}", request.point),
            snapshot_bytes_base64: String::new(),
            disks: request.disks.iter().map(disk).collect(),
            files: vec![FileDigest {
                name: "x.vmcx".to_owned(),
                bytes: 6,
                blake3: "00".to_owned(),
            }],
            read_bytes: 2,
            added_bytes: 2,
        })
    }
    fn seal(&self, _tenant: &TenantId, withheld: &Withheld) -> Result<(), VaultFailure> {
        if self.fail_seal.load(Ordering::Relaxed) {
            return Err(VaultFailure::Failed("its packs are gone".to_owned()));
        }
        self.sealed.lock().unwrap().push(withheld.snapshot.clone());
        Ok(())
    }
    fn sign(
        &self,
        _tenant: &TenantId,
        previous: Option<&serde_json::Value>,
        _document: &serde_json::Value,
    ) -> Result<serde_json::Value, VaultFailure> {
        let sequence = previous.map_or(0, |p| p["sequence"].as_u64().unwrap()) + 1;
        Ok(serde_json::json!({ "sequence": sequence }))
    }
    fn exists(&self, _tenant: &TenantId, snapshot: &str) -> Result<bool, VaultFailure> {
        Ok(self.snapshots().contains(snapshot))
    }
}
