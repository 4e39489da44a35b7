//! The proof that no apply touched the disks between checkpoint and end of export (design section 4).
//!
//! An equal `LastApplyTime` alone proves nothing: it moves only when an apply completes. So the job list has to have been
//! read without a gap, by the same management service, and must show no apply that touches the window.

use crate::evidence::{HoldRecord, JobLook, ProofBreak};
use crate::job::Job;
use crate::observation::ReplicationState;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// The job list is read at least this often during a hold, on the host's clock.
pub const LOOK_GAP_SECS_MAX: i64 = 60;
/// A job's `StartTime` may be cut to whole seconds while the host's clock is not.
const START_ROUNDING_SECS: i64 = 2;

/// Whether the hold proves that the exported disks are one single state.
///
/// # Errors
/// Every reason why it does not; the data must then be discarded.
pub fn prove(hold: &HoldRecord) -> Result<(), Vec<ProofBreak>> {
    let mut breaks = Vec::new();
    watched(hold, &mut breaks);
    let chain: Vec<&JobLook> = std::iter::once(&hold.before).chain(&hold.looks).collect();
    for pair in chain.windows(2) {
        let [a, b] = pair else { continue };
        let (from, to) = (a.host_time, b.host_time);
        if to < from {
            breaks.push(ProofBreak::ClockBackwards { from, to });
        } else if to - from > TimeDelta::seconds(LOOK_GAP_SECS_MAX) {
            breaks.push(ProofBreak::LookGap {
                from,
                to,
                gap_secs: (to - from).num_seconds(),
            });
        }
        if a.boot != b.boot {
            breaks.push(ProofBreak::Restarted {
                before: a.boot,
                after: b.boot,
            });
        }
    }
    last_apply_stood_still(hold, &mut breaks);
    state_stood_still(hold, &mut breaks);
    for job in touching(hold) {
        breaks.push(ProofBreak::ApplyInWindow { job });
    }
    if breaks.is_empty() { Ok(()) } else { Err(breaks) }
}

/// The window lies inside what was watched.
fn watched(hold: &HoldRecord, breaks: &mut Vec<ProofBreak>) {
    let first_allowed = hold.before.host_time - TimeDelta::seconds(START_ROUNDING_SECS);
    if hold.checkpoint_started < first_allowed {
        breaks.push(ProofBreak::ClockBackwards {
            from: hold.before.host_time,
            to: hold.checkpoint_started,
        });
    }
    if hold.export_ended < hold.checkpoint_started {
        breaks.push(ProofBreak::ClockBackwards {
            from: hold.checkpoint_started,
            to: hold.export_ended,
        });
    }
    if hold
        .looks
        .last()
        .is_none_or(|last| last.host_time < hold.export_ended)
    {
        breaks.push(ProofBreak::NotWatched);
    }
}

fn last_apply_stood_still(hold: &HoldRecord, breaks: &mut Vec<ProofBreak>) {
    let mut count = hold.before.last_apply.len();
    for look in &hold.looks {
        count = count.max(look.last_apply.len());
    }
    if count == 0 {
        // Nothing was compared, so nothing is shown.
        breaks.push(ProofBreak::NotWatched);
    }
    for index in 0..count {
        let at = |look: &JobLook| look.last_apply.get(index).copied();
        let before = at(&hold.before);
        if let Some(moved) = hold.looks.iter().map(at).find(|after| *after != before) {
            breaks.push(ProofBreak::LastApplyMoved {
                relationship: u8::try_from(index).unwrap_or(u8::MAX),
                before: before.flatten(),
                after: moved.flatten(),
            });
        }
    }
}

/// A resynchronization or a failover leaves no apply job. Replicating and suspended say where logs come from, not what is written: a primary
/// that was paused resumes during the hold.
fn state_stood_still(hold: &HoldRecord, breaks: &mut Vec<ProofBreak>) {
    let harmless = |state: ReplicationState| {
        matches!(state, ReplicationState::Replicating | ReplicationState::Suspended)
    };
    for look in &hold.looks {
        for (index, state) in look.states.iter().enumerate() {
            if !harmless(*state) && hold.before.states.get(index) != Some(state) {
                breaks.push(ProofBreak::StateMoved {
                    relationship: u8::try_from(index).unwrap_or(u8::MAX),
                    state: *state,
                    at: look.host_time,
                });
                return;
            }
        }
    }
}

/// Applies that touch the window and are not known to have been refused before they wrote.
///
/// The window is taken from the look *before* the checkpoint: an apply that began and aborted between that look and the
/// checkpoint tore the disk just as well.
fn touching(hold: &HoldRecord) -> Vec<Job> {
    let mut newest: BTreeMap<&str, &Job> = BTreeMap::new();
    let finished_before = |job: &Job| {
        let listed = hold
            .before
            .applies
            .iter()
            .any(|j| j.id == job.id && !j.state.is_running());
        listed && job.ended().is_some_and(|end| end <= hold.checkpoint_started)
    };
    for job in hold
        .before
        .applies
        .iter()
        .chain(hold.looks.iter().flat_map(|l| &l.applies))
    {
        newest.insert(&job.id, job);
    }
    newest
        .into_values()
        .filter(|job| job.is_apply() && !finished_before(job) && touches(job, hold) && !is_refusal(job, hold))
        .cloned()
        .collect()
}

fn touches(job: &Job, hold: &HoldRecord) -> bool {
    // Times are cut to whole seconds: a job that ended in the second of the look may have ended after it.
    let from = hold.checkpoint_started.min(hold.before.host_time) - TimeDelta::seconds(START_ROUNDING_SECS);
    let Some(start) = job.started else { return true };
    // A job without a known end may still have been writing.
    let end = job.ended().unwrap_or(DateTime::<Utc>::MAX_UTC);
    start <= hold.export_ended && end >= from
}

fn is_refusal(job: &Job, hold: &HoldRecord) -> bool {
    !job.state.is_running()
        && !job.state.is_success()
        && job.error_code != 0
        && hold.known_refusals.contains(&job.error_code)
        && job
            .started
            .is_some_and(|start| start >= hold.checkpoint_made.unwrap_or(hold.checkpoint_started))
}

#[cfg(test)]
mod tests;
