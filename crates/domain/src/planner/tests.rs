use super::*;
use crate::calendar::SlaDay;
use crate::ids::ReplicaId;
use crate::policy::Terms;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}
fn host(n: u32) -> HostId {
    format!("hv-{n}").parse().unwrap()
}
fn tenant(n: u32) -> TenantId {
    format!("tenant-{n}").parse().unwrap()
}
fn owed(n: u128) -> Owed {
    let day: SlaDay = "2027-01-15".parse().unwrap();
    Owed {
        key: ObligationKey {
            replica: ReplicaId(uuid::Uuid::from_u128(n)),
            day,
        },
        tenant: tenant(0),
        host: host(0),
        window: DayWindow {
            open: at(0),
            due: at(28_800),
            next_open: at(86_400),
        },
        terms: Arc::new(Terms::standard()),
        period_secs: 300,
        expected_secs: 600,
        seen: Seen::Clear { at: at(100) },
        last: Last::None,
        failures: 0,
        apply_deferrals: 0,
        running: false,
        held: None,
        can_pause: false,
        jitter: 0.5,
        gap_wait_secs: 0,
    }
}
fn limits() -> Limits {
    Limits {
        total_max: 8,
        per_host_max: 2,
        per_tenant_max: 8,
        per_vault_max: 8,
        watch_per_host_max: 4,
    }
}
fn world(owed: Vec<Owed>) -> World {
    World {
        owed,
        ..World::default()
    }
}
fn starts(decisions: &[Decision]) -> Vec<u128> {
    let starts = decisions.iter().filter(|d| matches!(d.what, Move::Start { .. }));
    starts.map(|d| d.key.replica.0.as_u128()).collect()
}
fn only(o: Owed, now: DateTime<Utc>) -> Move {
    plan(&world(vec![o]), &limits(), now).remove(0).what
}
fn blocked(code: Code) -> Seen {
    Seen::Blocked {
        code,
        since: at(0),
        at: at(100),
    }
}

#[test]
fn the_least_slack_goes_first_and_what_can_no_longer_be_met_goes_last() {
    let mut all: Vec<_> = (0..4)
        .map(|n| Owed {
            host: host(n),
            ..owed(u128::from(n))
        })
        .collect();
    all[2].window.due = at(10_000);
    all[1].expected_secs = 5_000;
    all[0].window.due = at(500);
    assert_eq!(starts(&plan(&world(all), &limits(), at(100))), [2, 1, 3, 0]);
}

#[test]
fn at_equal_slack_the_policys_priority_decides() {
    let mut all: Vec<_> = (0..3)
        .map(|n| Owed {
            host: host(n),
            ..owed(u128::from(n))
        })
        .collect();
    let mut terms = Terms::standard();
    terms.priority = 5;
    all[2].terms = Arc::new(terms);
    assert_eq!(starts(&plan(&world(all), &limits(), at(100))), [2, 0, 1]);
}

#[test]
fn a_tenant_with_five_thousand_replicas_does_not_starve_one_with_five() {
    let mut all: Vec<_> = (0..5_000)
        .map(|n| Owed {
            host: host(u32::try_from(n).unwrap() % 50),
            ..owed(n)
        })
        .collect();
    all.extend((5_000..5_005).map(|n| Owed {
        tenant: tenant(1),
        host: host(u32::try_from(n).unwrap() % 50),
        ..owed(n)
    }));
    let started = starts(&plan(&world(all), &limits(), at(100)));
    assert_eq!(started.len(), 8);
    assert!(
        started.iter().filter(|n| **n >= 5_000).count() >= 4,
        "{started:?}"
    );
}

#[test]
fn each_limit_is_kept_and_named() {
    let many = |same_host: bool| -> World {
        world(
            (0..20_u128)
                .map(|n| Owed {
                    host: host(if same_host { 0 } else { u32::try_from(n).unwrap() }),
                    ..owed(n)
                })
                .collect(),
        )
    };
    let run = |world: &World, limits: Limits| {
        let decisions = plan(world, &limits, at(100));
        let why = decisions.iter().find_map(|d| match &d.what {
            Move::Wait { why, .. } => Some(why.clone()),
            _ => None,
        });
        (starts(&decisions).len(), why)
    };
    assert_eq!(
        run(&many(true), limits()),
        (2, Some(Wait::HostFull { running: 2 }))
    );
    assert_eq!(run(&many(false), limits()).0, 8);
    let per_tenant_max = 3;
    assert_eq!(
        run(
            &many(false),
            Limits {
                per_tenant_max,
                ..limits()
            }
        ),
        (3, Some(Wait::TenantFull { running: 3 }))
    );
    let per_vault_max = 4;
    assert_eq!(
        run(
            &many(false),
            Limits {
                per_vault_max,
                ..limits()
            }
        ),
        (4, Some(Wait::VaultFull { running: 4 }))
    );
    let (total_max, per_vault_max) = (5, 9);
    assert_eq!(
        run(
            &many(false),
            Limits {
                total_max,
                per_vault_max,
                ..limits()
            }
        ),
        (5, Some(Wait::TotalFull { running: 5 }))
    );
    let mut busy = many(true);
    busy.running = vec![(host(0), tenant(9)), (host(0), tenant(9))];
    assert_eq!(run(&busy, limits()).0, 0);
}

