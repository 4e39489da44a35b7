//! A disk of a restore point as a VHDX file that is never written here: each byte is worked out when it is asked for, so a download that
//! was cut off is continued where it ended.

pub mod range;
mod slots;

use axum::body::Bytes;
use domain::ids::TenantId;
use futures::Stream;
use slots::{AT_ONCE, AT_ONCE_TENANT, Slot, Slots};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;
use vault::{OpenDisk, Vault, VaultError};
use vhdx::{Outline, Part};

/// Pieces on their way to a slow reader.
const AHEAD: usize = 2;
/// Bytes of a piece.
const PIECE: usize = 1 << 20;
/// What the file looks like beside its content: another number, another file.
const LOOK: u8 = 1;

/// Gives disks out.
pub struct TakeHome {
    vault: Arc<Vault>,
    slots: Arc<Slots>,
}

/// Why a disk is not given.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    #[error("{AT_ONCE} downloads are running: try again in a while")]
    Busy,
    #[error("{AT_ONCE_TENANT} downloads of this tenant are running: try again in a while")]
    TenantBusy,
    #[error("there is no such disk")]
    Missing,
    #[error("the disk cannot be read")]
    Vault(#[source] VaultError),
    #[error(
        "a disk of {size_bytes} bytes in extents of {extent_bytes} is no VHDX: restore it on the command line, as raw"
    )]
    NoVhdx { size_bytes: u64, extent_bytes: u64 },
    #[error("reading was broken off")]
    Broken,
}

/// One disk, ready to be sent.
pub struct Disk {
    reader: OpenDisk,
    outline: Outline,
    etag: String,
    name: String,
    slot: Slot,
}

impl TakeHome {
    /// From a vault.
    #[must_use]
    pub fn new(vault: Arc<Vault>) -> Self {
        Self {
            vault,
            slots: Arc::default(),
        }
    }

    /// Opens a disk.
    ///
    /// # Errors
    /// [`NotGiven`].
    pub async fn disk(&self, tenant: &TenantId, snapshot: &str, disk: u32) -> Result<Disk, NotGiven> {
        let slot = self.slots.take(tenant)?;
        let (vault, tenant, snapshot) = (Arc::clone(&self.vault), tenant.clone(), snapshot.to_owned());
        let opened = tokio::task::spawn_blocking(move || vault.open_disk(&tenant, &snapshot, disk));
        let reader = opened
            .await
            .map_err(|_| NotGiven::Broken)?
            .map_err(|error| match error {
                VaultError::NoSuchDisk { .. } => NotGiven::Missing,
                error => NotGiven::Vault(error),
            })?;
        Disk::of(reader, slot)
    }
}

impl Disk {
    fn of(reader: OpenDisk, slot: Slot) -> Result<Self, NotGiven> {
        let disk = reader.disk();
        let not_vhdx = || NotGiven::NoVhdx {
            size_bytes: disk.size_bytes,
            extent_bytes: disk.extent_bytes,
        };
        let block = u32::try_from(disk.extent_bytes).map_err(|_| not_vhdx())?;
        let name = name_of(&disk.digest).ok_or(NotGiven::Broken)?;
        let outline = Outline::new(disk.size_bytes, block, reader.extents().to_vec(), name);
        let outline = outline.map_err(|_| not_vhdx())?;
        Ok(Self {
            etag: format!("\"{}-{LOOK}\"", disk.digest),
            name: file_name(&disk.name),
            outline,
            reader,
            slot,
        })
    }

    /// Of the whole file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.outline.file_bytes()
    }

    /// The same for the same bytes, quotes included.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Plain ASCII, fit for a header.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file. Each extent is compared with its digest before any of it is sent; where that fails the stream ends with an error,
    /// and the reader sees a file that is too short.
    pub fn bytes(self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
        let (send, receive) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || self.send(range, &send));
        ReceiverStream::new(receive)
    }

    fn send(mut self, range: Range<u64>, to: &mpsc::Sender<io::Result<Bytes>>) {
        // Until the last byte is out, or nobody takes it any more.
        let _slot = &self.slot;
        let extent_bytes = self.reader.disk().extent_bytes;
        let mut near: Option<(u64, Bytes)> = None;
        let mut at = range.start;
        while at < range.end {
            let left = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(PIECE);
            let piece = match self.outline.part(at) {
                None => return,
                Some(Part::Head(bytes)) => {
                    Bytes::copy_from_slice(bytes.get(..left.min(bytes.len())).unwrap_or_default())
                }
                Some(Part::Disk { disk_offset, len }) => {
                    let number = disk_offset / extent_bytes;
                    if near.as_ref().is_none_or(|(held, _)| *held != number) {
                        match extent(&mut self.reader, number, extent_bytes) {
                            Ok(bytes) => near = Some((number, bytes)),
                            Err(error) => {
                                tracing::error!(
                                    error = crate::telling::chain(&error),
                                    "a download ends early"
                                );
                                let broken = io::Error::other("the disk cannot be read further");
                                // Nobody listens any more: nothing to tell them.
                                drop(to.blocking_send(Err(broken)));
                                return;
                            }
                        }
                    }
                    let Some((_, bytes)) = &near else { return };
                    let from = usize::try_from(disk_offset % extent_bytes)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    let most = left
                        .min(usize::try_from(len).unwrap_or(usize::MAX))
                        .min(bytes.len() - from);
                    bytes.slice(from..from + most)
                }
            };
            at += piece.len() as u64;
            if piece.is_empty() || to.blocking_send(Ok(piece)).is_err() {
                return;
            }
        }
    }
}

