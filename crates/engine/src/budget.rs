//! Requests per host and minute: one bucket per host, asked before every poll and every close look.
//!
//! Everything that goes to the host is charged, by the host's own count; only polls and close looks ever wait. What an attempt
//! needs - its gate, the looks of a hold, release, undo - goes at once: a hold that waits costs the tenant more than a
//! request, and a hold that is not watched costs the point.
//!
//! The minute is the *world's*, as poll period and freshness are: a limit on another clock than theirs would let every
//! observation of a sped-up world go stale. In production both clocks are one.

use crate::clock::WorldClock;
use chrono::{DateTime, TimeDelta, Utc};
use hyperv::host::ReplicaHost;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is about to be asked, at what it costs on a host that is known. What it costs in truth is charged afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    Poll,
    /// The host's jobs, for all that are watched.
    Jobs,
    CloseLook,
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// Between two notes of a host's count.
const NOTED: TimeDelta = TimeDelta::seconds(1);

const POLL_COST: f64 = 12.0;
const JOBS_COST: f64 = 2.0;
const LOOK_COST: f64 = 8.0;

impl Errand {
    fn cost(self) -> f64 {
        match self {
            Self::Poll => POLL_COST,
            Self::Jobs => JOBS_COST,
            Self::CloseLook => LOOK_COST,
        }
    }

    /// What must be there. The close watch leaves enough for the next poll, which must never starve: without it all goes stale.
    fn needs(self) -> f64 {
        match self {
            Self::Poll => POLL_COST,
            Self::Jobs | Self::CloseLook => self.cost() + POLL_COST,
        }
    }
}

/// One host's bucket.
#[derive(Debug)]
pub(crate) struct Budget {
    /// A full bucket and a minute's refill together are the limit, so no minute sees more.
    capacity: f64,
    per_sec: f64,
    debt_max: f64,
    per_minute_max: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    /// Paid for and not yet seen in the host's count.
    prepaid: f64,
    counted: u64,
    at: Option<DateTime<Utc>>,
    /// The host's count, once a second at most, from before the last minute on.
    counts: VecDeque<(DateTime<Utc>, u64)>,
}

impl State {
    fn note(&mut self, now: DateTime<Utc>, requests: u64) {
        // Of a clock that was set back nothing is kept from after now.
        while self.counts.back().is_some_and(|(at, _)| *at > now) {
            self.counts.pop_back();
        }
        if self.counts.back().is_none_or(|(at, _)| now - *at >= NOTED) {
            self.counts.push_back((now, requests));
        }
        // One that is a minute old says where the minute began.
        while self.counts.get(1).is_some_and(|(at, _)| now - *at >= MINUTE) {
            self.counts.pop_front();
        }
    }
}

impl Budget {
    pub fn new(per_minute_max: u32, counted: u64) -> Self {
        let limit = f64::from(per_minute_max);
        let capacity = (limit / 4.0).max(LOOK_COST + POLL_COST);
        Self {
            capacity,
            per_sec: (limit - capacity).max(POLL_COST) / 60.0,
            // Holds may run the bucket dry, and polls pay for it; but not for so long that what is known goes stale.
            debt_max: limit / 2.0,
            per_minute_max,
            state: Mutex::new(State {
                tokens: capacity,
                prepaid: 0.0,
                counted,
                at: None,
                counts: VecDeque::new(),
            }),
        }
    }

