//! Rows as values.

use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::blocker::Blocker;
use domain::evidence::Evidence;
use domain::ids::{AttemptId, FencingToken, HostId, PointId, ReplicaId, TenantId, VmGuid};
use domain::observation::{HostTrust, Observation};
use domain::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// A replica under one tenant binding on this site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    pub id: ReplicaId,
    pub tenant: TenantId,
    pub vm: VmGuid,
    pub name: String,
    /// Observed attribute: VMs migrate.
    pub host: HostId,
    pub primary_host: Option<String>,
    pub interval_secs: u32,
    pub disks: Vec<String>,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}

/// The newest look at a replica and the gate's answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    pub replica: ReplicaId,
    pub observation: Observation,
    pub verdict: Verdict,
    /// Since when the first blocker (or Unknown, or Clear) holds.
    pub since: DateTime<Utc>,
    /// What is remembered of the last apply, as the domain's serialised `ApplyMemory`.
    pub memory: serde_json::Value,
    /// Rolling cadence summary, as the domain's serialised `Cadence`.
    pub cadence: serde_json::Value,
}

/// A blocker over time. B1 only from an hour before an attempt to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockerInterval {
    pub replica: ReplicaId,
    /// `B1`..`B8`, `NR`, `BE`, `UN`.
    pub code: String,
    pub detail: Option<Blocker>,
    pub from: DateTime<Utc>,
    /// The first instant without the blocker; `None` while it holds.
    pub to: Option<DateTime<Utc>>,
}

/// An attempt with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: AttemptId,
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub host: HostId,
    /// The token of the claim; a rescuer's later one stands in the lease.
    pub token: FencingToken,
    pub started: DateTime<Utc>,
    pub state: AttemptState,
}

/// One line of an attempt's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    pub attempt: AttemptId,
    /// 1, 2, 3...
    pub seq: u32,
    pub at: DateTime<Utc>,
    pub step: Step,
    /// `intent`, `done`, `undone`.
    pub phase: String,
    /// What the step needs to be finished or undone.
    pub payload: serde_json::Value,
}

/// A sealed restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub id: PointId,
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub name: String,
    pub host: HostId,
    /// Host accepted the checkpoint, world's clock.
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
    /// restic snapshot id.
    pub snapshot: String,
    pub disks: serde_json::Value,
    pub read_bytes: u64,
    pub added_bytes: u64,
    pub evidence: Evidence,
    /// Signature over the evidence document (ed25519, base64) and the tenant's chain.
    pub seal: serde_json::Value,
}

/// A lease on a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub replica: ReplicaId,
    pub owner: String,
    pub attempt: AttemptId,
    pub token: FencingToken,
    /// Machine time, Unix milliseconds.
    pub expires_unix_ms: i64,
}

/// Something a person should look at that no attempt owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable key: the same thing found again is the same finding.
    pub key: String,
    /// `unmapped-replica`, `doubly-claimed`, `foreign-checkpoint`, `any-primary`, `no-trust-group`, `same-guid`, `left-behind`.
    pub kind: String,
    pub host: Option<HostId>,
    pub replica: Option<ReplicaId>,
    pub text: String,
    pub since: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}

/// A host as last polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    pub host: HostId,
    pub build: Option<String>,
    pub trust: Option<HostTrust>,
    pub last_survey: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    pub requests: u64,
}

/// One line of the event stream; ids ascend without gaps being promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// `replica`, `attempt`, `point`, `host`, `finding`, `policy`, `assignment`, `days` (some opened), `obligation`, `correction`, `hold`, `pause`.
    pub kind: String,
    pub tenant: Option<TenantId>,
    pub subject: String,
    pub payload: serde_json::Value,
}

/// A restore point without its documents: what a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointHead {
    pub id: PointId,
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub name: String,
    pub host: HostId,
    /// Host accepted the checkpoint, world's clock.
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
    /// restic snapshot id.
    pub snapshot: String,
    pub disks: serde_json::Value,
    pub read_bytes: u64,
    pub added_bytes: u64,
    /// Looks at the host's job list during the hold.
    pub looks: u32,
}

/// When a replica was protected, one entry per point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointTime {
    pub replica: ReplicaId,
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
}
