//! A vault in a temporary folder, disks in memory, stores that fail on demand, and stock restic.
#![expect(dead_code, reason = "each test binary uses a part of this")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set itself up fails"
)]

use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId, TenantId};
use futures::stream::BoxStream;
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use secrecy::ExposeSecret as _;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;
use vault::contract::{DiskSource, IngestRequest, Withheld};
use vault::{DiskReader, Quiet, Stores, Vault};

pub const MIB: u64 = 1 << 20;

pub fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

pub fn open(dir: &Path) -> Vault {
    Vault::open_with(
        &dir.join("vault"),
        &dir.join("secrets"),
        None,
        vault::local_stores(),
    )
    .unwrap()
}

pub fn open_on(dir: &Path, stores: Stores) -> Vault {
    Vault::open_with(&dir.join("vault"), &dir.join("secrets"), None, stores).unwrap()
}

pub fn request(tenant_name: &str) -> IngestRequest {
    IngestRequest {
        tenant: tenant(tenant_name),
        replica: ReplicaId(Uuid::from_u128(0xa1)),
        attempt: AttemptId(Uuid::from_u128(rand::random())),
        token: FencingToken(7),
        point: PointId(Uuid::from_u128(rand::random())),
        taken: "2026-11-21T22:15:30Z".to_owned(),
        disks: Vec::new(),
        config_files: Vec::new(),
    }
}

pub fn source(index: u32) -> DiskSource {
    DiskSource {
        index,
        name: format!("erp-db-{index}.vhdx"),
        path: PathBuf::new(),
    }
}

/// A disk in memory: 1 MiB blocks, absent ones zero. Can fail at an offset, and tells which bytes were read.
#[derive(Clone)]
pub struct MemoryDisk {
    pub size: u64,
    pub blocks: BTreeMap<u64, Vec<u8>>,
    pub fails_at: Option<u64>,
    pub reads: Arc<AtomicUsize>,
}

impl MemoryDisk {
    pub fn new(size: u64) -> Self {
        Self {
            size,
            blocks: BTreeMap::new(),
            fails_at: None,
            reads: Arc::default(),
        }
    }

    /// Puts a block that does not compress and depends on the seed.
    pub fn with(mut self, offset: u64, seed: u64) -> Self {
        let mut block = vec![0; MIB.min(self.size - offset) as usize];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.finalize_xof().fill(&mut block);
        self.blocks.insert(offset, block);
        self
    }

    /// Fills a range with such blocks.
    pub fn filled(mut self, range: Range<u64>, seed: u64) -> Self {
        for offset in range.step_by(MIB as usize) {
            self = self.with(offset, seed ^ offset);
        }
        self
    }

    pub fn failing_at(mut self, offset: u64) -> Self {
        self.fails_at = Some(offset);
        self
    }

    pub fn boxed(&self) -> Box<dyn DiskReader> {
        Box::new(self.clone())
    }

    /// Whether a raw image holds exactly this disk.
    pub fn equals(&self, raw: &Path) -> bool {
        use std::os::unix::fs::FileExt;
        let file = fs::File::open(raw).unwrap();
        let (zeros, mut block) = (vec![0; MIB as usize], vec![0; MIB as usize]);
        file.metadata().unwrap().len() == self.size
            && (0..self.size).step_by(MIB as usize).all(|offset| {
                let part = &mut block[..MIB.min(self.size - offset) as usize];
                file.read_exact_at(part, offset).unwrap();
                match self.blocks.get(&offset) {
                    Some(expected) => part == &expected[..],
                    None => part == &zeros[..part.len()],
                }
            })
    }
}

impl DiskReader for MemoryDisk {
    fn size_bytes(&self) -> u64 {
        self.size
    }

