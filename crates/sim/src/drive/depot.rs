//! A vault that keeps what was exported, and knows whether it was of one moment.

use super::chaos::Chaos;
use super::site::{Breach, Content};
use domain::evidence::FileDigest;
use domain::ids::{AttemptId, ReplicaId, TenantId};
use engine::ports::{PointVault, VaultFailure};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vault::contract::{IngestRequest, StoredDisk, Withheld};

const NO_ROOM: f64 = 0.004;
const FAILS: f64 = 0.01;

/// What one snapshot holds.
#[derive(Debug, Clone)]
pub struct Taken {
    pub tenant: TenantId,
    pub replica: ReplicaId,
    pub attempt: AttemptId,
    pub contents: Vec<Content>,
    /// The snapshot file has been written: a point that can be restored.
    pub visible: bool,
}

/// See the module.
pub struct Depot {
    chaos: Arc<Chaos>,
    taken: Mutex<BTreeMap<String, Taken>>,
}

impl Depot {
    #[must_use]
    pub fn new(chaos: Arc<Chaos>) -> Self {
        Self {
            chaos,
            taken: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, full: f64) -> u64 {
        self.chaos.call();
        if self.fails(full) { 1 } else { 1 << 40 }
    }

    fn fails(&self, share: f64) -> bool {
        let fails = self.chaos.happens(share);
        if fails {
            self.chaos.fault();
        }
        fails
    }

    /// Everything that was taken in, by snapshot.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<String, Taken> {
        self.lock().clone()
    }

    /// The snapshots that anybody could restore.
    #[must_use]
    pub fn visible(&self) -> BTreeMap<String, Taken> {
        let taken = self.lock();
        let visible = taken.iter().filter(|(_, it)| it.visible);
        visible.map(|(id, it)| (id.clone(), it.clone())).collect()
    }

    /// Promises 1 and 14: what can be restored is whole.
    #[must_use]
    pub fn breach(&self) -> Option<Breach> {
        self.lock()
            .iter()
            .filter(|(_, it)| it.visible)
            .find_map(|(id, it)| bad(id, it))
    }
}

fn bad(id: &str, taken: &Taken) -> Option<Breach> {
    let torn = taken.contents.iter().find_map(|c| c.torn.as_ref());
    if let Some(torn) = torn {
        return Some(Breach {
            promise: 1,
            text: format!(
                "snapshot {id} of replica {} is sealed and torn: {torn}",
                taken.replica
            ),
        });
    }
    let vms: Vec<&String> = taken.contents.iter().map(|c| &c.vm).collect();
    let of = taken.contents.first().map_or(0, |c| c.of);
    let all = (0..of).all(|disk| taken.contents.iter().any(|c| c.disk == disk));
    let complete = of > 0 && all && vms.windows(2).all(|pair| pair[0] == pair[1]);
    (!complete).then(|| Breach {
        promise: 14,
        text: format!(
            "snapshot {id} of replica {} is sealed and holds not every disk of one machine",
            taken.replica
        ),
    })
}

fn dead() -> VaultFailure {
    VaultFailure::Failed("the process is gone".to_owned())
}

impl PointVault for Depot {
    fn free_bytes(&self) -> Result<u64, VaultFailure> {
        Ok(self.room(NO_ROOM))
    }

    fn free_bytes_at(&self, _path: &Path) -> Result<u64, VaultFailure> {
        Ok(self.room(NO_ROOM / 10.0))
    }

    fn ingest(&self, request: &IngestRequest, _cancelled: Arc<AtomicBool>) -> Result<Withheld, VaultFailure> {
        self.chaos.call();
        if self.chaos.dies_at("before the ingest") {
            return Err(dead());
        }
        if self.fails(NO_ROOM) {
            return Err(VaultFailure::NoRoom);
        }
        if self.fails(FAILS) {
            return Err(VaultFailure::Failed("a pack cannot be written".to_owned()));
        }
        let read = |path: &Path| -> Result<Content, VaultFailure> {
            let failed = |text: String| VaultFailure::Failed(text);
            let text = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
            serde_json::from_slice(&text).map_err(|e| failed(e.to_string()))
        };
        let contents: Vec<Content> = request
            .disks
            .iter()
            .map(|disk| read(&disk.path))
            .collect::<Result<_, _>>()?;
        let snapshot = format!("snapshot-{}", request.point);
        let taken = Taken {
            tenant: request.tenant.clone(),
            replica: request.replica,
            attempt: request.attempt,
            contents,
            visible: false,
        };
        self.lock().insert(snapshot.clone(), taken);
        if self.chaos.dies_at("after the ingest") {
            return Err(dead());
        }
        let disks = request.disks.iter().map(|disk| StoredDisk {
            index: disk.index,
            name: disk.name.clone(),
            size_bytes: 1,
            extent_bytes: 1,
            digest: "00".to_owned(),
        });
        Ok(Withheld {
            snapshot,
            snapshot_bytes_base64: String::new(),
            disks: disks.collect(),
            files: vec![FileDigest {
                name: "configuration.vmcx".to_owned(),
                bytes: 13,
                blake3: "00".to_owned(),
            }],
            read_bytes: 1,
            added_bytes: 1,
        })
    }

    fn seal(&self, _tenant: &TenantId, withheld: &Withheld) -> Result<(), VaultFailure> {
        self.chaos.call();
        if self.chaos.dies_at("before the snapshot file") {
            return Err(dead());
        }
        if self.fails(FAILS) {
            return Err(VaultFailure::Failed(
                "the snapshot file cannot be written".to_owned(),
            ));
        }
        match self.lock().get_mut(&withheld.snapshot) {
            Some(taken) => taken.visible = true,
            None => return Err(VaultFailure::Failed("its packs are not there".to_owned())),
        }
        if self.chaos.dies_at("after the snapshot file") {
            return Err(dead());
        }
        Ok(())
    }

    fn sign(
        &self,
        _tenant: &TenantId,
        previous: Option<&serde_json::Value>,
        _document: &serde_json::Value,
    ) -> Result<serde_json::Value, VaultFailure> {
        let before = previous.and_then(|seal| seal["sequence"].as_u64()).unwrap_or(0);
        Ok(serde_json::json!({ "sequence": before + 1 }))
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn exists(&self, _tenant: &TenantId, snapshot: &str) -> Result<bool, VaultFailure> {
        Ok(self.lock().get(snapshot).is_some_and(|taken| taken.visible))
    }
}
