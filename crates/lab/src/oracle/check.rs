//! Judges a set of disk files, raw or VHDX, by their content alone.

use super::{BLOCK_BYTES, DiskIdentity, label, written};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A step of reading: a whole number of blocks.
const CHUNK: u64 = 1 << 20;
/// Places named in a report; `torn_blocks` counts them all.
const TORN_MAX: usize = 1_000;
/// A label beyond this is no generation of a real run, and would take minutes to explain.
const GENERATION_MAX: u64 = 5_000_000;
/// Beyond this a table of all blocks would not fit into memory.
const DISK_BYTES_MAX: u64 = 1 << 40;
const ZERO: u64 = u64::MAX;
const FOREIGN: u64 = u64::MAX - 1;

/// The judgement on all disks of one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One generation explains every block of all disks.
    pub consistent: bool,
    /// The newest generation found on any disk.
    pub generation: u64,
    /// Blocks that it does not explain, the first thousand.
    pub torn_at: Vec<Torn>,
    /// All of them.
    pub torn_blocks: u64,
    /// The replica's lab id.
    pub replica: Uuid,
    /// How many disks the replica has.
    pub disks: u16,
    /// What is wrong with the set itself, such as a missing disk.
    pub problems: Vec<String>,
}

/// A block that the generation does not explain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Torn {
    pub disk: u16,
    /// In bytes from the disk's start.
    pub offset: u64,
    /// Generation that should have written it last; none for a block that should be zero.
    pub expected: Option<u64>,
    /// Generation that did; none for zeros.
    pub found: Option<u64>,
    /// Neither zeros nor a whole block of this place on this disk.
    pub foreign: bool,
}

/// Files that cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("no file was named; name all disks of one replica")]
    Nothing,
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is not a readable VHDX file")]
    Vhdx {
        path: PathBuf,
        #[source]
        source: vhdx::Error,
    },
    #[error("{path} holds no block that the lab wrote; is it a disk of the lab, raw or VHDX?")]
    NotOurs { path: PathBuf },
    #[error(
        "{path} belongs to replica {found}, the files before it to {expected}; check one replica at a time"
    )]
    Mixed {
        path: PathBuf,
        expected: Uuid,
        found: Uuid,
    },
    #[error("{path} says what no run of the lab makes: {what}")]
    Implausible { path: PathBuf, what: String },
}

/// Judges all disks of one replica, in any order.
///
/// # Errors
/// When a file cannot be read or is no disk of the lab, or the files are of several replicas.
pub fn check<P: AsRef<Path>>(files: &[P]) -> Result<Report, CheckError> {
    let mut found: BTreeMap<u16, Scan> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut whole: Option<DiskIdentity> = None;
    for path in files.iter().map(AsRef::as_ref) {
        let scan = scan(path)?;
        let first = *whole.get_or_insert(scan.disk);
        if (first.replica, first.seed) != (scan.disk.replica, scan.disk.seed) {
            let (expected, found) = (first.replica, scan.disk.replica);
            return Err(CheckError::Mixed {
                path: path.to_owned(),
                expected,
                found,
            });
        }
        if scan.bytes != scan.disk.spec.bytes {
            let (is, says) = (scan.bytes, scan.disk.spec.bytes);
            problems.push(format!(
                "{} is {is} bytes long and says it should be {says}",
                path.display()
            ));
        }
        let disk = scan.disk.disk;
        if found.insert(disk, scan).is_some() {
            problems.push(format!("disk {disk} was given twice"));
        }
    }
    let whole = whole.ok_or(CheckError::Nothing)?;
    for disk in (0..whole.disks).filter(|disk| !found.contains_key(disk)) {
        problems.push(format!("disk {disk} of {} is missing", whole.disks));
    }
    let generation = found.values().map(|scan| scan.newest).max().unwrap_or(0);
    let (mut torn_at, mut torn_blocks) = (Vec::new(), 0);
    for scan in found.values() {
        torn_blocks += scan.compare(generation, &mut torn_at);
    }
    Ok(Report {
        consistent: torn_blocks == 0 && problems.is_empty(),
        generation,
        torn_at,
        torn_blocks,
        replica: whole.replica,
        disks: whole.disks,
        problems,
    })
}

