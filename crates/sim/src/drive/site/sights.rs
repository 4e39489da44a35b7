//! What a look at a host shows.

use super::Site;
use super::jobs::disk_name;
use crate::Ms;
use crate::drive::clock::instant;
use crate::drive::machine::{LISTED, Machine, Run, Task, Work};
use crate::world::SpellKind;
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::ids::HostId;
use domain::job::{Job, JobClass, JobState, job_type};
use domain::observation::{
    EnabledState, HostBoot, Observation, Relationship, ReplicationHealth, ReplicationMode, ReplicationState,
};
use hyperv::host::{AttachedDisk, Checkpoint, HostError, HostIdentity, ReplicaSighting};

/// The build of all hosts.
pub const BUILD: &str = "10.0.20348";
/// Truths are remembered for so many looks at a machine.
const TRUTHS_KEPT: usize = 512;

/// The name of a host.
pub(super) fn host_id(number: usize) -> Option<HostId> {
    format!("hv-{number}").parse().ok()
}

impl Site {
    pub fn unreachable(&self, host: usize, request: &str) -> HostError {
        HostError::Unreachable {
            host: self.hosts[host].id.clone(),
            request: request.to_owned(),
            reason: "no answer".to_owned(),
        }
    }

    pub fn not_found(&self, host: usize, what: &str) -> HostError {
        HostError::NotFound {
            host: self.hosts[host].id.clone(),
            what: what.to_owned(),
        }
    }

    /// The host's clock.
    fn there(&self, host: usize, at: Ms) -> DateTime<Utc> {
        instant(at + self.hosts[host].skew)
    }

    #[must_use]
    pub fn identity(&self, host: usize) -> HostIdentity {
        HostIdentity {
            build: BUILD.to_owned(),
            now: self.there(host, self.now),
            boot: self.boot(host),
            has_reference_points: true,
        }
    }

    fn boot(&self, host: usize) -> HostBoot {
        HostBoot {
            booted_at: self.there(host, self.hosts[host].booted),
            service_started_at: self.there(host, self.hosts[host].service_started),
        }
    }

    pub fn observation(&mut self, number: usize, seen_at: DateTime<Utc>) -> Observation {
        self.bring(number);
        let host = self.machines[number].home;
        let machine = &self.machines[number];
        let truth = machine.refusal();
        let kind = machine.stretch().map(|s| s.kind);
        let paused = machine.paused.is_some();
        let state = match kind {
            Some(SpellKind::Resynchronization) => ReplicationState::Resynchronizing,
            Some(SpellKind::InitialReplication) => ReplicationState::WaitingToCompleteInitialReplication,
            Some(SpellKind::FailoverInProgress) => ReplicationState::FailoverInProgress,
            _ if paused => ReplicationState::Suspended,
            _ => ReplicationState::Replicating,
        };
        let health = match kind {
            Some(SpellKind::HealthCritical) => ReplicationHealth::Critical,
            _ if paused => ReplicationHealth::Warning,
            _ => ReplicationHealth::Ok,
        };
        let last_apply = machine.last_apply.map(|at| self.there(host, at));
        let observation = Observation {
            host: self.hosts[host].id.clone(),
            vm: machine.vm,
            name: machine.name.clone(),
            seen_at,
            host_time: self.there(host, self.now),
            boot: self.boot(host),
            mode: ReplicationMode::Replica,
            enabled: EnabledState::Off,
            health_state: 5,
            operational_status: vec![2],
            relationships: vec![Relationship {
                index: 0,
                state,
                health,
                failed_over_type: 0,
                last_replication: last_apply,
                last_apply,
                interval_secs: machine.interval_secs,
            }],
            jobs: self.jobs(host, machine),
            recovery_checkpoints: machine.checkpoints.iter().map(|c| c.id.clone()).collect(),
        };
        let truths = &mut self.truths[number];
        truths.push((observation.host_time.timestamp_millis(), truth));
        if truths.len() > 2 * TRUTHS_KEPT {
            truths.drain(..TRUTHS_KEPT);
        }
        observation
    }

