//! Opens SLA days: which obligations a replica owes that are not written down yet. Idempotent, and the same after a downtime: days that
//! passed meanwhile are opened as well, so that nothing is forgotten.

use crate::calendar::{self, DayWindow, SlaDay, Zone};
use crate::ids::{ReplicaId, TenantId};
use crate::obligation::{Exclusion, Obligation, ObligationKey};
use crate::policy::Policy;
use chrono::{DateTime, Datelike as _, Utc};

/// A replica as the opener needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub zone: Zone,
    pub first_seen: DateTime<Utc>,
    /// Since when it is known not to be on any host; a host that does not answer makes nothing known.
    pub gone_since: Option<DateTime<Utc>>,
    /// A stretch that it is known to have spent on no host before it came back: what opened meanwhile is not owed.
    pub absent: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The newest day that was opened for it, with its window as frozen.
    pub newest: Option<(SlaDay, DayWindow)>,
}

/// The obligations to open at `now`, oldest first, under the policy as it stands: the current day, and every day that opened since the
/// newest one.
///
/// A replica that was first seen after its day had opened has that day excluded; one that was gone when a day opened owes nothing for it.
#[must_use]
pub fn opening(owing: &Owing, policy: &Policy, now: DateTime<Utc>) -> Vec<Obligation> {
    let rule = policy.terms.window;
    let zone = owing.zone;
    let mut days = match owing.newest {
        // From the newest day's own open: windows that moved with a new policy version must not open a date twice.
        Some((newest, window)) => {
            let mut days = calendar::opening(zone, rule, window.open, now);
            days.extend(calendar::current(zone, rule, now));
            days.retain(|(day, _)| *day > newest);
            days
        }
        None => calendar::current(zone, rule, now).into_iter().collect(),
    };
    days.sort_by_key(|(day, _)| *day);
    days.dedup_by_key(|(day, _)| *day);
    days.into_iter()
        .filter(|(_, window)| owing.gone_since.is_none_or(|gone| window.open < gone))
        .map(|(day, window)| Obligation {
            key: ObligationKey {
                replica: owing.replica,
                day,
            },
            tenant: owing.tenant.clone(),
            zone,
            policy: policy.id.clone(),
            policy_version: policy.version,
            terms: policy.terms.clone(),
            window,
            opened_at: now,
            excluded: exclusion(owing, policy, day, &window),
        })
        .collect()
}

