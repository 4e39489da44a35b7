//! `ExportSystemDefinition`: the disks are copied piece by piece into a mapped staging directory, over modelled time.
//!
//! Each piece is what the disk holds when the piece is copied: where nothing keeps logs back the copy is torn.

use super::{Event, JobClass, Site, SiteError, job_state, job_type, return_code};
use crate::disks::{DiskCopy, allocated_bytes, file_name};
use crate::scenario::Op;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// `ExportSettingData` (`Msvm_VirtualSystemExportSettingData`) and the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSettings {
    /// `ExportDirectory`, a UNC path.
    pub directory: String,
    /// `SnapshotVirtualSystem`: `InstanceID` of the checkpoint.
    pub snapshot: Option<String>,
    /// 3 is one snapshot for backup.
    pub copy_snapshot_configuration: u8,
    pub copy_vm_storage: bool,
    pub copy_vm_runtime_information: bool,
    /// Files go into a folder named after the VM.
    pub create_vm_export_subdirectory: bool,
    /// `DifferentialBackupBase`; the lab has no reference points, so anything here is refused.
    pub differential_backup_base: Option<String>,
}

impl ExportSettings {
    /// What a backup asks for.
    #[must_use]
    pub fn of_checkpoint(directory: impl Into<String>, snapshot: impl Into<String>) -> Self {
        Self {
            directory: directory.into(),
            snapshot: Some(snapshot.into()),
            copy_snapshot_configuration: 3,
            copy_vm_storage: true,
            copy_vm_runtime_information: false,
            create_vm_export_subdirectory: false,
            differential_backup_base: None,
        }
    }
}

/// Pieces per second of host time.
const STEP_MS: u64 = 100;

#[derive(Debug)]
pub(crate) struct Export {
    settings: ExportSettings,
    folder: PathBuf,
    /// (source, target) of the disks to come.
    left: VecDeque<(PathBuf, PathBuf)>,
    copy: Option<DiskCopy>,
    bytes: u64,
    copied: u64,
    room: Option<u64>,
    /// Fails half way with this code.
    fails: Option<u16>,
    started: bool,
}

impl Export {
    pub(super) fn uses(&self, instance_id: &str) -> bool {
        self.settings
            .snapshot
            .as_deref()
            .is_some_and(|id| id.eq_ignore_ascii_case(instance_id))
    }
}

/// Why an export stops: `ErrorCode` and text.
type Stop = (u32, String);

fn stop(what: &str, error: &io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::PermissionDenied => (
            return_code::ACCESS_DENIED,
            format!("{what}: access is denied (0x80070005)"),
        ),
        io::ErrorKind::StorageFull => (
            return_code::FAILED,
            format!("{what}: there is not enough space on the disk (0x80070070)"),
        ),
        io::ErrorKind::AlreadyExists => (
            return_code::FAILED,
            format!("{what}: the file exists (0x80070050)"),
        ),
        _ => (return_code::FAILED, format!("{what}: {error}")),
    }
}

fn disk_stop(error: &vhdx::Error) -> Stop {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return stop("virtual hard disk", error);
        }
        cause = error.source();
    }
    (return_code::FAILED, error.to_string())
}

impl Site {
    /// `ExportSystemDefinition`. The job's end tells whether the files are whole.
    ///
    /// # Errors
    /// The return value when no job was started (spec 2.10 a).
    pub fn export(
        &mut self,
        host: &str,
        vm: Uuid,
        settings: &ExportSettings,
        client: &str,
    ) -> Result<Uuid, u32> {
        let r = self.vm_index(host, vm).ok_or(return_code::INVALID_PARAMETER)?;
        let replica = &self.replicas[r];
        let known = |id: &String| {
            replica
                .checkpoints
                .iter()
                .any(|c| c.instance_id.eq_ignore_ascii_case(id))
        };
        if settings.differential_backup_base.is_some() {
            return Err(return_code::NOT_SUPPORTED);
        }
        if !settings.snapshot.as_ref().is_some_and(known) || settings.copy_snapshot_configuration != 3 {
            return Err(return_code::INVALID_PARAMETER);
        }
        let id = self.job_start(r, JobClass::Concrete, job_type::EXPORT, client);
        self.replicas[r].locks += 1;
        let mut entry = self.about(self.entry("export-started", self.replicas[r].host, client), r);
        (entry.job, entry.checkpoint, entry.name) = (
            Some(id),
            settings.snapshot.clone(),
            Some(settings.directory.clone()),
        );
        self.tell(entry);
        let export = Export {
            settings: settings.clone(),
            folder: PathBuf::new(),
            left: VecDeque::new(),
            copy: None,
            bytes: 0,
            copied: 0,
            room: None,
            fails: None,
            started: false,
        };
        self.exports.insert(id, export);
        self.queue.plan(self.after(STEP_MS), Event::ExportStep(id));
        Ok(id)
    }

