//! The gate's answer.

use crate::blocker::{Blocker, Unknown};
use serde::{Deserialize, Serialize};

/// `Clear` only when everything that must be fine was read, is fresh and is fine. Fail closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    Clear,
    /// All blockers that hold now, in evaluation order: the first is the one to name.
    Blocked {
        blockers: Vec<Blocker>,
    },
    Unknown {
        why: Unknown,
    },
}
