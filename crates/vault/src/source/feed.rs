//! The whole point as the engine's `ReadSource`: every entry in byte order of its path.

use crate::contract::{IngestRequest, StoredDisk};
use crate::error::{Result, VaultError};
use crate::layout::{CONFIG_FOLDER, LAYOUT_VERSION, MANIFEST_FILE, Manifest, disk_folder};
use crate::source::Ledger;
use crate::source::disk::DiskFeed;
use crate::source::file::GuardedFile;
use domain::evidence::FileDigest;
use rustic_core::jiff::Timestamp;
use rustic_core::repofile::{Metadata, Node, NodeType};
use rustic_core::{ReadSource, ReadSourceEntry, RusticResult};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Content of an entry.
pub(crate) enum Content {
    Memory(Cursor<Vec<u8>>),
    File(Box<GuardedFile>),
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

/// Produces the entries one after the other. Extents are read here, on one thread, so a read error ends the feed at once; the
/// engine hashes, compresses and stores them on its own threads.
pub(crate) struct Feed {
    root: PathBuf,
    files: VecDeque<(PathBuf, FileDigest)>,
    /// In byte order of their folders' names.
    disks: VecDeque<DiskFeed>,
    manifest: Option<Manifest>,
    ledger: Arc<Ledger>,
    /// Filled with the manifest once it was handed over.
    outcome: Arc<Mutex<Option<Manifest>>>,
}

impl Feed {
    pub fn new(
        request: &IngestRequest,
        taken: Timestamp,
        files: Vec<(PathBuf, FileDigest)>,
        mut disks: Vec<DiskFeed>,
        ledger: Arc<Ledger>,
    ) -> Self {
        disks.sort_by_key(|disk| disk_folder(disk.index()));
        let mut files: VecDeque<_> = files.into();
        files
            .make_contiguous()
            .sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let manifest = Manifest {
            layout: LAYOUT_VERSION,
            tenant: request.tenant.clone(),
            replica: request.replica,
            attempt: request.attempt,
            token: request.token,
            point: request.point,
            taken: taken.to_string(),
            disks: Vec::new(),
            files: files.iter().map(|(_, digest)| digest.clone()).collect(),
        };
        Self {
            root: PathBuf::from(request.replica.to_string()),
            files,
            disks: disks.into(),
            manifest: Some(manifest),
            ledger,
            outcome: Arc::new(Mutex::new(None)),
        }
    }

    /// Where the manifest appears when everything was handed over.
    pub fn outcome(&self) -> Arc<Mutex<Option<Manifest>>> {
        self.outcome.clone()
    }

    fn next_entry(&mut self) -> Result<Option<ReadSourceEntry<Content>>> {
        if let Some((path, digest)) = self.files.pop_front() {
            let target = self.root.join(CONFIG_FOLDER).join(&digest.name);
            let bytes = digest.bytes;
            let content = Content::File(Box::new(GuardedFile::new(path, digest, self.ledger.clone())));
            return Ok(Some(self.entry(target, bytes, content)));
        }
        while let Some(disk) = self.disks.front_mut() {
            if let Some(piece) = disk.next_piece(&self.ledger)? {
                let target = self.root.join(disk_folder(disk.index())).join(piece.path);
                return Ok(Some(self.memory(target, piece.content)));
            }
            let stored: StoredDisk = disk.stored();
            self.disks.pop_front();
            if let Some(manifest) = &mut self.manifest {
                manifest.disks.push(stored);
            }
            if let Some(next) = self.disks.front() {
                self.ledger.progress.expect(next.size());
            }
        }
        let Some(mut manifest) = self.manifest.take() else {
            self.ledger.finish();
            return Ok(None);
        };
        manifest.disks.sort_by_key(|disk| disk.index);
        let content = serde_json::to_vec_pretty(&manifest).map_err(|error| VaultError::BadRequest {
            why: error.to_string(),
        })?;
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(manifest);
        let target = self.root.join(MANIFEST_FILE);
        Ok(Some(self.memory(target, content)))
    }

    fn memory(&self, path: PathBuf, content: Vec<u8>) -> ReadSourceEntry<Content> {
        let bytes = content.len() as u64;
        self.entry(path, bytes, Content::Memory(Cursor::new(content)))
    }

    fn entry(&self, path: PathBuf, bytes: u64, content: Content) -> ReadSourceEntry<Content> {
        self.ledger.handed_over(bytes);
        // Always the same times: an unchanged folder then is the same blob every night. They must never be used to skip
        // unchanged files (see `ingest`, which reads everything).
        let meta = Metadata {
            mode: Some(0o600),
            mtime: Some(Timestamp::UNIX_EPOCH),
            size: bytes,
            links: 1,
            ..Metadata::default()
        };
        let name = path.file_name().unwrap_or(OsStr::new("")).to_os_string();
        ReadSourceEntry {
            node: Node::new_node(&name, NodeType::File, meta),
            path,
            open: Some(content),
        }
    }
}

/// The engine's iterator over the feed; ends at the first error, which is in the ledger.
pub(crate) struct Entries(Option<Feed>);

impl Iterator for Entries {
    type Item = RusticResult<ReadSourceEntry<Content>>;

    fn next(&mut self) -> Option<Self::Item> {
        let feed = self.0.as_mut()?;
        // A reader on another thread may have failed: going on would be work for nothing.
        if feed.ledger.failed() {
            return None;
        }
        match feed.next_entry() {
            Ok(entry) => entry.map(Ok),
            Err(error) => {
                feed.ledger.fail(error);
                None
            }
        }
    }
}

/// A feed that can be iterated once, which is how often the engine does it.
pub(crate) struct OnceSource(Mutex<Option<Feed>>);

impl OnceSource {
    pub fn new(feed: Feed) -> Self {
        if let Some(first) = feed.disks.front() {
            feed.ledger.progress.expect(first.size());
        }
        Self(Mutex::new(Some(feed)))
    }
}

impl ReadSource for OnceSource {
    type Open = Content;
    type Iter = Entries;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(None)
    }

    fn entries(&self) -> Entries {
        Entries(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}
