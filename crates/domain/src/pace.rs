//! How long to wait: growing after failures, jittered, and never near a multiple of the replication period, where the next apply would be.

use std::time::Duration;

/// Longer waits are cut to a day.
const MAX_SECS: u64 = 86_400;
/// How near to a multiple of the period a wait may come, as a share of the period.
const NEAR: f64 = 0.15;

/// Adds up to a quarter of jitter and steps aside from multiples of the replication period. `jitter` is in 0..=1; `period_secs` is 0 while
/// unknown. What is far shorter than the period is left as it is.
#[must_use]
pub fn spread(secs: u64, period_secs: u32, jitter: f64) -> Duration {
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    };
    let wait = Duration::from_secs(secs.min(MAX_SECS)).mul_f64(1.0 + jitter / 4.0);
    if period_secs == 0 {
        return wait;
    }
    let period = f64::from(period_secs);
    let periods = wait.as_secs_f64() / period;
    let multiple = periods.round();
    if multiple >= 1.0 && (periods - multiple).abs() < NEAR {
        return wait + Duration::from_secs_f64(period * (0.3 + 0.1 * jitter));
    }
    wait
}

/// The wait after `failures` failures in a row: `first_secs`, doubled with each further one, up to `max_secs`.
#[must_use]
pub fn doubled_secs(first_secs: u64, max_secs: u64, failures: u32) -> u64 {
    first_secs
        .saturating_mul(1_u64 << failures.saturating_sub(1).min(20))
        .min(max_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_wait_is_near_a_multiple_of_the_replication_period(
            secs in 0_u64..80_000, jitter in 0.0..=1.0_f64, period in prop_oneof![Just(30_u32), Just(300), Just(900)],
        ) {
            let periods = spread(secs, period, jitter).as_secs_f64() / f64::from(period);
            let multiple = periods.round();
            prop_assert!(multiple < 1.0 || (periods - multiple).abs() >= NEAR - 1e-9, "{periods} periods");
        }

        #[test]
        fn a_wait_is_never_shorter_than_asked_for_and_never_longer_by_more_than_a_quarter_and_a_period(
            secs in 0_u64..80_000, jitter in any::<f64>(), period in 0_u32..2_000,
        ) {
            let wait = spread(secs, period, jitter).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "below a day")]
            let asked = secs as f64;
            prop_assert!(wait >= asked - 1e-6 && wait <= asked * 1.25 + f64::from(period));
        }
    }

    #[test]
    fn waits_after_failures_double_up_to_the_longest() {
        let waits: Vec<u64> = (0..12).map(|n| doubled_secs(60, 3_600, n)).collect();
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[1], waits[2], waits[11]), (60, 60, 120, 3_600));
        assert_eq!(doubled_secs(u64::MAX, u64::MAX, u32::MAX), u64::MAX);
    }
}
