//! How long to wait: growing after failures, jittered, and never a multiple of the replication period, where the next apply would be.

use crate::policy::RetryTerms;

/// Adds up to a quarter of jitter and steps aside from multiples of the replication period. `jitter` is in 0..=1.
#[must_use]
pub fn spread_secs(secs: u64, period_secs: u32, jitter: f64) -> i64 {
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    };
    let secs = u32::try_from(secs.min(MAX_SECS)).map_or(f64::from(u32::MAX), f64::from);
    let mut wait = secs * (1.0 + jitter / 4.0);
    // Below two periods a wait cannot step aside by much: it is as it is.
    if period_secs > 0 && secs >= f64::from(period_secs) {
        let period = f64::from(period_secs);
        let phase = (wait / period).fract();
        if !(0.15..=0.85).contains(&phase) {
            wait += period * (0.3 + 0.1 * jitter);
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most a day and a third")]
    let whole = wait.round() as i64;
    whole.max(1)
}

const MAX_SECS: u64 = 86_400;

/// The wait after `failures` failures in a row: doubles each time, up to the policy's longest.
#[must_use]
pub fn backoff_secs(terms: &RetryTerms, failures: u32, period_secs: u32, jitter: f64) -> i64 {
    let doubled = u64::from(terms.failure_wait_secs) << failures.saturating_sub(1).min(20);
    spread_secs(
        doubled.min(u64::from(terms.failure_wait_secs_max)),
        period_secs,
        jitter,
    )
}