    /// Waits until the host may be asked, or until told to stop.
    pub async fn wait(
        &self,
        host: &dyn ReplicaHost,
        clock: &dyn WorldClock,
        errand: Errand,
        stop: &CancellationToken,
    ) {
        while let Err(wait) = self.take(clock.now(), host.requests(), errand) {
            tracing::debug!(host.id = %host.id(), ?errand, ?wait, "the limit of requests is reached");
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = clock.sleep(wait, Duration::from_millis(10)) => {}
            }
        }
    }

    /// Requests in the minute before `now` by the host's count so far, and how many may be.
    pub fn last_minute(&self, now: DateTime<Utc>, requests: u64) -> (u32, u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.note(now, requests);
        let before = state.counts.front().map_or(requests, |(_, count)| *count);
        let sent = u32::try_from(requests.saturating_sub(before)).unwrap_or(u32::MAX);
        (sent, self.per_minute_max)
    }

    /// Takes what the errand costs, or says how long to wait (world time). `requests` is the host's count so far.
    fn take(&self, now: DateTime<Utc>, requests: u64, errand: Errand) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back refills nothing.
        let passed = state.at.map_or(0.0, |at| seconds(now - at).max(0.0));
        state.at = Some(now);
        state.note(now, requests);
        state.tokens = (state.tokens + passed * self.per_sec).min(self.capacity);
        #[expect(clippy::cast_precision_loss, reason = "a difference of counts of requests")]
        let sent = requests.saturating_sub(state.counted) as f64;
        state.counted = requests;
        let covered = sent.min(state.prepaid);
        state.prepaid -= covered;
        state.tokens = (state.tokens - (sent - covered)).max(-self.debt_max);
        let missing = errand.needs() - state.tokens;
        if missing > 0.0 {
            return Err(Duration::from_secs_f64(missing / self.per_sec).max(Duration::from_millis(1)));
        }
        state.tokens -= errand.cost();
        state.prepaid += errand.cost();
        Ok(())
    }
}

fn seconds(delta: chrono::TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + ms).unwrap()
    }

    proptest! {
        #[test]
        fn no_minute_sees_more_than_the_limit(
            limit in 60_u32..2000, errands in prop::collection::vec((any::<bool>(), 0_i64..5000), 1..300),
        ) {
            let budget = Budget::new(limit, 0);
            let (mut now, mut sent, mut times) = (0_i64, 0_u64, Vec::new());
            for (poll, pause) in errands {
                now += pause;
                let errand = if poll { Errand::Poll } else { Errand::CloseLook };
                while let Err(wait) = budget.take(at(now), sent, errand) {
                    now += i64::try_from(wait.as_millis()).unwrap() + 1;
                }
                let cost = if poll { 12 } else { 8 };
                sent += cost;
                times.push((now, cost));
            }
            for (from, _) in &times {
                let minute: u64 = times.iter().filter(|(t, _)| (*from..from + 60_000).contains(t)).map(|(_, c)| c).sum();
                prop_assert!(minute <= u64::from(limit) + 1, "{minute} in a minute, {limit} allowed");
            }
        }
    }

    #[test]
    fn the_last_minute_is_counted_and_no_more() {
        let budget = Budget::new(240, 100);
        assert_eq!(budget.last_minute(at(0), 100), (0, 240));
        assert_eq!(budget.last_minute(at(30_000), 150), (50, 240));
        assert_eq!(budget.last_minute(at(60_000), 170), (70, 240));
        // The fifty of the first half are over a minute old now.
        assert_eq!(budget.last_minute(at(90_000), 170), (20, 240));
        assert_eq!(budget.last_minute(at(300_000), 170), (0, 240));
        // A clock that is set back counts from there.
        assert_eq!(budget.last_minute(at(10_000), 180), (0, 240));
    }

    #[test]
    fn what_a_hold_sent_is_paid_by_polls_and_not_for_long() {
        let budget = Budget::new(240, 100);
        assert!(budget.take(at(0), 100, Errand::Poll).is_ok());
        // The poll itself was paid; a thousand looks of holds were not.
        let wait = budget.take(at(1000), 112 + 1000, Errand::Poll).unwrap_err();
        assert!(
            (Duration::from_secs(40)..Duration::from_secs(50)).contains(&wait),
            "{wait:?}"
        );
        assert!(budget.take(at(50_000), 1112, Errand::Poll).is_ok());
    }

    #[test]
    fn close_looks_leave_enough_for_the_next_poll() {
        let budget = Budget::new(60, 0);
        let mut sent = 0;
        while budget.take(at(0), sent, Errand::CloseLook).is_ok() {
            sent += 8;
        }
        assert!(budget.take(at(0), sent, Errand::Poll).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_refills_nothing_and_blocks_nobody_for_long() {
        let budget = Budget::new(60, 0);
        assert!(budget.take(at(0), 0, Errand::Poll).is_ok());
        let wait = budget.take(at(-3_600_000), 40, Errand::Poll).unwrap_err();
        assert!(wait < Duration::from_secs(90));
        assert!(budget.take(at(-3_600_000 + 90_000), 40, Errand::Poll).is_ok());
    }
}
