//! When to look again. Waiting is not failing: a deferral waits for its blocker to clear, with a cap; a failure backs off.

use crate::attempt::{Deferral, Failure};
use crate::blocker::{Blocker, NotReady};
use crate::pace::{doubled_secs, spread};
use std::time::Duration;

/// What happens after an attempt ended without a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextLook {
    /// Start as soon as the blocker is seen to have cleared; look anyway after this long (world time).
    WhenClear { at_latest: Duration },
    /// Not before this long (world time).
    After(Duration),
    /// Start on the first end of an apply that is observed after `not_before`; look anyway after `at_latest` (world time).
    AfterApply {
        not_before: Duration,
        at_latest: Duration,
    },
}

/// First wait after a failure; doubles each time.
const FAILURE_WAIT_SECS: u64 = 60;
/// Longest wait after a failure.
const FAILURE_WAIT_SECS_MAX: u64 = 3600;

/// Proofs that may fail in a row before they cost more than the next end of an apply.
const UNPROVEN_FREE: u32 = 2;

/// When to look again after a deferral. `jitter` in 0..=1 is drawn by the caller; `period_secs` is the replication interval.
#[must_use]
pub fn after_deferral(deferral: &Deferral, period_secs: u32, jitter: f64) -> NextLook {
    let (blocker, refused) = match deferral {
        Deferral::Blocked { blocker } => (Some(blocker), false),
        Deferral::Refused { blocker, .. } => (blocker.as_ref(), true),
        Deferral::Unknown { .. } => (None, false),
    };
    let cap = match blocker {
        Some(
            Blocker::LogBeingApplied { .. }
            | Blocker::ApplyInterrupted { .. }
            | Blocker::BusyElsewhere { .. },
        ) => 300,
        Some(Blocker::ApplyFailed { .. } | Blocker::Migrating { .. }) => 900,
        Some(Blocker::NotReady {
            reason: NotReady::HoldTooLong { .. } | NotReady::NoRoom { .. },
        }) => {
            // Nothing on the replica will clear this; trying at once would only hold its applies back again.
            return NextLook::After(spread(600, period_secs, jitter));
        }
        Some(
            Blocker::FailoverInProgress { .. }
            | Blocker::InitialReplication { .. }
            | Blocker::Resynchronization { .. }
            | Blocker::HealthCritical { .. }
            | Blocker::NotReady { .. },
        ) => 1800,
        // The host said no and the gate saw nothing: do not hammer it.
        None if refused => return NextLook::After(spread(45, period_secs, jitter)),
        None => 120,
    };
    NextLook::WhenClear {
        at_latest: spread(cap, period_secs, jitter),
    }
}

/// When to try again after a failure, `failures` being how many there were in a row, this one included.
#[must_use]
pub fn after_failure(failure: &Failure, failures: u32, period_secs: u32, jitter: f64) -> NextLook {
    if matches!(
        failure,
        Failure::Killed { .. } | Failure::LeaseLost | Failure::Cancelled
    ) {
        // The replica had no part in it.
        return NextLook::After(Duration::from_secs(1));
    }
    if matches!(failure, Failure::Unproven { .. }) {
        return after_unproven(failures, period_secs, jitter);
    }
    NextLook::After(spread(doubled(failures), period_secs, jitter))
}

/// An apply came in between, so the still point is right after the next one. A host that breaks one proof after the other
/// does not hold: trying on each apply would only keep the tenant's logs waiting.
fn after_unproven(failures: u32, period_secs: u32, jitter: f64) -> NextLook {
    let not_before = match failures.saturating_sub(UNPROVEN_FREE) {
        0 => 0,
        more => doubled(more),
    };
    let two_applies = (2 * u64::from(period_secs) + 60).max(120);
    NextLook::AfterApply {
        not_before: Duration::from_secs(not_before),
        at_latest: spread(not_before + two_applies, period_secs, jitter),
    }
}

fn doubled(failures: u32) -> u64 {
    doubled_secs(FAILURE_WAIT_SECS, FAILURE_WAIT_SECS_MAX, failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(next: NextLook) -> Duration {
        match next {
            NextLook::WhenClear { at_latest } => at_latest,
            NextLook::After(wait) => wait,
            NextLook::AfterApply { at_latest, .. } => at_latest,
        }
    }

    #[test]
    fn a_blocked_replica_is_looked_at_as_soon_as_it_clears() {
        let b1 = Blocker::LogBeingApplied {
            job: None,
            operational_status: Some(11),
        };
        assert!(matches!(
            after_deferral(&Deferral::Blocked { blocker: b1 }, 30, 0.5),
            NextLook::WhenClear { at_latest } if at_latest <= Duration::from_secs(400)
        ));
    }

    #[test]
    fn a_hold_that_took_too_long_is_not_repeated_at_once() {
        let reason = NotReady::HoldTooLong {
            held_secs: 700,
            hold_secs_max: 600,
        };
        let deferral = Deferral::Blocked {
            blocker: Blocker::NotReady { reason },
        };
        assert!(matches!(after_deferral(&deferral, 30, 0.0), NextLook::After(wait) if wait.as_secs() >= 600));
    }

    #[test]
    fn waits_after_failures_grow_to_a_cap() {
        let failure = Failure::Incomplete { missing: vec![] };
        let waits: Vec<u64> = (1..12)
            .map(|n| wait(after_failure(&failure, n, 0, 0.0)).as_secs())
            .collect();
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[10]), (60, 3600));
    }

    #[test]
    fn a_failed_proof_waits_for_the_next_end_of_an_apply_and_never_forever() {
        let failure = Failure::Unproven { breaks: vec![] };
        let next = |failures| match after_failure(&failure, failures, 300, 0.5) {
            NextLook::AfterApply {
                not_before,
                at_latest,
            } => (not_before.as_secs(), at_latest),
            other => panic!("{other:?}"),
        };
        let waits: Vec<u64> = [1, 2, 3, 4, 20].map(|failures| next(failures).0).to_vec();
        assert_eq!(waits, [0, 0, 60, 120, 3600]);
        for failures in 1..20 {
            let (not_before, at_latest) = next(failures);
            assert!(
                at_latest > Duration::from_secs(not_before + 600),
                "two applies fit in"
            );
            assert!(at_latest < Duration::from_secs(6000));
        }
    }
}
