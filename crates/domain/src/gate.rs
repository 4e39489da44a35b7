//! The consistency gate: facts in, verdict out. Pure, and closed whenever in doubt.
//!
//! The numbers are those of spec section 4. `Clear` needs every single one of them read, fresh and plainly fine.

mod signs;

use crate::blocker::{Blocker, JobHole, NotReady, Unknown};
use crate::memory::{ApplyMemory, LastApply};
use crate::observation::{HostTrust, Observation};
use crate::verdict::Verdict;
use chrono::{DateTime, Utc};

/// What is ours on the host and therefore no foreign work: InstanceIDs of checkpoints and of jobs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ours<'a> {
    pub checkpoints: &'a [String],
    pub jobs: &'a [String],
}

impl Ours<'_> {
    pub(crate) fn has_job(&self, id: &str) -> bool {
        self.jobs.iter().any(|ours| ours == id)
    }
    pub(crate) fn has_checkpoint(&self, id: &str) -> bool {
        self.checkpoints.iter().any(|ours| ours == id)
    }
}

/// Everything the gate decides from.
#[derive(Debug, Clone, Copy)]
pub struct GateFacts<'a> {
    /// The newest look, or `None` when there was never one.
    pub observation: Option<&'a Observation>,
    /// The memory with exactly this observation folded in.
    pub memory: Option<&'a ApplyMemory>,
    pub trust: &'a HostTrust,
    /// The world's clock.
    pub now: DateTime<Utc>,
    /// An observation older than this says nothing.
    pub freshness_secs: i64,
    pub ours: Ours<'a>,
}

/// The gate's answer, with the blockers in evaluation order: 8, 6, 7, 5, 4, 3, 2, 1, then the rest.
///
/// Blockers that are seen are named even when something else is unknown; without any, one doubt is enough for `Unknown`.
#[must_use]
pub fn verdict(facts: &GateFacts<'_>) -> Verdict {
    let Some(seen) = facts.observation else {
        return Verdict::Unknown {
            why: Unknown::NeverObserved,
        };
    };
    let age_secs = (facts.now - seen.seen_at).num_seconds();
    if age_secs.abs() > facts.freshness_secs {
        // Also from the future: then one of the clocks lies and the age says nothing.
        let limit_secs = facts.freshness_secs;
        return Verdict::Unknown {
            why: Unknown::Stale {
                seen_at: seen.seen_at,
                age_secs,
                limit_secs,
            },
        };
    }
    let mut blockers = Vec::new();
    signs::failover(seen, &mut blockers);
    signs::migration(seen, &mut blockers);
    signs::initial_replication(seen, &mut blockers);
    signs::resynchronization(seen, &mut blockers);
    signs::health_critical(seen, &mut blockers);
    let doubt = last_apply(seen, facts.memory, &mut blockers);
    signs::applying(seen, facts.ours, &mut blockers);
    signs::busy(seen, facts.ours, &mut blockers);
    signs::not_ready(seen, facts.ours, &mut blockers);
    match facts.trust {
        HostTrust::Enrolled { .. } => {}
        HostTrust::Unproven { build } => {
            blockers.push(Blocker::NotReady {
                reason: NotReady::HostUnproven { build: build.clone() },
            });
        }
        HostTrust::TooOld { build } => {
            blockers.push(Blocker::NotReady {
                reason: NotReady::HostTooOld { build: build.clone() },
            });
        }
    }
    match (blockers.is_empty(), doubt) {
        (false, _) => Verdict::Blocked { blockers },
        (true, Some(why)) => Verdict::Unknown { why },
        (true, None) => Verdict::Clear,
    }
}

/// The second gate, after our checkpoint was accepted: the same questions, with our own checkpoint and its job exempted.
#[must_use]
pub fn verdict_at(facts: &GateFacts<'_>, checkpoint: &str, snapshot_job: Option<&str>) -> Verdict {
    let checkpoints: Vec<String> = facts
        .ours
        .checkpoints
        .iter()
        .cloned()
        .chain([checkpoint.to_owned()])
        .collect();
    let jobs: Vec<String> = facts
        .ours
        .jobs
        .iter()
        .cloned()
        .chain(snapshot_job.map(str::to_owned))
        .collect();
    verdict(&GateFacts {
        ours: Ours {
            checkpoints: &checkpoints,
            jobs: &jobs,
        },
        ..*facts
    })
}

/// B3 and B2 from the memory; the doubt when the memory has a hole or is not of this look.
fn last_apply(seen: &Observation, memory: Option<&ApplyMemory>, out: &mut Vec<Blocker>) -> Option<Unknown> {
    let Some(memory) = memory else {
        return Some(Unknown::JobHole {
            since: seen.host_time,
            why: JobHole::FirstLook,
        });
    };
    if memory.host != seen.host || memory.last_look != seen.host_time || memory.boot != seen.boot {
        let what = "the memory of the last apply, which is not of this look".to_owned();
        return Some(Unknown::Unreadable { what });
    }
    match &memory.last {
        LastApply::Failed { job, .. } => out.push(Blocker::ApplyFailed { job: job.clone() }),
        LastApply::Interrupted { job, .. } => out.push(Blocker::ApplyInterrupted { job: job.clone() }),
        LastApply::Unknown { since, why } => {
            return Some(Unknown::JobHole {
                since: *since,
                why: *why,
            });
        }
        LastApply::Completed { .. } => {}
    }
    None
}

#[cfg(test)]
mod tests;
