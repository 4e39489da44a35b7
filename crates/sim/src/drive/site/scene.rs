//! What a seed makes: hosts of different habits, machines, and what will befall them.

use super::{Happening, Host, Primary, Site, sights};
use crate::drive::dice::Dice;
use crate::drive::machine::{Machine, Manner, Stretch};
use crate::world::{Applies, SpellKind};
use crate::{DAY, HOUR, MINUTE, Ms, Span, World};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// So far everything is drawn; afterwards it is quiet.
const HORIZON: Ms = 20 * DAY;
/// How many tenants there are.
pub const TENANTS: usize = 2;
/// Error that some hosts give an apply that found the disks locked.
pub const LOCKED: u32 = 0x8007_0021;

const KINDS: [SpellKind; 7] = [
    SpellKind::ApplyInterrupted,
    SpellKind::ApplyFailed,
    SpellKind::HealthCritical,
    SpellKind::Resynchronization,
    SpellKind::Migrating,
    SpellKind::InitialReplication,
    SpellKind::FailoverInProgress,
];

/// How large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    pub hosts: usize,
    pub machines: usize,
}

impl Scene {
    #[must_use]
    pub fn of(dice: &mut Dice) -> Self {
        Self {
            hosts: dice.index(2) + 2,
            machines: dice.index(4) + 3,
        }
    }
}

impl Site {
    /// The site of a seed; `world` lends the applies.
    #[must_use]
    pub fn new(world: &Arc<World>, scene: Scene, start: Ms, staging: PathBuf, mut dice: Dice) -> Self {
        let hosts = (0..scene.hosts)
            .filter_map(|n| host(n, start, &mut dice))
            .collect();
        let mut site = Self {
            applies: Applies::shared(world.clone()),
            now: start,
            hosts,
            machines: Vec::new(),
            primaries: (0..TENANTS).map(|_| Primary::default()).collect(),
            staging,
            queue: BTreeMap::new(),
            tickets: 0,
            answers: BTreeMap::new(),
            breaches: Vec::new(),
            life: 0,
            calm: false,
            quiet_since: start,
            hold_max: 0,
            truths: vec![Vec::new(); scene.machines],
            exports: 0,
            held_max: 0,
            dice,
        };
        for number in 0..scene.machines {
            site.settle(world, number, start);
        }
        for host in 0..scene.hosts {
            site.troubles(host, start);
        }
        for tenant in 0..TENANTS {
            site.primary_troubles(tenant, start);
        }
        site
    }

    fn settle(&mut self, world: &World, number: usize, start: Ms) {
        let mut machine = Machine::new(number, start);
        machine.home = number % self.hosts.len();
        machine.tenant = number % TENANTS;
        machine.disks = self.dice.index(3) + 1;
        machine.interval_secs = world.replicas[number].period_secs;
        machine.stretches = self.stretches(start);
        for stretch in machine
            .stretches
            .iter()
            .filter(|s| s.kind == SpellKind::Migrating)
        {
            if self.dice.chance(0.5) {
                let to = self.dice.index(self.hosts.len());
                self.plan(stretch.span.to + 1, Happening::Moves { machine: number, to });
            }
        }
        let mut at = start + self.dice.between(0, 4 * HOUR);
        while at < start + HORIZON {
            let stands = self.dice.between(MINUTE, 20 * MINUTE);
            self.plan(
                at,
                Happening::ForeignCheckpoint {
                    machine: number,
                    stands,
                },
            );
            at += self.dice.between(HOUR, 30 * HOUR);
        }
        let mut at = start + self.dice.between(HOUR, 30 * HOUR);
        while at < start + HORIZON {
            let to = at + self.dice.between(MINUTE, 3 * HOUR);
            self.plan(at, Happening::Vanishes { machine: number, to });
            at = to + self.dice.between(5 * HOUR, 60 * HOUR);
        }
        self.machines.push(machine);
    }

    fn primary_troubles(&mut self, tenant: usize, start: Ms) {
        let mut at = start + self.dice.between(0, 2 * HOUR);
        while at < start + HORIZON {
            let to = at + self.dice.between(10_000, 20 * MINUTE);
            self.plan(at, Happening::PrimarySilence { tenant, to });
            at = to + self.dice.between(20 * MINUTE, 4 * HOUR);
        }
    }

    /// Something every hour or two, for minutes.
    fn stretches(&mut self, start: Ms) -> VecDeque<Stretch> {
        let mut all = VecDeque::new();
        let mut at = start + self.dice.between(0, 90 * MINUTE);
        while at < start + HORIZON {
            let kind = KINDS[self.dice.index(KINDS.len())];
            // Some begin and end within one hold.
            let longest = if self.dice.chance(0.3) { 2 } else { 25 };
            let to = at + self.dice.between(MINUTE, longest * MINUTE);
            all.push_back(Stretch {
                kind,
                span: Span { from: at, to },
            });
            at = to + self.dice.between(10 * MINUTE, 150 * MINUTE);
        }
        all
    }

    fn troubles(&mut self, host: usize, start: Ms) {
        let mut at = start + self.dice.between(0, 3 * HOUR);
        while at < start + HORIZON {
            let happening = match self.dice.index(3) {
                0 => Happening::Silence {
                    host,
                    to: at + self.dice.between(5_000, 15 * MINUTE),
                },
                1 => Happening::Reboot {
                    host,
                    to: at + self.dice.between(MINUTE, 15 * MINUTE),
                },
                _ => Happening::ServiceRestart { host },
            };
            self.plan(at, happening);
            at += self.dice.between(30 * MINUTE, 5 * HOUR);
        }
    }
}

fn host(number: usize, start: Ms, dice: &mut Dice) -> Option<Host> {
    let protected = number.is_multiple_of(2);
    Some(Host {
        id: sights::host_id(number)?,
        manner: Manner {
            protected,
            refuses_with: (protected && dice.chance(0.5)).then_some(LOCKED),
        },
        skew: dice.between(-200_000, 200_000),
        cuts_seconds: dice.chance(0.5),
        enrolled: number == 0 || dice.chance(0.85),
        takes_names: dice.chance(0.7),
        renames: dice.chance(0.8),
        cancels: dice.chance(0.8),
        booted: start - 9 * DAY,
        service_started: start - 8 * DAY,
        silent_until: Ms::MIN,
        disturbed: Ms::MIN,
    })
}
