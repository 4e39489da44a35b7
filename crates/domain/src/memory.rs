//! What is remembered of a replica's last apply. Finished jobs vanish after five minutes, so blockers B2 and B3 live here.
//!
//! A hole in what is known of the jobs makes the memory `Unknown`. It ends only with an apply that is known to have completed.

use crate::blocker::JobHole;
use crate::ids::HostId;
use crate::job::Job;
use crate::observation::{HostBoot, Observation};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A finished job stays listed this long (`TimeBeforeRemoval`); two looks further apart leave a hole.
pub const JOB_LISTED_SECS: i64 = 300;

/// What the last apply came to, by everything seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "last", rename_all = "kebab-case")]
pub enum LastApply {
    /// Nothing may be said until an apply completes after `since` (host's clock).
    Unknown { since: DateTime<Utc>, why: JobHole },
    /// `job` is `None` when only `LastApplyTime` told of it.
    Completed { job: Option<Job>, at: DateTime<Utc> },
    /// JobState 8 or 9: blocker B2.
    Interrupted { job: Job, at: DateTime<Utc> },
    /// JobState 10 or an error code: blocker B3.
    Failed { job: Job, at: DateTime<Utc> },
}

/// The memory of one replica, carried from look to look and stored with its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyMemory {
    pub host: HostId,
    pub boot: HostBoot,
    /// Host's clock at the last look.
    pub last_look: DateTime<Utc>,
    pub last: LastApply,
    /// Applies that ran at the last look: (job id, start).
    pub running: Vec<(String, Option<DateTime<Utc>>)>,
}

/// A span in which a checkpoint of ours existed, on the host's clock; open while it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldWindow {
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
}

impl HoldWindow {
    /// Whether the job lies wholly inside: nothing of it can have happened while there was no checkpoint of ours.
    #[must_use]
    pub fn covers(&self, job: &Job) -> bool {
        let (Some(start), Some(end)) = (job.started, job.ended()) else {
            return false;
        };
        start >= self.from && self.to.is_none_or(|to| end <= to)
    }
}

/// What is needed to tell an apply that was refused the lock because of our own checkpoint from one that failed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refusals<'a> {
    /// Error codes of the host build, filled by `doctor`.
    pub codes: &'a [u32],
    /// Our own recent holds on this replica.
    pub holds: &'a [HoldWindow],
}

impl Refusals<'_> {
    /// Whether this finished job is known to have been refused before it wrote anything.
    #[must_use]
    pub fn knows(&self, job: &Job) -> bool {
        !job.state.is_running()
            && !job.state.is_success()
            && job.error_code != 0
            && self.codes.contains(&job.error_code)
            && self.holds.iter().any(|hold| hold.covers(job))
    }
}

/// Takes one more look into the memory. Pure; `memory` is `None` at the first look.
#[must_use]
pub fn fold(memory: Option<&ApplyMemory>, seen: &Observation, refusals: Refusals<'_>) -> ApplyMemory {
    let hole = memory.map_or(Some(JobHole::FirstLook), |m| hole_between(m, seen));
    let before = match (memory, hole) {
        (Some(m), None) => m.last.clone(),
        (_, Some(why)) => LastApply::Unknown {
            since: seen.host_time,
            why,
        },
        (None, None) => LastApply::Unknown {
            since: seen.host_time,
            why: JobHole::FirstLook,
        },
    };
    ApplyMemory {
        host: seen.host.clone(),
        boot: seen.boot,
        last_look: seen.host_time,
        last: next(before, seen, refusals),
        running: seen
            .jobs
            .iter()
            .filter(|j| j.is_apply() && j.state.is_running())
            .map(|j| (j.id.clone(), j.started))
            .collect(),
    }
}

