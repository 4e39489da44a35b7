//! A host with one replica, as a list of events on a clock. What it does not know, it does not answer.

use crate::fake_primary::PrimaryModel;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::JobLook;
use domain::ids::{HostId, VmGuid};
use domain::job::{Job, JobClass, JobState};
use domain::observation::*;
use engine::board::job_look_of;
use engine::clock::WorldClock;
use hyperv::host::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

pub const VM: VmGuid = VmGuid(uuid::Uuid::from_u128(0x5b2f));
pub const OTHER: VmGuid = VmGuid(uuid::Uuid::from_u128(0x5b30));

#[derive(Debug, Clone)]
pub enum Ev {
    Receive,
    Apply {
        secs: i64,
        state: JobState,
    },
    ApplyEnds {
        id: String,
        state: JobState,
    },
    SnapshotEnds {
        id: String,
        name: String,
    },
    ExportEnds {
        id: String,
        folder: PathBuf,
        content: u64,
    },
    DestroyEnds {
        id: String,
        checkpoint: String,
    },
    RestartService,
    /// The primary stops sending, or sends again.
    PrimaryChanges {
        paused: bool,
    },
    /// The relationship comes into this state.
    Becomes(ReplicationState),
}

pub struct Model {
    pub now: DateTime<Utc>,
    events: BTreeMap<(DateTime<Utc>, u64), Ev>,
    ids: u64,
    pub boot: HostBoot,
    pub state: ReplicationState,
    pub health: ReplicationHealth,
    pub last_apply: Option<DateTime<Utc>>,
    pub last_replication: Option<DateTime<Utc>>,
    pub jobs: Vec<Job>,
    pub checkpoints: Vec<Checkpoint>,
    /// Holds applies back while a checkpoint exists and refuses checkpoints while a blocker is active.
    pub protected: bool,
    pub down: bool,
    /// Seconds between two logs; `None` for a replica at rest.
    pub cycle_secs: Option<i64>,
    /// The tenant's host that the VM runs on.
    pub primary_host: PrimaryModel,
    pub apply_secs: i64,
    pub refused_code: Option<u32>,
    pending: u64,
    pub generation: u64,
    pub snapshot_secs: i64,
    pub export_secs: i64,
    pub disks: Vec<String>,
    /// Disks that the export leaves out.
    pub export_without: Vec<String>,
    pub primary: Option<String>,
    pub authorization: Vec<AuthorizationEntry>,
    pub vms: Vec<VmGuid>,
    pub unreadable: Vec<UnreadableVm>,
    /// So many times an apply of these seconds begins just before a checkpoint is asked for.
    pub races: Vec<i64>,
    /// The export's job ends in Exception.
    pub export_fails: bool,
    /// Whether a new checkpoint gets the name that was asked for, and whether it can be renamed.
    pub takes_names: bool,
    pub renames: bool,
    /// Error code with which the applies of `races` and all planned `Exception`s die.
    pub dies_with: u32,
    /// Requests that take so many seconds to arrive, each once.
    pub stalls: Vec<(&'static str, u64)>,
    /// Everything that was sent, with when.
    pub sent: Vec<(DateTime<Utc>, u64)>,
    /// Everything that changed the host, in order.
    pub log: Vec<String>,
}

pub struct FakeHost {
    id: HostId,
    clock: Arc<dyn WorldClock>,
    staging: PathBuf,
    model: Mutex<Model>,
}

impl Model {
    fn new(now: DateTime<Utc>) -> Self {
        let mut model = Self {
            now,
            events: BTreeMap::new(),
            ids: 0,
            boot: HostBoot {
                booted_at: now - TimeDelta::days(9),
                service_started_at: now - TimeDelta::days(8),
            },
            state: ReplicationState::Replicating,
            health: ReplicationHealth::Ok,
            last_apply: Some(now - TimeDelta::seconds(15)),
            last_replication: Some(now - TimeDelta::seconds(20)),
            jobs: vec![],
            checkpoints: vec![],
            protected: true,
            down: false,
            cycle_secs: None,
            primary_host: PrimaryModel::default(),
            apply_secs: 5,
            refused_code: None,
            pending: 0,
            generation: 1,
            snapshot_secs: 2,
            export_secs: 60,
            disks: vec!["erp-0.vhdx".to_owned(), "erp-1.vhdx".to_owned()],
            export_without: vec![],
            primary: Some("hv1.contoso.example".to_owned()),
            authorization: vec![],
            vms: vec![VM],
            unreadable: vec![],
            races: vec![],
            export_fails: false,
            takes_names: true,
            renames: true,
            dies_with: 0,
            stalls: vec![],
            sent: vec![],
            log: vec![],
        };
        let mut good = model.job(108, JobState::Completed);
        good.started = Some(now - TimeDelta::seconds(20));
        good.elapsed_ms = Some(5000);
        model.jobs.push(good);
        model
    }