    pub fn sighting(&mut self, number: usize, seen_at: DateTime<Utc>) -> ReplicaSighting {
        let observation = self.observation(number, seen_at);
        let machine = &self.machines[number];
        let vm = machine.vm.to_string();
        let disk = |n: usize| AttachedDisk {
            instance_id: format!("disk-{n}"),
            path: format!(r"C:\Replica\{vm}\{}", disk_name(&vm, n)),
        };
        ReplicaSighting {
            observation,
            primary_host: Some(format!("hv.tenant-{}.example", machine.tenant)),
            primary_connection_point: None,
            disks: (0..machine.disks).map(disk).collect(),
            checkpoints: self.checkpoints(number),
        }
    }

    #[must_use]
    pub fn checkpoints(&self, number: usize) -> Vec<Checkpoint> {
        let machine = &self.machines[number];
        let shown = machine.checkpoints.iter().map(|standing| Checkpoint {
            instance_id: standing.id.clone(),
            vm: machine.vm,
            name: standing.name.clone(),
            created: Some(self.there(machine.home, standing.made)),
        });
        shown.collect()
    }

    /// All jobs of a machine that its host lists.
    #[must_use]
    pub fn jobs_of(&self, number: usize) -> Vec<Job> {
        let machine = &self.machines[number];
        self.jobs(machine.home, machine)
    }

    fn jobs(&self, host: usize, machine: &Machine) -> Vec<Job> {
        let ended = machine.ended.iter().map(|run| self.apply(host, run, run.state));
        let applying = machine
            .applying
            .iter()
            .map(|run| self.apply(host, run, JobState::Running));
        let listed = |work: &&Work| work.is_running() || work.to > self.now - LISTED;
        let works = machine
            .works
            .iter()
            .filter(listed)
            .map(|work| self.work(host, work));
        let mut jobs: Vec<Job> = ended.chain(applying).chain(works).collect();
        if let Some(s) = machine.stretch().filter(|s| s.kind == SpellKind::Migrating) {
            let id = format!("move-{}-{}", machine.number, s.span.from);
            let mut job = self.job(host, id, 300, JobState::Running, (s.span.from, self.now));
            job.class = JobClass::Migration;
            jobs.push(job);
        }
        jobs
    }

    fn apply(&self, host: usize, run: &Run, state: JobState) -> Job {
        let to = if state.is_running() { self.now } else { run.to };
        let mut job = self.job(host, run.id.clone(), job_type::APPLY_LOG, state, (run.from, to));
        if !state.is_running() {
            job.error_code = run.code;
        }
        job
    }

    fn work(&self, host: usize, work: &Work) -> Job {
        let kind = match work.task {
            Task::Snapshot { .. } => job_type::SNAPSHOT,
            Task::Export { .. } => job_type::EXPORT,
            Task::Destroy { .. } => job_type::DELETE_SNAPSHOT,
        };
        let to = if work.is_running() { self.now } else { work.to };
        let mut job = self.job(host, work.id.clone(), kind, work.state, (work.from, to));
        job.error_code = work.code;
        job
    }

    fn job(&self, host: usize, id: String, job_type: u16, state: JobState, (from, to): (Ms, Ms)) -> Job {
        let started = self.there(host, from);
        let started = if self.hosts[host].cuts_seconds {
            started.trunc_subsecs(0)
        } else {
            started
        };
        Job {
            id,
            class: JobClass::Concrete,
            job_type,
            state,
            error_code: 0,
            error_text: None,
            percent: 0,
            started: Some(started),
            elapsed_ms: u64::try_from(to - from).ok(),
            owner: None,
        }
    }

    /// The machine on the host that a job is of, with the job as listed.
    #[must_use]
    pub fn job_on(&self, host: usize, id: &str) -> Option<(usize, Job)> {
        let here = self.machines.iter().filter(|m| m.home == host);
        here.flat_map(|m| self.jobs(host, m).into_iter().map(|job| (m.number, job)))
            .find(|(_, job)| job.id == id)
    }
}
