//! Jobs as a host lists them (spec 2.11). Finished jobs vanish after `TimeBeforeRemoval`, five minutes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `JobState` of `Msvm_ConcreteJob`, `Msvm_MigrationJob` and `Msvm_StorageJob`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u16", from = "u16")]
pub enum JobState {
    New,
    Starting,
    Running,
    Suspended,
    ShuttingDown,
    Completed,
    Terminated,
    Killed,
    Exception,
    Service,
    /// 32768: completed with warnings (vendor range, as os-win reads it).
    CompletedWithWarnings,
    /// A number that no source documents.
    Other(u16),
}

impl From<u16> for JobState {
    fn from(n: u16) -> Self {
        match n {
            2 => Self::New,
            3 => Self::Starting,
            4 => Self::Running,
            5 => Self::Suspended,
            6 => Self::ShuttingDown,
            7 => Self::Completed,
            8 => Self::Terminated,
            9 => Self::Killed,
            10 => Self::Exception,
            11 => Self::Service,
            32768 => Self::CompletedWithWarnings,
            n => Self::Other(n),
        }
    }
}

impl From<JobState> for u16 {
    fn from(state: JobState) -> u16 {
        match state {
            JobState::New => 2,
            JobState::Starting => 3,
            JobState::Running => 4,
            JobState::Suspended => 5,
            JobState::ShuttingDown => 6,
            JobState::Completed => 7,
            JobState::Terminated => 8,
            JobState::Killed => 9,
            JobState::Exception => 10,
            JobState::Service => 11,
            JobState::CompletedWithWarnings => 32768,
            JobState::Other(n) => n,
        }
    }
}

impl JobState {
    /// JobState 2-6: the job holds or wants what it works on.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(
            self,
            Self::New | Self::Starting | Self::Running | Self::Suspended | Self::ShuttingDown
        )
    }
    /// Finished as asked.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithWarnings)
    }
}

/// Which WMI class a job is of; a migration job has type numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobClass {
    Concrete,
    Migration,
    Storage,
}

/// One job as listed by the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// `InstanceID`.
    pub id: String,
    pub class: JobClass,
    /// `JobType` (spec 2.11); 108 and 120 are applies, 300-307 migrations.
    pub job_type: u16,
    pub state: JobState,
    /// `ErrorCode`, 0 for none.
    pub error_code: u32,
    /// `ErrorDescription`; localised, for people only.
    pub error_text: Option<String>,
    pub percent: u16,
    /// `StartTime` on the host's clock.
    pub started: Option<DateTime<Utc>>,
    /// `ElapsedTime` in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// `Owner`: the account that started it.
    pub owner: Option<String>,
}

/// `JobType` numbers (spec 2.11).
pub mod job_type {
    pub const MERGE_DISKS: u16 = 50;
    pub const EXPORT: u16 = 62;
    pub const SNAPSHOT: u16 = 70;
    pub const DELETE_SNAPSHOT: u16 = 72;
    pub const RECEIVE_DELTA: u16 = 106;
    pub const APPLY_LOG: u16 = 108;
    pub const APPLY_DELTAS: u16 = 120;
    pub const BACKUP: u16 = 170;
}

impl Job {
    /// 108 "Apply change log" or 120 "Apply Registered Deltas".
    #[must_use]
    pub fn is_apply(&self) -> bool {
        self.class == JobClass::Concrete
            && matches!(self.job_type, job_type::APPLY_LOG | job_type::APPLY_DELTAS)
    }
    /// When the job left the running states, on the host's clock: `StartTime + ElapsedTime`.
    #[must_use]
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        if self.state.is_running() {
            return None;
        }
        let elapsed = i64::try_from(self.elapsed_ms?).ok()?;
        self.started?
            .checked_add_signed(chrono::TimeDelta::milliseconds(elapsed))
    }
}