    fn job(&mut self, job_type: u16, state: JobState) -> Job {
        self.ids += 1;
        Job {
            id: format!("job-{}", self.ids),
            class: JobClass::Concrete,
            job_type,
            state,
            error_code: 0,
            error_text: None,
            percent: 0,
            started: Some(self.now),
            elapsed_ms: Some(0),
            owner: None,
        }
    }

    pub fn plan(&mut self, after_secs: i64, event: Ev) {
        self.ids += 1;
        self.events
            .insert((self.now + TimeDelta::seconds(after_secs), self.ids), event);
    }

    fn start(&mut self, job_type: u16) -> String {
        let job = self.job(job_type, JobState::Running);
        let id = job.id.clone();
        self.jobs.push(job);
        id
    }

    fn end(&mut self, id: &str, state: JobState) {
        let now = self.now;
        if let Some(job) = self.jobs.iter_mut().find(|j| j.id == id) {
            job.state = state;
            let ms = (now - job.started.unwrap()).num_milliseconds();
            job.elapsed_ms = Some(u64::try_from(ms).unwrap());
        }
    }

    pub fn is_running(&self, job_type: u16) -> bool {
        self.jobs
            .iter()
            .any(|j| j.job_type == job_type && j.state.is_running())
    }

    fn step_to(&mut self, now: DateTime<Utc>) {
        while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= now) {
            let (at, _) = *entry.key();
            let event = entry.remove();
            self.now = at;
            self.happen(event);
        }
        self.now = now;
        let horizon = now - TimeDelta::seconds(300);
        self.jobs.retain(|j| j.ended().is_none_or(|end| end > horizon));
    }

    fn happen(&mut self, event: Ev) {
        match event {
            Ev::Receive => {
                if let Some(secs) = self.cycle_secs {
                    self.plan(secs, Ev::Receive);
                }
                if self.primary_host.paused {
                    self.primary_host.kept_back += 1;
                    return;
                }
                self.last_replication = Some(self.now);
                self.pending += 1;
                self.apply_pending();
            }
            Ev::Apply { secs, state } => {
                let id = self.start(108);
                self.plan(secs, Ev::ApplyEnds { id, state });
            }
            Ev::ApplyEnds { id, state } => {
                self.end(&id, state);
                if let Some(job) = self
                    .jobs
                    .iter_mut()
                    .find(|j| j.id == id && state == JobState::Exception)
                {
                    job.error_code = self.dies_with;
                }
                if state == JobState::Completed {
                    self.last_apply = Some(self.now);
                    self.generation += 1;
                    self.pending = self.pending.saturating_sub(1);
                }
                self.apply_pending();
            }
            Ev::SnapshotEnds { id, name } => {
                if self.jobs.iter().any(|j| j.id == id && j.state.is_running()) {
                    self.end(&id, JobState::Completed);
                    let created = Some(self.now);
                    let name = if self.takes_names {
                        name
                    } else {
                        "Backup checkpoint".to_owned()
                    };
                    self.checkpoints.push(Checkpoint {
                        instance_id: format!("Microsoft:{id}"),
                        vm: VM,
                        name,
                        created,
                    });
                }
            }
            Ev::ExportEnds { id, folder, content } => {
                if self.export_fails {
                    self.end(&id, JobState::Exception);
                } else if self.jobs.iter().any(|j| j.id == id && j.state.is_running()) {
                    self.end(&id, JobState::Completed);
                    let content = if self.protected { content } else { self.generation };
                    write_export(&folder, content, &self.disks, &self.export_without);
                }
            }
            Ev::DestroyEnds { id, checkpoint } => {
                self.end(&id, JobState::Completed);
                self.checkpoints.retain(|c| c.instance_id != checkpoint);
                self.apply_pending();
            }
            Ev::PrimaryChanges { paused } => self.primary_changes(paused),
            Ev::Becomes(state) => self.state = state,
            Ev::RestartService => {
                self.boot.service_started_at = self.now;
                self.jobs.retain(|j| !j.is_apply());
            }
        }
    }

