//! What shows that a restore point is consistent, kept with it for ever.

use crate::attempt::Step;
use crate::ids::{AttemptId, FencingToken};
use crate::job::Job;
use crate::observation::{HostBoot, HostTrust, Observation, ReplicationState};
use crate::verdict::Verdict;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One read of the host's job list during the hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLook {
    /// Host's clock at the answer.
    pub host_time: DateTime<Utc>,
    pub boot: HostBoot,
    /// `LastApplyTime` of every relationship, by index.
    pub last_apply: Vec<Option<DateTime<Utc>>>,
    /// `ReplicationState` of every relationship, by index; none in evidence that was made before it was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<ReplicationState>,
    /// 108/120 jobs of this VM in any state, as listed then.
    pub applies: Vec<Job>,
}

/// Everything the proof is decided from: the window from checkpoint to end of export, all on the host's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// Gate look right before the checkpoint was asked for.
    pub before: JobLook,
    /// Looks from checkpoint to end of export, in order; the first was made after the checkpoint was accepted and
    /// the last after the export had ended.
    pub looks: Vec<JobLook>,
    /// `StartTime` of the checkpoint's job (or the host's clock at the last look before it).
    pub checkpoint_started: DateTime<Utc>,
    /// Host's clock when the checkpoint was known to exist. Only an apply that began later can have been refused because of it.
    #[serde(default)]
    pub checkpoint_made: Option<DateTime<Utc>>,
    /// Host's clock when the export's job was seen finished.
    pub export_ended: DateTime<Utc>,
    /// Error codes that this host build is known to give to applies refused the lock before writing (from `doctor`).
    pub known_refusals: Vec<u32>,
}

/// Why the proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "break", rename_all = "kebab-case")]
pub enum ProofBreak {
    /// `LastApplyTime` moved: an apply completed inside the window.
    LastApplyMoved {
        relationship: u8,
        before: Option<DateTime<Utc>>,
        after: Option<DateTime<Utc>>,
    },
    /// Two looks were more than 60 s apart on the host's clock.
    LookGap {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        gap_secs: i64,
    },
    /// Host or management service restarted: the job list was emptied.
    Restarted { before: HostBoot, after: HostBoot },
    /// A 108/120 job touches the window and is not a known refusal.
    ApplyInWindow { job: Job },
    /// Something else than an apply was at the disks: a resynchronization, an initial replication, a failover.
    StateMoved {
        relationship: u8,
        state: ReplicationState,
        at: DateTime<Utc>,
    },
    /// The host's clock ran backwards between two looks.
    ClockBackwards { from: DateTime<Utc>, to: DateTime<Utc> },
    /// There is no look after the end of the export, or none at all.
    NotWatched,
}

/// What the host answered to one request of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAnswer {
    pub step: Step,
    pub request: String,
    pub return_value: u32,
    pub job: Option<Job>,
}

/// One file of the point with its digest (BLAKE3, hex) over the exported content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
}

/// The primary was paused until the host had accepted the checkpoint. All times on the world's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// The primary's key in the configuration.
    pub primary: String,
    /// When the intent was written down, right before it was asked for.
    pub asked: DateTime<Utc>,
    /// When it was seen paused.
    pub paused: Option<DateTime<Utc>>,
    /// When it was seen to replicate again; `None` when that was not yet so at the seal.
    pub resumed: Option<DateTime<Utc>>,
}

/// The evidence of a restore point. Its consistency is always crash: the VM was off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub attempt: AttemptId,
    pub token: FencingToken,
    pub before: Observation,
    pub verdict_before: Verdict,
    pub at: Observation,
    pub verdict_at: Verdict,
    pub after: Observation,
    pub hold: HoldRecord,
    /// The pause of the primary, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<PauseRecord>,
    pub answers: Vec<HostAnswer>,
    pub basis: HostTrust,
    /// Received-but-not-applied lag that our hold caused, in seconds.
    pub held_secs: u64,
    /// restic snapshot id: the seal binds this evidence to exactly that content.
    #[serde(default)]
    pub snapshot: String,
    /// Every disk in order of attachment: its virtual size and its digest by the vault's rule (over offsets and extent digests).
    #[serde(default)]
    pub disks: Vec<FileDigest>,
    /// The configuration files.
    pub files: Vec<FileDigest>,
}
