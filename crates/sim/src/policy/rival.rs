//! Retry counters: the defaults of other products, and dice. First come, first served on every host.

use super::{Policy, PolicyName};
use crate::draw::Topic;
use crate::play::Site;
use crate::world::Ending;
use crate::{MINUTE, Ms, World};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Tries of the one that throws dice: as many as Veeam's.
const RANDOM_TRIES: usize = 4;

pub struct Rival {
    name: PolicyName,
    /// Tries begun, per obligation.
    tries: Vec<u8>,
    /// When to queue again.
    timers: BinaryHeap<Reverse<(Ms, usize)>>,
    /// Waiting for a slot, per host, with the place in the common order.
    queues: Vec<VecDeque<(u64, usize)>>,
    queued: u64,
}

impl Rival {
    pub fn new(name: PolicyName, world: &World) -> Self {
        Self {
            name,
            tries: vec![0; world.obligation_count()],
            timers: BinaryHeap::new(),
            queues: vec![VecDeque::new(); world.hosts.len()],
            queued: 0,
        }
    }

    /// How many tries there are, and how long to wait after the `tried`-th.
    fn wait(&self, world: &World, obligation: usize, tried: u8) -> Option<Ms> {
        let (retries, wait) = match self.name {
            PolicyName::Veeam => (3, 10 * MINUTE),
            PolicyName::Dpm => (1, 60 * MINUTE),
            PolicyName::Bareos => (5, 30 * MINUTE),
            _ => {
                let share = 0.5 + world.dice(Topic::Jitter, obligation, u64::from(tried));
                (3, (10.0 * MINUTE as f64 * share) as Ms)
            }
        };
        (tried <= retries).then_some(wait)
    }

    /// The drawn instants of the window, in order.
    fn instants(world: &World, number: usize) -> [Ms; RANDOM_TRIES] {
        let obligation = world.obligation(number);
        let length = (obligation.due - obligation.open) as f64;
        let mut instants: [Ms; RANDOM_TRIES] = std::array::from_fn(|n| {
            obligation.open + (world.dice(Topic::Random, number, n as u64) * length) as Ms
        });
        instants.sort_unstable();
        instants
    }

    fn enqueue(&mut self, world: &World, obligation: usize) {
        let host = world.replicas[world.obligation(obligation).replica].host;
        self.queued += 1;
        self.queues[host].push_back((self.queued, obligation));
    }
}

impl Policy for Rival {
    fn opened(&mut self, site: &mut Site<'_>, obligation: usize) {
        if self.name == PolicyName::Random {
            self.timers
                .push(Reverse((Self::instants(site.world(), obligation)[0], obligation)));
        } else {
            self.enqueue(site.world(), obligation);
        }
    }

    fn ended(&mut self, site: &mut Site<'_>, obligation: usize, ending: Ending) {
        if ending == Ending::Sealed {
            return;
        }
        let tried = self.tries[obligation];
        let next = if self.name == PolicyName::Random {
            Self::instants(site.world(), obligation)
                .get(usize::from(tried))
                .copied()
        } else {
            self.wait(site.world(), obligation, tried)
                .map(|wait| site.now() + wait)
        };
        if let Some(next) = next {
            self.timers.push(Reverse((next, obligation)));
        }
    }

    fn next_start(&mut self, site: &mut Site<'_>) -> Option<usize> {
        while let Some(&Reverse((at, obligation))) = self.timers.peek()
            && at <= site.now()
        {
            self.timers.pop();
            self.enqueue(site.world(), obligation);
        }
        if site.free_total() == 0 {
            return None;
        }
        let mut first: Option<(u64, usize)> = None;
        for (host, queue) in self.queues.iter_mut().enumerate() {
            // The window is over: no more starts.
            while queue
                .front()
                .is_some_and(|(_, o)| site.now() >= site.world().obligation(*o).due)
            {
                queue.pop_front();
            }
            if site.free_on(host) > 0
                && let Some(&(place, _)) = queue.front()
                && first.is_none_or(|(best, _)| place < best)
            {
                first = Some((place, host));
            }
        }
        let (_, obligation) = self.queues[first?.1].pop_front()?;
        self.tries[obligation] += 1;
        Some(obligation)
    }

    fn next_wake(&mut self, _site: &mut Site<'_>) -> Option<Ms> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }
}