    pub fn receive_kept_back(&mut self) {
        self.pending += 1;
        self.apply_pending();
    }

    fn apply_pending(&mut self) {
        if self.pending == 0 || self.is_running(108) {
            return;
        }
        // The lock is held from when the checkpoint begins to be made.
        if self.protected && (!self.checkpoints.is_empty() || self.is_running(70)) {
            if let Some(code) = self.refused_code {
                let id = self.start(108);
                self.end(&id, JobState::Exception);
                self.jobs.last_mut().unwrap().error_code = code;
            }
            return;
        }
        let secs = self.apply_secs;
        self.happen(Ev::Apply {
            secs,
            state: JobState::Completed,
        });
    }

    fn observation(&self, host: &HostId, vm: VmGuid, seen_at: DateTime<Utc>) -> Observation {
        Observation {
            host: host.clone(),
            vm,
            name: "erp".to_owned(),
            seen_at,
            host_time: self.now,
            boot: self.boot,
            mode: ReplicationMode::Replica,
            enabled: EnabledState::Off,
            health_state: 5,
            operational_status: vec![2],
            relationships: vec![Relationship {
                index: 0,
                state: self.state,
                health: self.health,
                failed_over_type: 0,
                last_replication: self.last_replication,
                last_apply: self.last_apply,
                interval_secs: 30,
            }],
            jobs: self.jobs.clone(),
            recovery_checkpoints: self.checkpoints.iter().map(|c| c.instance_id.clone()).collect(),
        }
    }

    fn sighting(&self, host: &HostId, vm: VmGuid, seen_at: DateTime<Utc>) -> ReplicaSighting {
        let disk = |(n, name): (usize, &String)| AttachedDisk {
            instance_id: format!("disk-{n}"),
            path: format!(r"C:\Replica\Virtual hard disks\{vm}\{name}"),
        };
        ReplicaSighting {
            observation: self.observation(host, vm, seen_at),
            primary_host: self.primary.clone(),
            primary_connection_point: None,
            disks: self.disks.iter().enumerate().map(disk).collect(),
            checkpoints: self.checkpoints.clone(),
        }
    }

    fn identity(&self) -> HostIdentity {
        HostIdentity {
            build: "10.0.20348".to_owned(),
            now: self.now,
            boot: self.boot,
            has_reference_points: true,
        }
    }
}

fn write_export(folder: &std::path::Path, content: u64, disks: &[String], without: &[String]) {
    let disk_folder = folder.join("Virtual Hard Disks");
    let config_folder = folder.join("Virtual Machines");
    std::fs::create_dir_all(&disk_folder).unwrap();
    std::fs::create_dir_all(&config_folder).unwrap();
    for disk in disks.iter().filter(|d| !without.contains(d)) {
        std::fs::write(disk_folder.join(disk), content.to_string()).unwrap();
    }
    if !without.iter().any(|w| w == "vmcx") {
        std::fs::write(config_folder.join(format!("{VM}.vmcx")), "config").unwrap();
    }
}

impl FakeHost {
    pub fn new(id: &str, clock: Arc<dyn WorldClock>, staging: PathBuf) -> Self {
        let model = Mutex::new(Model::new(clock.now()));
        Self {
            id: id.parse().unwrap(),
            clock,
            staging,
            model,
        }
    }

