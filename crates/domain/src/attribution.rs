//! Whose a miss was, from the blocker timeline, with evidence (design 4 and 4a).

use crate::calendar::DayWindow;
use crate::code::Code;
use crate::obligation::Owner;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A stretch of time during which a blocker held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub code: Code,
    /// Whose move it is; the code's by rule, or what the stored detail says.
    pub owner: Owner,
    pub from: DateTime<Utc>,
    /// The first instant without it.
    pub to: DateTime<Utc>,
}

/// How much of a window one code took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub code: Code,
    pub owner: Owner,
    pub secs: u64,
}

/// Why a window was not used and whose that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    pub owner: Owner,
    /// The code that took most of the window among the owner's; `None` when nothing blocked.
    pub cause: Option<Code>,
    /// What took how much of the window, the most first.
    pub shares: Vec<Share>,
    pub window_secs: u64,
    /// Longest stretch of the window without a blocker of the tenant or of others.
    pub gap_secs: u64,
    /// How long an attempt needs: a shorter gap is not usable.
    pub usable_secs: u64,
}

/// Whose move a blocker is when nothing more is known. Only what is plainly the tenant's is the tenant's: the rest stays the provider's,
/// who may have it excused by a person with a reason.
#[must_use]
pub fn owner_of(code: Code) -> Owner {
    match code {
        // A failover is the tenant's act; the first copy and the repair of a broken one come over the tenant's link.
        Code::B8 | Code::B7 | Code::B5 => Owner::Tenant,
        Code::B1 | Code::B2 | Code::B3 | Code::B4 | Code::B6 | Code::BE | Code::NR | Code::UN => {
            Owner::Provider
        }
    }
}

/// Attributes a window that was not used. `held` may overlap and reach beyond the window; B1 and B2 are never anybody else's.
#[must_use]
pub fn attribute(window: &DayWindow, held: &[Held], usable_secs: u64) -> Attribution {
    let clipped: Vec<Held> = held
        .iter()
        .map(|h| Held {
            from: h.from.max(window.open),
            to: h.to.min(window.due),
            owner: if matches!(h.code, Code::B1 | Code::B2) {
                Owner::Provider
            } else {
                h.owner
            },
            ..*h
        })
        .filter(|h| h.from < h.to)
        .collect();
    let mut shares: Vec<Share> = Vec::new();
    for code in Code::ALL {
        for owner in [Owner::Provider, Owner::Tenant, Owner::External] {
            let own = clipped.iter().filter(|h| h.code == code && h.owner == owner);
            let secs = covered(own.map(|h| (h.from, h.to)).collect());
            if secs > 0 {
                shares.push(Share { code, owner, secs });
            }
        }
    }
    shares.sort_by_key(|s| (std::cmp::Reverse(s.secs), s.code, s.owner));
    let others: Vec<_> = clipped
        .iter()
        .filter(|h| h.owner != Owner::Provider)
        .map(|h| (h.from, h.to))
        .collect();
    let gap_secs = longest_gap(window, others);
    let owner = if gap_secs >= usable_secs {
        Owner::Provider
    } else {
        // No usable gap was left: the one that took the most of the window.
        let secs_of = |owner| {
            let own = clipped.iter().filter(|h| h.owner == owner);
            covered(own.map(|h| (h.from, h.to)).collect())
        };
        if secs_of(Owner::External) > secs_of(Owner::Tenant) {
            Owner::External
        } else {
            Owner::Tenant
        }
    };
    Attribution {
        owner,
        cause: shares.iter().find(|s| s.owner == owner).map(|s| s.code),
        shares,
        window_secs: secs(window.open, window.due),
        gap_secs,
        usable_secs,
    }
}

