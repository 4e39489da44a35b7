use super::*;
use crate::calendar::DayWindow;
use crate::code::Code;
use crate::forecast::{DAYS_NEEDED, End, Reason};
use crate::ids::ReplicaId;
use crate::planner::{Held, HostRecord, plan};
use crate::policy::Terms;
use chrono::TimeDelta;
use std::sync::Arc;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

const LIMITS: Limits = Limits {
    total_max: 8,
    per_host_max: 2,
    per_tenant_max: 8,
    per_vault_max: 8,
    watch_per_host_max: 4,
};

/// From 0 to 8 hours, ten minutes long, looked at and clear.
fn owed(n: u128) -> Owed {
    Owed {
        key: ObligationKey {
            replica: ReplicaId(uuid::Uuid::from_u128(n)),
            day: "2027-01-15".parse().unwrap(),
        },
        tenant: "contoso".parse().unwrap(),
        host: "hv-r-01".parse().unwrap(),
        window: DayWindow {
            open: at(0),
            due: at(28_800),
            next_open: at(86_400),
        },
        terms: Arc::new(Terms::standard()),
        period_secs: 300,
        expected_secs: 600,
        gap_wait_secs: 0,
        seen: Seen::Clear { at: at(3_590) },
        last: Last::None,
        failures: 0,
        apply_deferrals: 0,
        running: false,
        held: None,
        can_pause: false,
        jitter: 0.0,
    }
}

const MET: Day = Day {
    end: End::Met { share: 0.2 },
    apply_deferrals: 0,
};

fn foresee(world: &World, days: &[Day], now: i64) -> Outlook {
    let decisions = plan(world, &LIMITS, at(now));
    let night = Night {
        world,
        limits: &LIMITS,
        decisions: &decisions,
        site: &Site::default(),
    };
    let known = |_: usize, _: &Owed| {
        Some(Known {
            days,
            ..Known::default()
        })
    };
    night.foresee(known, at(now))
}

#[test]
fn a_resync_is_the_cause_and_the_reason_of_all_that_it_keeps() {
    let blocked = |n| Owed {
        seen: Seen::Blocked {
            code: Code::B5,
            since: at(-60),
            at: at(25_000),
        },
        last: Last::Deferred {
            code: Code::B5,
            at: at(25_000),
            stubborn: false,
        },
        ..owed(n)
    };
    let world = World {
        owed: vec![blocked(1), owed(2), blocked(3)],
        ..World::default()
    };
    let outlook = foresee(&world, &[MET; DAYS_NEEDED as usize], 25_010);
    assert_eq!(outlook.causes.len(), 1);
    assert_eq!(
        (outlook.causes[0].key.as_str(), outlook.causes[0].replicas),
        ("host:hv-r-01:B5", 2)
    );
    assert_eq!(outlook.causes[0].at_risk, 2);
    let free = &outlook.each[1];
    assert!(free.cause.is_none(), "{free:?}");
    let Estimate::Risk { reason, .. } = outlook.each[0].estimate else {
        panic!("{:?}", outlook.each)
    };
    assert!(
        matches!(reason, Reason::Blocked { code: Code::B5, .. }),
        "{reason:?}"
    );
}

#[test]
fn what_comes_later_in_the_order_needs_the_room_of_all_before_it() {
    let long = |n: u128| Owed {
        expected_secs: 7_200,
        window: DayWindow {
            due: at(28_800 + i64::try_from(n).unwrap()),
            ..owed(n).window
        },
        ..owed(n)
    };
    let world = World {
        owed: (1..=12).rev().map(long).collect(),
        ..World::default()
    };
    let outlook = foresee(&world, &[MET; 28], 3_600);
    let risk = |n: usize| match outlook.each[n].estimate {
        Estimate::Risk { probability_bp, .. } => probability_bp.get(),
        Estimate::None { .. } => panic!("there are days enough"),
    };
    // Twelve times two hours into seven hours of two slots: the first are sure, the last hopeless.
    assert!(risk(11) < 1_000, "{}", risk(11));
    assert!(risk(0) > 9_000, "{}", risk(0));
    let Estimate::Risk { reason, .. } = outlook.each[0].estimate else {
        panic!("there are days enough")
    };
    let all = Room {
        needed_secs: 12 * 7_200,
        free_secs: 2 * (28_812 - 3_600),
        place: Place::Host,
    };
    assert_eq!(reason, Reason::Room(all));
}

