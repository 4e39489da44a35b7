//! The SLA's terms: the hoster's catalogue, versioned. A change applies from the next SLA day.

mod owed_days;

pub use owed_days::{InvalidDays, OwedDays};

use crate::calendar::WindowRule;
use crate::code::Code;
use crate::ids::PolicyId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A share in hundredths of a percent, 0..=10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// All of it.
    pub const WHOLE: Self = Self(10_000);

    /// `None` beyond 10000.
    #[must_use]
    pub fn new(value: u16) -> Option<Self> {
        (value <= 10_000).then_some(Self(value))
    }
    /// The number, 0..=10000.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
    /// `part` of `whole`, rounded down: 9,999 of 10,000 is never shown as 100 %. `None` when there is no whole.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        let share = u128::from(part.min(whole)) * 10_000 / u128::from(whole);
        u16::try_from(share).ok().and_then(Self::new)
    }
}

/// `99.95`
impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = InvalidTerms;
    fn try_from(value: u16) -> Result<Self, InvalidTerms> {
        Self::new(value).ok_or(InvalidTerms {
            key: "target_bp",
            value: value.to_string(),
            expected: "0 to 10000 hundredths of a percent",
        })
    }
}

impl From<BasisPoints> for u16 {
    fn from(share: BasisPoints) -> Self {
        share.0
    }
}

/// How often and how long to try within one obligation. Waiting for a blocker costs no attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryTerms {
    /// Failed attempts after which the obligation is given up; a person may still run it. 1..=100.
    pub failures_max: u32,
    /// First wait after a failure; doubles each time. 1..=86400.
    pub failure_wait_secs: u32,
    /// Longest wait after a failure. `failure_wait_secs`..=86400.
    pub failure_wait_secs_max: u32,
    /// Longest time between two looks while the blocker holds, where it differs from the default of its code. 10..=86400.
    #[serde(default)]
    pub look_secs_max: BTreeMap<Code, u32>,
}

/// Whether Stillpoint may pause the primary where waiting for a gap will not do (promise 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pause", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PauseTerms {
    Never,
    Allowed {
        /// Longest pause; 10..=3600.
        secs_max: u32,
        /// How many pauses a tenant's primaries may see in one night. 1..=1000.
        per_night_max: u32,
    },
}

/// The terms of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// For people; 1..=120 characters.
    pub name: String,
    pub window: WindowRule,
    /// The promised share of days met, over the contractual denominator.
    pub target_bp: BasisPoints,
    pub retry: RetryTerms,
    /// An older observation is Unknown. 30..=3600.
    pub freshness_secs: u32,
    /// Longest time from checkpoint to end of export (promise 13). 60..=86400.
    pub hold_secs_max: u32,
    pub pause: PauseTerms,
    /// Which obligation goes first at equal slack: 1 (last) ..= 5 (first).
    pub priority: u8,
    /// Days of the week that owe a backup, by the SLA day's date. The others are excluded when they open.
    #[serde(default, skip_serializing_if = "OwedDays::is_every")]
    pub owed_days: OwedDays,
}

/// One version of a policy. Versions count from 1 and are never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub id: PolicyId,
    pub version: u32,
    pub terms: Terms,
}

/// A value of the terms that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: `{value}` cannot be; it must be {expected}")]
pub struct InvalidTerms {
    pub key: &'static str,
    pub value: String,
    pub expected: &'static str,
}