    /// The model, brought up to now.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        let mut model = self.model.lock().unwrap();
        model.step_to(self.clock.now());
        model
    }

    /// A log every 30 s from now on, each taking so long to apply.
    pub fn cycle(&self, apply_secs: i64) {
        let mut model = self.model();
        model.cycle_secs = Some(30);
        model.apply_secs = apply_secs;
        model.plan(5, Ev::Receive);
    }

    /// Requests that a real host would have got in this minute, at most, and all of them.
    pub fn sent_in_a_minute(&self) -> u64 {
        let sent = self.model().sent.clone();
        let minute = |from: DateTime<Utc>| {
            let within = |at: &DateTime<Utc>| (from..from + TimeDelta::seconds(60)).contains(at);
            sent.iter().filter(|(at, _)| within(at)).map(|(_, n)| n).sum()
        };
        sent.iter().map(|(at, _)| minute(*at)).max().unwrap_or(0)
    }

    async fn stalled(&self, request: &str) {
        let stall = {
            let mut model = self.model();
            let at = model.stalls.iter().position(|(name, _)| *name == request);
            at.map(|at| model.stalls.remove(at).1)
        };
        if let Some(secs) = stall {
            let pause = std::time::Duration::from_secs(secs);
            self.clock.sleep(pause, std::time::Duration::ZERO).await;
        }
    }

    fn asked(&self, request: &str) -> Result<MutexGuard<'_, Model>, HostError> {
        let mut model = self.model();
        let cost = match request {
            "survey" => 12,
            "look" => 10,
            "glance" => 8,
            "job look" => 5,
            "identity" | "jobs" => 2,
            _ => 1,
        };
        let now = model.now;
        model.sent.push((now, cost));
        if model.down {
            let reason = "connection refused".to_owned();
            return Err(HostError::Unreachable {
                host: self.id.clone(),
                request: request.to_owned(),
                reason,
            });
        }
        Ok(model)
    }

    fn gone(&self, what: &str) -> HostError {
        HostError::NotFound {
            host: self.id.clone(),
            what: what.to_owned(),
        }
    }
}

fn job(id: String) -> Started {
    Started::Job {
        class: "Msvm_ConcreteJob".to_owned(),
        id,
    }
}

