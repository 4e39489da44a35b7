//! Where are the obligations lost that the clairvoyant met? `cargo run -p sim --example losses -- REPLICAS DAYS SEED DUTY [SEEDS]`.
//!
//! Every obligation that earliest-due-first with foresight met and Stillpoint did not is put into one class, by what happened to it.

use sim::figures::played;
use sim::ledger::Start;
use sim::world::{Applies, Ending};
use sim::{MINUTE, Ms, PolicyName, Span, World, WorldSpec};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;

/// Why an obligation was lost, the first that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// It was sealed, after its due time, from a start that was already too late.
    /// A failure (a spell, an outage, a fault) took an attempt that would have been in time.
    Failure,
    /// The product was down in a start.
    Killed,
    /// Slots were free for at least a minute of usable time and it was not started.
    NotStarted,
    /// Slots were free at some usable instant, for less than a minute in all.
    BriefChance,
    /// Whenever it could have started, the host's slots were taken.
    HostFull,
    /// ... or those of the site.
    TotalFull,
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let text = |n: usize, otherwise: &str| given.get(n).cloned().unwrap_or_else(|| otherwise.to_owned());
    let first: u64 = text(2, "1").parse()?;
    let seeds: u64 = text(4, "1").parse()?;
    let mut classes: BTreeMap<Class, (usize, Ms, Ms)> = BTreeMap::new();
    let mut sums: BTreeMap<PolicyName, (usize, usize)> = BTreeMap::new();
    let (mut lost, mut won) = (0, 0);
    for seed in first..first + seeds {
        let world = World::new(WorldSpec {
            seed,
            replicas: text(0, "1000").parse()?,
            days: text(1, "5").parse()?,
            duty: text(3, "0.5").parse()?,
        })?;
        let log = |policy| -> Result<Vec<Start>, Box<dyn Error>> { Ok(played(&world, policy)?) };
        let (ours, best) = (log(PolicyName::Stillpoint)?, log(PolicyName::Clairvoyant)?);
        let last = log(PolicyName::LastChance)?;
        let (met_ours, met_best) = (met(&world, &ours), met(&world, &best));
        for (name, met) in [
            (PolicyName::Stillpoint, &met_ours),
            (PolicyName::Clairvoyant, &met_best),
            (PolicyName::LastChance, &self::met(&world, &last)),
        ] {
            let sum = sums.entry(name).or_default();
            sum.0 += met.iter().filter(|m| **m).count();
            sum.1 += met.len();
        }
        let load = Load::of(&world, &ours);
        let mut applies = Applies::new(&world);
        for number in 0..world.obligation_count() {
            won += usize::from(met_ours[number] && !met_best[number]);
            if met_ours[number] || !met_best[number] {
                continue;
            }
            lost += 1;
            let (class, usable, free) = classify(&world, &mut applies, &ours, &load, number);
            let entry = classes.entry(class).or_default();
            *entry = (entry.0 + 1, entry.1 + usable, entry.2 + free);
            if given.get(5).is_some() {
                let owed = world.obligation(number);
                let r = &world.replicas[owed.replica];
                println!(
                    "  seed {seed} obligation {number} {class:?}: period {} s, length {} min, usable {} s of {} min, free {} s; starts {:?}",
                    r.period_secs,
                    r.length() / MINUTE,
                    usable / 1000,
                    (owed.due - owed.open) / MINUTE,
                    free / 1000,
                    ours.iter()
                        .filter(|s| s.obligation == number)
                        .map(|s| ((s.from - owed.open) / 1000, s.ending))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    for (name, (met, all)) in &sums {
        println!("{name}: {met} of {all}");
    }
    let ratio = sums[&PolicyName::Stillpoint].0 as f64 / sums[&PolicyName::Clairvoyant].0 as f64;
    println!(
        "ratio {ratio:.5}, to the last chance {:.5}",
        sums[&PolicyName::Stillpoint].0 as f64 / sums[&PolicyName::LastChance].0 as f64
    );
    println!("lost {lost}, won {won}");
    for (class, (count, usable, free)) in classes {
        let mean = |sum: Ms| sum / 1000 / count as Ms;
        println!(
            "  {class:?}: {count}, usable {} s, of it with a free slot {} s in the mean",
            mean(usable),
            mean(free)
        );
    }
    Ok(())
}

fn met(world: &World, log: &[Start]) -> Vec<bool> {
    let mut met = vec![false; world.obligation_count()];
    for start in log {
        met[start.obligation] |=
            start.ending == Ending::Sealed && start.to <= world.obligation(start.obligation).due;
    }
    met
}

/// When slots were free.
struct Load {
    hosts: Vec<Vec<Span>>,
    total: Vec<Span>,
}

impl Load {
    fn of(world: &World, log: &[Start]) -> Self {
        let host = |s: &Start| world.replicas[world.obligation(s.obligation).replica].host;
        let hosts = (0..world.hosts.len())
            .map(|n| full(log.iter().filter(|s| host(s) == n), world.hosts[n].slots))
            .collect();
        Self {
            hosts,
            total: full(log.iter(), world.slots_total),
        }
    }
}

/// The stretches in which all slots are taken.
fn full<'a>(log: impl Iterator<Item = &'a Start>, slots: u32) -> Vec<Span> {
    let mut edges: Vec<(Ms, i32)> = log.flat_map(|s| [(s.from, 1), (s.to, -1)]).collect();
    edges.sort_unstable();
    let (mut running, mut since, mut spans) = (0_i32, 0, Vec::new());
    for (at, step) in edges {
        let was = running;
        running += step;
        let slots = slots.cast_signed();
        if was < slots && running >= slots {
            since = at;
        } else if was >= slots && running < slots {
            spans.push(Span { from: since, to: at });
        }
    }
    sim::joined(spans)
}

/// How much of `span` lies in none of `shut`.
fn outside(span: Span, shut: &[Span]) -> Ms {
    let covered: Ms = shut
        .iter()
        .filter(|s| s.overlaps(span))
        .map(|s| s.to.min(span.to) - s.from.max(span.from))
        .sum();
    span.to - span.from - covered
}

fn classify(
    world: &World,
    applies: &mut Applies<'_>,
    log: &[Start],
    load: &Load,
    number: usize,
) -> (Class, Ms, Ms) {
    let owed = world.obligation(number);
    let host = world.replicas[owed.replica].host;
    let both = sim::joined(load.hosts[host].iter().chain(&load.total).copied().collect());
    let (mut usable, mut free, mut on_host) = (0, 0, 0);
    world.usable_starts(applies, owed, |span| {
        let span = Span {
            from: span.from,
            to: span.to + 1,
        };
        usable += span.to - span.from;
        free += outside(span, &both);
        on_host += outside(span, &load.hosts[host]);
        ControlFlow::Continue(())
    });
    let mine = || log.iter().filter(|s| s.obligation == number);
    let in_time = |s: &&Start| s.from + world.replicas[owed.replica].length() <= owed.due;
    let class = if mine().filter(in_time).any(|s| s.ending == Ending::Failed) {
        Class::Failure
    } else if mine().filter(in_time).any(|s| s.ending == Ending::Killed) {
        Class::Killed
    } else if free >= MINUTE {
        Class::NotStarted
    } else if free > 0 {
        Class::BriefChance
    } else if on_host > 0 {
        Class::TotalFull
    } else {
        Class::HostFull
    };
    (class, usable, free)
}
