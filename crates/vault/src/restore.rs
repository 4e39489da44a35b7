//! Bringing disks and files back. A target appears under its name only when whole, verified and durable.

use crate::Vault;
use crate::error::{Result, VaultError, io_error, is_full};
use crate::point::reading::Point;
use crate::progress::Progress;
use crate::secrets::{folder_of, sibling, sync_folder_of};
use domain::ids::TenantId;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use vhdx::VhdxSink;

/// Block size of restored VHDX files: small, so that a sparse disk stays small.
const VHDX_BLOCK_BYTES: u32 = 2 << 20;

/// What a restored disk is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The disk's bytes, sparse.
    Raw,
    /// A dynamic VHDX.
    Vhdx,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Vhdx => "vhdx",
        }
    }
}

/// What to do when the target exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and fail.
    Never,
    /// Replace a regular file, at the very end and in one step. Anything else (device, pipe, socket, link, folder) stays.
    Force,
}

impl Vault {
    /// Restores one disk to a file. Each extent is compared with its digest on the way.
    ///
    /// # Errors
    /// [`VaultError::Exists`], [`VaultError::NotReplaceable`], [`VaultError::NoFolder`], [`VaultError::NoSuchDisk`], [`VaultError::DigestMismatch`], [`VaultError::NoRoom`]; key, storage and I/O
    /// errors. Then there is no file `to`, or the one that was there before.
    #[expect(
        clippy::too_many_arguments,
        reason = "each names one decision of the caller; a struct would only rename them"
    )]
    pub fn restore_disk(
        &self,
        tenant: &TenantId,
        snapshot: &str,
        disk: u32,
        to: &Path,
        format: Format,
        overwrite: Overwrite,
        progress: &dyn Progress,
    ) -> Result<()> {
        refuse_existing(to, overwrite)?;
        refuse_no_folder(to)?;
        let point = self.open_point(tenant, snapshot)?;
        restore_one(&point, disk, to, format, overwrite, progress)
    }

    /// Restores all disks of a point (named as on the host) and its configuration files (in `config/`) to a folder, made if needed.
    /// Returns the files in the order written.
    ///
    /// # Errors
    /// As [`Vault::restore_disk`]; when one file fails, those before it are whole and stay.
    pub fn restore_dir(
        &self,
        tenant: &TenantId,
        snapshot: &str,
        to: &Path,
        format: Format,
        overwrite: Overwrite,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>> {
        let point = self.open_point(tenant, snapshot)?;
        let mut names = BTreeSet::new();
        let mut disks = Vec::new();
        for disk in &point.manifest.disks {
            let mut name = disk_file_name(&disk.name, disk.index, format);
            if !names.insert(name.to_lowercase()) {
                name = format!("disk-{}-{name}", disk.index);
            }
            disks.push((disk.index, to.join(name)));
        }
        let config = to.join(crate::layout::CONFIG_FOLDER);
        let mut files = Vec::new();
        for file in &point.manifest.files {
            let name = plain_name(&file.name).ok_or_else(|| VaultError::NotAPoint {
                snapshot: snapshot.to_owned(),
                why: format!("`{}` is not a plain file name", file.name),
            })?;
            files.push((file, config.join(name)));
        }
        for target in disks
            .iter()
            .map(|(_, path)| path)
            .chain(files.iter().map(|(_, path)| path))
        {
            refuse_existing(target, overwrite)?;
        }
        fs::create_dir_all(to).map_err(io_error("make the folder", to))?;
        let mut written = Vec::new();
        for (index, path) in disks {
            restore_one(&point, index, &path, format, overwrite, progress)?;
            written.push(path);
        }
        if !files.is_empty() {
            fs::create_dir_all(&config).map_err(io_error("make the folder", &config))?;
        }
        for (file, path) in files {
            let draft = Draft::new(&path);
            let mut out = draft.create()?;
            point.copy_config(file, &mut out)?;
            out.sync_all().map_err(io_error("write", &draft.path))?;
            draft.publish(overwrite)?;
            written.push(path);
        }
        Ok(written)
    }
}

fn restore_one(
    point: &Point,
    index: u32,
    to: &Path,
    format: Format,
    overwrite: Overwrite,
    progress: &dyn Progress,
) -> Result<()> {
    let size = point.disk(index)?.size_bytes;
    let draft = Draft::new(to);
    match format {
        Format::Raw => {
            let file = draft.create()?;
            let write_failed = || io_error("write", &draft.path);
            file.set_len(size).map_err(write_failed())?;
            point.walk_disk(index, progress, &mut |offset, content| {
                file.write_all_at(content, offset).map_err(write_failed())
            })?;
            file.sync_all().map_err(write_failed())?;
        }
        Format::Vhdx => {
            let write_failed = |error: vhdx::Error| vhdx_error(&draft.path, error);
            let mut sink = VhdxSink::create(&draft.path, size, VHDX_BLOCK_BYTES).map_err(write_failed)?;
            point.walk_disk(index, progress, &mut |offset, content| {
                sink.put(offset, content).map_err(write_failed)
            })?;
            sink.finish().map_err(write_failed)?;
            File::open(&draft.path)
                .and_then(|file| file.sync_all())
                .map_err(io_error("write", &draft.path))?;
        }
    }
    draft.publish(overwrite)
}

