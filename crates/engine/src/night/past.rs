//! What the planner has to know of a replica's attempts.

use super::settle::{code_of, is_free};
use crate::board::Judged;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::blocker::{Blocker, NotReady};
use domain::code::Code;
use domain::ids::{AttemptId, ReplicaId};
use domain::planner::Last;
use store::records::Attempt;

/// Attempts since the newest point: the sums of a plan entry that is no obligation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pub newest: Option<Attempt>,
    pub failures: u32,
    pub apply_deferrals: u32,
}

impl Past {
    /// From a replica's newest attempts, newest first.
    pub fn of(newest_first: Vec<Attempt>) -> Self {
        let since = newest_first
            .iter()
            .take_while(|a| !matches!(a.state, AttemptState::Sealed { .. }));
        let mut past = Self::default();
        for attempt in since {
            match &attempt.state {
                AttemptState::Failed { failure, .. } if !is_free(failure) => past.failures += 1,
                AttemptState::Deferred { reason, .. } if code_of(reason) == Code::B1 => {
                    past.apply_deferrals += 1
                }
                _ => {}
            }
        }
        past.newest = newest_first.into_iter().next();
        past
    }
}

/// How an attempt ended, as the planner takes it; for a failed proof it has to know of the applies.
pub(crate) fn last_of(attempt: Option<&Attempt>, judged: Option<&Judged>, now: DateTime<Utc>) -> Last {
    match attempt.map(|it| &it.state) {
        None | Some(AttemptState::Sealed { .. } | AttemptState::Running { .. }) => Last::None,
        Some(AttemptState::Deferred { reason, at }) => Last::Deferred {
            code: code_of(reason),
            at: *at,
            stubborn: is_stubborn(reason),
        },
        Some(AttemptState::Failed {
            failure: Failure::Unproven { .. },
            at,
        }) => Last::Unproven {
            at: *at,
            applied: judged.and_then(applied),
            apply_due: judged.and_then(|it| apply_due(it, now)),
        },
        Some(AttemptState::Failed { failure, at }) => Last::Failed {
            at: *at,
            // A person who cancels does not want it to begin again within the second.
            free: is_free(failure) && !matches!(failure, Failure::CancelledByPerson { .. }),
        },
    }
}

/// Whether no look will ever show that its reason is gone.
fn is_stubborn(reason: &Deferral) -> bool {
    matches!(
        reason,
        Deferral::Refused { blocker: None, .. }
            | Deferral::Blocked {
                blocker: Blocker::NotReady {
                    reason: NotReady::HoldTooLong { .. } | NotReady::NoRoom { .. }
                }
            }
    )
}

/// A time of the host's clock on the world's, by the look that told it.
fn to_world(judged: &Judged, at: DateTime<Utc>) -> DateTime<Utc> {
    judged.observation.seen_at + (at - judged.observation.host_time)
}

fn applied(judged: &Judged) -> Option<DateTime<Utc>> {
    let told = [judged.observation.last_apply(), judged.cadence.last_end()];
    Some(to_world(judged, told.into_iter().flatten().max()?))
}

fn apply_due(judged: &Judged, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let now_there = judged.observation.host_time + (now - judged.observation.seen_at);
    Some(to_world(judged, judged.cadence.next_end(now_there)?))
}

/// 0..=1; the same for the same attempt, so that a decision does not change with every tick.
pub(crate) fn jitter_of(attempt: Option<AttemptId>, replica: ReplicaId) -> f64 {
    let id = attempt.map_or(replica.0, |it| it.0);
    let bytes = id.as_bytes();
    // The last ones: version 7 ids begin with the time.
    f64::from(u16::from_be_bytes([bytes[14], bytes[15]])) / f64::from(u16::MAX)
}
