//! Recovery checkpoints: `CreateSnapshot` (32768) and `DestroySnapshot`.

use super::job::SYSTEM;
use super::{Event, JobClass, LogEntry, Release, Site, SiteError, job_state, job_type, return_code};
use crate::oracle::mix;
use crate::scenario::Op;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `SnapshotSettings` (`Msvm_VirtualSystemSnapshotSettingData`) and the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointSettings {
    /// `ElementName`
    pub name: Option<String>,
    /// `SnapshotType`; only 32768 (recovery) is served.
    pub snapshot_type: u16,
    /// `ConsistencyLevel`: 1 application, 2 crash. A replica is off, so only 2 can be had.
    pub consistency_level: u8,
    pub ignore_non_snapshottable_disks: bool,
}

impl CheckpointSettings {
    /// What a backup asks for: recovery type, crash consistency, all disks.
    #[must_use]
    pub fn crash_consistent(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            snapshot_type: 32768,
            consistency_level: 2,
            ignore_non_snapshottable_disks: false,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(super) instance_id: String,
    pub(super) name: String,
    pub(super) created: DateTime<Utc>,
    pub(super) generation: u64,
    /// Who made it; the system for a foreign one.
    pub(super) owner: String,
}

impl Site {
    pub(super) fn vm_index(&self, host: &str, vm: Uuid) -> Option<usize> {
        let host = self.host_index(host)?;
        self.replicas
            .iter()
            .position(|replica| replica.host == host && replica.spec.vm == vm)
    }

    /// `CreateSnapshot`. The job's end tells whether there is a checkpoint.
    ///
    /// # Errors
    /// The return value when no job was started (spec 2.10 b).
    pub fn checkpoint_create(
        &mut self,
        host: &str,
        vm: Uuid,
        settings: &CheckpointSettings,
        client: &str,
    ) -> Result<Uuid, u32> {
        let r = self
            .vm_index(host, vm)
            .ok_or(return_code::SNAPSHOT_INVALID_PARAMETER)?;
        let h = self.replicas[r].host;
        let mut entry = self.about(self.entry("checkpoint-asked", h, client), r);
        entry.name = settings.name.clone();
        entry.overlap = self.client_is_there(r);
        self.tell(entry.clone());
        if let Err((code, why)) = self.checkpoint_answer(r, settings) {
            self.tell(LogEntry {
                event: "checkpoint-refused".into(),
                code: Some(code),
                why: Some(why.into()),
                ..entry
            });
            return Err(code);
        }
        let id = self.job_start(r, JobClass::Concrete, job_type::SNAPSHOT, client);
        let doomed = self.checkpoint_doom(r, settings);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.settings = Some(settings.clone());
            job.doomed = doomed;
        }
        self.replicas[r].locks += 1;
        let done = self.after(self.lasting(self.spec.settings.snapshot_ms));
        self.queue.plan(done, Event::SnapshotDone(id));
        Ok(id)
    }

    fn checkpoint_answer(&self, r: usize, settings: &CheckpointSettings) -> Result<(), (u32, &'static str)> {
        let replica = &self.replicas[r];
        if self.hosts[replica.host].spec.release == Release::Server2012R2 {
            return Err((1, "this host cannot make recovery checkpoints"));
        }
        if settings.snapshot_type != 32768 {
            return Err((
                return_code::SNAPSHOT_INVALID_PARAMETER,
                "the lab makes recovery checkpoints only",
            ));
        }
        for condition in &replica.conditions {
            if let Op::CheckpointRefuse { return_value } = condition.op {
                return Err((return_value, "the scenario says so"));
            }
        }
        Ok(())
    }

    /// Why the job that is started now will fail.
    fn checkpoint_doom(&self, r: usize, settings: &CheckpointSettings) -> Option<(u16, String)> {
        let replica = &self.replicas[r];
        for condition in &replica.conditions {
            if let Op::CheckpointFail { code } = condition.op {
                return Some((code, "the scenario says so".to_owned()));
            }
        }
        if settings.consistency_level == 1 {
            return Some((
                32775,
                "a replica is off: it cannot be application-consistent".to_owned(),
            ));
        }
        let refusal = replica
            .refusal()
            .filter(|_| self.hosts[replica.host].protects())?;
        Some((u16::try_from(refusal.0).unwrap_or(32768), refusal.1.to_owned()))
    }

