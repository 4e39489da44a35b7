//! What was read about one replica at one instant, and the numbers of spec section 2 as types.

use crate::ids::{HostId, VmGuid};
use crate::job::Job;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

macro_rules! wmi_number {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $n:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "u16", from = "u16")]
        pub enum $name { $($variant,)* /** A number that no source documents. */ Other(u16) }
        impl From<u16> for $name {
            fn from(n: u16) -> Self { match n { $($n => Self::$variant,)* n => Self::Other(n) } }
        }
        impl From<$name> for u16 {
            fn from(v: $name) -> u16 { match v { $($name::$variant => $n,)* $name::Other(n) => n } }
        }
    };
}

wmi_number! {
    /// `ReplicationState` (spec 2.1). These are the WMI numbers, not PowerShell's.
    ReplicationState {
        Disabled = 0, ReadyForReplication = 1, WaitingToCompleteInitialReplication = 2, Replicating = 3,
        SyncedReplicationComplete = 4, Recovered = 5, Committed = 6, Suspended = 7, Critical = 8,
        WaitingToStartResynchronization = 9, Resynchronizing = 10, ResynchronizationSuspended = 11,
        FailoverInProgress = 12, FailbackInProgress = 13, FailbackComplete = 14, DiskUpdateInProgress = 15,
        DiskUpdateCritical = 16, Unknown = 17, RepurposeInProgress = 18, PreparedForSyncReplication = 19,
        PreparedForGroupReverseReplication = 20, FiredrillInProgress = 21,
    }
}
wmi_number! {
    /// `ReplicationHealth` (spec 2.2).
    ReplicationHealth { NotApplicable = 0, Ok = 1, Warning = 2, Critical = 3 }
}
wmi_number! {
    /// `ReplicationMode` (spec 2.2). Candidates for backup are `Replica` and `ExtendedReplica`.
    ReplicationMode { None = 0, Primary = 1, Replica = 2, TestReplica = 3, ExtendedReplica = 4 }
}
wmi_number! {
    /// `EnabledState` with its Hyper-V v2 meaning (spec 2.4).
    EnabledState { Unknown = 0, Other_ = 1, Running = 2, Off = 3, ShuttingDown = 4, Saved = 6, Paused = 9, Starting = 10 }
}

/// The two instants that tell whether a host or its management service was restarted. Both on the host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HostBoot {
    /// `Win32_OperatingSystem.LastBootUpTime`.
    pub booted_at: DateTime<Utc>,
    /// `Win32_Process.CreationDate` of vmms.exe: a restart empties the job list.
    pub service_started_at: DateTime<Utc>,
}

/// Inbound relationship of a replica, `\HVR\0`, or the extended one, `\HVR\1` (spec 2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// 0 primary (inbound), 1 extended.
    pub index: u8,
    pub state: ReplicationState,
    pub health: ReplicationHealth,
    /// `FailedOverReplicationType`, 0 for none.
    pub failed_over_type: u16,
    /// Last set received; `None` for never (1601-01-01 on the wire). Host's clock.
    pub last_replication: Option<DateTime<Utc>>,
    /// Last set applied. Moves only when an apply completes. Host's clock.
    pub last_apply: Option<DateTime<Utc>>,
    /// `ReplicationInterval` in seconds: 30, 300 or 900.
    pub interval_secs: u32,
}

/// What one look at one replica on its host said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub host: HostId,
    pub vm: VmGuid,
    /// `ElementName`: the VM's display name. Collides between tenants.
    pub name: String,
    /// The world's clock when the answer arrived.
    pub seen_at: DateTime<Utc>,
    /// The host's clock when it answered (`Win32_OperatingSystem.LocalDateTime` in UTC).
    pub host_time: DateTime<Utc>,
    pub boot: HostBoot,
    pub mode: ReplicationMode,
    pub enabled: EnabledState,
    /// `HealthState`: 5 OK, 20 major, 25 critical.
    pub health_state: u16,
    /// `OperationalStatus[]`, raw (spec 2.4).
    pub operational_status: Vec<u16>,
    pub relationships: Vec<Relationship>,
    /// All listed jobs, running and finished, that affect this VM.
    pub jobs: Vec<Job>,
    /// InstanceIDs of recovery (backup) checkpoints that exist on the VM now.
    pub recovery_checkpoints: Vec<String>,
}

/// Whether a host build may be trusted to refuse and hold as described (design "Trust in a host is earned").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trust", rename_all = "kebab-case")]
pub enum HostTrust {
    /// A `doctor` run passed on a canary replica of this build.
    Enrolled {
        build: String,
        canary: VmGuid,
        enrolled_at: DateTime<Utc>,
        run: String,
        /// Error codes that this build gives to applies refused the lock before writing, as `doctor` saw them.
        #[serde(default)]
        known_refusals: Vec<u32>,
    },
    /// No passed `doctor` for this build.
    Unproven { build: String },
    /// No reference-point classes: 2012 R2 or older.
    TooOld { build: String },
}

impl HostTrust {
    /// Error codes of applies that are known to have been refused before writing; none on an unproven build.
    #[must_use]
    pub fn known_refusals(&self) -> &[u32] {
        match self {
            Self::Enrolled { known_refusals, .. } => known_refusals,
            Self::Unproven { .. } | Self::TooOld { .. } => &[],
        }
    }
    /// The build this was said of.
    #[must_use]
    pub fn build(&self) -> &str {
        match self {
            Self::Enrolled { build, .. } | Self::Unproven { build } | Self::TooOld { build } => build,
        }
    }
}

impl Observation {
    /// The relationship that applies to this VM's disks: `\HVR\0`, or the only one there is.
    #[must_use]
    pub fn inbound(&self) -> Option<&Relationship> {
        self.relationships
            .iter()
            .find(|r| r.index == 0)
            .or_else(|| self.relationships.first())
    }
    /// `LastApplyTime` of the inbound relationship, unless it lies in the host's future and so cannot be believed.
    #[must_use]
    pub fn last_apply(&self) -> Option<DateTime<Utc>> {
        self.inbound()
            .and_then(|r| r.last_apply)
            .filter(|at| *at <= self.host_time)
    }
}
