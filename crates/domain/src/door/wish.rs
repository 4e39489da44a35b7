//! A tenant asks for a backup beside the plan: how often it may. A wish is one attempt, which the gate may put off like any other.

use crate::ids::ReplicaId;
use chrono::{DateTime, TimeDelta, Utc};

/// Between two wishes for one replica: an attempt on a small one takes less, and asking again meanwhile makes nothing faster.
pub const WISH_WAIT_MINUTES: i64 = 15;
/// Wishes for one replica within [`WISH_HOURS`].
pub const WISHES_OF_REPLICA_MAX: usize = 4;
/// Wishes of one tenant within [`WISH_HOURS`]: a tenant's wishes must not take the hosts from the nights of others.
pub const WISHES_OF_TENANT_MAX: usize = 50;
/// What is counted back.
pub const WISH_HOURS: i64 = 24;

/// Why a wish is not taken, and when the same wish would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WishRefused {
    #[error("a backup of this machine was asked for less than {WISH_WAIT_MINUTES} minutes ago")]
    TooSoon { next: DateTime<Utc> },
    #[error(
        "{WISHES_OF_REPLICA_MAX} backups of this machine were asked for within {WISH_HOURS} hours, and that is the most"
    )]
    OfReplica { next: DateTime<Utc> },
    #[error("{WISHES_OF_TENANT_MAX} backups were asked for within {WISH_HOURS} hours, and that is the most")]
    OfTenant { next: DateTime<Utc> },
}

impl WishRefused {
    /// From when on it would be taken, if nothing else is asked for until then.
    #[must_use]
    pub fn next(self) -> DateTime<Utc> {
        let (Self::TooSoon { next } | Self::OfReplica { next } | Self::OfTenant { next }) = self;
        next
    }
}

/// Whether a wish for the replica may be made at `at`, by all that its tenant made before, in any order.
///
/// # Errors
/// The limit that it would pass.
pub fn check(
    made: &[(ReplicaId, DateTime<Utc>)],
    replica: ReplicaId,
    at: DateTime<Utc>,
) -> Result<(), WishRefused> {
    let day = TimeDelta::hours(WISH_HOURS);
    // A clock that was set back must not lock anybody out: what lies ahead was made now.
    let mut of_tenant: Vec<(ReplicaId, DateTime<Utc>)> = made
        .iter()
        .map(|(of, when)| (*of, (*when).min(at)))
        .filter(|(_, when)| at - *when < day)
        .collect();
    of_tenant.sort_by_key(|(_, when)| std::cmp::Reverse(*when));
    let of_replica: Vec<DateTime<Utc>> = of_tenant
        .iter()
        .filter(|(of, _)| *of == replica)
        .map(|(_, when)| *when)
        .collect();
    if let Some(newest) = of_replica.first() {
        let next = *newest + TimeDelta::minutes(WISH_WAIT_MINUTES);
        if at < next {
            return Err(WishRefused::TooSoon { next });
        }
    }
    if let Some(oldest) = of_replica.get(WISHES_OF_REPLICA_MAX - 1) {
        return Err(WishRefused::OfReplica { next: *oldest + day });
    }
    if let Some((_, oldest)) = of_tenant.get(WISHES_OF_TENANT_MAX - 1) {
        return Err(WishRefused::OfTenant { next: *oldest + day });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replica(number: usize) -> ReplicaId {
        ReplicaId(uuid::Uuid::from_u128(number as u128 + 1))
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn one_replica_waits_a_quarter_of_an_hour_and_has_four_a_day() {
        let mut made = Vec::new();
        let mut at = start();
        for _ in 0..WISHES_OF_REPLICA_MAX {
            assert_eq!(check(&made, replica(0), at), Ok(()));
            made.push((replica(0), at));
            let next = at + TimeDelta::minutes(15);
            let soon = next - TimeDelta::seconds(1);
            assert_eq!(check(&made, replica(0), soon), Err(WishRefused::TooSoon { next }));
            assert_eq!(
                check(&made, replica(1), soon),
                Ok(()),
                "another one does not wait"
            );
            at = next;
        }
        let next = start() + TimeDelta::hours(24);
        assert_eq!(check(&made, replica(0), at), Err(WishRefused::OfReplica { next }));
        assert_eq!(check(&made, replica(0), next), Ok(()));
    }

    #[test]
    fn a_tenant_has_fifty_a_day_whatever_it_asks_for() {
        let mut made: Vec<_> = (0..WISHES_OF_TENANT_MAX - 1)
            .map(|n| (replica(n), start()))
            .collect();
        assert_eq!(check(&made, replica(99), start()), Ok(()));
        made.push((replica(99), start()));
        let refused = check(&made, replica(100), start() + TimeDelta::hours(1)).unwrap_err();
        assert!(matches!(refused, WishRefused::OfTenant { .. }), "{refused}");
        assert_eq!(check(&made, replica(100), refused.next()), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_day() {
        let ahead = [(replica(0), start() + TimeDelta::days(300))];
        let next = start() + TimeDelta::minutes(WISH_WAIT_MINUTES);
        assert_eq!(
            check(&ahead, replica(0), start()),
            Err(WishRefused::TooSoon { next })
        );
    }

    proptest! {
        #[test]
        fn nobody_is_locked_out_and_the_limits_hold_in_any_order(
            asked in prop::collection::vec((0_usize..20, 0_i64..9_000), 1..200),
        ) {
            let (mut made, mut at) = (Vec::new(), start());
            for (of, secs) in asked {
                at += TimeDelta::seconds(secs);
                match check(&made, replica(of), at) {
                    Ok(()) => made.push((replica(of), at)),
                    Err(refused) => prop_assert!(at < refused.next() && refused.next() <= at + TimeDelta::hours(24)),
                }
                let since = |of: Option<usize>| made.iter().filter(|(it, when)| {
                    of.is_none_or(|of| *it == replica(of)) && (at - TimeDelta::hours(24) < *when) && *when <= at
                }).count();
                prop_assert!(since(Some(of)) <= WISHES_OF_REPLICA_MAX && since(None) <= WISHES_OF_TENANT_MAX);
            }
        }
    }
}
