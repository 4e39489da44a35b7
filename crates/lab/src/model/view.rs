//! What a host shows to who asks. All times are on the host's own clock.

use super::{JobClass, Protection, Release};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// A host (`Win32_OperatingSystem`, `Win32_ComputerSystem`, `Win32_Process` of vmms.exe).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostView {
    pub name: String,
    pub fqdn: String,
    pub release: Release,
    pub protection: Protection,
    /// `Version`
    pub build: String,
    /// The host's clock.
    pub now: DateTime<Utc>,
    /// `LastBootUpTime`
    pub booted_at: DateTime<Utc>,
    /// `CreationDate` of vmms.exe
    pub service_started_at: DateTime<Utc>,
    /// False while the host is down or cut off: nothing answers.
    pub reachable: bool,
}

/// A replica VM (`Msvm_ComputerSystem` and what hangs on it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VmView {
    /// The lab's own id; not on the wire.
    pub lab_id: Uuid,
    pub vm: Uuid,
    pub name: String,
    pub tenant: String,
    pub canary: bool,
    /// `ReplicationMode`
    pub mode: u16,
    /// `EnabledState`
    pub enabled: u16,
    /// `HealthState`
    pub health_state: u16,
    pub operational_status: Vec<u16>,
    /// Parallel to `operational_status`, in English; a host in another language says something else.
    pub status_descriptions: Vec<String>,
    /// `InstallDate`
    pub created: DateTime<Utc>,
    /// `\HVR\0` first, `\HVR\1` when there is one.
    pub relationships: Vec<RelationshipView>,
    pub disks: Vec<DiskView>,
    pub trust_group: String,
    pub storage_location: String,
    pub last_successful_backup: Option<DateTime<Utc>>,
    /// `ReplicationHealthIssues[]`
    pub health_issues: Vec<HealthIssue>,
}

/// `Msvm_ReplicationRelationship` with its `Msvm_ReplicationSettingData`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationshipView {
    /// 0 primary, 1 extended.
    pub index: u8,
    pub state: u16,
    pub health: u16,
    pub failed_over_type: u16,
    pub last_replication_type: u16,
    /// `None` is 1601-01-01 on the wire.
    pub last_replication: Option<DateTime<Utc>>,
    pub last_apply: Option<DateTime<Utc>>,
    pub interval_secs: u32,
    pub primary_host: String,
    pub primary_connection_point: String,
    pub recovery_host: String,
}

/// An attached disk (`Msvm_StorageAllocationSettingData`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiskView {
    /// `Microsoft:<VM GUID>\<controller GUID>\0\<n>\D`
    pub instance_id: String,
    /// `HostResource[0]`
    pub path: String,
    pub bytes: u64,
}

/// One of the `ReplicationHealthIssues[]` (`Msvm_Error`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthIssue {
    pub message_id: String,
    pub message: String,
}

/// What a job touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    Vm(Uuid),
    /// `InstanceID` of a checkpoint.
    Snapshot(String),
}

/// A row of `Msvm_AffectedJobElement`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    pub target: Target,
    /// 0 for the VM, 5 for what the job created.
    pub effect: u16,
}

/// A job, running or finished less than five minutes ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobView {
    pub id: Uuid,
    pub class: JobClass,
    pub job_type: u16,
    pub state: u16,
    pub error_code: u16,
    pub error_text: Option<String>,
    pub percent: u16,
    pub cancellable: bool,
    /// `TimeSubmitted` and `StartTime`
    pub started: DateTime<Utc>,
    pub elapsed_ms: u64,
    /// `TimeOfLastStateChange`
    pub state_changed: DateTime<Utc>,
    pub owner: String,
    pub affected: Vec<Affected>,
    /// `VirtualSystemName`, the VM's GUID (migration jobs).
    pub vm: Uuid,
    /// `DestinationHost` (migration jobs).
    pub destination: Option<String>,
}

/// A recovery checkpoint (`Msvm_VirtualSystemSettingData`, `Microsoft:Hyper-V:Snapshot:Recovery`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointView {
    /// `Microsoft:<GUID>`
    pub instance_id: String,
    pub vm: Uuid,
    /// `ElementName`
    pub name: String,
    /// `CreationTime`
    pub created: DateTime<Utc>,
    /// Generation that the disks held in full when it was made; the lab's own knowledge, not on the wire.
    pub generation: u64,
}

/// `Msvm_ReplicationAuthorizationSettingData`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorizationView {
    pub instance_id: String,
    pub allowed_primary: String,
    pub trust_group: String,
    pub storage_location: String,
}
