//! What the repository takes in: disks as extents, configuration files, the manifest.

pub(crate) mod disk;
pub(crate) mod feed;
pub(crate) mod file;
pub(crate) mod image;

use crate::error::VaultError;
use crate::progress::Progress;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A disk that can be read. Implemented for exported VHDX files; the seam for tests and for other routes of reading.
pub trait DiskReader: Send {
    /// Size of the virtual disk in bytes.
    fn size_bytes(&self) -> u64;

    /// Ranges outside of which the disk is known to read as zeros, in any order.
    ///
    /// # Errors
    /// When the image cannot be read or is damaged.
    fn allocated(&mut self) -> io::Result<Vec<Range<u64>>>;

    /// Fills the buffer from the offset on.
    ///
    /// # Errors
    /// When the image cannot be read or is damaged.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// Shared between the feed, the readers it hands to the engine and the guard after it.
///
/// The engine swallows read errors and saves a snapshot without the file concerned, so every error is noted here first and the
/// counts are compared afterwards.
pub(crate) struct Ledger {
    pub progress: Arc<dyn Progress>,
    first_error: Mutex<Option<VaultError>>,
    /// The feed was asked until it had nothing left.
    complete: AtomicBool,
    files: AtomicU64,
    bytes: AtomicU64,
    read: AtomicU64,
}

impl Ledger {
    pub fn new(progress: Arc<dyn Progress>) -> Self {
        Self {
            progress,
            first_error: Mutex::new(None),
            complete: AtomicBool::new(false),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            read: AtomicU64::new(0),
        }
    }

    /// Notes an error; only the first is kept.
    pub fn fail(&self, error: VaultError) {
        self.first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    pub fn failed(&self) -> bool {
        self.first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    pub fn take_error(&self) -> Option<VaultError> {
        self.first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// A file of that many bytes was handed to the engine.
    pub fn handed_over(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    pub fn read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::SeqCst);
    }

    pub fn finish(&self) {
        self.complete.store(true, Ordering::SeqCst);
    }

    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::SeqCst)
    }

    pub fn files_handed_over(&self) -> u64 {
        self.files.load(Ordering::SeqCst)
    }

    pub fn bytes_handed_over(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }
}
