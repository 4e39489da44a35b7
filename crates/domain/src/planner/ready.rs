//! Whether one obligation could start now, whatever the others do.

use super::breaker::Breaker;
use super::{Last, Move, Owed, PAUSE_DEFERRALS_MIN, PAUSE_SLACK_SECS, Seen, Wait, slack_secs};
use crate::code::Code;
use crate::pace::{doubled_secs, spread};
use chrono::{DateTime, TimeDelta, Utc};

pub(super) enum Ready {
    Now { pause: bool },
    Not(Move),
}

pub(super) fn ready(owed: &Owed, breaker: Breaker, now: DateTime<Utc>) -> Ready {
    if owed.running {
        return Ready::Not(Move::Running);
    }
    if now < owed.window.open {
        return wait(Wait::NotOpen, owed.window.open, false);
    }
    if let Some(held) = owed.held.as_ref().filter(|held| now < held.until) {
        return wait(Wait::Held(held.clone()), held.until, false);
    }
    if owed.failures >= owed.terms.retry.failures_max {
        return Ready::Not(Move::GiveUp {
            failures: owed.failures,
        });
    }
    if let Breaker::Open { until, failures } = breaker {
        return wait(Wait::Breaker { failures }, until, false);
    }
    let (since, code) = match owed.seen {
        Seen::Never => return wait(Wait::NotSeen, now + TimeDelta::seconds(10), false),
        Seen::Clear { at } => return clear(owed, at, now),
        Seen::Blocked { code, since, .. } => (since, code),
    };
    if code == Code::B1 && may_pause(owed, since, now) {
        return Ready::Now { pause: true };
    }
    let asked = match owed.last {
        Last::Deferred { at, .. } | Last::Failed { at, .. } | Last::Unproven { at, .. } => at.max(since),
        Last::None => since,
    };
    let next = asked + look_wait(owed, code, now);
    // Looked at so rarely that the look itself may be out of date: the attempt's own gate reads the host and costs nothing if blocked.
    // A log apply is over within seconds, and watched; the others wake the plan when they clear.
    if next <= now && !passes_soon(code) {
        return Ready::Now { pause: false };
    }
    wait(
        Wait::Blocked { code, since },
        next.max(now + TimeDelta::seconds(1)),
        passes_soon(code),
    )
}

/// Seen clear at `at`: only something that time alone heals keeps it from starting.
fn clear(owed: &Owed, at: DateTime<Utc>, now: DateTime<Utc>) -> Ready {
    match owed.last {
        Last::Failed {
            at: failed,
            free: false,
        } => {
            let retry = &owed.terms.retry;
            let (first, longest) = (retry.failure_wait_secs, retry.failure_wait_secs_max);
            let secs = doubled_secs(u64::from(first), u64::from(longest), owed.failures);
            let next = failed + wait_of(owed, secs);
            // Once its wait is over it starts on an observed end of apply like any other.
            if now < next {
                let failures = owed.failures;
                return wait(Wait::Backoff { failures }, next, false);
            }
            Ready::Now { pause: false }
        }
        Last::Unproven {
            at: failed,
            applied,
            apply_due,
        } => {
            let wait_for = NextApply::after(owed);
            let from = failed + wait_for.not_before;
            let latest = failed + wait_for.at_latest;
            let ended = applied.is_some_and(|applied| applied > from) && at > failed;
            if ended || now >= latest {
                return Ready::Now { pause: false };
            }
            let near = now + APPLY_NEAR;
            let watch = near >= from && apply_due.is_none_or(|due| near >= due);
            wait(
                Wait::NextApply {
                    failures: owed.failures,
                },
                latest,
                watch,
            )
        }
        Last::Deferred {
            code,
            at: deferred,
            stubborn: true,
        } => {
            let next = deferred + wait_of(owed, u64::from(owed.terms.look_secs_max(code)));
            if now < next {
                return wait(Wait::Stubborn { code }, next, false);
            }
            Ready::Now { pause: false }
        }
        // Only a look made after the deferral can say that its blocker is gone.
        Last::Deferred {
            code,
            at: deferred,
            stubborn: false,
        } if at <= deferred => {
            let since = deferred;
            let next = deferred + look_wait(owed, code, now);
            if next <= now {
                Ready::Now { pause: false }
            } else {
                wait(Wait::Blocked { code, since }, next, passes_soon(code))
            }
        }
        _ => Ready::Now { pause: false },
    }
}

