//! The real engine on a virtual clock: `engine::Engine` with all its loops over the in-memory store, against modelled hosts, tenants' hosts
//! and a modelled vault. Whatever goes wrong is drawn from the seed: crashes at any place where the process touches something outside of
//! itself, writes and answers that are lost, hosts that fall silent, restart, refuse, or let applies through. After each step the
//! promises of the design are checked.
//!
//! **Invariant:** a run is a function of its seed and its length. One thread; time moves only when no task has anything to do; ids come
//! from the seed.
//!
//! A **step** is one use that the engine makes of something outside of itself and at which something may go wrong: a request to a host or a
//! primary, a write of the store, a call of the vault, a named failpoint of a step. Reads of the store and mere sleeping are none.
//!
//! What is modelled of a host: one replica VM is off and gets logs (as in [`crate::world`]) that are applied unless a checkpoint of ours
//! stands; B2 to B8 for minutes; moves between hosts; foreign checkpoints; restarts that forget all jobs. Every second host is
//! unprotected: it accepts everything and applies at any time. What is not: disks (an export holds the model's word on whether it was of
//! one moment), the doctor, changed bindings, several workers at once.

pub mod chaos;
pub mod clock;
pub mod depot;
pub mod dice;
pub mod host;
pub mod machine;
pub mod primary;
pub mod promises;
pub mod seeds;
pub mod site;
mod stage;

use engine::judge::{DomainJudge, Judge};
use serde::{Deserialize, Serialize};
use stage::Stage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driven {
    pub seed: u64,
    pub steps: u64,
    /// Sleepers that were woken.
    pub wakes: u64,
    /// What was made to go wrong: requests and answers lost, refused or unreadable, silent hosts met, writes lost, steps abandoned or run
    /// twice, a full or failing vault.
    pub faults: u64,
    /// Virtual time that passed.
    pub secs: i64,
    /// Processes that were killed.
    pub kills: u32,
    pub attempts: usize,
    pub sealed: usize,
    pub deferred: usize,
    pub failed: usize,
    /// How many attempts ended for which reason.
    pub reasons: BTreeMap<String, usize>,
    pub days_closed: usize,
    pub pauses: u64,
    /// The same for the same run.
    pub fingerprint: u64,
    /// The command that makes the same run again.
    pub replay: String,
    pub broken: Option<Broken>,
}

/// A promise that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Its number in the design; 0 when the simulation itself is at fault.
    pub promise: u8,
    pub step: u64,
    /// Virtual time, RFC 3339.
    pub at: String,
    /// Where the process died last, if it ever did.
    pub died: String,
    pub text: String,
}

/// A run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    #[error("the folder for exports cannot be made")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    World(#[from] crate::InvalidSpec),
}

/// Runs a seed for so many steps, and then in calm until everything should be tidy.
///
/// # Errors
/// There is no room for the exports.
pub fn drive(seed: u64, steps: u64) -> Result<Driven, DriveError> {
    drive_judged(seed, steps, Arc::new(DomainJudge))
}

/// As [`drive`], with somebody else in the judge's place: to see that the checkers notice.
///
/// # Errors
/// As [`drive`].
pub fn drive_judged(seed: u64, steps: u64, judge: Arc<dyn Judge>) -> Result<Driven, DriveError> {
    let stage = Arc::new(Stage::set(seed, judge)?);
    stage::play(&stage, steps);
    Ok(stage.driven(seed, steps))
}
