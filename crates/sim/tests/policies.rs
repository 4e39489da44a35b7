//! The policies: within the limits, never sealed while blocked, as many tries as their products make, and never better than foresight.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

use sim::figures::{Chances, played};
use sim::ledger::{Foul, Start, check};
use sim::world::Ending;
use sim::{DAY, MINUTE, Ms, PolicyName, World, WorldSpec};
use std::collections::BTreeMap;

fn world(seed: u64, duty: f64) -> World {
    World::new(WorldSpec {
        seed,
        replicas: 200,
        days: 2,
        duty,
    })
    .unwrap()
}

fn log(world: &World, policy: PolicyName) -> Vec<Start> {
    // The checker runs inside.
    played(world, policy).unwrap()
}

fn of_obligation(log: &[Start]) -> BTreeMap<usize, Vec<Start>> {
    let mut tries: BTreeMap<usize, Vec<Start>> = BTreeMap::new();
    for start in log {
        tries.entry(start.obligation).or_default().push(*start);
    }
    tries
}

#[test]
fn no_rival_beats_the_clairvoyant_and_nobody_what_is_possible() {
    for seed in 0..12 {
        for duty in [0.1, 0.5, 0.8] {
            let spec = WorldSpec {
                seed,
                replicas: 200,
                days: 2,
                duty,
            };
            let names: Vec<PolicyName> = PolicyName::ALL
                .into_iter()
                .filter(|p| seed == 0 || *p != PolicyName::Stillpoint)
                .collect();
            let report = sim::report(spec, &names).unwrap();
            let met = |name| report.policies.iter().find(|p| p.policy == name).unwrap().met;
            for figures in &report.policies {
                assert!(
                    figures.met <= figures.possible,
                    "seed {seed} duty {duty}: {figures:?}"
                );
                if figures.policy.is_rival() {
                    let best = met(PolicyName::Clairvoyant);
                    assert!(
                        figures.met <= best,
                        "seed {seed} duty {duty}: {figures:?} beats {best}"
                    );
                }
                let sum = figures.met + figures.met_late + figures.missed + figures.excused;
                assert_eq!(sum, figures.obligations, "seed {seed} duty {duty}: {figures:?}");
            }
        }
    }
}

#[test]
fn dice_meet_under_eighty_percent_where_foresight_meets_nearly_all_that_is_possible() {
    let mut sums: BTreeMap<PolicyName, (u64, u64, u64)> = BTreeMap::new();
    for seed in 1..=4 {
        let spec = WorldSpec {
            seed,
            replicas: 1000,
            days: 2,
            duty: 0.5,
        };
        for p in sim::report(spec, &[PolicyName::Random, PolicyName::Clairvoyant])
            .unwrap()
            .policies
        {
            let sum = sums.entry(p.policy).or_default();
            *sum = (sum.0 + p.met, sum.1 + p.possible, sum.2 + p.obligations);
        }
    }
    let (dice, _, all) = sums[&PolicyName::Random];
    assert!(dice * 100 < all * 80, "dice met {dice} of {all}");
    let (met, possible, _) = sums[&PolicyName::Clairvoyant];
    assert!(met * 1000 >= possible * 980, "foresight met {met} of {possible}");
}

#[test]
fn rivals_try_as_often_and_as_far_apart_as_their_products() {
    let world = world(9, 0.8);
    for (policy, tries_max, wait) in [
        (PolicyName::Veeam, 4, 10 * MINUTE),
        (PolicyName::Dpm, 2, 60 * MINUTE),
        (PolicyName::Bareos, 6, 30 * MINUTE),
        (PolicyName::Jitter, 4, 5 * MINUTE),
        (PolicyName::Random, 4, 0),
    ] {
        let tries = of_obligation(&log(&world, policy));
        let most = tries.values().map(Vec::len).max().unwrap();
        assert_eq!(most, tries_max, "{policy}");
        for starts in tries.values() {
            for pair in starts.windows(2) {
                assert!(pair[1].from - pair[0].to >= wait, "{policy}: {pair:?}");
            }
            assert!(
                starts
                    .iter()
                    .rev()
                    .skip(1)
                    .all(|start| start.ending != Ending::Sealed)
            );
        }
    }
}

#[test]
fn the_clairvoyant_is_never_refused() {
    let world = world(4, 0.7);
    let starts = log(&world, PolicyName::Clairvoyant);
    assert!(
        starts
            .iter()
            .all(|start| matches!(start.ending, Ending::Sealed | Ending::Failed))
    );
}

#[test]
fn waiting_costs_the_product_no_attempt_and_a_rival_one_each_time() {
    let spec = WorldSpec {
        seed: 3,
        replicas: 200,
        days: 2,
        duty: 0.7,
    };
    let figures = sim::report(spec, &[PolicyName::Stillpoint, PolicyName::Bareos])
        .unwrap()
        .policies;
    let log = log(&World::new(spec).unwrap(), PolicyName::Stillpoint);
    let started = log.len() as u64;
    let refused = log.iter().filter(|start| start.ending == Ending::Refused).count() as u64;
    assert_eq!(figures[0].deferrals, refused);
    assert!(figures[0].attempts < started, "{:?} of {started}", figures[0]);
    assert!(
        figures[0].attempts + refused >= started,
        "{:?} of {started}",
        figures[0]
    );
    assert!(figures[1].attempts > figures[1].deferrals, "{:?}", figures[1]);
}