    pub(super) fn snapshot_done(&mut self, id: Uuid) -> Result<(), SiteError> {
        let Some(job) = self.jobs.get(&id).filter(|job| job.running()).cloned() else {
            return Ok(());
        };
        let r = job.replica;
        let settings = job
            .settings
            .unwrap_or_else(|| CheckpointSettings::crash_consistent(""));
        // Something may have come up meanwhile; an apply cannot, the lock keeps it out.
        let doomed = job.doomed.or_else(|| self.checkpoint_doom(r, &settings));
        if let Some((code, why)) = doomed {
            self.client_job_fails(id, code.into(), &why);
            return self.apply_try(r);
        }
        let instance_id = format!(
            "Microsoft:{}",
            self.new_id().hyphenated().to_string().to_uppercase()
        );
        let honoured = settings
            .name
            .filter(|_| self.spec.settings.honour_checkpoint_name);
        let replica = &self.replicas[r];
        let named = || {
            format!(
                "{} - Backup - ({})",
                replica.spec.name,
                self.now.format("%d.%m.%Y - %H:%M:%S")
            )
        };
        let name = honoured.unwrap_or_else(named);
        let checkpoint = Checkpoint {
            instance_id: instance_id.clone(),
            name: name.clone(),
            created: self.now,
            generation: replica.applied,
            owner: job.owner.clone(),
        };
        let mut entry = self.about(self.entry("checkpoint-created", replica.host, &job.owner), r);
        (entry.job, entry.checkpoint, entry.name) = (Some(id), Some(instance_id.clone()), Some(name));
        self.tell(entry);
        let replica = &mut self.replicas[r];
        replica.checkpoints.push(checkpoint);
        replica.locks = replica.locks.saturating_sub(1);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.snapshot = Some((instance_id, 5));
        }
        self.job_end(id, job_state::COMPLETED, 0, None);
        self.save_replica(r)
    }

    /// Renames a checkpoint (`ModifySystemSettings` of its setting data). Returns the return value.
    pub fn checkpoint_rename(&mut self, host: &str, instance_id: &str, name: &str) -> u32 {
        let Some(r) = self.checkpoint_owner(host, instance_id) else {
            return return_code::INVALID_PARAMETER;
        };
        for checkpoint in &mut self.replicas[r].checkpoints {
            if checkpoint.instance_id.eq_ignore_ascii_case(instance_id) {
                name.clone_into(&mut checkpoint.name);
            }
        }
        match self.save_replica(r) {
            Ok(()) => return_code::DONE,
            Err(_) => return_code::FAILED,
        }
    }

    /// `DestroySnapshot`. Held logs are applied when the job is done.
    ///
    /// # Errors
    /// The return value when no job was started (spec 2.10 b).
    pub fn checkpoint_destroy(&mut self, host: &str, instance_id: &str, client: &str) -> Result<Uuid, u32> {
        let r = self
            .checkpoint_owner(host, instance_id)
            .ok_or(return_code::SNAPSHOT_INVALID_PARAMETER)?;
        if self.exports.values().any(|export| export.uses(instance_id)) {
            return Err(return_code::IN_USE);
        }
        let id = self.job_start(r, JobClass::Concrete, job_type::DELETE_SNAPSHOT, client);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.snapshot = Some((instance_id.to_owned(), 0));
        }
        self.replicas[r].locks += 1;
        let done = self.after(self.lasting(self.spec.settings.destroy_ms));
        self.queue.plan(done, Event::DestroyDone(id));
        Ok(id)
    }

    pub(super) fn destroy_done(&mut self, id: Uuid) -> Result<(), SiteError> {
        let Some(job) = self.jobs.get(&id).filter(|job| job.running()).cloned() else {
            return Ok(());
        };
        let (r, instance_id) = (job.replica, job.snapshot.map(|(id, _)| id).unwrap_or_default());
        let replica = &mut self.replicas[r];
        let gone = replica
            .checkpoints
            .iter()
            .position(|c| c.instance_id.eq_ignore_ascii_case(&instance_id));
        let gone = gone.map(|at| replica.checkpoints.remove(at));
        replica.locks = replica.locks.saturating_sub(1);
        let mut entry = self.about(self.entry("checkpoint-destroyed", job.host, &job.owner), r);
        (entry.job, entry.checkpoint, entry.name) = (Some(id), Some(instance_id), gone.map(|c| c.name));
        self.tell(entry);
        self.job_end(id, job_state::COMPLETED, 0, None);
        self.save_replica(r)?;
        self.apply_try(r)
    }

    /// A running job of a client ends badly; its lock goes, and so does what it was making.
    pub(super) fn client_job_fails(&mut self, id: Uuid, code: u32, why: &str) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.running()).cloned() else {
            return;
        };
        let event = match job.job_type {
            job_type::SNAPSHOT => "checkpoint-refused",
            job_type::EXPORT => "export-failed",
            _ => "job-failed",
        };
        self.exports.remove(&id);
        let mut entry = self.about(self.entry(event, job.host, &job.owner), job.replica);
        (entry.job, entry.code, entry.why) = (Some(id), Some(code), Some(why.to_owned()));
        entry.name = job.settings.and_then(|settings| settings.name);
        self.tell(entry);
        let replica = &mut self.replicas[job.replica];
        replica.locks = replica.locks.saturating_sub(1);
        let code = u16::try_from(code).unwrap_or(32768);
        self.job_end(id, job_state::EXCEPTION, code, Some(why.to_owned()));
    }

    pub(super) fn foreign_checkpoint(&mut self, r: usize, name: &str) -> Result<(), SiteError> {
        // A scenario is played again after a restart, and the checkpoint was kept.
        if self.replicas[r]
            .checkpoints
            .iter()
            .any(|c| c.owner == SYSTEM && c.name == name)
        {
            return Ok(());
        }
        let instance_id = format!(
            "Microsoft:{}",
            self.new_id().hyphenated().to_string().to_uppercase()
        );
        let (created, generation) = (self.now, self.replicas[r].applied);
        let (name, owner) = (name.to_owned(), SYSTEM.to_owned());
        self.replicas[r].checkpoints.push(Checkpoint {
            instance_id,
            name,
            created,
            generation,
            owner,
        });
        self.save_replica(r)
    }

    pub(super) fn checkpoint_owner(&self, host: &str, instance_id: &str) -> Option<usize> {
        let host = self.host_index(host)?;
        let holds = |r: &super::Replica| {
            r.checkpoints
                .iter()
                .any(|c| c.instance_id.eq_ignore_ascii_case(instance_id))
        };
        self.replicas
            .iter()
            .position(|replica| replica.host == host && holds(replica))
    }

    /// A client's checkpoint exists or a client's job runs on this replica.
    fn client_is_there(&self, r: usize) -> bool {
        self.replicas[r].checkpoints.iter().any(|c| c.owner != SYSTEM)
            || self
                .jobs
                .values()
                .any(|job| job.replica == r && job.running() && job.of_client())
    }

    /// A length between `ms` and twice that.
    pub(super) fn lasting(&self, ms: u64) -> u64 {
        ms + mix(self.spec.seed, &[self.ids, 0x70]) % ms.max(1)
    }
}