#[test]
fn a_held_replica_waits_with_the_reason_and_starts_when_the_hold_is_over() {
    let held = Held {
        until: at(500),
        reason: "storage maintenance".to_owned(),
        author: "ada".to_owned(),
    };
    let o = Owed {
        held: Some(held.clone()),
        ..owed(1)
    };
    assert_eq!(
        only(o.clone(), at(499)),
        Move::Wait {
            why: Wait::Held(held),
            next: at(500),
            watch: false
        }
    );
    assert_eq!(only(o, at(500)), Move::Start { pause: false });
}

#[test]
fn nothing_starts_before_the_window_and_what_is_late_still_starts() {
    assert!(matches!(only(owed(1), at(-1)), Move::Wait { why: Wait::NotOpen, next, .. } if next == at(0)));
    assert_eq!(only(owed(1), at(30_000)), Move::Start { pause: false });
}

#[test]
fn a_log_apply_is_watched_and_the_start_is_on_its_observed_end() {
    let mut o = Owed {
        seen: blocked(Code::B1),
        ..owed(1)
    };
    assert!(matches!(
        only(o.clone(), at(100)),
        Move::Wait {
            why: Wait::Blocked { code: Code::B1, .. },
            watch: true,
            ..
        }
    ));
    o.last = Last::Deferred {
        code: Code::B1,
        at: at(90),
        stubborn: false,
    };
    o.seen = Seen::Clear { at: at(89) };
    assert!(
        matches!(only(o.clone(), at(100)), Move::Wait { .. }),
        "a look from before the deferral says nothing"
    );
    o.seen = Seen::Clear { at: at(91) };
    assert_eq!(only(o, at(100)), Move::Start { pause: false });
}

#[test]
fn looks_come_closer_as_slack_shrinks() {
    let next = |now: i64| {
        let o = Owed {
            seen: Seen::Blocked {
                code: Code::B5,
                since: at(now),
                at: at(now),
            },
            ..owed(1)
        };
        match only(o, at(now)) {
            Move::Wait { next, .. } => (next - at(now)).num_seconds(),
            other => panic!("{other:?}"),
        }
    };
    assert!(next(100) >= 1_800, "{}", next(100));
    assert!(next(26_000) < 500, "{}", next(26_000));
    assert!(next(26_000) > next(27_500));
}

#[test]
fn a_failure_backs_off_also_when_the_replica_is_clear_and_ends_in_giving_up() {
    let mut o = Owed {
        last: Last::Failed {
            at: at(90),
            free: false,
        },
        failures: 1,
        ..owed(1)
    };
    assert!(matches!(
        only(o.clone(), at(100)),
        Move::Wait {
            why: Wait::Backoff { failures: 1 },
            ..
        }
    ));
    assert_eq!(only(o.clone(), at(400)), Move::Start { pause: false });
    o.failures = 8;
    assert_eq!(only(o.clone(), at(20_000)), Move::GiveUp { failures: 8 });
    o.failures = 0;
    o.last = Last::Failed {
        at: at(99),
        free: true,
    };
    assert_eq!(only(o, at(100)), Move::Start { pause: false });
}

#[test]
fn after_a_failed_proof_the_start_is_on_the_next_end_of_an_apply() {
    let unproven = |applied: i64, due: i64| Last::Unproven {
        at: at(1_000),
        applied: Some(at(applied)),
        apply_due: Some(at(due)),
    };
    let mut o = owed(1);
    o.failures = 1;
    o.seen = Seen::Clear { at: at(1_020) };
    let later = |o: &Owed| match only(o.clone(), at(1_021)) {
        Move::Wait {
            why: Wait::NextApply { .. },
            next,
            watch,
        } => (next, watch),
        other => panic!("{other:?}"),
    };
    // Clear, and no apply has ended since: it waits, watched while the end may be near, and not forever.
    o.last = unproven(990, 1_500);
    assert!(!later(&o).1);
    o.last = unproven(990, 1_040);
    let (next, watch) = later(&o);
    assert!(watch && next > at(1_600) && next < at(2_000));
    assert_eq!(only(o.clone(), next), Move::Start { pause: false });
    o.last = unproven(1_010, 1_040);
    assert_eq!(only(o.clone(), at(1_021)), Move::Start { pause: false });
    // Proofs that fail one after the other wait longer for the end that counts.
    o.failures = 4;
    assert!(later(&o).0 > next);
}

