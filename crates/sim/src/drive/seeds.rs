//! Many seeds, one after the other.

use super::{Broken, DriveError, Driven, drive};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// What many seeds came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driving {
    pub seeds: u64,
    /// Each for so many steps, the calm at the end not counted.
    pub steps_each: u64,
    pub steps: u64,
    /// Virtual time of all of them.
    pub hours: i64,
    pub faults: u64,
    /// Processes that were killed.
    pub kills: u64,
    pub attempts: usize,
    pub sealed: usize,
    pub deferred: usize,
    pub failed: usize,
    pub days_closed: usize,
    pub pauses: u64,
    pub failing: Vec<Failing>,
}

/// A seed that breaks a promise, and how to see it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    pub seed: u64,
    pub broken: Broken,
    pub replay: String,
}

/// Drives seeds; `told` hears of each that is done.
///
/// # Errors
/// There is no room for the exports.
pub fn drive_all(
    seeds: RangeInclusive<u64>,
    steps: u64,
    told: &mut dyn FnMut(&Driven),
) -> Result<Driving, DriveError> {
    let mut all = Driving {
        steps_each: steps,
        ..Driving::default()
    };
    for seed in seeds {
        let one = drive(seed, steps)?;
        all.seeds += 1;
        all.steps += one.steps;
        all.hours += one.secs / 3600;
        all.faults += one.faults;
        all.kills += u64::from(one.kills);
        all.attempts += one.attempts;
        all.sealed += one.sealed;
        all.deferred += one.deferred;
        all.failed += one.failed;
        all.days_closed += one.days_closed;
        all.pauses += one.pauses;
        if let Some(broken) = &one.broken {
            all.failing.push(Failing {
                seed,
                broken: broken.clone(),
                replay: one.replay.clone(),
            });
        }
        told(&one);
    }
    Ok(all)
}