    fn allocated(&mut self) -> io::Result<Vec<Range<u64>>> {
        Ok(self
            .blocks
            .iter()
            .map(|(offset, block)| *offset..offset + block.len() as u64)
            .collect())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reads.fetch_add(buffer.len(), Ordering::SeqCst);
        for (place, byte) in (offset..).zip(buffer.chunks_mut(MIB as usize)) {
            let at = offset + (place - offset) * MIB;
            if self
                .fails_at
                .is_some_and(|bad| at <= bad && bad < at + byte.len() as u64)
            {
                return Err(io::Error::from_raw_os_error(5));
            }
            let block = self
                .blocks
                .get(&at)
                .expect("only allocated, aligned ranges are read");
            byte.copy_from_slice(&block[..byte.len()]);
        }
        Ok(())
    }
}

pub fn ingest(vault: &Vault, request: &IngestRequest, disks: &[&MemoryDisk]) -> vault::Result<Withheld> {
    let disks = disks
        .iter()
        .enumerate()
        .map(|(index, disk)| (source(index as u32), disk.boxed()))
        .collect();
    vault.ingest_from(request, disks, Arc::new(Quiet))
}

/// Stock restic on a tenant's repository with a key made for it.
pub struct Restic {
    repository: PathBuf,
    password: String,
    cache: tempfile::TempDir,
}

impl Restic {
    pub fn on(vault: &Vault, tenant: &TenantId) -> Self {
        let access = vault.access(tenant, "test").unwrap();
        Self::with(access.repository, access.password.expose_secret())
    }

    pub fn with(repository: PathBuf, password: &str) -> Self {
        Self {
            repository,
            password: password.to_owned(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new("restic")
            .arg("-r")
            .arg(&self.repository)
            .arg("--no-lock")
            .args(arguments)
            .env("RESTIC_PASSWORD", &self.password)
            .env("RESTIC_CACHE_DIR", self.cache.path())
            .output()
            .expect("restic is installed (apt-get install restic)")
    }

    pub fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "restic {arguments:?}: {text}");
        text
    }

    /// Ids of the snapshots that restic sees.
    pub fn snapshots(&self) -> Vec<String> {
        let output = self.run(&["snapshots", "--json"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|snapshot| snapshot["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Joins the extents that restic restored, with the script people get.
pub fn join(folder: &Path, to: &Path) {
    let script = to.with_extension("sh");
    fs::write(&script, vault::join_script()).unwrap();
    let output = Command::new("sh")
        .arg(&script)
        .arg(folder)
        .arg(to)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Every file below a folder, relative.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf())
            }
        }
    }
    found
}

/// A local store whose pack writes fail with an operating-system error after a number of them.
#[derive(Debug)]
pub struct Failing {
    inner: Arc<dyn ObjectStore>,
    pub errno: i32,
    pub packs_left: AtomicUsize,
}

impl Failing {
    pub fn stores(errno: i32, packs: usize) -> Stores {
        let local = vault::local_stores();
        Arc::new(move |tenant, path| {
            let inner = local(tenant, path)?;
            Ok(Arc::new(Self {
                inner,
                errno,
                packs_left: AtomicUsize::new(packs),
            }) as Arc<dyn ObjectStore>)
        })
    }
}

impl std::fmt::Display for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failing store")
    }
}

type StoreResult<T> = object_store::Result<T>;

#[async_trait::async_trait]
impl ObjectStore for Failing {
    async fn put_opts(
        &self,
        location: &StorePath,
        payload: PutPayload,
        options: PutOptions,
    ) -> StoreResult<PutResult> {
        if location.as_ref().starts_with("data/") {
            let left = self
                .packs_left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if left.is_err() {
                let source = io::Error::from_raw_os_error(self.errno).into();
                return Err(object_store::Error::Generic {
                    store: "failing",
                    source,
                });
            }
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &StorePath,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &StorePath, options: GetOptions) -> StoreResult<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, StoreResult<StorePath>>,
    ) -> BoxStream<'static, StoreResult<StorePath>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> StoreResult<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &StorePath, to: &StorePath, options: CopyOptions) -> StoreResult<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