struct Scan {
    disk: DiskIdentity,
    bytes: u64,
    newest: u64,
    /// Generation of each block, [`ZERO`] or [`FOREIGN`].
    blocks: Vec<u64>,
}

impl Scan {
    /// Counts the blocks that `generation` does not explain and names the first of them.
    fn compare(&self, generation: u64, torn_at: &mut Vec<Torn>) -> u64 {
        let mut expected = vec![ZERO; self.blocks.len()];
        for written_by in 0..=generation {
            for block in written(&self.disk, written_by) {
                if let Some(slot) = usize::try_from(block).ok().and_then(|b| expected.get_mut(b)) {
                    *slot = written_by;
                }
            }
        }
        let known = |generation: u64| (generation < FOREIGN).then_some(generation);
        let mut torn = 0;
        for (block, (found, expected)) in self.blocks.iter().zip(&expected).enumerate() {
            if found == expected {
                continue;
            }
            torn += 1;
            if torn_at.len() < TORN_MAX {
                let offset = (block * BLOCK_BYTES) as u64;
                let foreign = *found == FOREIGN;
                let (expected, found) = (known(*expected), known(*found));
                torn_at.push(Torn {
                    disk: self.disk.disk,
                    offset,
                    expected,
                    found,
                    foreign,
                });
            }
        }
        torn
    }
}

enum Source {
    Raw(File),
    Vhdx(Box<vhdx::Reader>),
}

fn open(path: &Path) -> Result<(Source, u64), CheckError> {
    let unreadable = |source| CheckError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut signature = Vec::with_capacity(8);
    file.by_ref()
        .take(8)
        .read_to_end(&mut signature)
        .map_err(unreadable)?;
    if signature == b"vhdxfile" {
        let invalid = |source| CheckError::Vhdx {
            path: path.to_owned(),
            source,
        };
        let reader = vhdx::Reader::open(path).map_err(invalid)?;
        let bytes = reader.virtual_size();
        return Ok((Source::Vhdx(Box::new(reader)), bytes));
    }
    let bytes = file.metadata().map_err(unreadable)?.len();
    Ok((Source::Raw(file), bytes))
}

fn scan(path: &Path) -> Result<Scan, CheckError> {
    let (source, bytes) = open(path)?;
    if bytes > DISK_BYTES_MAX {
        return Err(CheckError::Implausible {
            path: path.to_owned(),
            what: format!("a size of {bytes} bytes"),
        });
    }
    let (mut blocks, mut newest, mut disk) = (Vec::new(), 0, None);
    let mut buffer = vec![0; CHUNK as usize];
    let mut at = 0;
    while at < bytes {
        let len = CHUNK.min(bytes - at) as usize;
        let part = &mut buffer[..len];
        match &source {
            Source::Raw(file) => {
                file.read_exact_at(part, at).map_err(|source| CheckError::Read {
                    path: path.to_owned(),
                    source,
                })?;
            }
            Source::Vhdx(reader) => {
                reader.read_at(at, part).map_err(|source| CheckError::Vhdx {
                    path: path.to_owned(),
                    source,
                })?;
            }
        }
        for block in part.chunks(BLOCK_BYTES) {
            let number = blocks.len() as u64;
            let found = judge(block, number, &mut disk);
            if found < FOREIGN {
                newest = newest.max(found);
            }
            blocks.push(found);
        }
        at += len as u64;
    }
    let disk = disk.ok_or_else(|| CheckError::NotOurs {
        path: path.to_owned(),
    })?;
    if newest > GENERATION_MAX {
        return Err(CheckError::Implausible {
            path: path.to_owned(),
            what: format!("a generation of {newest}"),
        });
    }
    Ok(Scan {
        disk,
        bytes,
        newest,
        blocks,
    })
}

