//! The emulated replica site as a state machine: hosts, replica VMs, logs, jobs, checkpoints and exports.
//!
//! Everything moves only in [`Site::step_to`], event by event in order of time, so a run is repeatable: what the site does by itself
//! depends on the seed and the instant, never on how often it is stepped.

mod apply;
mod backup;
mod condition;
mod export;
mod generate;
mod hosts;
mod job;
mod log;
mod look;
mod operate;
mod persist;
mod primary;
mod queue;
mod spec;
#[cfg(test)]
mod tests;
mod view;

pub use backup::CheckpointSettings;
pub use export::ExportSettings;
pub use generate::{TENANTS, World};
pub use job::{JobClass, job_state, job_type};
pub use log::{Left, LogEntry, RequestCount};
pub use operate::OperateError;
pub use primary::PrimarySpec;
pub use spec::{
    ApplyTiming, DiskSpec, HostSpec, Protection, Release, ReplicaSpec, SiteSettings, SiteSpec, SpecError,
    StagingMap, StaysBlocked, TenantSpec,
};
pub use view::{
    Affected, AuthorizationView, CheckpointView, DiskView, HealthIssue, HostView, JobView, RelationshipView,
    Target, VmView,
};

use crate::disks::{DiskBank, DiskError};
use chrono::{DateTime, TimeDelta, Utc};
use condition::Active;
use hosts::Host;
use job::Job;
use log::Journal;
use primary::{Primary, Suspension};
use queue::{Event, Queue};
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// `ReturnValue` numbers of the methods (spec 2.10).
pub mod return_code {
    pub const DONE: u32 = 0;
    pub const JOB_STARTED: u32 = 4096;
    pub const FAILED: u32 = 32768;
    pub const ACCESS_DENIED: u32 = 32769;
    pub const NOT_SUPPORTED: u32 = 32770;
    pub const INVALID_PARAMETER: u32 = 32773;
    pub const IN_USE: u32 = 32774;
    pub const INVALID_STATE: u32 = 32775;
    pub const NOT_AVAILABLE: u32 = 32777;
    pub const FILE_NOT_FOUND: u32 = 32779;
    /// CIM style, of the snapshot service (spec 2.10 b).
    pub const SNAPSHOT_INVALID_PARAMETER: u32 = 4;
    /// `Msvm_ConcreteJob.RequestStateChange`: not in a state where that can be asked.
    pub const INVALID_TRANSITION: u32 = 4097;
}

/// A replica VM and where it stands.
#[derive(Debug)]
pub(crate) struct Replica {
    spec: ReplicaSpec,
    /// Index of the host that holds it now.
    host: usize,
    /// Logs received so far; the last one is not yet applied when this is ahead of `applied`.
    received: u64,
    /// The generation that the disks hold in full.
    applied: u64,
    /// The last generation of which any block may be on the disks. Ahead of `applied` while an apply runs or was cut off.
    begun: u64,
    last_replication: Option<DateTime<Utc>>,
    last_apply: Option<DateTime<Utc>>,
    /// The running apply.
    applying: Option<apply::Apply>,
    /// How the last apply ended when it did not end well: blockers 2 and 3 as the host knows them.
    bad_apply: Option<u16>,
    queued: bool,
    checkpoints: Vec<backup::Checkpoint>,
    /// Running client jobs (checkpoint, export, destroy) that hold the modify lock.
    locks: u32,
    conditions: Vec<Active>,
    last_backup: Option<DateTime<Utc>>,
    /// A client has the primary keep its logs back.
    suspended: Option<Suspension>,
    /// Logs that the primary has kept back.
    backlog: u64,
}

/// The emulated replica site.
pub struct Site {
    spec: SiteSpec,
    now: DateTime<Utc>,
    hosts: Vec<Host>,
    primaries: Vec<Primary>,
    replicas: Vec<Replica>,
    jobs: BTreeMap<Uuid, Job>,
    exports: BTreeMap<Uuid, export::Export>,
    queue: Queue,
    bank: Box<dyn DiskBank>,
    journal: Journal,
    /// Where states are kept; none for a site in memory.
    home: Option<PathBuf>,
    /// Counts the starts of this site, so ids are never given twice.
    incarnation: u64,
    ids: u64,
    conditions: u64,
}

/// The site cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("the site's description is wrong")]
    Spec(#[from] SpecError),
    #[error(
        "a disk of the lab could not be used; is there room and write access in the lab's data directory?"
    )]
    Disk(#[from] DiskError),
    #[error("the lab's state file {path} could not be used; move it away to start the lab afresh")]
    State {
        path: String,
        #[source]
        source: std::io::Error,
    },
}

impl Site {
    /// Advances everything to the world instant `now`, in order of time. An earlier instant changes nothing.
    ///
    /// # Errors
    /// When a disk of the lab can not be written. Trouble with the staging directory is not an error: the export's job fails.
    pub fn step_to(&mut self, now: DateTime<Utc>) -> Result<(), SiteError> {
        while let Some((at, event)) = self.queue.pop_until(now) {
            self.now = self.now.max(at);
            self.handle(event)?;
        }
        self.now = self.now.max(now);
        Ok(())
    }

    /// When the next thing happens by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<DateTime<Utc>> {
        self.queue.next()
    }

    /// The world instant that the site has been stepped to.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    #[must_use]
    pub fn spec(&self) -> &SiteSpec {
        &self.spec
    }

    fn handle(&mut self, event: Event) -> Result<(), SiteError> {
        match event {
            Event::Receive(r) => self.receive_due(r)?,
            Event::ReceiveDone { replica, job } => self.receive_done(replica, job)?,
            Event::ApplyStep(job) => self.apply_step(job)?,
            Event::ApplyRetry(r) => self.apply_try(r)?,
            Event::SnapshotDone(job) => self.snapshot_done(job)?,
            Event::DestroyDone(job) => self.destroy_done(job)?,
            Event::ExportStep(job) => self.export_step(job)?,
            Event::JobVanishes(job) => {
                self.jobs.remove(&job);
            }
            Event::ConditionEnds { replica, id } => self.condition_ends(replica, id)?,
            Event::PrimaryChanged { primary, replica } => self.primary_changed(primary, replica)?,
            Event::HostReturns(host) => self.host_returns(host)?,
            Event::Scenario(index) => self.scenario_due(index),
        }
        Ok(())
    }

    fn after(&self, ms: u64) -> DateTime<Utc> {
        later(self.now, ms)
    }

    fn new_id(&mut self) -> Uuid {
        self.ids += 1;
        crate::oracle::derived_uuid(self.spec.seed, &[self.incarnation, self.ids, 0x4a4f_4253])
    }
}

/// `ms` milliseconds later; beyond the calendar its last instant, so that no number in a scenario is too large.
fn later(at: DateTime<Utc>, ms: u64) -> DateTime<Utc> {
    let by = TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
