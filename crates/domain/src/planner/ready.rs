//! Whether one obligation could start now, whatever the others do.

use super::breaker::Breaker;
use super::pace;
use super::share::Counts;
use super::{Last, Move, Owed, PAUSE_DEFERRALS_MIN, PAUSE_SLACK_SECS, Seen, Wait, slack_secs};
use crate::code::Code;
use chrono::{DateTime, TimeDelta, Utc};

pub(super) enum Ready {
    Now { pause: bool },
    Not(Move),
}

pub(super) fn ready(owed: &Owed, counts: &Counts<'_>, now: DateTime<Utc>) -> Ready {
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
    if let Breaker::Open { until, failures } = counts.breaker(&owed.host) {
        return wait(Wait::Breaker { failures }, until, false);
    }
    let (since, code) = match owed.seen {
        Seen::Never => return wait(Wait::NotSeen, now + TimeDelta::seconds(10), false),
        Seen::Clear { at } => return clear(owed, at, now),
        Seen::Blocked { code, since, .. } => (since, code),
    };
    if code == Code::B1 && may_pause(owed, now) {
        return Ready::Now { pause: true };
    }
    let asked = match owed.last {
        Last::Deferred { at, .. } | Last::Failed { at, .. } => at.max(since),
        Last::None => since,
    };
    let next = asked + TimeDelta::seconds(i64::from(look_secs(owed, code, now)));
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
            let secs = pace::backoff_secs(&owed.terms.retry, owed.failures, owed.period_secs, owed.jitter);
            let next = failed + TimeDelta::seconds(secs);
            // Once its wait is over it starts on an observed end of apply like any other.
            if now < next {
                let failures = owed.failures;
                return wait(Wait::Backoff { failures }, next, false);
            }
            Ready::Now { pause: false }
        }
        Last::Deferred {
            code,
            at: deferred,
            stubborn: true,
        } => {
            let secs = pace::spread_secs(
                u64::from(owed.terms.look_secs_max(code)),
                owed.period_secs,
                owed.jitter,
            );
            let next = deferred + TimeDelta::seconds(secs);
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
            let next = deferred + TimeDelta::seconds(i64::from(look_secs(owed, code, now)));
            if next <= now {
                Ready::Now { pause: false }
            } else {
                wait(Wait::Blocked { code, since }, next, passes_soon(code))
            }
        }
        _ => Ready::Now { pause: false },
    }
}

/// Longest time between two looks: the policy's, and closer as the slack shrinks; never a multiple of the replication period.
fn look_secs(owed: &Owed, code: Code, now: DateTime<Utc>) -> u32 {
    let longest = u64::from(owed.terms.look_secs_max(code));
    let by_slack = u64::try_from(slack_secs(owed, now) / 8).unwrap_or(0).max(10);
    // Late already: there is no hurry that closer looks could serve.
    let secs = if slack_secs(owed, now) < 0 {
        longest
    } else {
        longest.min(by_slack)
    };
    u32::try_from(pace::spread_secs(secs, owed.period_secs, owed.jitter)).unwrap_or(u32::MAX)
}

fn may_pause(owed: &Owed, now: DateTime<Utc>) -> bool {
    let slack = slack_secs(owed, now);
    owed.can_pause && owed.apply_deferrals >= PAUSE_DEFERRALS_MIN && (0..PAUSE_SLACK_SECS).contains(&slack)
}

fn passes_soon(code: Code) -> bool {
    matches!(code, Code::B1 | Code::B2 | Code::BE | Code::UN)
}

fn wait(why: Wait, next: DateTime<Utc>, watch: bool) -> Ready {
    Ready::Not(Move::Wait { why, next, watch })
}
