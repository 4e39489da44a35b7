//! The world: the same from the same numbers, and its lazily computed applies are those that happen one after the other.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

use domain::code::Code;
use proptest::prelude::*;
use sim::world::{Applies, BLOCK_CYCLES, Ending, REFUSAL};
use sim::{DAY, HOUR, Ms, PolicyName, Span, World, WorldSpec};
use std::collections::VecDeque;
use std::ops::ControlFlow;

fn world(seed: u64, replicas: u32, days: u32, duty: f64) -> World {
    World::new(WorldSpec {
        seed,
        replicas,
        days,
        duty,
    })
    .unwrap()
}

/// Every apply of a replica from the first block to `until`, by letting logs arrive and be applied one event at a time.
fn one_by_one(world: &World, replica: usize, until: Ms) -> Vec<Span> {
    let cycles = BLOCK_CYCLES as i64;
    let mut done = Vec::new();
    for block in -1.. {
        let begins = world.log_due(replica, block * cycles);
        let ends = world.log_due(replica, (block + 1) * cycles);
        if begins > until {
            return done;
        }
        let mut coming: VecDeque<_> = (block * cycles..(block + 1) * cycles)
            .map(|c| world.log(replica, c))
            .collect();
        let mut queue = VecDeque::new();
        let mut applying: Option<Span> = None;
        let mut now = begins;
        while now < ends {
            if applying.is_some_and(|apply| apply.to <= now) {
                done.extend(applying.take());
            }
            while coming.front().is_some_and(|log| log.arrives <= now) {
                queue.extend(coming.pop_front());
            }
            if applying.is_none()
                && let Some(log) = queue.pop_front()
            {
                applying = Some(Span {
                    from: now,
                    to: now + log.length,
                });
            }
            let next_end = applying.map_or(Ms::MAX, |apply| apply.to);
            let next_log = coming.front().map_or(Ms::MAX, |log| log.arrives);
            now = next_end.min(next_log);
        }
        // The replica has caught up.
        done.extend(applying.map(|apply| Span {
            to: apply.to.min(ends),
            ..apply
        }));
    }
    done
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn applies_computed_on_demand_are_those_that_happen_one_by_one(
        seed in any::<u64>(), replica in 0_usize..20, duty in 0.01..0.95_f64,
        asked in prop::collection::vec(0..3 * DAY, 60),
    ) {
        let world = world(seed, 20, 2, duty);
        let all = one_by_one(&world, replica, 4 * DAY);
        let mut applies = Applies::new(&world);
        for at in asked {
            let naive = all.iter().find(|apply| apply.to > at).copied();
            prop_assert_eq!(applies.ending_after(replica, at), naive);
            prop_assert_eq!(applies.running(replica, at), all.iter().find(|a| a.contains(at)).copied());
            let need = 10_000;
            let gap = applies.gap(replica, at, need, at + HOUR);
            let mut from = at;
            let naive_gap = loop {
                let next = all.iter().find(|apply| apply.to > from).unwrap();
                if from >= at + HOUR {
                    break None;
                }
                if next.from - from >= need {
                    break Some(Span { from, to: next.from });
                }
                from = next.to;
            };
            prop_assert_eq!(gap, naive_gap);
        }
    }

    #[test]
    fn an_instant_is_usable_exactly_when_a_start_there_is_sealed_by_due(seed in any::<u64>(), duty in 0.0..0.9_f64) {
        let world = world(seed, 12, 2, duty);
        let mut applies = Applies::new(&world);
        for number in 0..world.obligation_count() {
            let owed = world.obligation(number);
            let mut usable = Vec::new();
            world.usable_starts(&mut applies, owed, |span| {
                usable.push(span);
                ControlFlow::Continue(())
            });
            let edges = usable.iter().flat_map(|s| [s.from - 1, s.from, s.to, s.to + 1]);
            let steps = (0..40).map(|n| owed.open + (owed.due - owed.open) / 40 * n + 17 * n);
            for at in edges.chain(steps).filter(|at| *at >= owed.open && *at < owed.due).collect::<Vec<_>>() {
                if world.service_outages.iter().any(|outage| outage.contains(at)) {
                    continue;
                }
                // Far more accepted attempts than any run has: another draw of the fault, usually none.
                let sealed = (0..3).any(|nth| {
                    let fate = world.fate(&mut applies, number, at, 1000 + nth);
                    fate.ending == Ending::Sealed && fate.at <= owed.due
                });
                prop_assert_eq!(sealed, usable.iter().any(|s| s.from <= at && at <= s.to), "at {}", at);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The gate may be more careful than the host (after a hole in what is known), never less.
    #[test]
    fn a_look_that_shows_a_replica_clear_is_not_refused_at_once(seed in any::<u64>(), duty in 0.0..0.9_f64) {
        let world = world(seed, 20, 2, duty);
        let mut applies = Applies::new(&world);
        for number in 0..world.obligation_count() {
            let owed = world.obligation(number);
            for at in (owed.open..owed.due).step_by(611_000) {
                let seen = world.look(&mut applies, owed.replica, at);
                let fate = world.fate(&mut applies, number, at, 0);
                let refused_at_once = fate.ending == Ending::Refused && fate.at == at + REFUSAL;
                if refused_at_once {
                    prop_assert!(seen.is_some(), "replica {} at {}", owed.replica, at);
                }
                let r = &world.replicas[owed.replica];
                let blocked = r.shut.iter().any(|span| span.contains(at))
                    || applies.running(owed.replica, at).is_some();
                if blocked {
                    prop_assert!(seen.is_some_and(|code| code != Code::UN || world.hosts[r.host].outages.iter().any(|o| o.contains(at))));
                } else {
                    prop_assert!(seen.is_none() || seen == Some(Code::UN), "{seen:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_numbers_make_the_same_report_and_another_seed_another() {
    let spec = WorldSpec {
        seed: 5,
        replicas: 120,
        days: 2,
        duty: 0.5,
    };
    let one = sim::report(spec, &PolicyName::ALL).unwrap();
    assert_eq!(one, sim::report(spec, &PolicyName::ALL).unwrap());
    assert_ne!(
        one,
        sim::report(WorldSpec { seed: 6, ..spec }, &PolicyName::ALL).unwrap()
    );
}

#[test]
fn the_order_of_questions_does_not_change_the_answers() {
    let world = world(3, 10, 1, 0.6);
    let instants: Vec<Ms> = (0..500).map(|n| n * 173_000).collect();
    let (mut forth, mut back) = (Applies::new(&world), Applies::new(&world));
    let forwards: Vec<_> = instants.iter().map(|at| forth.ending_after(7, *at)).collect();
    let mut backwards: Vec<_> = instants
        .iter()
        .rev()
        .map(|at| back.ending_after(7, *at))
        .collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
}

#[test]
fn logs_are_applied_for_about_the_share_of_time_that_was_asked_for() {
    for duty in [0.2, 0.5, 0.8] {
        let world = world(11, 400, 1, duty);
        let mut applies = Applies::new(&world);
        let busy = (0..400)
            .flat_map(|replica| (0..200).map(move |n| (replica, n * 431_000 + 97)))
            .filter(|(replica, at)| applies.running(*replica, *at).is_some())
            .count();
        let share = busy as f64 / (400.0 * 200.0);
        assert!((share - duty).abs() < 0.05, "asked for {duty}, got {share}");
    }
}

#[test]
fn a_world_without_duty_has_no_applies() {
    let world = world(1, 5, 1, 0.0);
    assert_eq!(Applies::new(&world).ending_after(2, HOUR), None);
}

#[test]
fn slots_are_sized_so_that_the_busiest_stretch_asks_for_most_of_them() {
    let world = world(2, 2000, 1, 0.5);
    for host in &world.hosts {
        assert!(
            (0.65..=0.91).contains(&host.load),
            "a host asks for {}",
            host.load
        );
    }
    assert!(
        (0.7..=0.9).contains(&world.load_total),
        "the site asks for {}",
        world.load_total
    );
}

#[test]
fn tenants_are_of_very_unequal_size() {
    let world = world(2, 2000, 1, 0.5);
    let sizes: Vec<u32> = world.tenants.iter().map(|t| t.replicas).collect();
    let (most, fewest) = (sizes.iter().max().unwrap(), sizes.iter().min().unwrap());
    assert!(*most > 300 && *fewest < 12, "{most} and {fewest}");
    for tenant in &world.tenants {
        assert!((4 * HOUR..=8 * HOUR).contains(&tenant.length));
    }
}

#[test]
fn every_kind_of_blocker_and_both_owners_appear() {
    let world = world(2, 2000, 3, 0.5);
    let spells: std::collections::BTreeSet<_> = world
        .replicas
        .iter()
        .flat_map(|r| r.spells.iter().map(|s| (s.kind, s.owner)))
        .collect();
    let kinds: std::collections::BTreeSet<_> = spells.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.len(), 7);
    assert!(
        spells
            .iter()
            .any(|(_, owner)| *owner == sim::world::Owner::Tenant)
    );
    assert!(world.hosts.iter().any(|host| !host.outages.is_empty()));
}
