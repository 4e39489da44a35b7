//! What the engine asks of a host. The engine knows this trait; `WsmanHost` is its implementation.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::evidence::JobLook;
use domain::ids::{HostId, VmGuid};
use domain::job::Job;
use domain::observation::{HostBoot, Observation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Version and boot of a host (`Win32_OperatingSystem`, `Win32_Process` of vmms.exe).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// `Version`, e.g. "10.0.20348".
    pub build: String,
    /// Host's clock.
    pub now: DateTime<Utc>,
    pub boot: HostBoot,
    /// False on 2012 R2 and older: no reference-point classes.
    pub has_reference_points: bool,
}

/// `Msvm_ReplicationAuthorizationSettingData`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationEntry {
    /// `AllowedPrimaryHostSystem`: FQDN, or a wildcard first label (`*.contoso.example`), or `*`.
    pub allowed_primary: String,
    pub trust_group: String,
    pub storage_location: String,
}

/// A virtual hard disk attached to a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedDisk {
    /// `Msvm_StorageAllocationSettingData.InstanceID`.
    pub instance_id: String,
    /// `HostResource[0]`: path on the host, e.g. `C:\Replica\Hyper-V Replica\Virtual hard disks\<GUID>\erp-db-0.vhdx`.
    pub path: String,
}

/// A replica as one survey saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSighting {
    pub observation: Observation,
    /// `Msvm_ReplicationSettingData.PrimaryHostSystem`.
    pub primary_host: Option<String>,
    /// `PrimaryConnectionPoint`.
    pub primary_connection_point: Option<String>,
    pub disks: Vec<AttachedDisk>,
    pub checkpoints: Vec<Checkpoint>,
}

/// One replica read whole, with the host as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub identity: HostIdentity,
    pub sighting: ReplicaSighting,
    /// Who may replicate to this host now: whose a replica is, is decided from it.
    pub authorization: Vec<AuthorizationEntry>,
}

/// What the gate judges, without what it does not: a replica's disks and who its primary is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    pub identity: HostIdentity,
    /// All of it was read now but `interval_secs`, which may be as old as the last survey or look.
    pub observation: Observation,
}

/// One full poll of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    pub identity: HostIdentity,
    pub replicas: Vec<ReplicaSighting>,
    /// VMs whose rows could not be read. They are here, and nothing is known about them: never green, never skipped.
    pub unreadable: Vec<UnreadableVm>,
    pub authorization: Vec<AuthorizationEntry>,
}

/// A VM whose rows made no sense in an otherwise good survey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableVm {
    pub vm: VmGuid,
    /// Class, property and problem; for operators.
    pub reason: String,
}

/// A recovery (backup) checkpoint on a VM (`Microsoft:Hyper-V:Snapshot:Recovery`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// `Msvm_VirtualSystemSettingData.InstanceID`, `Microsoft:<GUID>`.
    pub instance_id: String,
    pub vm: VmGuid,
    /// `ElementName`; ours begin with the tag.
    pub name: String,
    /// `CreationTime`, host's clock.
    pub created: Option<DateTime<Utc>>,
}

/// Names what we make on a host: `stillpoint-<attempt>-<token>`; also the export folder's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub String);

/// A job that the host started for us (ReturnValue 4096), or the answer when it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Started {
    /// 0: done at once.
    Done,
    /// 4096: the class and `InstanceID` of the job.
    Job { class: String, id: String },
    /// Any other return value.
    Refused { return_value: u32 },
}

/// What failed when talking to a host. Classified at the edge: the engine never matches text.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Could not reach it, TLS or time-out. Try again later.
    #[error("host {host} did not answer {request}: {reason}")]
    Unreachable {
        host: HostId,
        request: String,
        reason: String,
    },
    /// It answered with a fault.
    #[error("host {host} refused {request} with {fault}")]
    Fault {
        host: HostId,
        request: String,
        fault: String,
    },
    /// It answered something that cannot be read.
    #[error("host {host} answered {request} with something unreadable: {reason}")]
    Unreadable {
        host: HostId,
        request: String,
        reason: String,
    },
    /// Credentials were not accepted.
    #[error("host {host} does not accept the configured account")]
    Denied { host: HostId },
    /// The named thing is gone (job removed, VM moved).
    #[error("host {host} does not know {what}")]
    NotFound { host: HostId, what: String },
}

/// A Hyper-V host at the replica site.
#[async_trait]
pub trait ReplicaHost: Send + Sync {
    fn id(&self) -> &HostId;

    /// Requests sent to the host since this value was made. Requests per host and minute are a limit.
    fn requests(&self) -> u64;

    /// Version, clock, boot.
    async fn identity(&self) -> Result<HostIdentity, HostError>;

    /// Everything about all replicas in one poll. `seen_at` is stamped on each observation.
    async fn survey(&self, seen_at: DateTime<Utc>) -> Result<Survey, HostError>;

    /// Everything about one replica, read now; `NotFound` when the VM is not here.
    async fn look(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Look, HostError>;

    /// What the gate judges of one replica, read now; `NotFound` when the VM is not here.
    async fn glance(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Glance, HostError>;

    /// Which of these VMs a log is being applied to, or may be, by one enumeration of the host's jobs: what a close watch of many asks
    /// each second. A VM whose jobs cannot be read is among them; one that is not here is not.
    async fn applying(&self, vms: &[VmGuid]) -> Result<BTreeSet<VmGuid>, HostError>;

    /// The cheap look used while holding: clock, boot, LastApplyTime and applies of one VM.
    async fn job_look(&self, vm: VmGuid) -> Result<JobLook, HostError>;

    /// Asks for a recovery checkpoint (type 32768, ConsistencyLevel 2, IgnoreNonSnapshottableDisks=false) named by the tag.
    async fn checkpoint_create(&self, vm: VmGuid, tag: &Tag) -> Result<Started, HostError>;

    /// The checkpoint that a finished job made (`Msvm_AffectedJobElement`, ElementEffects 5). Renames it to the tag
    /// when the host did not honour the name at creation; one that cannot be renamed comes back with its own name.
    async fn checkpoint_of_job(
        &self,
        vm: VmGuid,
        job_id: &str,
        tag: &Tag,
    ) -> Result<Option<Checkpoint>, HostError>;

    /// All recovery checkpoints of one VM.
    async fn checkpoints(&self, vm: VmGuid) -> Result<Vec<Checkpoint>, HostError>;

    /// Destroys a checkpoint; its changes merge.
    async fn checkpoint_destroy(&self, checkpoint: &Checkpoint) -> Result<Started, HostError>;

    /// Exports the VM at the checkpoint (CopySnapshotConfiguration 3, storage, no runtime, own subdirectory off) into
    /// `directory`, a path that the host can write (UNC).
    async fn export(
        &self,
        vm: VmGuid,
        checkpoint: &Checkpoint,
        directory: &str,
    ) -> Result<Started, HostError>;

    /// One job; `NotFound` when it vanished.
    async fn job(&self, class: &str, id: &str) -> Result<Job, HostError>;

    /// All jobs that affect a VM, running and finished.
    async fn jobs_of(&self, vm: VmGuid) -> Result<Vec<Job>, HostError>;

    /// Asks a job to terminate (`RequestStateChange(4)`).
    async fn job_cancel(&self, class: &str, id: &str) -> Result<(), HostError>;
}