#[test]
fn a_host_that_fails_everything_is_left_alone_and_then_tried_by_one() {
    let record = HostRecord {
        failures: 5,
        last_failure: Some(at(0)),
    };
    let mut w = world((0..4).map(owed).collect());
    w.hosts.insert(host(0), record);
    let open = plan(&w, &limits(), at(299));
    assert!(starts(&open).is_empty());
    assert!(matches!(
        open[0].what,
        Move::Wait { why: Wait::Breaker { failures: 5 }, next, .. } if next == at(300)
    ));
    assert_eq!(starts(&plan(&w, &limits(), at(300))).len(), 1);
    w.running = vec![(host(0), tenant(0))];
    assert!(starts(&plan(&w, &limits(), at(300))).is_empty());
}

#[test]
fn the_primary_is_paused_only_late_after_log_applies_and_where_it_may() {
    let mut o = Owed {
        seen: blocked(Code::B1),
        apply_deferrals: 3,
        can_pause: true,
        ..owed(1)
    };
    let late = at(28_800 - 600 - 1_800);
    let b1_for = |secs| Seen::Blocked {
        code: Code::B1,
        since: late - TimeDelta::seconds(secs),
        at: late,
    };
    o.seen = b1_for(10);
    assert_eq!(only(o.clone(), late), Move::Start { pause: true });
    // Applies without any gap let nothing begin that could be put off.
    let watched = |secs| Owed {
        seen: b1_for(secs),
        apply_deferrals: 0,
        ..o.clone()
    };
    assert_eq!(only(watched(360), late), Move::Start { pause: true });
    assert_ne!(only(watched(359), late), Move::Start { pause: true });
    for spoil in [
        |o: &mut Owed| o.can_pause = false,
        |o: &mut Owed| o.apply_deferrals = 2,
        |o: &mut Owed| o.seen = blocked(Code::B5),
    ] {
        let mut other = o.clone();
        spoil(&mut other);
        assert_ne!(only(other, late), Move::Start { pause: true });
    }
    assert!(
        matches!(only(o.clone(), at(1_000)), Move::Wait { .. }),
        "there is time to wait for a gap"
    );
    o.running = true;
    assert_eq!(only(o, late), Move::Running);
}

#[test]
fn only_a_few_replicas_per_host_are_watched_and_they_are_the_most_urgent() {
    let all: Vec<_> = (0..10_i64)
        .map(|n| {
            let mut o = Owed {
                seen: blocked(Code::B1),
                ..owed(u128::try_from(n).unwrap())
            };
            o.window.due = at(28_800 - n * 100);
            o
        })
        .collect();
    let decisions = plan(&world(all), &limits(), at(100));
    let watched: BTreeSet<u128> = decisions
        .iter()
        .filter(|d| matches!(d.what, Move::Wait { watch: true, .. }))
        .map(|d| d.key.replica.0.as_u128())
        .collect();
    assert_eq!(watched, BTreeSet::from([6, 7, 8, 9]));
}

fn any_owed() -> impl Strategy<Value = Owed> {
    let seen = prop_oneof![
        Just(Seen::Never),
        (0_i64..4_000).prop_map(|s| Seen::Clear { at: at(s) }),
        (0..Code::ALL.len(), 0_i64..4_000).prop_map(|(code, s)| Seen::Blocked {
            code: Code::ALL[code],
            since: at(s - 100),
            at: at(s)
        }),
    ];
    let last = prop_oneof![
        Just(Last::None),
        (0..Code::ALL.len(), 0_i64..4_000, any::<bool>()).prop_map(|(code, s, stubborn)| Last::Deferred {
            code: Code::ALL[code],
            at: at(s),
            stubborn
        }),
        (0_i64..4_000, any::<bool>()).prop_map(|(s, free)| Last::Failed { at: at(s), free }),
        (0_i64..4_000, 0_i64..4_000, 0_i64..8_000).prop_map(|(s, applied, due)| Last::Unproven {
            at: at(s),
            applied: Some(at(applied)),
            apply_due: Some(at(due)),
        }),
    ];
    let place = (0_u32..4, 0_u32..4, -5_000_i64..40_000, 0_u32..9_000);
    (seen, last, place, 0_u32..10, any::<(bool, bool)>(), 0.0..=1.0_f64).prop_map(
        |(seen, last, (h, t, due, expected_secs), failures, (running, can_pause), jitter)| {
            let mut o = owed(0);
            o.window.due = at(due.max(1));
            Owed {
                host: host(h),
                tenant: tenant(t),
                seen,
                last,
                expected_secs,
                failures,
                apply_deferrals: failures,
                running,
                can_pause,
                jitter,
                ..o
            }
        },
    )
}

