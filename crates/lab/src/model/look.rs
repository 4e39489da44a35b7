//! Answers to questions: what each host shows now. Nothing here changes the site.

use super::condition::Numbers;
use super::job::{Job, SYSTEM};
use super::{
    Affected, AuthorizationView, CheckpointView, DiskView, HealthIssue, HostView, JobView, Left, LogEntry,
    RelationshipView, Replica, Site, Target, VmView, job_type,
};
use crate::disks::file_name;
use crate::oracle::derived_uuid;
use crate::scenario::Op;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;
use uuid::Uuid;

impl Site {
    /// All hosts of the replica site; the tenants' own are [`Site::primaries`].
    #[must_use]
    pub fn hosts(&self) -> Vec<HostView> {
        self.hosts.iter().map(|host| self.host_view(host)).collect()
    }

    /// One host, a tenant's included, or none of this name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostView> {
        let primary = self.primary_index(name).map(|p| self.primary_view(p));
        primary.or_else(|| self.host_index(name).map(|h| self.host_view(&self.hosts[h])))
    }

    fn host_view(&self, host: &super::Host) -> HostView {
        HostView {
            name: host.spec.name.clone(),
            fqdn: host.spec.fqdn.clone(),
            release: host.spec.release,
            protection: host.spec.protection,
            build: host.spec.release.build().to_owned(),
            now: host.clock(self.now),
            booted_at: host.clock(host.booted_at),
            service_started_at: host.clock(host.service_started_at),
            reachable: host.is_up() && host.cut_until.is_none_or(|until| until <= self.now),
        }
    }

    /// VMs that a host holds now: replicas, or a tenant's running ones on his own.
    #[must_use]
    pub fn vms(&self, host: &str) -> Vec<VmView> {
        if let Some(p) = self.primary_index(host) {
            return self.primary_vms(p);
        }
        let Some(h) = self.host_index(host) else {
            return Vec::new();
        };
        (0..self.replicas.len())
            .filter(|r| self.replicas[*r].host == h)
            .map(|r| self.vm_view(r))
            .collect()
    }

    /// One VM of a host.
    #[must_use]
    pub fn vm(&self, host: &str, vm: Uuid) -> Option<VmView> {
        if let Some(p) = self.primary_index(host) {
            return self.primary_vms(p).into_iter().find(|view| view.vm == vm);
        }
        self.vm_index(host, vm).map(|r| self.vm_view(r))
    }

    pub(super) fn vm_view(&self, r: usize) -> VmView {
        let replica = &self.replicas[r];
        let numbers = replica.numbers();
        let (operational_status, status_descriptions) = self.operational(r, &numbers);
        let tenant = self
            .spec
            .tenants
            .iter()
            .find(|tenant| tenant.slug == replica.spec.tenant);
        let storage_location = tenant.map(|t| t.storage_location.clone()).unwrap_or_default();
        let folder = format!(
            "{storage_location}\\Hyper-V Replica\\Virtual hard disks\\{}",
            upper(replica.spec.vm)
        );
        let disk = |(n, spec): (usize, &super::DiskSpec)| {
            let file = file_name(&replica.spec, u16::try_from(n).unwrap_or(u16::MAX));
            let controller = upper(derived_uuid(
                self.spec.seed,
                &[replica.spec.id.as_u64_pair().0, 0x5c51],
            ));
            DiskView {
                instance_id: format!("Microsoft:{}\\{controller}\\0\\{n}\\D", upper(replica.spec.vm)),
                path: format!("{folder}\\{file}"),
                bytes: spec.bytes,
            }
        };
        VmView {
            lab_id: replica.spec.id,
            vm: replica.spec.vm,
            name: replica.spec.name.clone(),
            tenant: replica.spec.tenant.clone(),
            canary: replica.spec.canary,
            mode: numbers.mode,
            enabled: numbers.enabled,
            health_state: numbers.health_state,
            operational_status,
            status_descriptions,
            created: self.clock(replica, self.spec.begins_at - TimeDelta::days(90)),
            relationships: self.relationships(replica, &numbers),
            disks: replica.spec.disks.iter().enumerate().map(disk).collect(),
            trust_group: tenant.map(|t| t.trust_group.clone()).unwrap_or_default(),
            last_successful_backup: replica.last_backup.map(|at| self.clock(replica, at)),
            health_issues: health_issues(replica, &numbers),
            storage_location,
        }
    }

    fn clock(&self, replica: &Replica, world: DateTime<Utc>) -> DateTime<Utc> {
        self.hosts[replica.host].clock(world)
    }

    fn relationships(&self, replica: &Replica, numbers: &Numbers) -> Vec<RelationshipView> {
        let spec = &replica.spec;
        let inbound = RelationshipView {
            index: 0,
            state: numbers.state,
            health: numbers.health,
            failed_over_type: numbers.failed_over,
            last_replication_type: 1,
            last_replication: replica.last_replication.map(|at| self.clock(replica, at)),
            last_apply: replica.last_apply.map(|at| self.clock(replica, at)),
            interval_secs: spec.interval_secs,
            primary_host: spec.primary_fqdn.clone(),
            primary_connection_point: spec.primary_fqdn.clone(),
            recovery_host: self.hosts[replica.host].spec.fqdn.clone(),
        };
        let extended = numbers.extended.map(|(state, health)| RelationshipView {
            index: 1,
            state,
            health,
            failed_over_type: 0,
            primary_host: inbound.recovery_host.clone(),
            primary_connection_point: inbound.recovery_host.clone(),
            recovery_host: "hv-x-01.dr.example".to_owned(),
            ..inbound.clone()
        });
        std::iter::once(inbound).chain(extended).collect()
    }

    fn operational(&self, r: usize, numbers: &Numbers) -> (Vec<u16>, Vec<String>) {
        if let Some(status) = &numbers.operational {
            return (
                status.clone(),
                status.iter().map(|code| format!("Status {code}")).collect(),
            );
        }
        let running = self.jobs.values().filter(|job| job.replica == r && job.running());
        let busy = running
            .filter_map(|job| in_service(job.job_type))
            .max_by_key(|(code, _)| *code);
        match busy {
            Some((0, text)) => (vec![11], vec![text.to_owned()]),
            Some((code, text)) => (vec![11, code], vec!["In service".to_owned(), text.to_owned()]),
            None => (vec![2], vec!["Operating normally".to_owned()]),
        }
    }

    /// Jobs of a host, running and finished less than five minutes ago.
    #[must_use]
    pub fn jobs(&self, host: &str) -> Vec<JobView> {
        if let Some(p) = self.primary_index(host) {
            return self.primary_jobs(p);
        }
        let h = self.host_index(host);
        let mut jobs: Vec<&Job> = self.jobs.values().filter(|job| Some(job.host) == h).collect();
        jobs.sort_by_key(|job| (job.started, job.id));
        jobs.into_iter().map(|job| self.job_view(job)).collect()
    }

    /// One job of a host.
    #[must_use]
    pub fn job(&self, host: &str, id: Uuid) -> Option<JobView> {
        if let Some(p) = self.primary_index(host) {
            return self.primary_jobs(p).into_iter().find(|job| job.id == id);
        }
        let h = self.host_index(host);
        self.jobs
            .get(&id)
            .filter(|job| Some(job.host) == h)
            .map(|job| self.job_view(job))
    }

    fn job_view(&self, job: &Job) -> JobView {
        let host = &self.hosts[job.host];
        let vm = self.replicas[job.replica].spec.vm;
        let made = job.snapshot.iter().map(|(id, effect)| Affected {
            target: Target::Snapshot(id.clone()),
            effect: *effect,
        });
        let ended = job.ended.unwrap_or(self.now);
        JobView {
            id: job.id,
            class: job.class,
            job_type: job.job_type,
            state: job.state,
            error_code: job.error_code,
            error_text: job.error_text.clone(),
            percent: job.percent,
            cancellable: job.job_type == job_type::EXPORT,
            started: host.clock(job.started),
            elapsed_ms: u64::try_from((ended - job.started).num_milliseconds()).unwrap_or(0),
            state_changed: host.clock(job.ended.unwrap_or(job.started)),
            owner: job.owner.clone(),
            affected: std::iter::once(Affected {
                target: Target::Vm(vm),
                effect: 0,
            })
            .chain(made)
            .collect(),
            vm,
            destination: job.destination.clone(),
        }
    }

    /// Recovery checkpoints of all VMs of a host.
    #[must_use]
    pub fn checkpoints(&self, host: &str) -> Vec<CheckpointView> {
        let h = self.host_index(host);
        let here = self.replicas.iter().filter(|replica| Some(replica.host) == h);
        here.flat_map(|replica| {
            replica
                .checkpoints
                .iter()
                .map(|c| self.checkpoint_view(replica, c))
        })
        .collect()
    }

    fn checkpoint_view(&self, replica: &Replica, checkpoint: &super::backup::Checkpoint) -> CheckpointView {
        CheckpointView {
            instance_id: checkpoint.instance_id.clone(),
            vm: replica.spec.vm,
            name: checkpoint.name.clone(),
            created: self.clock(replica, checkpoint.created),
            generation: checkpoint.generation,
        }
    }

    /// The authorization table, the same on every host.
    #[must_use]
    pub fn authorization(&self) -> Vec<AuthorizationView> {
        let entry = |tenant: &super::TenantSpec| AuthorizationView {
            instance_id: format!("Microsoft:{}", tenant.allowed_primary),
            allowed_primary: tenant.allowed_primary.clone(),
            trust_group: tenant.trust_group.clone(),
            storage_location: tenant.storage_location.clone(),
        };
        self.spec.tenants.iter().map(entry).collect()
    }

    /// What clients have left on the hosts.
    #[must_use]
    pub fn left(&self) -> Left {
        let mut left = Left::default();
        for replica in &self.replicas {
            let host = &self.hosts[replica.host].spec.name;
            for checkpoint in replica.checkpoints.iter().filter(|c| c.owner != SYSTEM) {
                left.checkpoints
                    .push((host.clone(), self.checkpoint_view(replica, checkpoint)));
            }
        }
        for job in self.jobs.values().filter(|job| job.running() && job.of_client()) {
            left.jobs
                .push((self.hosts[job.host].spec.name.clone(), self.job_view(job)));
        }
        left.pauses = self.pauses_left();
        left
    }

    /// What clients did, oldest first.
    #[must_use]
    pub fn log(&self) -> &[LogEntry] {
        &self.journal.entries
    }

    /// The generation that a replica's disks hold in full, and the one being written now. By lab id.
    #[must_use]
    pub fn generation(&self, id: Uuid) -> Option<(u64, Option<u64>)> {
        let replica = self.replicas.iter().find(|replica| replica.spec.id == id)?;
        Some((replica.applied, replica.applying.as_ref().map(|apply| apply.to)))
    }

    /// The files of a replica's disks, none for a site in memory. By lab id.
    #[must_use]
    pub fn disk_files(&self, id: Uuid) -> Vec<PathBuf> {
        let Some(replica) = self.replicas.iter().find(|replica| replica.spec.id == id) else {
            return Vec::new();
        };
        let disks = 0..u16::try_from(replica.spec.disks.len()).unwrap_or(u16::MAX);
        disks
            .filter_map(|disk| self.bank.path(&replica.spec, disk))
            .collect()
    }
}

