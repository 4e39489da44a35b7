//! Restore points and what proves them.

use crate::{AttemptId, Mark, PointId, ReplicaId, Zone};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A restore point as a row. Always crash-consistent: the VM was off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointRow {
    pub id: PointId,
    pub replica: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub host: String,
    /// The host accepted the checkpoint, world's clock.
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
    pub disks: u32,
    /// Bytes that the disks hold (allocated ranges that were read).
    pub size_bytes: u64,
    /// Bytes new to the vault.
    pub added_bytes: u64,
    pub mark: Mark,
    /// "Proof holds · 7 looks": what backs it, short.
    pub proof: String,
    /// restic snapshot id.
    pub snapshot: String,
}

/// Points of one or all replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsPage {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    pub rows: Vec<PointRow>,
    pub total: u64,
    /// For [`crate::PointQuery::cursor`] of the next page; `None` at the end.
    pub next: Option<String>,
}

/// A restore point with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    pub row: PointRow,
    pub attempt: AttemptId,
    pub token: u64,
    /// What was checked, each with its outcome: gate before, gate at, proof, completeness, digests, basis.
    pub checks: Vec<CheckRow>,
    /// The looks at the host's job list from checkpoint to end of export.
    pub looks: Vec<LookRow>,
    /// What the host answered to each request of ours.
    pub answers: Vec<AnswerRow>,
    pub disks: Vec<DiskRow>,
    /// "Build 10.0.20348 enrolled on canary ... at ...".
    pub basis: String,
    /// How long applies were held back, seconds, world's clock.
    pub held_secs: u64,
    pub seal: Option<SealView>,
    /// Where it lives: the repository's path or URL, without secrets.
    pub repository: Option<String>,
    /// The commands that take it out, ready to be run on the server: everything, then disk by disk, then a tenant's own way.
    pub commands: Vec<CommandRow>,
    /// The evidence document as stored, pretty-printed JSON.
    pub document: String,
}

/// A command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRow {
    /// "Everything, into a folder", "Disk 0, sql-01.vhdx".
    pub title: String,
    /// Quoted for a POSIX shell.
    pub line: String,
}

/// One check of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    pub mark: Mark,
    pub title: String,
    pub sentence: String,
}

/// One look at the job list. Times on the host's clock, shown in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookRow {
    pub host_time: DateTime<Utc>,
    /// Seconds since the look before.
    pub gap_secs: Option<i64>,
    pub last_apply: Option<DateTime<Utc>>,
    /// 108/120 jobs listed, and what they were.
    pub applies: u32,
    pub applies_text: String,
}

/// One answer of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRow {
    pub step: String,
    pub request: String,
    pub return_value: u32,
    pub job: Option<String>,
}

/// A disk or configuration file in the point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskRow {
    /// Its number, where it is a disk: `/api/v1/points/{id}/disks/{disk}` gives it out.
    pub disk: Option<u32>,
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
}

/// The signature over the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealView {
    pub algorithm: String,
    pub key: String,
    pub signature: String,
    /// Digest of the point before it in the tenant's chain.
    pub previous: Option<String>,
}
