//! Named reasons why crash consistency cannot be guaranteed now (design section 3, spec section 4).

use crate::job::Job;
use crate::observation::{ReplicationHealth, ReplicationState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The eight situations of the Microsoft post, and the other states that block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "blocker", rename_all = "kebab-case")]
pub enum Blocker {
    /// B8
    FailoverInProgress { seen: StateOrJob },
    /// B6
    Migrating {
        job: Option<Job>,
        operational_status: Option<u16>,
    },
    /// B7
    InitialReplication { seen: StateOrJob },
    /// B5
    Resynchronization { seen: StateOrJob },
    /// B4
    HealthCritical {
        relationship: u8,
        state: ReplicationState,
        health: ReplicationHealth,
    },
    /// B3
    ApplyFailed { job: Job },
    /// B2
    ApplyInterrupted { job: Job },
    /// B1
    LogBeingApplied {
        job: Option<Job>,
        operational_status: Option<u16>,
    },
    /// Another export, backup, merge or checkpoint is running.
    BusyElsewhere {
        job: Option<Job>,
        operational_status: Option<u16>,
        checkpoint: Option<String>,
    },
    /// Every other state that is not plainly fine.
    NotReady { reason: NotReady },
}

/// What showed the state: a relationship's number or a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum StateOrJob {
    State {
        relationship: u8,
        state: ReplicationState,
    },
    Job {
        job: Job,
    },
    FailedOver {
        relationship: u8,
        failed_over_type: u16,
    },
    /// The VM runs although it is a replica.
    Started {
        enabled_state: u16,
    },
}

/// Not one of the eight, and not plainly fine either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum NotReady {
    /// `ReplicationMode` is not Replica or Extended Replica.
    Mode {
        mode: u16,
    },
    /// A replication state that is neither blocked by name nor Replicating.
    State {
        relationship: u8,
        state: u16,
    },
    /// A health number that no source documents, or "not applicable".
    Health {
        relationship: u8,
        health: u16,
    },
    /// The replica is not switched off.
    Enabled {
        enabled_state: u16,
    },
    /// `HealthState` 20, 25 or unknown.
    VmHealth {
        health_state: u16,
    },
    /// An operational status that is not plainly OK.
    Operational {
        status: Vec<u16>,
    },
    /// A job state that no source documents.
    JobState {
        job: Job,
    },
    /// No inbound relationship was listed.
    NoRelationship,
    /// By the host's present names and authorization the VM is not this tenant's (any more).
    BoundElsewhere {
        primary: Option<String>,
    },
    HostUnproven {
        build: String,
    },
    HostTooOld {
        build: String,
    },
    /// The last hold went over the policy's `hold_secs_max`.
    HoldTooLong {
        held_secs: u64,
        hold_secs_max: u64,
    },
    NoRoom {
        place: Room,
        needed_bytes: u64,
        free_bytes: u64,
    },
}

/// Where room is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Room {
    Staging,
    Vault,
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "unknown", rename_all = "kebab-case")]
pub enum Unknown {
    /// Never observed.
    NeverObserved,
    /// The last observation is older than the freshness limit.
    Stale {
        seen_at: DateTime<Utc>,
        age_secs: i64,
        limit_secs: i64,
    },
    /// The host's answer could not be had or read.
    Unreadable { what: String },
    /// B2 and B3 live in jobs that vanish: after a hole they are unknown until a later apply completes.
    JobHole { since: DateTime<Utc>, why: JobHole },
}

/// What made the hole in what is known of the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobHole {
    FirstLook,
    HostRestart,
    ServiceRestart,
    /// More than five minutes between two looks at the job list.
    LooksTooFarApart,
    /// The VM was seen on another host before.
    Moved,
    /// An apply that ran at the last look is neither running nor listed as finished.
    JobVanished,
}

/// Who has to move for the blocker to clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    Nobody,
    Operator,
    Tenant,
    OperatorAndTenant,
    Onboarding,
}