fn upper(id: Uuid) -> String {
    id.hyphenated().to_string().to_uppercase()
}

/// `OperationalStatus[1]` (0 for none documented) and its text while a job of this type runs.
fn in_service(kind: u16) -> Option<(u16, &'static str)> {
    match kind {
        job_type::APPLY_LOG | job_type::APPLY_DELTAS => Some((0, "Applying replication changes")),
        job_type::SNAPSHOT => Some((32768, "Creating checkpoint")),
        job_type::DELETE_SNAPSHOT => Some((32770, "Deleting checkpoint")),
        job_type::MERGE_DISKS => Some((32772, "Merging disks")),
        job_type::EXPORT => Some((32773, "Exporting")),
        job_type::MOVE_VM_AND_STORAGE => Some((32774, "Moving")),
        job_type::BACKUP => Some((32776, "Backing up")),
        _ => None,
    }
}

fn health_issues(replica: &Replica, numbers: &Numbers) -> Vec<HealthIssue> {
    let issue = |message_id: &str, message: &str| HealthIssue {
        message_id: message_id.to_owned(),
        message: message.to_owned(),
    };
    let resync = |c: &super::Active| {
        matches!(
            c.op,
            Op::ResyncRequired { .. } | Op::Resyncing | Op::ResyncSuspended
        )
    };
    if replica.conditions.iter().any(resync) {
        return vec![issue(
            "29242",
            "Resynchronization is required for the virtual machine.",
        )];
    }
    if numbers.health == 3 {
        return vec![issue(
            "33414",
            "The time since the last replication is greater than one hour.",
        )];
    }
    Vec::new()
}