impl Terms {
    /// The terms that a new installation begins with: a night from 20:00 to 08:00, 99.5 % of days, primaries never paused.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            name: "Standard".to_owned(),
            window: WindowRule::NIGHT,
            target_bp: BasisPoints(9_950),
            retry: RetryTerms {
                failures_max: 8,
                failure_wait_secs: 60,
                failure_wait_secs_max: 3_600,
                look_secs_max: BTreeMap::new(),
            },
            freshness_secs: 180,
            hold_secs_max: 3_600,
            pause: PauseTerms::Never,
            priority: 3,
            owed_days: OwedDays::EVERY,
        }
    }

    /// Longest time between two looks at a replica that is blocked by `code`, if nothing wakes the plan before.
    #[must_use]
    pub fn look_secs_max(&self, code: Code) -> u32 {
        self.retry
            .look_secs_max
            .get(&code)
            .copied()
            .unwrap_or(match code {
                Code::B1 | Code::UN => 120,
                Code::B2 | Code::BE => 300,
                Code::B3 | Code::B6 | Code::NR => 900,
                Code::B4 | Code::B5 | Code::B7 | Code::B8 => 1_800,
            })
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that cannot be.
    pub fn check(&self) -> Result<(), InvalidTerms> {
        let within = |key, value: u32, low: u32, high: u32, expected| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(InvalidTerms {
                key,
                value: value.to_string(),
                expected,
            })
        };
        if self.name.trim().is_empty() || self.name.chars().count() > 120 {
            return Err(InvalidTerms {
                key: "name",
                value: self.name.clone(),
                expected: "1 to 120 characters",
            });
        }
        let retry = &self.retry;
        within("retry.failures_max", retry.failures_max, 1, 100, "1 to 100")?;
        within(
            "retry.failure_wait_secs",
            retry.failure_wait_secs,
            1,
            86_400,
            "1 to 86400",
        )?;
        within(
            "retry.failure_wait_secs_max",
            retry.failure_wait_secs_max,
            retry.failure_wait_secs,
            86_400,
            "failure_wait_secs to 86400",
        )?;
        for secs in retry.look_secs_max.values() {
            within("retry.look_secs_max", *secs, 10, 86_400, "10 to 86400")?;
        }
        within("freshness_secs", self.freshness_secs, 30, 3_600, "30 to 3600")?;
        within("hold_secs_max", self.hold_secs_max, 60, 86_400, "60 to 86400")?;
        within(
            "priority",
            u32::from(self.priority),
            1,
            5,
            "1 (last) to 5 (first)",
        )?;
        if let PauseTerms::Allowed {
            secs_max,
            per_night_max,
        } = self.pause
        {
            within("pause.secs_max", secs_max, 10, 3_600, "10 to 3600")?;
            within("pause.per_night_max", per_night_max, 1, 1_000, "1 to 1000")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_standard_terms_pass_their_own_check() {
        assert_eq!(Terms::standard().check(), Ok(()));
    }

    #[test]
    fn each_value_out_of_range_is_named() {
        type Spoil = fn(&mut Terms);
        let cases: [(&str, Spoil); 8] = [
            ("name", |t| t.name = " ".to_owned()),
            ("retry.failures_max", |t| t.retry.failures_max = 0),
            ("retry.failure_wait_secs_max", |t| {
                t.retry.failure_wait_secs_max = 59
            }),
            ("retry.look_secs_max", |t| {
                t.retry.look_secs_max.insert(Code::B5, 9);
            }),
            ("freshness_secs", |t| t.freshness_secs = 29),
            ("hold_secs_max", |t| t.hold_secs_max = 86_401),
            ("priority", |t| t.priority = 6),
            ("pause.secs_max", |t| {
                t.pause = PauseTerms::Allowed {
                    secs_max: 0,
                    per_night_max: 1,
                }
            }),
        ];
        for (key, spoil) in cases {
            let mut terms = Terms::standard();
            spoil(&mut terms);
            assert_eq!(terms.check().map_err(|e| e.key), Err(key));
        }
    }

    #[test]
    fn a_share_is_written_with_two_digits() {
        assert_eq!(BasisPoints(9_950).to_string(), "99.50");
        assert_eq!(BasisPoints(7).to_string(), "0.07");
        assert_eq!(BasisPoints::of(29, 30).unwrap().to_string(), "96.66");
        assert_eq!(BasisPoints::of(0, 0), None);
    }

    proptest! {
        #[test]
        fn only_all_of_it_is_a_hundred_percent(part in 0_u64..1_000_000, more in 1_u64..1_000_000) {
            prop_assert!(BasisPoints::of(part, part + more).unwrap() < BasisPoints::WHOLE);
            prop_assert_eq!(BasisPoints::of(part + more, part + more), Some(BasisPoints::WHOLE));
        }
    }
}