    /// `RequestStateChange` of a job: 4 terminates a running export, whose files stay as they are. Returns the return value.
    pub fn job_request_state(&mut self, host: &str, job: Uuid, requested: u16, client: &str) -> u32 {
        let h = self.host_index(host);
        let Some(found) = self.jobs.get(&job).filter(|job| Some(job.host) == h) else {
            return return_code::FILE_NOT_FOUND;
        };
        if !matches!(requested, 4 | 5) || !found.running() || found.job_type != job_type::EXPORT {
            return return_code::INVALID_TRANSITION;
        }
        let (r, host) = (found.replica, found.host);
        self.exports.remove(&job);
        self.replicas[r].locks = self.replicas[r].locks.saturating_sub(1);
        self.job_end(job, job_state::TERMINATED, 0, None);
        let mut entry = self.about(self.entry("export-cancelled", host, client), r);
        entry.job = Some(job);
        self.tell(entry);
        // Cancelling ends the hold of an export without checkpoint; with one nothing moves yet.
        self.queue.plan(self.now, Event::ApplyRetry(r));
        return_code::DONE
    }

    pub(super) fn export_step(&mut self, id: Uuid) -> Result<(), SiteError> {
        let Some(job) = self.jobs.get(&id).filter(|job| job.running()).cloned() else {
            return Ok(());
        };
        let Some(mut export) = self.exports.remove(&id) else {
            return Ok(());
        };
        let outcome = if export.started {
            self.export_piece(job.replica, &mut export)
        } else {
            self.export_begin(job.replica, &mut export).map(|()| false)
        };
        match outcome {
            Ok(true) => {
                let mut entry = self.about(self.entry("export-ended", job.host, &job.owner), job.replica);
                (entry.job, entry.checkpoint) = (Some(id), export.settings.snapshot.clone());
                entry.name = Some(export.settings.directory.clone());
                self.tell(entry);
                self.replicas[job.replica].last_backup = Some(self.now);
                self.replicas[job.replica].locks = self.replicas[job.replica].locks.saturating_sub(1);
                self.job_end(id, job_state::COMPLETED, 0, None);
                self.apply_try(job.replica)
            }
            Ok(false) => {
                let percent = (export.copied * 99 / export.bytes.max(1)).min(99);
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.percent = u16::try_from(percent).unwrap_or(99);
                }
                self.exports.insert(id, export);
                self.queue.plan(self.after(STEP_MS), Event::ExportStep(id));
                Ok(())
            }
            Err((code, why)) => {
                self.client_job_fails(id, code, &why);
                self.apply_try(job.replica)
            }
        }
    }

    /// The local directory of a UNC path below one of the mapped ones.
    fn mapped(&self, unc: &str) -> Option<(PathBuf, Option<u64>)> {
        let wanted = unc.replace('/', "\\");
        self.spec.staging.iter().find_map(|map| {
            let root = map.unc.trim_end_matches('\\');
            let (head, rest) = (wanted.get(..root.len())?, wanted.get(root.len()..)?);
            if !head.eq_ignore_ascii_case(root) || !(rest.is_empty() || rest.starts_with('\\')) {
                return None;
            }
            let parts: Vec<&str> = rest.split('\\').filter(|part| !part.is_empty()).collect();
            // A host resolves `..` before it asks the share; nothing outside the share can be named.
            if parts
                .iter()
                .any(|part| matches!(*part, "." | "..") || part.contains(':'))
            {
                return None;
            }
            let local = parts.iter().fold(map.local.clone(), |path, part| path.join(part));
            Some((
                local,
                map.room_bytes.map(|room| room.saturating_sub(used(&map.local))),
            ))
        })
    }

    fn export_begin(&mut self, r: usize, export: &mut Export) -> Result<(), Stop> {
        export.started = true;
        let unreachable = (
            return_code::ACCESS_DENIED,
            "the export directory cannot be reached (0x80070035)".to_owned(),
        );
        let (folder, room) = self.mapped(&export.settings.directory).ok_or(unreachable)?;
        let replica = &self.replicas[r];
        export.folder = if export.settings.create_vm_export_subdirectory {
            folder.join(&replica.spec.name)
        } else {
            folder
        };
        export.room = room;
        let disks = export.folder.join("Virtual Hard Disks");
        let machines = export.folder.join("Virtual Machines");
        for folder in [&disks, &machines] {
            std::fs::create_dir_all(folder).map_err(|error| stop("export directory", &error))?;
        }
        for condition in &replica.conditions {
            if let Op::ExportFail { code } = condition.op {
                export.fails = Some(code);
            }
        }
        write_configuration(&machines, &replica.spec).map_err(|error| stop("configuration", &error))?;
        if !export.settings.copy_vm_storage {
            return Ok(());
        }
        let left_out = |n: u16| {
            replica
                .conditions
                .iter()
                .any(|c| matches!(c.op, Op::LeaveDiskOut { disk } if disk == n))
        };
        for disk in 0..u16::try_from(replica.spec.disks.len()).unwrap_or(u16::MAX) {
            let Some(source) = self.bank.path(&replica.spec, disk).filter(|_| !left_out(disk)) else {
                continue;
            };
            export.bytes += allocated_bytes(&source).map_err(|error| disk_stop(&error))?;
            export
                .left
                .push_back((source, disks.join(file_name(&replica.spec, disk))));
        }
        Ok(())
    }

    /// Copies what fits into one step; true when all is done.
    fn export_piece(&self, r: usize, export: &mut Export) -> Result<bool, Stop> {
        let replica = &self.replicas[r];
        let slow = replica.conditions.iter().find_map(|c| match c.op {
            Op::ExportSlow { factor } => Some(u64::from(factor.max(1))),
            _ => None,
        });
        let per_second = u64::from(self.hosts[replica.host].spec.export_mib_per_sec) << 20;
        let mut budget = (per_second * STEP_MS / 1000 / slow.unwrap_or(1)).max(4096);
        while budget > 0 {
            if let Some(code) = export.fails.filter(|_| export.copied * 2 >= export.bytes) {
                return Err((code.into(), "the disk could not be read (0x8007045D)".to_owned()));
            }
            let Some(copy) = &mut export.copy else {
                let Some((source, target)) = export.left.pop_front() else {
                    return Ok(true);
                };
                export.copy = Some(DiskCopy::begin(&source, &target).map_err(|error| disk_stop(&error))?);
                continue;
            };
            if export.room.is_some_and(|room| export.copied + budget > room) {
                return Err(stop("virtual hard disk", &io::ErrorKind::StorageFull.into()));
            }
            match copy.step(budget).map_err(|error| disk_stop(&error))? {
                Some(bytes) => {
                    export.copied += bytes;
                    budget = budget.saturating_sub(bytes);
                }
                None => export.copy = None,
            }
        }
        Ok(export.copy.is_none() && export.left.is_empty())
    }
}

/// Bytes of all files below a directory.
fn used(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => used(&entry.path()),
        Ok(meta) => std::os::unix::fs::MetadataExt::blocks(&meta) * 512,
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

/// Small stand-ins for the binary configuration files: they name the VM and its disks.
fn write_configuration(folder: &Path, replica: &super::ReplicaSpec) -> io::Result<()> {
    let vm = replica.vm.hyphenated().to_string().to_uppercase();
    let disks: Vec<String> = (0..replica.disks.len())
        .map(|n| format!("disk {n} {}-{n}.vhdx\n", replica.name))
        .collect();
    let text = format!("lab configuration of {} {vm}\n{}", replica.name, disks.concat());
    for (extension, content) in [("vmcx", text), ("vmgs", format!("lab guest state of {vm}\n"))] {
        let path = folder.join(format!("{vm}.{extension}"));
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
    }
    Ok(())
}