/// How long before a predicted end of an apply the close watch begins.
const APPLY_NEAR: TimeDelta = TimeDelta::seconds(60);
/// Proofs that may fail in a row before they cost more than the next end of an apply.
const UNPROVEN_FREE: u32 = 2;

/// The end of an apply that a new attempt waits for after a failed proof. It would fail again inside of an apply, and right after one
/// has ended it has the longest time; whoever fails on and on waits longer all the same.
struct NextApply {
    not_before: TimeDelta,
    at_latest: TimeDelta,
}

impl NextApply {
    fn after(owed: &Owed) -> Self {
        let retry = &owed.terms.retry;
        let (first, longest) = (
            u64::from(retry.failure_wait_secs),
            u64::from(retry.failure_wait_secs_max),
        );
        let not_before = match owed.failures.saturating_sub(UNPROVEN_FREE) {
            0 => 0,
            more => doubled_secs(first, longest, more),
        };
        // Two more applies should have ended by then; with replication at a standstill none does.
        let two_applies = 2 * u64::from(owed.period_secs) + 60;
        Self {
            not_before: TimeDelta::seconds(i64::try_from(not_before).unwrap_or(i64::MAX / 4_000)),
            at_latest: wait_of(owed, not_before + two_applies.max(first)),
        }
    }
}

/// Longest time between two looks: the policy's, and closer as the slack shrinks; never a multiple of the replication period.
fn look_wait(owed: &Owed, code: Code, now: DateTime<Utc>) -> TimeDelta {
    let longest = u64::from(owed.terms.look_secs_max(code));
    let by_slack = u64::try_from(slack_secs(owed, now) / 8).unwrap_or(0).max(10);
    // Late already: there is no hurry that closer looks could serve.
    let secs = if slack_secs(owed, now) < 0 {
        longest
    } else {
        longest.min(by_slack)
    };
    wait_of(owed, secs)
}

/// Spread by the replica's own jitter; whole seconds, at least one.
fn wait_of(owed: &Owed, secs: u64) -> TimeDelta {
    let secs = spread(secs, owed.period_secs, owed.jitter).as_secs_f64().ceil();
    #[expect(clippy::cast_possible_truncation, reason = "at most a day and a half")]
    let whole = secs as i64;
    TimeDelta::seconds(whole.max(1))
}

/// Where applies never leave a gap nothing is begun, so nothing is put off either: the time that it was watched in vain says the same.
fn may_pause(owed: &Owed, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let slack = slack_secs(owed, now);
    let in_vain = i64::from(PAUSE_DEFERRALS_MIN) * i64::from(owed.terms.look_secs_max(Code::B1));
    let no_gap = now - since.max(owed.window.open) >= TimeDelta::seconds(in_vain);
    let put_off = owed.apply_deferrals >= PAUSE_DEFERRALS_MIN || no_gap;
    owed.can_pause && put_off && (0..PAUSE_SLACK_SECS).contains(&slack)
}

/// Whether a log apply is all that keeps an obligation from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applying {
    No,
    /// It can still be in time, and may want a slot within seconds.
    InTime,
    /// Its next gap is so near that a slot may stand idle until then.
    GapNear,
}

/// A slot may stand idle for this part of what the attempt takes.
const IDLE_PART: i64 = 10;

/// One that has waited far longer than its gaps usually take keeps no slot any more.
pub(super) fn applying(owed: &Owed, what: &Move, now: DateTime<Utc>) -> Applying {
    let Move::Wait {
        why: Wait::Blocked {
            code: Code::B1,
            since,
        },
        ..
    } = what
    else {
        return Applying::No;
    };
    if slack_secs(owed, now) < 0 {
        return Applying::No;
    }
    let wait = i64::from(owed.gap_wait_secs);
    let is_known = wait > 0;
    let is_near = wait * IDLE_PART <= i64::from(owed.expected_secs)
        && (now - *since).num_seconds() <= (4 * wait).max(60);
    if is_known && is_near {
        Applying::GapNear
    } else {
        Applying::InTime
    }
}

fn passes_soon(code: Code) -> bool {
    matches!(code, Code::B1 | Code::B2 | Code::BE | Code::UN)
}

fn wait(why: Wait, next: DateTime<Utc>, watch: bool) -> Ready {
    Ready::Not(Move::Wait { why, next, watch })
}
