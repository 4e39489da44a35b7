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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::runtime::Runtime;

    fn id(n: u8) -> Id {
        format!("{n:02x}").repeat(32).parse().unwrap()
    }

    fn on_disk(folder: &std::path::Path, runtime: &Runtime) -> StoreBackend {
        let tenant = "contoso".parse().unwrap();
        let store = crate::local_stores()(&tenant, folder).unwrap();
        StoreBackend::new(store, runtime.handle().clone(), "test".to_owned())
    }

    fn write(backend: &StoreBackend, kind: FileType, id: &Id, content: Vec<u8>) -> RusticResult<()> {
        backend.write_bytes(kind, id, false, content.into())
    }

    #[test]
    fn nothing_but_keys_is_ever_removed() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let backend = on_disk(folder.path(), &runtime);
        for kind in [
            FileType::Pack,
            FileType::Index,
            FileType::Snapshot,
            FileType::Config,
        ] {
            write(&backend, kind, &id(1), vec![7; 100]).unwrap();
            assert!(backend.remove(kind, &id(1), false).is_err(), "{kind:?}");
            assert_eq!(backend.read_full(kind, &id(1)).unwrap().len(), 100, "{kind:?}");
        }
        write(&backend, FileType::Key, &id(1), vec![7; 100]).unwrap();
        backend.remove(FileType::Key, &id(1), false).unwrap();
        assert!(!backend.exists(FileType::Key, &id(1)).unwrap());
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let backend = on_disk(folder.path(), &runtime);
        for kind in [FileType::Pack, FileType::Config] {
            write(&backend, kind, &id(1), vec![1; 10]).unwrap();
            // The name of all but the configuration is the hash of the content: a second writer has written the same.
            assert_eq!(
                write(&backend, kind, &id(1), vec![2; 10]).is_ok(),
                kind == FileType::Pack
            );
            assert_eq!(backend.read_full(kind, &id(1)).unwrap(), vec![1; 10]);
        }
    }

    /// A reader looks at the final name all the while: the file is absent or whole.
    #[test]
    fn a_file_gets_its_name_when_it_is_whole_and_durable() {
        const LENGTH: usize = 8 << 20;
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let backend = on_disk(folder.path(), &runtime);
        let settings = format!("{:?}", backend.store);
        assert!(settings.contains("fsync: true"), "{settings}");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let seen = scope.spawn(|| {
                let mut lengths = std::collections::BTreeSet::new();
                while !done.load(Ordering::SeqCst) {
                    for n in 0..8 {
                        let path = folder.path().join(path_of(FileType::Pack, &id(n)).as_ref());
                        lengths.extend(std::fs::metadata(path).map(|it| it.len()));
                    }
                }
                lengths
            });
            for n in 0..8 {
                write(&backend, FileType::Pack, &id(n), vec![n; LENGTH]).unwrap();
            }
            done.store(true, Ordering::SeqCst);
            let whole = LENGTH as u64;
            assert!(seen.join().unwrap().iter().all(|length| *length == whole));
        });
    }

    #[test]
    fn what_a_killed_writer_left_half_written_is_no_file_of_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let backend = on_disk(folder.path(), &runtime);
        write(&backend, FileType::Index, &id(1), vec![1; 10]).unwrap();
        let hex = id(2).to_hex();
        std::fs::write(folder.path().join(format!("index/{}#1", &*hex)), [0; 5]).unwrap();
        assert_eq!(backend.list_with_size(FileType::Index).unwrap(), [(id(1), 10)]);
    }
}