fn hole_between(memory: &ApplyMemory, seen: &Observation) -> Option<JobHole> {
    let gap = seen.host_time - memory.last_look;
    if memory.host != seen.host {
        Some(JobHole::Moved)
    } else if memory.boot.booted_at != seen.boot.booted_at {
        Some(JobHole::HostRestart)
    } else if memory.boot.service_started_at != seen.boot.service_started_at {
        Some(JobHole::ServiceRestart)
    } else if gap > TimeDelta::seconds(JOB_LISTED_SECS) || gap < TimeDelta::zero() {
        // A clock that ran backwards says nothing about how long we looked away.
        Some(JobHole::LooksTooFarApart)
    } else if memory
        .running
        .iter()
        .any(|(id, start)| vanished(id, *start, seen))
    {
        Some(JobHole::JobVanished)
    } else {
        None
    }
}

fn vanished(id: &str, start: Option<DateTime<Utc>>, seen: &Observation) -> bool {
    let completed_since = matches!((start, seen.last_apply()), (Some(start), Some(at)) if at > start);
    !completed_since && !seen.jobs.iter().any(|j| j.id == id)
}

fn next(before: LastApply, seen: &Observation, refusals: Refusals<'_>) -> LastApply {
    let mut last = before;
    if let Some(at) = seen.last_apply() {
        let released = match &last {
            LastApply::Unknown { since, .. } => at > *since,
            LastApply::Interrupted { at: ended, .. } | LastApply::Failed { at: ended, .. } => at > *ended,
            LastApply::Completed { at: ended, .. } => at > *ended,
        };
        if released {
            last = LastApply::Completed { job: None, at };
        }
    }
    let newest = seen
        .jobs
        .iter()
        .filter(|j| j.is_apply() && !j.state.is_running() && !refusals.knows(j))
        // A success whose start is unknown proves nothing; bad news whose start is unknown counts as the newest.
        .filter(|j| j.started.is_some() || !is_good(j))
        .max_by_key(|j| (j.started.is_none(), j.started, !is_good(j)));
    match newest {
        Some(job) if is_newer(job, &last, seen) => outcome(job, seen),
        _ => last,
    }
}

fn is_good(job: &Job) -> bool {
    job.state.is_success() && job.error_code == 0
}

/// When the job ended, as well as can be told.
fn ended(job: &Job, seen: &Observation) -> DateTime<Utc> {
    job.ended().or(job.started).unwrap_or(seen.host_time)
}

fn is_newer(job: &Job, last: &LastApply, seen: &Observation) -> bool {
    if !is_good(job) && seen.last_apply().is_some_and(|at| at > ended(job, seen)) {
        return false;
    }
    let known_start = match last {
        // An apply that ran is not listed any more: whatever ended before it was missed says nothing about it.
        LastApply::Unknown {
            since,
            why: JobHole::JobVanished,
        } => return ended(job, seen) > *since,
        // Whatever is listed now is the newest there is: everything after it would be listed too.
        LastApply::Unknown { .. } => return true,
        LastApply::Completed { job: None, at } => return !is_good(job) && ended(job, seen) >= *at,
        LastApply::Completed { job: Some(known), .. } => known.started,
        LastApply::Interrupted { job: known, at } | LastApply::Failed { job: known, at } => {
            if known.id == job.id {
                return false;
            }
            Some(known.started.unwrap_or(*at))
        }
    };
    match (job.started, known_start) {
        (Some(start), Some(known)) => start > known,
        (None, _) => !is_good(job),
        (Some(_), None) => true,
    }
}

fn outcome(job: &Job, seen: &Observation) -> LastApply {
    use crate::job::JobState::{Killed, Terminated};
    let at = ended(job, seen);
    let job = job.clone();
    if is_good(&job) {
        LastApply::Completed { job: Some(job), at }
    } else if matches!(job.state, Terminated | Killed) {
        // The spec names 8 and 9 "interrupted" whatever error code they carry.
        LastApply::Interrupted { job, at }
    } else {
        LastApply::Failed { job, at }
    }
}

#[cfg(test)]
mod tests;
