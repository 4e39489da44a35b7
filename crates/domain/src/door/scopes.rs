//! What a token may do: part of what its giver may, for as long as the giver may.

use super::permission::Permission;
use super::seat::Seat;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// The longest life of a token, in days.
pub const TOKEN_DAYS_MAX: i64 = 400;

/// Why a token cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    #[error("a token needs at least one permission")]
    Nothing,
    #[error("you may not do `{0}` yourself, so no token of yours can")]
    BeyondGiver(Permission),
    #[error("no token may carry `{0}`: it would outlive its own revocation")]
    NotCarried(Permission),
    #[error("`{0}` opens nothing to a token of yours: leave it out")]
    OpensNothing(Permission),
    #[error("a token ends in the future and within {TOKEN_DAYS_MAX} days")]
    Expiry,
}

/// Whether the giver may make such a token now.
///
/// # Errors
/// The first reason against it.
pub fn grant(
    giver: &Seat,
    wanted: &BTreeSet<Permission>,
    now: DateTime<Utc>,
    expires: DateTime<Utc>,
) -> Result<(), TokenRefused> {
    if wanted.is_empty() {
        return Err(TokenRefused::Nothing);
    }
    if let Some(permission) = wanted.iter().find(|permission| permission.would_outlive()) {
        return Err(TokenRefused::NotCarried(*permission));
    }
    if let Some(permission) = wanted.iter().find(|permission| !giver.allows(**permission)) {
        return Err(TokenRefused::BeyondGiver(*permission));
    }
    let idle = wanted
        .iter()
        .find(|permission| !permission.may_be_carried_by(giver));
    if let Some(permission) = idle {
        return Err(TokenRefused::OpensNothing(*permission));
    }
    if expires <= now || expires - now > TimeDelta::days(TOKEN_DAYS_MAX) {
        return Err(TokenRefused::Expiry);
    }
    Ok(())
}

/// What a token may do now: what it was given *and* its giver still may. A giver who is out gives nothing: `giver` is `None`.
#[must_use]
pub fn effective(
    giver: Option<&Seat>,
    given: &BTreeSet<Permission>,
    now: DateTime<Utc>,
    expires: DateTime<Utc>,
) -> BTreeSet<Permission> {
    let Some(giver) = giver.filter(|_| now < expires) else {
        return BTreeSet::new();
    };
    let given = given.iter().copied();
    given
        .filter(|permission| giver.allows(*permission) && permission.may_be_carried_by(giver))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::seat::Role;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    fn seats() -> impl Strategy<Value = Seat> {
        select(Role::ALL.to_vec()).prop_map(|role| {
            Seat::new(role, None)
                .or_else(|| Seat::new(role, "contoso".parse().ok()))
                .unwrap()
        })
    }

    fn scopes() -> impl Strategy<Value = BTreeSet<Permission>> {
        let all = Permission::ALL.to_vec();
        let most = all.len();
        subsequence(all, 0..=most).prop_map(|some| some.into_iter().collect())
    }

    fn day(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
    }

    proptest! {
        #[test]
        fn a_token_never_exceeds_or_outlives_its_giver(
            giver in seats(), later in proptest::option::of(seats()), wanted in scopes(), ends in -1_i64..500, now in 0_i64..500,
        ) {
            let granted = grant(&giver, &wanted, day(0), day(ends));
            if granted.is_ok() {
                prop_assert!(wanted.is_subset(&giver.permissions()));
                prop_assert!(ends > 0 && ends <= TOKEN_DAYS_MAX);
            }
            // Whatever was stored, and whatever the giver became since.
            let may = effective(later.as_ref(), &wanted, day(now), day(ends));
            prop_assert!(may.is_subset(&wanted));
            match later {
                Some(seat) if now < ends => prop_assert!(may.is_subset(&seat.permissions())),
                _ => prop_assert!(may.is_empty()),
            }
            for permission in may {
                prop_assert!(permission.may_be_carried());
            }
        }

        #[test]
        fn what_was_granted_holds_while_the_giver_stays(giver in seats(), wanted in scopes(), ends in 1_i64..400) {
            if grant(&giver, &wanted, day(0), day(ends)).is_ok() {
                prop_assert_eq!(effective(Some(&giver), &wanted, day(ends - 1), day(ends)), wanted);
            }
        }
    }

    #[test]
    fn a_refusal_says_why() {
        let viewer = Seat::new(Role::of_code("viewer").unwrap(), "contoso".parse().ok()).unwrap();
        let ask = |wanted: &[Permission], ends| {
            grant(&viewer, &wanted.iter().copied().collect(), day(0), day(ends)).unwrap_err()
        };
        assert_eq!(ask(&[], 1), TokenRefused::Nothing);
        assert_eq!(
            ask(&[Permission::BackUpNow], 1),
            TokenRefused::BeyondGiver(Permission::BackUpNow)
        );
        assert_eq!(
            ask(&[Permission::OwnAccount], 1),
            TokenRefused::NotCarried(Permission::OwnAccount)
        );
        let owner = Seat::new(Role::of_code("owner").unwrap(), None).unwrap();
        for idle in [
            Permission::ManageSecrets,
            Permission::MoveWindow,
            Permission::SeeReplicas,
        ] {
            assert_eq!(
                grant(&owner, &[idle].into(), day(0), day(1)),
                Err(TokenRefused::OpensNothing(idle))
            );
        }
        assert_eq!(ask(&[Permission::SeeSla], 0), TokenRefused::Expiry);
        assert_eq!(ask(&[Permission::SeeSla], 401), TokenRefused::Expiry);
    }
}
