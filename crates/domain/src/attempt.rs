//! One try to fulfil an obligation: its steps, and what it came to.

use crate::blocker::{Blocker, Unknown};
use crate::evidence::ProofBreak;
use crate::ids::PointId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The steps of an attempt in their order; each is journaled before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    Claim,
    GateBefore,
    /// Only where the primary is to be paused for it.
    PausePrimary,
    Checkpoint,
    /// As `PausePrimary`.
    ResumePrimary,
    GateAt,
    Export,
    Prove,
    Release,
    Ingest,
    Seal,
    CleanUp,
}

impl Step {
    /// Made only where the primary is to be paused.
    #[must_use]
    pub fn is_of_a_pause(self) -> bool {
        matches!(self, Self::PausePrimary | Self::ResumePrimary)
    }
}

/// Why an attempt was put off. Not a failure; costs no attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deferral", rename_all = "kebab-case")]
pub enum Deferral {
    Blocked {
        blocker: Blocker,
    },
    Unknown {
        why: Unknown,
    },
    /// The host refused the checkpoint; the gate's verdict right after names why.
    Refused {
        return_value: u32,
        error_code: u32,
        text: Option<String>,
        blocker: Option<Blocker>,
    },
}

/// Why an attempt failed, and whether to try again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum Failure {
    /// Something touched the disks, or may have: the data was discarded.
    Unproven { breaks: Vec<ProofBreak> },
    /// A disk or file of the replica is missing from the export.
    Incomplete { missing: Vec<String> },
    /// The host answered with an error.
    Host { step: Step, text: String },
    /// The vault could not take or read the data.
    Vault { step: Step, text: String },
    /// The worker lost its lease to another.
    LeaseLost,
    /// The process was killed in this step and the attempt was undone afterwards.
    Killed { step: Step },
    /// Stillpoint was stopped.
    Cancelled,
    /// A person stopped it.
    CancelledByPerson { author: String, reason: String },
}

/// Where an attempt stands. Each variant holds what became known on entering it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AttemptState {
    Running { step: Step, since: DateTime<Utc> },
    Deferred { reason: Deferral, at: DateTime<Utc> },
    Failed { failure: Failure, at: DateTime<Utc> },
    Sealed { point: PointId, at: DateTime<Utc> },
}