fn exclusion(owing: &Owing, policy: &Policy, day: SlaDay, window: &DayWindow) -> Option<Exclusion> {
    if window.is_empty() {
        return Some(Exclusion::NoWindow);
    }
    if !policy.terms.owed_days.contains(day.0.weekday()) {
        return Some(Exclusion::Agreed {
            reason: format!("backups are owed on {}", policy.terms.owed_days),
            author: format!("policy {}, version {}", policy.id, policy.version),
        });
    }
    if let Some((since, until)) = owing.absent
        && (since..until).contains(&window.open)
    {
        return Some(Exclusion::Absent { since, until });
    }
    (owing.first_seen > window.open).then_some(Exclusion::Appeared {
        first_seen: owing.first_seen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Terms;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn owing(zone: Zone, first_seen: DateTime<Utc>) -> Owing {
        Owing {
            replica: ReplicaId(uuid::Uuid::from_u128(1)),
            tenant: "contoso".parse().unwrap(),
            zone,
            first_seen,
            gone_since: None,
            absent: None,
            newest: None,
        }
    }
    fn policy() -> Policy {
        Policy {
            id: "standard".parse().unwrap(),
            version: 1,
            terms: Terms::standard(),
        }
    }
    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }
    fn opened(owing: &mut Owing, policy: &Policy, now: DateTime<Utc>) -> Vec<Obligation> {
        let all = opening(owing, policy, now);
        if let Some(last) = all.last() {
            owing.newest = Some((last.key.day, last.window));
        }
        all
    }
    fn days(all: &[Obligation]) -> Vec<String> {
        all.iter().map(|o| o.key.day.to_string()).collect()
    }

    #[test]
    fn a_new_replica_has_its_first_day_excluded_and_owes_the_next() {
        let mut r = owing("Europe/Berlin".parse().unwrap(), at("2026-11-22T20:30:00Z"));
        let first = opened(&mut r, &policy(), at("2026-11-22T20:31:00Z"));
        assert_eq!(days(&first), ["2026-11-22"]);
        assert!(matches!(first[0].excluded, Some(Exclusion::Appeared { .. })));
        assert!(opened(&mut r, &policy(), at("2026-11-23T18:59:59Z")).is_empty());
        let second = opened(&mut r, &policy(), at("2026-11-23T19:00:00Z"));
        assert_eq!(
            (days(&second), second[0].excluded.clone()),
            (vec!["2026-11-23".to_owned()], None)
        );
    }

    #[test]
    fn days_that_passed_during_a_downtime_are_opened_and_owed() {
        let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
        opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
        let after = opened(&mut r, &policy(), at("2026-11-23T21:00:00Z"));
        assert_eq!(days(&after), ["2026-11-21", "2026-11-22", "2026-11-23"]);
        assert!(after.iter().all(|o| o.excluded.is_none()));
    }

    #[test]
    fn a_replica_that_is_known_to_be_gone_owes_nothing_more() {
        let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
        opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
        r.gone_since = Some(at("2026-11-21T23:00:00Z"));
        assert_eq!(
            days(&opened(&mut r, &policy(), at("2026-11-25T21:00:00Z"))),
            ["2026-11-21"]
        );
    }

    #[test]
    fn days_on_no_host_are_excluded_once_the_replica_is_back() {
        let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
        opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
        r.absent = Some((at("2026-11-21T23:00:00Z"), at("2026-11-24T10:00:00Z")));
        let back = opened(&mut r, &policy(), at("2026-11-24T21:00:00Z"));
        let counts: Vec<_> = back
            .iter()
            .map(|o| (o.key.day.to_string(), o.excluded.is_none()))
            .collect();
        let expected = [("21", true), ("22", false), ("23", false), ("24", true)];
        assert_eq!(
            counts,
            expected.map(|(day, owed)| (format!("2026-11-{day}"), owed))
        );
    }

    #[test]
    fn a_new_policy_version_applies_from_the_next_day_and_opens_no_date_twice() {
        let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
        opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
        let mut changed = policy();
        changed.version = 2;
        let time = |h| crate::calendar::WallTime::from_hm(h, 0).unwrap();
        for (open, due, next) in [(6, 14, false), (22, 6, true), (0, 23, false)] {
            changed.terms.window = crate::calendar::WindowRule::new(time(open), time(due), next).unwrap();
            let mut r = r.clone();
            let next = opened(&mut r, &changed, at("2026-11-21T23:00:00Z"));
            assert_eq!(days(&next), ["2026-11-21"]);
            assert_eq!(next[0].policy_version, 2);
        }
    }

    proptest! {
        #[test]
        fn looking_often_or_rarely_opens_the_same_days(
            zone in proptest::sample::select(Zone::all().collect::<Vec<_>>()),
            start in 1_577_836_800_i64..2_050_000_000, steps in proptest::collection::vec(1_i64..200_000, 1..12),
        ) {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let mut often = owing(zone, start - TimeDelta::days(30));
            let mut rarely = often.clone();
            let (mut seen, mut now) = (opened(&mut often, &policy(), start), start);
            let mut once = opened(&mut rarely, &policy(), start);
            for step in steps {
                now += TimeDelta::seconds(step);
                seen.extend(opened(&mut often, &policy(), now));
                prop_assert!(opened(&mut often, &policy(), now).is_empty(), "opening twice opens nothing");
            }
            once.extend(opened(&mut rarely, &policy(), now));
            prop_assert_eq!(days(&seen), days(&once));
            for pair in seen.windows(2) {
                prop_assert_eq!(calendar::next_day(zone, pair[0].key.day), Some(pair[1].key.day));
            }
        }
    }

    #[test]
    fn a_day_that_the_policy_leaves_out_is_excluded_when_it_opens_and_says_by_which_version() {
        let mut policy = policy();
        policy.terms.owed_days = "mon tue wed thu fri".parse().unwrap();
        let mut owing = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
        let mut left_out = Vec::new();
        for day in 16..=22 {
            // 2026-11-16 is a Monday.
            for obligation in opened(&mut owing, &policy, at(&format!("2026-11-{day}T21:00:00Z"))) {
                let Some(Exclusion::Agreed { author, .. }) = obligation.excluded else {
                    continue;
                };
                assert_eq!(author, "policy standard, version 1");
                left_out.push(obligation.key.day.to_string());
            }
        }
        assert_eq!(left_out, ["2026-11-21", "2026-11-22"]);
    }
}