#[test]
fn nobody_is_sealed_while_blocked() {
    let world = world(8, 0.6);
    let chances = Chances::of(&world);
    for policy in PolicyName::KNOWN {
        for start in log(&world, policy)
            .iter()
            .filter(|start| start.ending == Ending::Sealed)
        {
            let owed = world.obligation(start.obligation);
            let r = &world.replicas[owed.replica];
            for spell in &r.spells {
                let (from, to) = (start.from, start.from + r.exposed());
                assert!(
                    spell.span.to <= from || to <= spell.span.from,
                    "{policy}: {start:?} in {spell:?}"
                );
            }
            assert!(
                start.to > owed.due || chances.is_possible(start.obligation),
                "{policy}: {start:?}"
            );
        }
    }
}

/// The checker has to find what is wrong with a log that was broken on purpose.
#[test]
fn the_checker_sees_each_rule_broken() {
    let world = world(6, 0.5);
    let good = log(&world, PolicyName::Veeam);
    let sealed = *good.iter().find(|start| start.ending == Ending::Sealed).unwrap();
    let refused = *good.iter().find(|start| start.ending == Ending::Refused).unwrap();
    let broken = |change: &dyn Fn(&mut Vec<Start>)| {
        let mut log = good.clone();
        change(&mut log);
        check(&world, &log).unwrap_err()
    };
    let host = world.replicas[world.obligation(sealed.obligation).replica].host;
    let neighbours: Vec<usize> = (0..world.replicas.len())
        .filter(|n| world.replicas[*n].host == host)
        .collect();
    let crowd = |log: &mut Vec<Start>| {
        log.extend(neighbours.iter().map(|n| Start {
            obligation: *n,
            ..sealed
        }))
    };
    assert!(matches!(broken(&crowd), Foul::HostLimit { .. }));

    let lie = |log: &mut Vec<Start>| {
        let start = log.iter_mut().find(|start| **start == refused).unwrap();
        start.ending = Ending::Sealed;
    };
    assert!(matches!(broken(&lie), Foul::SealedWhileBlocked { .. }));

    let owed = world.obligation(sealed.obligation);
    let alone = |from: Ms, to: Ms| {
        check(
            &world,
            &[
                sealed,
                Start {
                    from,
                    to,
                    ending: Ending::Refused,
                    ..sealed
                },
            ],
        )
    };
    let twice = alone(sealed.from + 1, sealed.from + 2);
    assert!(matches!(twice, Err(Foul::TwoAtOnce { .. })), "{twice:?}");
    let again = alone(sealed.to + 1, sealed.to + 2);
    assert!(matches!(again, Err(Foul::AfterTheSeal { .. })), "{again:?}");
    let early = alone(owed.open - 2, owed.open - 1);
    assert!(matches!(early, Err(Foul::OutsideItsDay { .. })), "{early:?}");
    let late = alone(owed.open + DAY, owed.open + DAY + 1);
    assert!(matches!(late, Err(Foul::OutsideItsDay { .. })), "{late:?}");

    let down = (0..200).find_map(|seed| {
        let world = self::world(seed, 0.5);
        let outages = world.service_outages.clone();
        (0..world.obligation_count()).find_map(|obligation| {
            let owed = world.obligation(obligation);
            let from = outages
                .iter()
                .find(|o| o.from >= owed.open && o.from < owed.due)?
                .from;
            let start = Start {
                obligation,
                from,
                to: from + 1,
                ending: Ending::Refused,
            };
            Some(check(&world, &[start]))
        })
    });
    assert!(matches!(down, Some(Err(Foul::WhileDown { .. }))), "{down:?}");
}

#[test]
fn the_checker_sees_the_limit_of_the_site_broken() {
    let world = World::new(WorldSpec {
        seed: 1,
        replicas: 1000,
        days: 1,
        duty: 0.5,
    })
    .unwrap();
    let slots: u32 = world.hosts.iter().map(|host| host.slots).sum();
    assert!(world.slots_total < slots, "the total has to bind for this test");
    // Every host as full as it may be, all at once.
    let mut left: Vec<u32> = world.hosts.iter().map(|host| host.slots).collect();
    let starts: Vec<Start> = (0..world.replicas.len())
        .filter_map(|obligation| {
            let host = world.replicas[world.obligation(obligation).replica].host;
            left[host] = left[host].checked_sub(1)?;
            Some(Start {
                obligation,
                from: DAY,
                to: DAY + 1,
                ending: Ending::Refused,
            })
        })
        .collect();
    assert!(matches!(check(&world, &starts), Err(Foul::TotalLimit { .. })));
}

#[test]
fn the_answer_has_the_keys_of_the_contract_in_their_order() {
    let spec = WorldSpec {
        seed: 1,
        replicas: 20,
        days: 1,
        duty: 0.2,
    };
    let text = serde_json::to_string(&sim::report(spec, &[PolicyName::Veeam]).unwrap()).unwrap();
    assert!(
        text.starts_with(r#"{"world":{"seed":1,"replicas":20,"days":1,"duty":0.2,"#),
        "{text}"
    );
    let keys = [
        "policy",
        "obligations",
        "possible",
        "met",
        "met_late",
        "missed",
        "excused",
        "attempts",
        "deferrals",
    ];
    let places: Vec<usize> = keys
        .iter()
        .map(|key| text.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
    assert!(
        text.contains(r#""policies":[{"policy":"veeam""#) && text.contains("\"vs_clairvoyant\":"),
        "{text}"
    );
}

#[test]
fn an_unknown_policy_is_answered_with_the_names() {
    let said = "cron".parse::<PolicyName>().unwrap_err().to_string();
    assert!(said.contains("`cron`") && said.contains("bareos"), "{said}");
}