impl Attribution {
    /// Whether the rule excuses the day by itself, for whom and why: only where blockers of the tenant or of others left no usable gap.
    #[must_use]
    pub fn excuse(&self) -> Option<(Owner, String)> {
        if self.owner == Owner::Provider || self.gap_secs >= self.usable_secs {
            return None;
        }
        let cause = self.cause?;
        Some((
            self.owner,
            format!(
                "{cause} left no gap of {} s in the window: the longest was {} s",
                self.usable_secs, self.gap_secs
            ),
        ))
    }
    /// The same with another owner, as a correction says.
    #[must_use]
    pub fn owned_by(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }
}

fn secs(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}

/// Seconds of the union of half-open stretches.
fn covered(mut stretches: Vec<(DateTime<Utc>, DateTime<Utc>)>) -> u64 {
    stretches.sort_unstable();
    let mut total = 0;
    let mut reached: Option<DateTime<Utc>> = None;
    for (from, to) in stretches {
        let from = reached.map_or(from, |r| r.max(from));
        if from < to {
            total += secs(from, to);
            reached = Some(to);
        }
    }
    total
}

fn longest_gap(window: &DayWindow, mut stretches: Vec<(DateTime<Utc>, DateTime<Utc>)>) -> u64 {
    stretches.sort_unstable();
    let mut longest = 0;
    let mut free_from = window.open;
    for (from, to) in stretches {
        longest = longest.max(secs(free_from, from));
        free_from = free_from.max(to);
    }
    longest.max(secs(free_from, window.due))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
    }
    fn window() -> DayWindow {
        DayWindow {
            open: at(0),
            due: at(10_000),
            next_open: at(86_400),
        }
    }
    fn held(code: Code, from: i64, to: i64) -> Held {
        Held {
            code,
            owner: owner_of(code),
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn a_resynchronization_over_the_whole_window_excuses_and_says_so() {
        let told = attribute(&window(), &[held(Code::B5, -100, 9_500)], 600);
        assert_eq!(
            (told.owner, told.cause, told.gap_secs),
            (Owner::Tenant, Some(Code::B5), 500)
        );
        let (owner, why) = told.excuse().unwrap();
        assert_eq!(owner, Owner::Tenant);
        assert!(why.contains("B5") && why.contains("600") && why.contains("500"));
    }

    #[test]
    fn a_usable_gap_that_was_not_used_is_the_providers() {
        let told = attribute(&window(), &[held(Code::B5, 0, 9_000)], 600);
        assert_eq!((told.owner, told.excuse()), (Owner::Provider, None));
    }

    #[test]
    fn log_applies_never_excuse_whoever_is_named() {
        for code in [Code::B1, Code::B2] {
            let blamed = Held {
                owner: Owner::Tenant,
                ..held(code, 0, 10_000)
            };
            assert_eq!(attribute(&window(), &[blamed], 600).excuse(), None);
        }
    }

    #[test]
    fn a_window_that_nothing_blocked_is_the_providers_without_a_cause() {
        let told = attribute(&window(), &[], 600);
        assert_eq!(
            (told.owner, told.cause, told.gap_secs),
            (Owner::Provider, None, 10_000)
        );
    }

    fn any_held() -> impl Strategy<Value = Held> {
        (0..Code::ALL.len(), -5_000_i64..12_000, 1_i64..9_000)
            .prop_map(|(code, from, length)| held(Code::ALL[code], from, from + length))
    }

    proptest! {
        #[test]
        fn what_is_more_on_the_provider_never_makes_an_excuse(
            all in proptest::collection::vec(any_held(), 0..12), more in -5_000_i64..12_000,
        ) {
            let before = attribute(&window(), &all, 600);
            let mut with = all.clone();
            with.push(held(Code::UN, more, more + 3_000));
            let after = attribute(&window(), &with, 600);
            prop_assert_eq!(before.excuse().is_some(), after.excuse().is_some());
        }

        #[test]
        fn shares_and_gaps_fit_into_the_window(all in proptest::collection::vec(any_held(), 0..12)) {
            let told = attribute(&window(), &all, 600);
            prop_assert!(told.gap_secs <= told.window_secs);
            for share in &told.shares {
                prop_assert!(share.secs <= told.window_secs);
            }
        }
    }
}
