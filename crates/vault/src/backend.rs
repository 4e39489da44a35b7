//! The repository engine's storage: restic's local layout over an object store, with the snapshot file withheld on demand.
//!
//! The engine's traits are synchronous and are called from its own worker threads. Every call hands its future to the vault's
//! small runtime and waits on a channel, so it works from any thread, inside another runtime as well.

use crate::error::any_cause_is_full;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use rustic_core::{BytesList, ErrorKind, FileType, Id, ReadBackend, RusticError, RusticResult, WriteBackend};
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use tokio::runtime::Handle;

/// The first write that the store refused.
#[derive(Debug, Clone)]
pub(crate) struct StoreFailure {
    pub full: bool,
    pub detail: String,
}

/// A snapshot file held in memory: its id and its encrypted bytes.
pub(crate) type HeldSnapshot = (Id, Bytes);

#[derive(Debug)]
pub(crate) struct StoreBackend {
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
    name: String,
    /// `Some` = armed: snapshot files go here and not to the store.
    held: Option<Mutex<Vec<HeldSnapshot>>>,
    failure: OnceLock<StoreFailure>,
}

impl StoreBackend {
    /// Writes everything through.
    pub fn new(store: Arc<dyn ObjectStore>, runtime: Handle, name: String) -> Self {
        Self {
            store,
            runtime,
            name,
            held: None,
            failure: OnceLock::new(),
        }
    }

    /// Withholds snapshot files, beginning with those given.
    pub fn armed(mut self, held: Vec<HeldSnapshot>) -> Self {
        self.held = Some(Mutex::new(held));
        self
    }

    /// The snapshot files withheld so far, kept readable through this backend.
    pub fn held(&self) -> Vec<HeldSnapshot> {
        self.held
            .as_ref()
            .map(|held| held.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }

    /// The first write that the store refused, if any.
    pub fn failure(&self) -> Option<&StoreFailure> {
        self.failure.get()
    }

    /// Whether a file is in the store.
    pub fn exists(&self, kind: FileType, id: &Id) -> RusticResult<bool> {
        let (store, path) = (self.store.clone(), path_of(kind, id));
        match self.run(async move { store.head(&path).await })? {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed("look for", &path_of(kind, id), error)),
        }
    }

    fn run<F>(&self, future: F) -> RusticResult<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (answer, wait) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // A waiter that is gone has panicked; there is nobody to tell.
            let _ = answer.send(future.await);
        });
        wait.recv()
            .map_err(|_| RusticError::new(ErrorKind::Backend, "the vault is shutting down"))
    }

    fn held_bytes(&self, kind: FileType, id: &Id) -> Option<Bytes> {
        if kind != FileType::Snapshot {
            return None;
        }
        let held = self.held.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter()
            .find(|(held_id, _)| held_id == id)
            .map(|(_, bytes)| bytes.clone())
    }
}

fn path_of(kind: FileType, id: &Id) -> Path {
    let hex = id.to_hex();
    match kind {
        FileType::Config => Path::from("config"),
        FileType::Pack => Path::from(format!("data/{}/{}", &hex[..2], &*hex)),
        other => Path::from(format!("{}/{}", other.dirname(), &*hex)),
    }
}

fn failed(doing: &str, path: &Path, error: object_store::Error) -> Box<RusticError> {
    RusticError::with_source(
        ErrorKind::Backend,
        format!("cannot {doing} `{path}` in the store"),
        error,
    )
}

impl ReadBackend for StoreBackend {
    fn location(&self) -> String {
        self.name.clone()
    }

    fn list_with_size(&self, kind: FileType) -> RusticResult<Vec<(Id, u32)>> {
        let store = self.store.clone();
        if kind == FileType::Config {
            let path = path_of(kind, &Id::default());
            return match self.run(async move { store.head(&path).await })? {
                Ok(meta) => Ok(vec![(Id::default(), size_of(meta.size))]),
                Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
                Err(error) => Err(failed("look for", &path_of(kind, &Id::default()), error)),
            };
        }
        let folder = Path::from(kind.dirname());
        let prefix = folder.clone();
        let files: Vec<_> = self
            .run(async move { store.list(Some(&prefix)).try_collect().await })?
            .map_err(|error| failed("list", &folder, error))?;
        // What is not named like an id is not a repository file (staging leftovers of a killed writer, for one).
        Ok(files
            .into_iter()
            .filter_map(|meta| Some((meta.location.filename()?.parse().ok()?, size_of(meta.size))))
            .collect())
    }

    fn read_full(&self, kind: FileType, id: &Id) -> RusticResult<Bytes> {
        if let Some(bytes) = self.held_bytes(kind, id) {
            return Ok(bytes);
        }
        let (store, path) = (self.store.clone(), path_of(kind, id));
        self.run(async move { store.get(&path).await?.bytes().await })?
            .map_err(|error| failed("read", &path_of(kind, id), error))
    }

    fn read_partial(
        &self,
        kind: FileType,
        id: &Id,
        _cacheable: bool,
        offset: u32,
        length: u32,
    ) -> RusticResult<Bytes> {
        let (store, path) = (self.store.clone(), path_of(kind, id));
        let range = u64::from(offset)..u64::from(offset) + u64::from(length);
        self.run(async move { store.get_range(&path, range).await })?
            .map_err(|error| failed("read", &path_of(kind, id), error))
    }

    fn warmup_path(&self, kind: FileType, id: &Id) -> String {
        path_of(kind, id).to_string()
    }
}

impl WriteBackend for StoreBackend {
    fn write_bytes(&self, kind: FileType, id: &Id, _cacheable: bool, content: BytesList) -> RusticResult<()> {
        if kind == FileType::Snapshot
            && let Some(held) = &self.held
        {
            let bytes: Bytes = content.into_vec().concat().into();
            held.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((*id, bytes));
            return Ok(());
        }
        let (store, path) = (self.store.clone(), path_of(kind, id));
        let payload = PutPayload::from_iter(content.into_vec());
        match self.run(async move { store.put_opts(&path, payload, PutMode::Create.into()).await })? {
            Ok(_) => Ok(()),
            // The name is the hash of the content: who wrote it first wrote the same.
            Err(object_store::Error::AlreadyExists { .. }) if kind != FileType::Config => Ok(()),
            Err(error) => {
                let failure = StoreFailure {
                    full: any_cause_is_full(&error),
                    detail: error.to_string(),
                };
                let _ = self.failure.set(failure);
                Err(failed("write", &path_of(kind, id), error))
            }
        }
    }

    fn remove(&self, kind: FileType, id: &Id, _cacheable: bool) -> RusticResult<()> {
        // Only access keys are ever removed; packs, indexes and snapshots are append-only until pruning is built.
        if kind != FileType::Key {
            return Err(RusticError::new(
                ErrorKind::AppendOnly,
                "this repository only grows: nothing but keys is removed",
            ));
        }
        let (store, path) = (self.store.clone(), path_of(kind, id));
        self.run(async move { store.delete(&path).await })?
            .map_err(|error| failed("remove", &path_of(kind, id), error))
    }
}

/// The engine's sizes are 32 bit; no repository file comes near.
fn size_of(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