/// A whole extent: where the disk ends in its midst, zeros follow.
fn extent(reader: &mut OpenDisk, number: u64, extent_bytes: u64) -> Result<Bytes, VaultError> {
    let mut bytes = reader.extent(number)?;
    bytes.resize(usize::try_from(extent_bytes).unwrap_or(bytes.len()), 0);
    Ok(bytes.into())
}

/// The file's GUIDs follow from the content's digest.
fn name_of(digest: &str) -> Option<Uuid> {
    Uuid::try_parse(digest.get(..32)?).ok()
}

/// As it was named on the host, without what a header or a file system would trip over; always ends in `.vhdx`.
fn file_name(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let stem: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .take(100)
        .collect();
    let stem = stem.trim_start_matches('.');
    format!("{}.vhdx", if stem.is_empty() { "disk" } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    use futures::TryStreamExt as _;
    use std::path::Path;
    use vault::contract::{DiskSource, IngestRequest};
    use vault::{Quiet, local_stores};
    use vhdx::{DynamicWriter, Reader};

    const MIB: u64 = 1 << 20;

    /// A sealed point of one disk of 21 MiB and 512 bytes, with something at the start, in the midst and at the very end.
    fn sealed(dir: &Path) -> (Arc<Vault>, TenantId, String) {
        let vault = Vault::open_with(&dir.join("vault"), &dir.join("secrets"), None, local_stores()).unwrap();
        let path = dir.join("disk.vhdx");
        let mut disk = DynamicWriter::create(&path, 21 * MIB + 512, 1 << 20).unwrap();
        for (at, fill) in [(0, 1), (9 * MIB + 4096, 2), (21 * MIB, 3)] {
            disk.write_at(at, &[fill; 512]).unwrap();
        }
        disk.flush().unwrap();
        let tenant: TenantId = "contoso".parse().unwrap();
        let id = |n| Uuid::from_u128(n);
        let request = IngestRequest {
            tenant: tenant.clone(),
            replica: domain::ids::ReplicaId(id(1)),
            attempt: domain::ids::AttemptId(id(2)),
            token: domain::ids::FencingToken(1),
            point: domain::ids::PointId(id(3)),
            taken: "2026-11-21T22:15:30Z".to_owned(),
            disks: vec![DiskSource {
                index: 0,
                name: "erp.vhdx".to_owned(),
                path,
            }],
            config_files: Vec::new(),
        };
        let withheld = vault.ingest(&request, Arc::new(Quiet)).unwrap();
        vault.seal(&tenant, &withheld).unwrap();
        (Arc::new(vault), tenant, withheld.snapshot)
    }

    async fn read(
        home: &TakeHome,
        tenant: &TenantId,
        snapshot: &str,
        part: impl Fn(u64) -> Range<u64>,
    ) -> Vec<u8> {
        let disk = home.disk(tenant, snapshot, 0).await.unwrap();
        let part = part(disk.file_bytes());
        let pieces: Vec<Bytes> = disk.bytes(part).try_collect().await.unwrap();
        pieces.concat()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_disk_comes_as_a_vhdx_that_reads_like_it_and_is_continued_where_it_was_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let (vault, tenant, snapshot) = sealed(dir.path());
        let home = TakeHome::new(vault);
        let whole = read(&home, &tenant, &snapshot, |all| 0..all).await;
        for cut in [1, 4_096, 3 * MIB + 17, 9 * MIB, whole.len() as u64 - 1] {
            let rest = read(&home, &tenant, &snapshot, |all| cut..all).await;
            assert!(rest == whole[usize::try_from(cut).unwrap()..], "from byte {cut}");
        }
        let file = dir.path().join("taken.vhdx");
        std::fs::write(&file, &whole).unwrap();
        let (taken, original) = (
            Reader::open(&file).unwrap(),
            Reader::open(dir.path().join("disk.vhdx")).unwrap(),
        );
        assert_eq!(taken.virtual_size(), original.virtual_size());
        let mut a = vec![0; usize::try_from(taken.virtual_size()).unwrap()];
        let mut b = a.clone();
        Reader::read_at(&taken, 0, &mut a).unwrap();
        original.read_at(0, &mut b).unwrap();
        assert!(a == b, "another content");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_there_is_not_given_and_neither_is_a_fourth_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (vault, tenant, snapshot) = sealed(dir.path());
        let home = TakeHome::new(vault);
        assert!(matches!(
            home.disk(&tenant, &snapshot, 1).await,
            Err(NotGiven::Missing)
        ));
        let mut held = Vec::new();
        for _ in 0..AT_ONCE_TENANT {
            held.push(home.disk(&tenant, &snapshot, 0).await.unwrap());
        }
        assert!(matches!(
            home.disk(&tenant, &snapshot, 0).await,
            Err(NotGiven::TenantBusy)
        ));
        held.pop();
        home.disk(&tenant, &snapshot, 0).await.unwrap();
    }

    #[test]
    fn a_file_is_named_so_that_no_header_and_no_folder_trips_over_it() {
        for (name, expected) in [
            ("erp-db-0.vhdx", "erp-db-0.vhdx"),
            ("Jürgens Platte.avhdx", "J_rgens_Platte.vhdx"),
            ("..\\..\\evil\"\r\nX: y.vhdx", "_.._evil___X__y.vhdx"),
            ("", "disk.vhdx"),
            (".vhdx", "disk.vhdx"),
        ] {
            assert_eq!(file_name(name), expected, "{name}");
        }
    }
}