fn any_world() -> impl Strategy<Value = World> {
    proptest::collection::vec(any_owed(), 0..60).prop_map(|mut all| {
        for (n, o) in all.iter_mut().enumerate() {
            o.key.replica = ReplicaId(uuid::Uuid::from_u128(n as u128));
        }
        let running = all.iter().filter(|o| o.running);
        let running = running.map(|o| (o.host.clone(), o.tenant.clone())).collect();
        World {
            running,
            owed: all,
            hosts: BTreeMap::new(),
        }
    })
}

proptest! {
    #[test]
    fn every_obligation_is_decided_exactly_once(w in any_world(), now in 0_i64..50_000) {
        let mut keys: Vec<_> = plan(&w, &limits(), at(now)).iter().map(|d| d.key).collect();
        keys.sort_unstable();
        let mut wanted: Vec<_> = w.owed.iter().map(|o| o.key).collect();
        wanted.sort_unstable();
        prop_assert_eq!(keys, wanted);
    }

    #[test]
    fn limits_are_never_exceeded(w in any_world(), now in 0_i64..50_000) {
        let by_key: BTreeMap<_, _> = w.owed.iter().map(|o| (o.key, o)).collect();
        let mut hosts: BTreeMap<HostId, u32> = BTreeMap::new();
        for (host, _) in &w.running { *hosts.entry(host.clone()).or_default() += 1; }
        let mut started = BTreeMap::<HostId, u32>::new();
        for d in plan(&w, &limits(), at(now)) {
            if matches!(d.what, Move::Start { .. }) {
                *started.entry(by_key[&d.key].host.clone()).or_default() += 1;
            }
        }
        let total: u32 = started.values().sum();
        let running = u32::try_from(w.running.len()).unwrap();
        prop_assert!(total == 0 || total + running <= limits().total_max);
        for (host, n) in started {
            prop_assert!(n + hosts.get(&host).copied().unwrap_or(0) <= limits().per_host_max);
        }
    }

    /// Promise 6: nothing waits silently.
    #[test]
    fn every_wait_has_a_next_look_in_the_future(w in any_world(), now in 0_i64..50_000) {
        for d in plan(&w, &limits(), at(now)) {
            if let Move::Wait { next, .. } = d.what {
                prop_assert!(next > at(now));
                prop_assert!(next <= at(now) + TimeDelta::hours(34));
            }
        }
    }

    /// Work is not left lying: while a slot is free that an obligation fits into, none that could start waits for room.
    #[test]
    fn a_wait_for_room_means_that_there_is_none(w in any_world(), now in 0_i64..50_000) {
        let decisions = plan(&w, &limits(), at(now));
        let by_key: BTreeMap<_, _> = w.owed.iter().map(|o| (o.key, o)).collect();
        let mut on_host: BTreeMap<&HostId, u32> = BTreeMap::new();
        for (host, _) in &w.running { *on_host.entry(host).or_default() += 1; }
        let mut total = u32::try_from(w.running.len()).unwrap();
        for d in &decisions {
            if matches!(d.what, Move::Start { .. }) {
                total += 1;
                *on_host.entry(&by_key[&d.key].host).or_default() += 1;
            }
        }
        for d in &decisions {
            match &d.what {
                Move::Wait { why: Wait::HostFull { .. }, .. } => {
                    prop_assert!(on_host[&by_key[&d.key].host] >= limits().per_host_max);
                }
                Move::Wait { why: Wait::VaultFull { .. } | Wait::TotalFull { .. }, .. } => prop_assert!(total >= limits().total_max),
                _ => {}
            }
        }
    }

    #[test]
    fn those_in_line_stand_first_and_take_their_turn_when_there_is_room(w in any_world(), now in 0_i64..50_000) {
        let decided = plan(&w, &limits(), at(now));
        let line: Vec<_> = decided.iter().take_while(|d| d.what.is_in_line()).collect();
        prop_assert_eq!(line.len(), decided.iter().filter(|d| d.what.is_in_line()).count());
        // With room for everybody whoever stands in the line starts.
        let room = Limits { total_max: 10_000, per_host_max: 10_000, per_tenant_max: 10_000, per_vault_max: 10_000, ..limits() };
        let starts = starts(&plan(&w, &room, at(now)));
        for one in line {
            prop_assert!(starts.iter().any(|key| *key == one.key.replica.0.as_u128()), "{:?}", one.what);
        }
    }

    #[test]
    fn the_order_of_the_world_changes_no_decision_but_ties(w in any_world(), now in 0_i64..50_000) {
        let mut turned = w.clone();
        turned.owed.reverse();
        let count = |w: &World| starts(&plan(w, &limits(), at(now))).len();
        prop_assert_eq!(count(&w), count(&turned));
    }
}