#[async_trait]
impl ReplicaHost for FakeHost {
    fn id(&self) -> &HostId {
        &self.id
    }
    fn requests(&self) -> u64 {
        self.model().sent.iter().map(|(_, n)| n).sum()
    }
    async fn identity(&self) -> Result<HostIdentity, HostError> {
        Ok(self.asked("identity")?.identity())
    }
    async fn survey(&self, seen_at: DateTime<Utc>) -> Result<Survey, HostError> {
        let model = self.asked("survey")?;
        Ok(Survey {
            identity: model.identity(),
            replicas: model
                .vms
                .iter()
                .map(|vm| model.sighting(&self.id, *vm, seen_at))
                .collect(),
            unreadable: model.unreadable.clone(),
            authorization: model.authorization.clone(),
        })
    }
    async fn look(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Look, HostError> {
        let model = self.asked("look")?;
        if !model.vms.contains(&vm) {
            return Err(self.gone("the VM"));
        }
        Ok(Look {
            identity: model.identity(),
            sighting: model.sighting(&self.id, vm, seen_at),
            authorization: model.authorization.clone(),
        })
    }
    async fn glance(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Glance, HostError> {
        let model = self.asked("glance")?;
        if !model.vms.contains(&vm) {
            return Err(self.gone("the VM"));
        }
        Ok(Glance {
            identity: model.identity(),
            observation: model.observation(&self.id, vm, seen_at),
        })
    }
    async fn applying(&self, vms: &[VmGuid]) -> Result<BTreeSet<VmGuid>, HostError> {
        let model = self.asked("jobs")?;
        let applies = |vm: &VmGuid| {
            let seen = model.observation(&self.id, *vm, model.now);
            seen.jobs
                .iter()
                .any(|job| job.is_apply() && job.state.is_running())
        };
        Ok(vms
            .iter()
            .copied()
            .filter(|vm| model.vms.contains(vm) && applies(vm))
            .collect())
    }
    async fn job_look(&self, vm: VmGuid) -> Result<JobLook, HostError> {
        let model = self.asked("job look")?;
        Ok(job_look_of(&model.observation(&self.id, vm, model.now)))
    }
    async fn checkpoint_create(&self, _vm: VmGuid, tag: &Tag) -> Result<Started, HostError> {
        {
            let mut model = self.model();
            if let Some(secs) = model.races.pop() {
                let state = match model.dies_with {
                    0 => JobState::Completed,
                    _ => JobState::Exception,
                };
                model.happen(Ev::Apply { secs, state });
            }
        }
        self.stalled("CreateSnapshot").await;
        let mut model = self.asked("CreateSnapshot")?;
        let state_ok = matches!(
            (model.state, model.health),
            (ReplicationState::Replicating, _) | (ReplicationState::Suspended, ReplicationHealth::Warning)
        );
        let blocked = model.is_running(108) || !state_ok;
        if model.protected && blocked {
            return Ok(Started::Refused { return_value: 32775 });
        }
        model.log.push("create".to_owned());
        let id = model.start(70);
        let secs = model.snapshot_secs;
        model.plan(
            secs,
            Ev::SnapshotEnds {
                id: id.clone(),
                name: tag.0.clone(),
            },
        );
        Ok(job(id))
    }
    async fn checkpoint_of_job(
        &self,
        _vm: VmGuid,
        job_id: &str,
        tag: &Tag,
    ) -> Result<Option<Checkpoint>, HostError> {
        let id = format!("Microsoft:{job_id}");
        let mut model = self.asked("AffectedJobElement")?;
        if model.jobs.iter().all(|j| j.id != job_id) {
            return Ok(None);
        }
        let renames = model.renames;
        let found = model.checkpoints.iter_mut().find(|c| c.instance_id == id);
        Ok(found.map(|checkpoint| {
            if renames {
                checkpoint.name.clone_from(&tag.0);
            }
            checkpoint.clone()
        }))
    }
    async fn checkpoints(&self, _vm: VmGuid) -> Result<Vec<Checkpoint>, HostError> {
        Ok(self.asked("checkpoints")?.checkpoints.clone())
    }
    async fn checkpoint_destroy(&self, checkpoint: &Checkpoint) -> Result<Started, HostError> {
        let mut model = self.asked("DestroySnapshot")?;
        model.log.push("destroy".to_owned());
        let id = model.start(72);
        model.plan(
            1,
            Ev::DestroyEnds {
                id: id.clone(),
                checkpoint: checkpoint.instance_id.clone(),
            },
        );
        Ok(job(id))
    }
    async fn export(
        &self,
        _vm: VmGuid,
        _checkpoint: &Checkpoint,
        directory: &str,
    ) -> Result<Started, HostError> {
        self.stalled("ExportSystemDefinition").await;
        let mut model = self.asked("ExportSystemDefinition")?;
        model.log.push("export".to_owned());
        let below = directory
            .strip_prefix(r"\\stage\exports\")
            .expect("a folder below staging")
            .replace('\\', "/");
        let folder = self.staging.join(below);
        assert!(folder.is_dir(), "the folder is made before the host is asked");
        let id = model.start(62);
        let (secs, content) = (model.export_secs, model.generation);
        model.plan(
            secs,
            Ev::ExportEnds {
                id: id.clone(),
                folder,
                content,
            },
        );
        Ok(job(id))
    }
    async fn job(&self, _class: &str, id: &str) -> Result<Job, HostError> {
        self.asked("job")?
            .jobs
            .iter()
            .find(|j| j.id == id)
            .cloned()
            .ok_or_else(|| self.gone(id))
    }
    async fn jobs_of(&self, _vm: VmGuid) -> Result<Vec<Job>, HostError> {
        Ok(self.asked("jobs")?.jobs.clone())
    }
    async fn job_cancel(&self, _class: &str, id: &str) -> Result<(), HostError> {
        let mut model = self.asked("RequestStateChange")?;
        model.log.push("cancel".to_owned());
        model.end(id, JobState::Terminated);
        Ok(())
    }
}
