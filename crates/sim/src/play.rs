//! One policy in one world: the loop of events.

use crate::ledger::Start;
use crate::policy::Policy;
use crate::world::{Applies, Ending};
use crate::{DAY, MINUTE, Ms, World, ending_after};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is known now: the clock, the slots, and what was done so far.
#[derive(Debug)]
pub struct Site<'w> {
    world: &'w World,
    applies: Applies<'w>,
    now: Ms,
    free_total: u32,
    free_on: Vec<u32>,
    /// Per replica.
    running: Vec<bool>,
    /// Per obligation.
    sealed: Vec<bool>,
    accepted: Vec<u8>,
}

impl<'w> Site<'w> {
    fn new(world: &'w World) -> Self {
        Self {
            world,
            applies: Applies::new(world),
            now: 0,
            free_total: world.slots_total,
            free_on: world.hosts.iter().map(|host| host.slots).collect(),
            running: vec![false; world.replicas.len()],
            sealed: vec![false; world.obligation_count()],
            accepted: vec![0; world.obligation_count()],
        }
    }

    /// The virtual clock.
    #[must_use]
    pub fn now(&self) -> Ms {
        self.now
    }

    /// The world. A policy that claims to see no more than a product would must not look into its future.
    #[must_use]
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// The applies of the world; the same restraint holds.
    pub fn applies(&mut self) -> &mut Applies<'w> {
        &mut self.applies
    }

    /// Free slots on the whole site.
    #[must_use]
    pub fn free_total(&self) -> u32 {
        self.free_total
    }

    /// Free slots on a host.
    #[must_use]
    pub fn free_on(&self, host: usize) -> u32 {
        self.free_on[host]
    }

    /// Whether an attempt runs for the replica.
    #[must_use]
    pub fn is_running(&self, replica: usize) -> bool {
        self.running[replica]
    }

    /// Whether the obligation has its point.
    #[must_use]
    pub fn is_sealed(&self, obligation: usize) -> bool {
        self.sealed[obligation]
    }

    /// Whether limits and the day let the obligation be started now. Whether it succeeds is another matter.
    #[must_use]
    pub fn may_start(&self, obligation: usize) -> bool {
        let owed = self.world.obligation(obligation);
        let host = self.world.replicas[owed.replica].host;
        self.free_total > 0
            && self.free_on[host] > 0
            && !self.running[owed.replica]
            && !self.sealed[obligation]
            && (owed.open..owed.closes).contains(&self.now)
    }

    fn start(&mut self, obligation: usize) -> (Start, Ms) {
        let owed = self.world.obligation(obligation);
        let accepted = u32::from(self.accepted[obligation]);
        let fate = self.world.fate(&mut self.applies, obligation, self.now, accepted);
        if fate.ending != Ending::Refused {
            self.accepted[obligation] = self.accepted[obligation].saturating_add(1);
        }
        self.free_total -= 1;
        self.free_on[self.world.replicas[owed.replica].host] -= 1;
        self.running[owed.replica] = true;
        let start = Start {
            obligation,
            from: self.now,
            to: fate.at,
            ending: fate.ending,
        };
        (start, fate.told)
    }

    fn end(&mut self, start: &Start) {
        let replica = self.world.obligation(start.obligation).replica;
        self.free_total += 1;
        self.free_on[self.world.replicas[replica].host] += 1;
        self.running[replica] = false;
        self.sealed[start.obligation] |= start.ending == Ending::Sealed;
    }
}

/// How often it is told how far the play is, in virtual time.
const TOLD_EVERY: Ms = 10 * MINUTE;

/// A policy that asked for what may not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "obligation {obligation} may not be started at {at} ms: no slot, or running, sealed or outside its day"
)]
pub struct NotStartable {
    pub obligation: usize,
    pub at: Ms,
}

/// In the order in which they are dealt with at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The attempt with this place in the log.
    Ended(usize),
    Closed(usize),
    Opened(usize),
    Wake,
}

/// Plays the policy to the end and returns every attempt, by its start. `told` hears what share of the time has been played.
///
/// # Errors
/// When the policy starts what may not be started: a mistake in the policy, not in the world.
pub fn play(
    world: &World,
    policy: &mut dyn Policy,
    told: &mut dyn FnMut(f64),
) -> Result<Vec<Start>, NotStartable> {
    let mut site = Site::new(world);
    let mut log: Vec<Start> = Vec::new();
    let mut events = BinaryHeap::new();
    for obligation in 0..world.obligation_count() {
        let owed = world.obligation(obligation);
        events.push(Reverse((owed.open, Event::Opened(obligation))));
        events.push(Reverse((owed.closes, Event::Closed(obligation))));
    }
    // The earliest wake that is in the heap; later ones are set again when it has come.
    let mut armed: Option<Ms> = None;
    let (end, mut tell_at) = (Ms::from(world.spec.days + 1) * DAY, 0);
    while let Some(Reverse((now, event))) = events.pop() {
        site.now = now;
        if now >= tell_at {
            told((now as f64 / end as f64).min(1.0));
            tell_at = now + TOLD_EVERY;
        }
        match event {
            Event::Ended(place) => {
                site.end(&log[place]);
                policy.ended(&mut site, log[place].obligation, log[place].ending);
            }
            Event::Closed(obligation) => policy.closed(&mut site, obligation),
            Event::Opened(obligation) => policy.opened(&mut site, obligation),
            Event::Wake => {
                if armed.is_some_and(|at| at <= now) {
                    armed = None;
                }
            }
        }
        if events.peek().is_some_and(|Reverse((at, _))| *at == now) {
            continue;
        }
        if let Some(outage) = ending_after(&world.service_outages, now).filter(|span| span.contains(now)) {
            arm(&mut events, &mut armed, outage.to);
            continue;
        }
        while let Some(obligation) = policy.next_start(&mut site) {
            if !site.may_start(obligation) {
                return Err(NotStartable { obligation, at: now });
            }
            let (start, told) = site.start(obligation);
            events.push(Reverse((told, Event::Ended(log.len()))));
            log.push(start);
        }
        if let Some(at) = policy.next_wake(&mut site) {
            arm(&mut events, &mut armed, at.max(now + 1));
        }
    }
    Ok(log)
}

fn arm(events: &mut BinaryHeap<Reverse<(Ms, Event)>>, armed: &mut Option<Ms>, at: Ms) {
    if armed.is_none_or(|earlier| at < earlier) {
        *armed = Some(at);
        events.push(Reverse((at, Event::Wake)));
    }
}
