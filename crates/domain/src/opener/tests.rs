use super::*;
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
        window: None,
        moved: None,
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

fn window(open: u16, due: u16, next: bool) -> WindowRule {
    let wall = |minutes: u16| crate::calendar::WallTime::from_hm(minutes / 60, minutes % 60).unwrap();
    WindowRule::new(wall(open), wall(due), next).unwrap()
}

#[test]
fn a_moved_window_holds_from_the_next_day_and_an_open_day_keeps_its_own() {
    let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
    opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
    r.window = Some(window(22 * 60, 6 * 60, true));
    r.moved = Some(at("2026-11-20T21:05:00Z"));
    assert!(opened(&mut r, &policy(), at("2026-11-21T21:59:59Z")).is_empty());
    let next = opened(&mut r, &policy(), at("2026-11-21T22:00:00Z"));
    assert_eq!(days(&next), ["2026-11-21"]);
    assert_eq!(
        (next[0].terms.window, next[0].excluded.clone()),
        (r.window.unwrap(), None)
    );
    assert_eq!(next[0].window.due, at("2026-11-22T06:00:00Z"));
}

#[test]
fn a_day_whose_new_window_had_opened_before_the_move_is_not_owed() {
    let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
    opened(&mut r, &policy(), at("2026-11-20T21:00:00Z"));
    r.window = Some(window(60, 6 * 60, false));
    r.moved = Some(at("2026-11-21T10:00:00Z"));
    let at_once = opened(&mut r, &policy(), at("2026-11-21T10:00:30Z"));
    assert_eq!(days(&at_once), ["2026-11-21"]);
    assert!(
        matches!(at_once[0].excluded, Some(Exclusion::Agreed { .. })),
        "{at_once:?}"
    );
    let owed = opened(&mut r, &policy(), at("2026-11-22T01:00:00Z"));
    assert_eq!(
        (days(&owed), owed[0].excluded.clone()),
        (vec!["2026-11-22".to_owned()], None)
    );
}

#[test]
fn a_move_after_a_downtime_excuses_no_day_that_had_passed_before() {
    let mut r = owing(Zone::UTC, at("2026-11-01T00:00:00Z"));
    opened(&mut r, &policy(), at("2026-11-17T21:00:00Z"));
    r.window = Some(window(60, 6 * 60, false));
    r.moved = Some(at("2026-11-20T10:00:00Z"));
    let after = opened(&mut r, &policy(), at("2026-11-20T10:01:00Z"));
    let owed = after.iter().filter(|it| it.excluded.is_none()).count();
    assert_eq!((days(&after).len(), owed), (3, 2));
}

fn any_window() -> impl Strategy<Value = WindowRule> {
    let wall = |minutes: u16| crate::calendar::WallTime::from_hm(minutes / 60, minutes % 60).unwrap();
    (0_u16..1440, 0_u16..1440, any::<bool>()).prop_filter_map("a window", move |(open, due, next)| {
        WindowRule::new(wall(open), wall(due), next).ok()
    })
}

proptest! {
    /// The hoster frames, the tenant moves, in any order: whatever is asked for, a day opens by the policy's window or inside the frame as
    /// it stands, each date once.
    #[test]
    fn no_window_outside_of_the_frame_ever_takes_effect(
        zone in proptest::sample::select(Zone::all().collect::<Vec<_>>()),
        steps in proptest::collection::vec((any_window(), any_window(), 0_u16..600, 0_u8..4, 600_i64..150_000), 1..14),
    ) {
        use crate::door::window::{WindowFrame, check, in_effect};
        let mut now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut r = owing(zone, now - TimeDelta::days(30));
        let (mut frame, mut own): (Option<WindowFrame>, Option<WindowRule>) = (None, None);
        let mut seen = opened(&mut r, &policy(), now);
        for (within, asked, minutes_min, what, secs) in steps {
            now += TimeDelta::seconds(secs);
            match what {
                0 => frame = None,
                1 => frame = Some(WindowFrame { within, minutes_min }),
                // As the store does it: in one transaction with the frame.
                _ => if check(frame.as_ref(), asked).is_ok() {
                    own = Some(asked);
                    r.moved = Some(now);
                },
            }
            r.window = in_effect(frame.as_ref(), own);
            now += TimeDelta::seconds(30);
            for day in opened(&mut r, &policy(), now) {
                let rule = day.terms.window;
                prop_assert!(rule == WindowRule::NIGHT || check(frame.as_ref(), rule).is_ok(), "{rule}");
                prop_assert_eq!(calendar::window(zone, rule, day.key.day), Some(day.window));
                seen.push(day);
            }
        }
        for pair in seen.windows(2) {
            prop_assert!(pair[0].key.day < pair[1].key.day);
        }
    }
}