/// The generation of a block; the first whole block says which disk this is.
fn judge(bytes: &[u8], number: u64, disk: &mut Option<DiskIdentity>) -> u64 {
    if bytes.iter().all(|byte| *byte == 0) {
        return ZERO;
    }
    let label = <&[u8; BLOCK_BYTES]>::try_from(bytes).ok().and_then(label);
    match label {
        Some(label) if label.block == number && *disk.get_or_insert(label.disk) == label.disk => {
            label.generation
        }
        _ => FOREIGN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DiskSpec;
    use crate::oracle::{block_bytes, derived_uuid};
    use proptest::prelude::*;

    /// Two raw disks with all blocks up to `generation`, and the first `extra` writes of the next one.
    fn raw(folder: &Path, seed: u64, generation: u64, extra: usize) -> Vec<PathBuf> {
        let mut left = extra;
        let disk = |disk| DiskIdentity {
            seed,
            replica: derived_uuid(seed, &[1]),
            disk,
            disks: 2,
            spec: DiskSpec {
                bytes: 2 << 20,
                fill_permille: 500,
                burst: 5,
            },
        };
        let files = (0..2).map(|n| {
            let disk = disk(n);
            let mut image = vec![0; 2 << 20];
            for g in 0..=generation + 1 {
                for block in written(&disk, g) {
                    if g > generation {
                        if left == 0 {
                            break;
                        }
                        left -= 1;
                    }
                    let at = block as usize * BLOCK_BYTES;
                    image[at..at + BLOCK_BYTES].copy_from_slice(&block_bytes(&disk, block, g));
                }
            }
            let path = folder.join(format!("{n}.raw"));
            std::fs::write(&path, image).unwrap();
            path
        });
        files.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_half_written_generation_is_torn_and_a_whole_one_is_not(seed: u64, generation in 0u64..40, part in 1usize..4) {
            let folder = tempfile::tempdir().unwrap();
            let report = check(&raw(folder.path(), seed, generation, 0)).unwrap();
            prop_assert!(report.consistent, "{report:?}");
            prop_assert_eq!(report.generation, generation);
            let report = check(&raw(folder.path(), seed, generation, part)).unwrap();
            prop_assert!(!report.consistent);
            prop_assert_eq!(report.generation, generation + 1);
            prop_assert!(report.torn_at.iter().any(|torn| torn.disk == 1));
        }
    }

    #[test]
    fn one_disk_newer_than_the_other_is_torn() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (old, new) = (raw(old.path(), 5, 3, 0), raw(new.path(), 5, 4, 0));
        let report = check(&[&old[0], &new[1]]).unwrap();
        assert!(
            !report.consistent && report.torn_at.iter().all(|torn| torn.disk == 0),
            "{report:?}"
        );
    }

    #[test]
    fn a_missing_disk_a_changed_byte_and_a_foreign_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = raw(folder.path(), 9, 2, 0);
        let report = check(&files[..1]).unwrap();
        assert!(!report.consistent);
        assert_eq!(report.problems, ["disk 1 of 2 is missing"]);

        let mut image = std::fs::read(&files[0]).unwrap();
        image[BLOCK_BYTES + 100] ^= 1;
        std::fs::write(&files[0], image).unwrap();
        let report = check(&files).unwrap();
        assert_eq!(
            report
                .torn_at
                .iter()
                .map(|t| (t.disk, t.offset, t.foreign))
                .collect::<Vec<_>>(),
            [(0, 4096, true)]
        );

        std::fs::write(&files[1], vec![7; 1 << 20]).unwrap();
        assert!(matches!(check(&files), Err(CheckError::NotOurs { .. })));
    }
}
