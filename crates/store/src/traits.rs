//! The aggregates. Every method that reads a tenant's things takes a [`Scope`]; another tenant's are `NotFound`.

use crate::records::*;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::evidence::Evidence;
use domain::ids::{AttemptId, FencingToken, HostId, PointId, ReplicaId, TenantId, VmGuid};
use domain::observation::HostTrust;

/// Whose things a query may see. It is part of every statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The hoster, or Stillpoint's own background work, by name.
    Site {
        reason: &'static str,
    },
    Tenant(TenantId),
}

/// What failed in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// A guarded update met another state: somebody else was faster, or the lease is lost.
    #[error("{what} {id} is not in the expected state")]
    Conflict { what: &'static str, id: String },
    /// Another point was sealed in the tenant's chain since this one was signed: sign again after the newest.
    #[error("another restore point of tenant {tenant} was sealed meanwhile; this one has to be signed again")]
    ChainMoved { tenant: TenantId },
    #[error("the lease on replica {replica} is held by {owner}")]
    Leased { replica: ReplicaId, owner: String },
    /// A row that cannot be read back.
    #[error("row {row} of {table} has an unreadable {column}")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
        row: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the state database {} cannot be opened", path.display())]
    Open {
        path: std::path::PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A newer Stillpoint has changed the schema; this one must not write into it.
    #[error("the state database {} has schema {version} and this Stillpoint knows only {known}: use the newer Stillpoint, or the copy made before the upgrade", path.display())]
    Newer {
        path: std::path::PathBuf,
        version: i64,
        known: i64,
    },
    #[error("the disk that holds the state database is full: make room, nothing was lost")]
    Full,
    #[error("the state database failed to {action}")]
    Database {
        action: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// One poll's worth of changes, written in one transaction.
#[derive(Debug, Clone, Default)]
pub struct PollWrite {
    pub replicas: Vec<Replica>,
    pub statuses: Vec<ReplicaStatus>,
    /// Intervals that begin (`to` = None; one that is already open keeps its `from` and takes the newer detail), or that are
    /// already over (`to` = Some). Written after `close`, so a code may end and begin again in one poll.
    pub open: Vec<BlockerInterval>,
    /// Ends of open intervals, matched by replica, code and open end. Half-open: the end is the first instant without the blocker.
    pub close: Vec<(ReplicaId, String, DateTime<Utc>)>,
    pub findings: Vec<Finding>,
    pub host: Option<HostStatus>,
    pub at: Option<DateTime<Utc>>,
}

#[async_trait]
pub trait ReplicaStore: Send + Sync {
    /// All of it or nothing; written twice it is written once. A stored `Enrolled` trust is not replaced by a poll's `Unproven` of the
    /// same build. Events are left only for what changed: a verdict's names, a replica's host or name, a host's error, a new finding.
    async fn poll_write(&self, write: PollWrite) -> Result<()>;
    async fn replica(&self, scope: &Scope, id: ReplicaId) -> Result<Replica>;
    /// By (tenant binding, VM GUID).
    async fn replica_of(&self, tenant: &TenantId, vm: VmGuid) -> Result<Option<Replica>>;
    async fn replicas(&self, scope: &Scope) -> Result<Vec<Replica>>;
    async fn status(&self, scope: &Scope, id: ReplicaId) -> Result<Option<ReplicaStatus>>;
    async fn statuses(&self, scope: &Scope) -> Result<Vec<ReplicaStatus>>;
    async fn blocker_intervals(
        &self,
        scope: &Scope,
        id: ReplicaId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<BlockerInterval>>;
    async fn findings(&self, scope: &Scope) -> Result<Vec<Finding>>;
    async fn finding_resolve(&self, key: &str, at: DateTime<Utc>) -> Result<()>;
    async fn hosts(&self) -> Result<Vec<HostStatus>>;
    async fn host_trust_set(&self, host: &HostId, trust: &HostTrust) -> Result<()>;
}

#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Takes the lease and creates the attempt in one transaction; the token is one more than any before on the replica.
    /// `Leased` as long as there is a lease of another owner or attempt, expired or not: an attempt that came to its end has given its
    /// lease back, so whatever still has one was cut off, and its rescuer comes first. Only it knows what was left on the host, and a
    /// sealed attempt may still owe the vault its snapshot file. Asked again by the same owner for the same attempt it renews the
    /// lease and returns the attempt as it is.
    async fn claim(
        &self,
        attempt: AttemptId,
        replica: ReplicaId,
        owner: &str,
        now: DateTime<Utc>,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Attempt>;
    /// `Conflict` when the lease is no longer (owner, token)'s.
    async fn heartbeat(
        &self,
        replica: ReplicaId,
        owner: &str,
        token: FencingToken,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<()>;
    async fn lease(&self, replica: ReplicaId) -> Result<Option<Lease>>;
    async fn leases_expired(&self, now_unix_ms: i64) -> Result<Vec<Lease>>;
    /// A rescuer takes over an expired lease (or one of its own owner name from before a crash) keeping the attempt; new token.
    async fn lease_take_over(
        &self,
        replica: ReplicaId,
        owner: &str,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Lease>;
    /// Guarded by the token. `Conflict` also while the attempt is running: it would be nobody's.
    async fn lease_release(&self, replica: ReplicaId, token: FencingToken) -> Result<()>;
    /// Appends to the journal and moves the attempt to (step, running) in one transaction, guarded by the token. After the end
    /// (clean-up, undo) the line is appended and the state stays. The step's `since` moves only when the step does.
    async fn journal(
        &self,
        attempt: AttemptId,
        token: FencingToken,
        step: Step,
        phase: &str,
        at: DateTime<Utc>,
        payload: serde_json::Value,
    ) -> Result<JournalEntry>;
    async fn journal_of(&self, attempt: AttemptId) -> Result<Vec<JournalEntry>>;
    /// Guarded by the token: Running -> Deferred or Failed; anything else is a `Conflict`. Said again in the same words it is fine.
    async fn finish(&self, attempt: AttemptId, token: FencingToken, state: AttemptState) -> Result<()>;
    /// Seals: inserts the point and moves Running -> Sealed in one transaction, only if the lease's token is this one and the point's
    /// evidence names the leased attempt, its replica and its tenant. `Conflict` otherwise, and for a second point of an attempt.
    /// A seal with a `sequence` has to be the next of its tenant's chain: `ChainMoved` otherwise, and nothing is written.
    async fn seal(&self, token: FencingToken, point: Point) -> Result<()>;
    /// The newest seal of the tenant's chain: what the next one is signed after.
    async fn seal_newest(&self, tenant: &TenantId) -> Result<Option<serde_json::Value>>;
    async fn attempt(&self, scope: &Scope, id: AttemptId) -> Result<Attempt>;
    /// Newest first; `before` pages by start time.
    async fn attempts(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<Attempt>>;
    async fn attempts_unfinished(&self) -> Result<Vec<Attempt>>;
    async fn point(&self, scope: &Scope, id: PointId) -> Result<Point>;
    /// Newest first.
    async fn points(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<Vec<Point>>;
    async fn point_newest(&self, scope: &Scope, replica: ReplicaId) -> Result<Option<Point>>;
    /// Any evidence of a point, as stored.
    async fn evidence(&self, scope: &Scope, id: PointId) -> Result<Evidence>;
}

#[async_trait]
pub trait EventStore: Send + Sync {
    /// Events after `seq`, oldest first. Written by the other aggregates inside their transactions.
    async fn events_after(&self, scope: &Scope, seq: i64, limit: u32) -> Result<Vec<Event>>;
    async fn event_newest(&self) -> Result<i64>;
}

/// Small sealed values: wrapped keys, site settings.
#[async_trait]
pub trait SecretStore: Send + Sync {
    async fn secret(&self, tenant: Option<&TenantId>, name: &str) -> Result<Option<Vec<u8>>>;
    /// Insert only; `Conflict` when it exists with another value.
    async fn secret_insert(&self, tenant: Option<&TenantId>, name: &str, value: &[u8]) -> Result<()>;
}

/// What screens need of many rows at once, without their documents. Read only.
#[async_trait]
pub trait OverviewStore: Send + Sync {
    /// Newest first, taken before `before`, at most 1000.
    async fn point_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<PointHead>>;
    /// The newest point of every replica that has one, with how many it has.
    async fn point_heads_newest(&self, scope: &Scope) -> Result<Vec<(PointHead, u64)>>;
    /// How many points there are.
    async fn point_count(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<u64>;
    /// All points taken at `from` or later, oldest first.
    async fn point_times(&self, scope: &Scope, from: DateTime<Utc>) -> Result<Vec<PointTime>>;
    /// What was read from replicas' disks for the points taken at `from` or later and before `to`, in bytes.
    async fn point_bytes(&self, scope: &Scope, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<u64>;
    /// The newest attempt of every replica that has one.
    async fn attempts_newest(&self, scope: &Scope) -> Result<Vec<Attempt>>;
    /// All attempts started at `from` or later, newest first.
    async fn attempts_since(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: DateTime<Utc>,
    ) -> Result<Vec<Attempt>>;
}
