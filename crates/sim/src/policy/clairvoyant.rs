//! Earliest due first with all gaps known: it starts nothing that a blocker or an apply would spoil. It orders and never leaves a slot
//! idle, so it is not the best that there is: who keeps a slot for a rare gap may do better.

use super::Policy;
use crate::play::Site;
use crate::world::Ending;
use crate::{Ms, Span, World};
use std::ops::ControlFlow;

/// An obligation that waits, with all its good starts.
struct Waiting {
    obligation: usize,
    starts: Vec<Span>,
    /// The first of `starts` that is not over.
    cursor: usize,
}

impl Waiting {
    /// The next good start at `now` or later.
    fn next(&mut self, now: Ms) -> Option<Ms> {
        while self.starts.get(self.cursor).is_some_and(|span| span.to < now) {
            self.cursor += 1;
        }
        self.starts.get(self.cursor).map(|span| span.from.max(now))
    }

    fn last(&self) -> Ms {
        self.starts.last().map_or(Ms::MIN, |span| span.to)
    }
}

/// What counts as due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The last instant at which a start would still be good: a replica that a resynchronization will take goes first.
    LastChance,
    /// The due time of the window, the longer attempt first where it is the same.
    Window,
}

pub struct Clairvoyant {
    due: Due,
    /// Per host.
    waiting: Vec<Vec<Waiting>>,
    wake: Option<Ms>,
}

impl Clairvoyant {
    pub fn new(world: &World, due: Due) -> Self {
        Self {
            due,
            waiting: world.hosts.iter().map(|_| Vec::new()).collect(),
            wake: None,
        }
    }
}

impl Due {
    fn of(self, waiting: &Waiting, world: &World) -> (Ms, Ms) {
        let owed = world.obligation(waiting.obligation);
        let length = world.replicas[owed.replica].length();
        match self {
            Self::LastChance => (waiting.last(), -length),
            Self::Window => (owed.due, -length),
        }
    }
}

impl Policy for Clairvoyant {
    fn opened(&mut self, site: &mut Site<'_>, obligation: usize) {
        let world = site.world();
        let owed = world.obligation(obligation);
        let mut starts = Vec::new();
        world.usable_starts(site.applies(), owed, |span| {
            starts.push(span);
            ControlFlow::Continue(())
        });
        if !starts.is_empty() {
            self.waiting[world.replicas[owed.replica].host].push(Waiting {
                obligation,
                starts,
                cursor: 0,
            });
        }
    }

    fn ended(&mut self, site: &mut Site<'_>, obligation: usize, ending: Ending) {
        if ending != Ending::Sealed {
            self.opened(site, obligation);
        }
    }

    fn next_start(&mut self, site: &mut Site<'_>) -> Option<usize> {
        self.wake = None;
        if site.free_total() == 0 {
            return None;
        }
        let now = site.now();
        let mut best: Option<((Ms, Ms), usize, usize)> = None;
        for (host, waiting) in self.waiting.iter_mut().enumerate() {
            if site.free_on(host) == 0 {
                continue;
            }
            let mut place = 0;
            while place < waiting.len() {
                match waiting[place].next(now) {
                    None => {
                        waiting.swap_remove(place);
                        continue;
                    }
                    Some(at) if at > now => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
                    Some(_) => {
                        let last = self.due.of(&waiting[place], site.world());
                        if best.is_none_or(|(least, ..)| last < least) {
                            best = Some((last, host, place));
                        }
                    }
                }
                place += 1;
            }
        }
        let (_, host, place) = best?;
        // Nothing of this host moves between the search and here: removals come before the place that was kept.
        Some(self.waiting[host].swap_remove(place).obligation)
    }

    fn next_wake(&mut self, _site: &mut Site<'_>) -> Option<Ms> {
        self.wake
    }
}
