//! Earliest due first with all gaps known. What it takes for due is the last instant at which a start would still be good.

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

pub struct Clairvoyant {
    /// Per host.
    waiting: Vec<Vec<Waiting>>,
    wake: Option<Ms>,
}

impl Clairvoyant {
    pub fn new(world: &World) -> Self {
        Self {
            waiting: world.hosts.iter().map(|_| Vec::new()).collect(),
            wake: None,
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
        let mut best: Option<(Ms, usize, usize)> = None;
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
                        let last = waiting[place].last();
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
