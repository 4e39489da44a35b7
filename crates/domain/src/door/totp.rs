//! Codes of an authenticator: which time step may still be used. Computing and comparing codes is the server's.

use chrono::{DateTime, Utc};

/// Seconds that one code is shown for (RFC 6238).
pub const STEP_SECS: i64 = 30;
/// How many steps the person's clock may be off, either way.
pub const SKEW_STEPS: i64 = 1;

/// A step of the clock: whole 30 s since 1970. Each is used at most once per person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotpStep(pub i64);

impl TotpStep {
    /// The step at an instant.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(now.timestamp().div_euclid(STEP_SECS))
    }
}

/// The steps whose codes are taken now, the likeliest first: within the skew and later than the last one used. A code that was used
/// once, and every one before it, is never taken again.
#[must_use]
pub fn open_steps(now: DateTime<Utc>, last_used: Option<TotpStep>) -> Vec<TotpStep> {
    let TotpStep(here) = TotpStep::at(now);
    let near = (0..=SKEW_STEPS).flat_map(|off| {
        if off == 0 {
            vec![here]
        } else {
            vec![here - off, here + off]
        }
    });
    near.map(TotpStep)
        .filter(|step| last_used.is_none_or(|last| *step > last))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_step_is_taken_twice_or_after_a_later_one(tries in prop::collection::vec((0_i64..400, 0_usize..3), 1..60)) {
            let mut last = None;
            let mut used = Vec::new();
            for (secs, pick) in tries {
                // The clock may also go back.
                let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_000_000 + secs);
                let open = open_steps(now, last);
                for step in &open {
                    prop_assert!((step.0 - TotpStep::at(now).0).abs() <= SKEW_STEPS);
                    prop_assert!(!used.contains(step));
                }
                if let Some(step) = open.get(pick) {
                    prop_assert!(last.is_none_or(|last| last < *step));
                    used.push(*step);
                    last = Some(*step);
                }
            }
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off() {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(3_000);
        assert_eq!(
            open_steps(now, None),
            [TotpStep(100), TotpStep(99), TotpStep(101)]
        );
        assert_eq!(
            open_steps(now, Some(TotpStep(99))),
            [TotpStep(100), TotpStep(101)]
        );
        assert_eq!(open_steps(now, Some(TotpStep(101))), []);
    }
}
