//! Jobs of a host: `Msvm_ConcreteJob` and its sisters (spec 2.11).

use super::{Event, Site};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which WMI class lists the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobClass {
    /// `Msvm_ConcreteJob`
    Concrete,
    /// `Msvm_MigrationJob`, enumerated separately.
    Migration,
}

/// `JobState` numbers.
pub mod job_state {
    pub const RUNNING: u16 = 4;
    pub const COMPLETED: u16 = 7;
    pub const TERMINATED: u16 = 8;
    pub const KILLED: u16 = 9;
    pub const EXCEPTION: u16 = 10;
}

/// `JobType` numbers that the lab uses.
pub mod job_type {
    pub const MERGE_DISKS: u16 = 50;
    pub const EXPORT: u16 = 62;
    pub const SNAPSHOT: u16 = 70;
    pub const DELETE_SNAPSHOT: u16 = 72;
    pub const REPLICATION_STATE_CHANGE: u16 = 96;
    pub const INITIATE_FAILOVER: u16 = 97;
    pub const RECEIVE_DELTA: u16 = 106;
    pub const RESYNCHRONIZE: u16 = 107;
    pub const APPLY_LOG: u16 = 108;
    pub const RECEIVE_INITIAL_REPLICA: u16 = 116;
    pub const APPLY_DELTAS: u16 = 120;
    pub const BACKUP: u16 = 170;
    /// Of `Msvm_MigrationJob`.
    pub const MOVE_VM_AND_STORAGE: u16 = 306;
}

/// `TimeBeforeRemoval`: finished jobs vanish five minutes after they ended.
const REMOVAL: TimeDelta = TimeDelta::minutes(5);
pub(super) const SYSTEM: &str = "NT AUTHORITY\\SYSTEM";

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(super) id: Uuid,
    pub(super) host: usize,
    pub(super) replica: usize,
    pub(super) class: JobClass,
    pub(super) job_type: u16,
    pub(super) state: u16,
    pub(super) error_code: u16,
    pub(super) error_text: Option<String>,
    pub(super) percent: u16,
    /// World time, as all times in here.
    pub(super) started: DateTime<Utc>,
    pub(super) ended: Option<DateTime<Utc>>,
    pub(super) owner: String,
    /// The checkpoint it made (effect 5) or works on (effect 0).
    pub(super) snapshot: Option<(String, u16)>,
    /// What a destroy job is to destroy, or a snapshot job is to be named.
    pub(super) settings: Option<super::CheckpointSettings>,
    /// Decided when asked: the job will fail with this code and text.
    pub(super) doomed: Option<(u16, String)>,
    pub(super) destination: Option<String>,
}

impl Job {
    pub(super) fn running(&self) -> bool {
        (2..=6).contains(&self.state)
    }
    /// Started through the wire, not by the host itself.
    pub(super) fn of_client(&self) -> bool {
        self.owner != SYSTEM
    }
}

impl Site {
    pub(super) fn job_start(&mut self, replica: usize, class: JobClass, job_type: u16, owner: &str) -> Uuid {
        let id = self.new_id();
        let job = Job {
            id,
            host: self.replicas[replica].host,
            replica,
            class,
            job_type,
            state: job_state::RUNNING,
            error_code: 0,
            error_text: None,
            percent: 0,
            started: self.now,
            ended: None,
            owner: owner.to_owned(),
            snapshot: None,
            settings: None,
            doomed: None,
            destination: None,
        };
        self.jobs.insert(id, job);
        id
    }

    /// Ends a running job; one that is gone or already ended stays as it is.
    pub(super) fn job_end(&mut self, id: Uuid, state: u16, error_code: u16, error_text: Option<String>) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.running()) else {
            return;
        };
        job.state = state;
        job.error_code = error_code;
        job.error_text = error_text;
        job.ended = Some(now);
        if state == job_state::COMPLETED {
            job.percent = 100;
        }
        self.queue.plan(now + REMOVAL, Event::JobVanishes(id));
    }
}