fn vhdx_error(path: &Path, error: vhdx::Error) -> VaultError {
    let error = io::Error::from(error);
    if is_full(&error) {
        VaultError::NoRoom {
            what: format!("`{}`", path.display()),
        }
    } else {
        io_error("write", path)(error)
    }
}

fn refuse_existing(to: &Path, overwrite: Overwrite) -> Result<()> {
    // A dangling link counts as existing, so no look through it.
    let there = match fs::symlink_metadata(to) {
        Ok(there) => there.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("look at", to)(error)),
    };
    let path = to.to_path_buf();
    match (overwrite, other_than_file(there)) {
        (Overwrite::Never, _) => Err(VaultError::Exists { path }),
        (Overwrite::Force, Some(what)) => Err(VaultError::NotReplaceable { path, what }),
        (Overwrite::Force, None) => Ok(()),
    }
}

/// What something is that is no regular file.
fn other_than_file(there: FileType) -> Option<&'static str> {
    if there.is_file() {
        None
    } else if there.is_dir() {
        Some("a folder")
    } else if there.is_symlink() {
        Some("a symbolic link")
    } else if there.is_fifo() {
        Some("a named pipe")
    } else if there.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

fn refuse_no_folder(to: &Path) -> Result<()> {
    let folder = folder_of(to);
    match fs::metadata(folder) {
        Ok(there) if there.is_dir() => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("look at", folder)(error)),
        _ => Err(VaultError::NoFolder {
            folder: folder.to_path_buf(),
        }),
    }
}

/// A file in the making beside its target; removed unless published.
struct Draft {
    path: PathBuf,
    to: PathBuf,
}

impl Draft {
    fn new(to: &Path) -> Self {
        Self {
            path: sibling(to, &format!("{:016x}.part", rand::random::<u64>())),
            to: to.to_path_buf(),
        }
    }

    fn create(&self) -> Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(io_error("create", &self.path))
    }

    fn publish(self, overwrite: Overwrite) -> Result<()> {
        let renamed = match overwrite {
            Overwrite::Force => {
                // Looked at when the work began; it may have become something else since.
                refuse_existing(&self.to, overwrite)?;
                fs::rename(&self.path, &self.to)
            }
            Overwrite::Never => match renameat_with(CWD, &self.path, CWD, &self.to, RenameFlags::NOREPLACE) {
                // The file system cannot do it in one step: look, then rename.
                Err(Errno::INVAL | Errno::NOSYS) => {
                    refuse_existing(&self.to, overwrite)?;
                    fs::rename(&self.path, &self.to)
                }
                Err(Errno::EXIST) => {
                    return Err(VaultError::Exists {
                        path: self.to.clone(),
                    });
                }
                other => other.map_err(io::Error::from),
            },
        };
        renamed.map_err(io_error("write", &self.to))?;
        sync_folder_of(&self.to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After publishing there is nothing of that name any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// A name from a host, accepted only as the name of a file in the folder it is put into.
fn plain_name(name: &str) -> Option<&str> {
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    plain.then_some(name)
}

fn disk_file_name(name: &str, index: u32, format: Format) -> String {
    let stem = plain_name(name)
        .map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        .filter(|stem| !stem.is_empty())
        .map_or_else(|| format!("disk-{index}"), str::to_owned);
    format!("{stem}.{}", format.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_a_host_never_leave_the_folder() {
        for (name, expected) in [
            ("erp-db-0.vhdx", "erp-db-0.raw"),
            ("../../etc/passwd", "disk-3.raw"),
            ("a\\b.vhdx", "disk-3.raw"),
            ("..", "disk-3.raw"),
            (".vhdx", "disk-3.raw"),
            ("", "disk-3.raw"),
        ] {
            assert_eq!(disk_file_name(name, 3, Format::Raw), expected);
        }
    }

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_overwritten_and_the_draft_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("disk.raw");
        let draft = Draft::new(&to);
        drop(draft.create().unwrap());
        fs::write(&to, b"mine").unwrap();
        assert!(matches!(
            draft.publish(Overwrite::Never),
            Err(VaultError::Exists { .. })
        ));
        assert_eq!(fs::read(&to).unwrap(), b"mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn overwriting_replaces_a_regular_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), b"old").unwrap();
        refuse_existing(&at("file"), Overwrite::Force).unwrap();
        refuse_existing(&at("none"), Overwrite::Force).unwrap();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(CWD, at("pipe"), kind, mode, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (name, kind) in [
            ("pipe", "a named pipe"),
            ("socket", "a socket"),
            ("link", "a symbolic link"),
            ("folder", "a folder"),
        ] {
            let draft = Draft::new(&at(name));
            drop(draft.create().unwrap());
            let refused = draft.publish(Overwrite::Force);
            assert!(
                matches!(&refused, Err(VaultError::NotReplaceable { what, .. }) if *what == kind),
                "{name}: {refused:?}"
            );
        }
        assert!(fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
        assert_eq!(fs::read(at("link")).unwrap(), b"old");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let none = dir.path().join("none");
        let refused = refuse_no_folder(&none.join("disk.raw")).unwrap_err();
        assert!(
            matches!(&refused, VaultError::NoFolder { folder } if *folder == none),
            "{refused}"
        );
        refuse_no_folder(&dir.path().join("disk.raw")).unwrap();
    }
}