#[test]
fn without_any_history_a_hold_beyond_the_slack_and_giving_up_are_at_risk_all_the_same() {
    let held = Owed {
        held: Some(Held {
            until: at(28_500),
            reason: "new fans".to_owned(),
            author: "ada".to_owned(),
        }),
        ..owed(1)
    };
    let failed = Owed {
        failures: 99,
        ..owed(2)
    };
    let world = World {
        owed: vec![held, failed, owed(3)],
        ..World::default()
    };
    let outlook = foresee(&world, &[], 3_600);
    let at_risk: Vec<bool> = outlook.each.iter().map(|it| it.is_at_risk).collect();
    assert_eq!(at_risk, [true, true, false]);
    assert!(
        outlook
            .each
            .iter()
            .all(|it| matches!(it.estimate, Estimate::None { .. }))
    );
}

#[test]
fn without_any_history_what_needs_a_person_is_at_risk_in_the_last_hour() {
    let blocked = |n, code| Owed {
        seen: Seen::Blocked {
            code,
            since: at(0),
            at: at(28_800 - 4_201),
        },
        ..owed(n)
    };
    let world = World {
        owed: vec![blocked(1, Code::B4), blocked(2, Code::B1), blocked(3, Code::UN)],
        ..World::default()
    };
    // An attempt takes ten minutes: an hour and one second to spare, and one second less than an hour.
    for (now, expected) in [
        (28_800 - 4_201, [false; 3]),
        (28_800 - 4_199, [true, false, true]),
    ] {
        let outlook = foresee(&world, &[], now);
        let at_risk: Vec<bool> = outlook.each.iter().map(|it| it.is_at_risk).collect();
        assert_eq!(at_risk, expected, "{now}");
    }
}

#[test]
fn what_is_due_is_foreseen_and_is_no_cause_of_anything_to_come() {
    let world = World {
        owed: vec![Owed {
            seen: Seen::Blocked {
                code: Code::B4,
                since: at(0),
                at: at(28_800),
            },
            ..owed(1)
        }],
        ..World::default()
    };
    assert_eq!(foresee(&world, &[MET; 28], 28_799).causes.len(), 1);
    let outlook = foresee(&world, &[MET; 28], 28_800);
    assert!(outlook.causes.is_empty() && outlook.each[0].is_at_risk);
    assert_eq!(
        outlook.each[0].cause,
        Some((
            CauseKind::Blocked { code: Code::B4 },
            "host:hv-r-01:B4".to_owned()
        ))
    );
}

#[test]
fn since_when_something_waits_is_read_from_what_was_written_down() {
    let failed = Owed {
        last: Last::Failed {
            at: at(3_000),
            free: false,
        },
        failures: 2,
        ..owed(1)
    };
    let broken = Owed {
        host: "hv-r-02".parse().unwrap(),
        ..owed(2)
    };
    let record = HostRecord {
        failures: 9,
        last_failure: Some(at(3_500)),
    };
    let world = World {
        owed: vec![failed, broken.clone()],
        hosts: [(broken.host.clone(), record)].into(),
        ..World::default()
    };
    let causes = foresee(&world, &[], 3_030).causes;
    let since = |kind| causes.iter().find(|it| it.kind == kind).map(|it| it.since_oldest);
    assert_eq!(since(CauseKind::Failing), Some(at(3_000)));
    let causes = foresee(&world, &[], 3_600).causes;
    let breaker = causes.iter().find(|it| it.kind == CauseKind::Breaker).unwrap();
    assert_eq!(breaker.since_oldest, at(3_500));
}

#[test]
fn time_that_lasting_blockers_took_has_not_passed() {
    let mut one = owed(1);
    let passed = |owed: &Owed, blocked, now: i64| (passed(owed, blocked, at(now)) * 100.0).round();
    assert!((passed(&one, 0, 14_400) - 50.0).abs() < 1e-9);
    assert!((passed(&one, 7_200, 14_400) - 25.0).abs() < 1e-9);
    one.seen = Seen::Blocked {
        code: Code::B6,
        since: at(0) - TimeDelta::hours(3),
        at: at(14_400),
    };
    assert!(passed(&one, 0, 14_400).abs() < 1e-9);
    assert!((passed(&owed(1), 0, 99_999) - 100.0).abs() < 1e-9);
}
