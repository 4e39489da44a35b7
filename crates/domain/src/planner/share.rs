//! Who of those that could start does: by urgency, fair between tenants, within the limits.

use super::breaker::{Breaker, breaker};
use super::{Limits, Owed, Wait, World, YIELD_SECS_MIN, slack_secs, urgency_secs};
use crate::ids::{HostId, TenantId};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// What an obligation would do with a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Start {
        pause: bool,
    },
    /// Its gap is near: a slot is kept for it.
    Keep,
}

/// An obligation that wants a slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    index: u32,
    wish: Wish,
    is_late: bool,
    yields: bool,
    priority: u8,
    urgency: i64,
}

impl Candidate {
    pub fn new(index: usize, wish: Wish, owed: &Owed, now: DateTime<Utc>) -> Self {
        let is_late = slack_secs(owed, now) < 0;
        let left = (owed.window.next_open - now).num_seconds() - i64::from(owed.expected_secs);
        Self {
            index: small(index),
            wish,
            is_late,
            yields: is_late && left >= YIELD_SECS_MIN,
            priority: owed.terms.priority,
            urgency: urgency_secs(owed, now),
        }
    }

    /// Its place in the order: those that can be met by due first, then by urgency with the tenant's handicap, then by the policy's priority.
    fn rank(&self, running: u32) -> (bool, i64, Reverse<u8>, u32) {
        let urgency = self.urgency + HANDICAP_SECS * i64::from(running);
        (self.is_late, urgency, Reverse(self.priority), self.index)
    }
}

/// Nobody has four thousand million obligations.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Seconds of urgency that each running attempt of its tenant costs an obligation in the order. Enough to alternate between tenants whose
/// days end together; more would let the small ones push a large tenant over its due time (measured with `sim`: 900 s lost up to a tenth).
const HANDICAP_SECS: i64 = 60;

#[derive(Debug, Clone, Copy)]
struct Slots {
    running: u32,
    kept: u32,
    /// Obligations that can still be in time and want one.
    wanted: u32,
    breaker: Breaker,
}

/// What runs, and what may. Hosts and tenants are numbered, so that a name is looked up once per obligation.
pub(super) struct Counts<'a> {
    limits: &'a Limits,
    total: u32,
    kept: u32,
    wanted: u32,
    hosts: Vec<Slots>,
    tenants: Vec<u32>,
    host_numbers: HashMap<&'a HostId, u32>,
    tenant_numbers: HashMap<&'a TenantId, u32>,
    /// Host and tenant per obligation.
    places: Vec<(u32, u32)>,
}

impl<'a> Counts<'a> {
    pub fn new(world: &'a World, limits: &'a Limits, now: DateTime<Utc>) -> Self {
        let mut counts = Self {
            limits,
            total: 0,
            kept: 0,
            wanted: 0,
            hosts: Vec::new(),
            tenants: Vec::new(),
            host_numbers: HashMap::new(),
            tenant_numbers: HashMap::new(),
            places: Vec::with_capacity(world.owed.len()),
        };
        for owed in &world.owed {
            let place = counts.place(world, &owed.host, &owed.tenant, now);
            counts.places.push(place);
        }
        for (host, tenant) in &world.running {
            let place = counts.place(world, host, tenant, now);
            counts.add(place);
        }
        counts
    }

    fn place(
        &mut self,
        world: &World,
        host: &'a HostId,
        tenant: &'a TenantId,
        now: DateTime<Utc>,
    ) -> (u32, u32) {
        let host = *self.host_numbers.entry(host).or_insert_with(|| {
            let record = world.hosts.get(host);
            self.hosts.push(Slots {
                running: 0,
                kept: 0,
                wanted: 0,
                breaker: record.map_or(Breaker::Closed, |record| breaker(record, now)),
            });
            small(self.hosts.len() - 1)
        });
        let tenant = *self.tenant_numbers.entry(tenant).or_insert_with(|| {
            self.tenants.push(0);
            small(self.tenants.len() - 1)
        });
        (host, tenant)
    }

    /// The breaker of the host of an obligation.
    pub fn breaker(&self, index: usize) -> Breaker {
        self.host_of(index).breaker
    }

    /// A number of the host of an obligation, below [`Counts::host_count`].
    pub fn host_number(&self, index: usize) -> usize {
        self.places[index].0 as usize
    }

    pub fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// How many more replicas of a host are watched closely: none where none could start.
    pub fn watch_max(&self, host: usize) -> usize {
        let slots = &self.hosts[host];
        if self.total < self.total_max() && slots.running < self.host_max(slots) {
            self.limits.watch_per_host_max as usize
        } else {
            0
        }
    }

    /// An obligation that can still be in time wants a slot, now or soon.
    pub fn want(&mut self, index: usize) {
        self.wanted += 1;
        let host = self.host_number(index);
        self.hosts[host].wanted += 1;
    }

    fn host_of(&self, index: usize) -> &Slots {
        &self.hosts[self.host_number(index)]
    }

    fn total_max(&self) -> u32 {
        self.limits.total_max.min(self.limits.per_vault_max)
    }

    fn host_max(&self, host: &Slots) -> u32 {
        match host.breaker {
            Breaker::Closed => self.limits.per_host_max,
            Breaker::Trial { .. } => self.limits.per_host_max.min(1),
            Breaker::Open { .. } => 0,
        }
    }

    fn add(&mut self, (host, tenant): (u32, u32)) {
        self.total += 1;
        self.hosts[host as usize].running += 1;
        self.tenants[tenant as usize] += 1;
    }

    fn keep(&mut self, index: usize) {
        self.kept += 1;
        let host = self.host_number(index);
        self.hosts[host].kept += 1;
    }

    fn served(&mut self, index: usize) {
        self.wanted = self.wanted.saturating_sub(1);
        let host = self.host_number(index);
        self.hosts[host].wanted = self.hosts[host].wanted.saturating_sub(1);
    }

    /// How many others want the slots that one which is late would take.
    fn yields_to(&self, index: usize) -> Option<u32> {
        let host = self.host_of(index);
        let crowded =
            host.running + host.wanted >= self.host_max(host) || self.total + self.wanted >= self.total_max();
        (crowded && self.wanted > 0).then_some(self.wanted)
    }

    /// What keeps an attempt from starting, the narrowest limit first.
    fn full(&self, index: usize) -> Option<Wait> {
        let host = self.host_of(index);
        let host_max = self.host_max(host);
        let (running, total) = (host.running, self.total);
        if running >= host_max {
            return Some(match host.breaker {
                Breaker::Trial { failures } | Breaker::Open { failures, .. } => Wait::Breaker { failures },
                Breaker::Closed => Wait::HostFull { running },
            });
        }
        let of_tenant = self.tenants[self.places[index].1 as usize];
        if of_tenant >= self.limits.per_tenant_max {
            return Some(Wait::TenantFull { running: of_tenant });
        }
        if total >= self.limits.per_vault_max {
            return Some(Wait::VaultFull { running: total });
        }
        if total >= self.limits.total_max {
            return Some(Wait::TotalFull { running: total });
        }
        let kept = running + host.kept >= host_max || total + self.kept >= self.total_max();
        kept.then_some(Wait::SlotKept { running: total })
    }
}

/// Tells of every obligation that wants to start, in order, whether it does or which limit keeps it.
pub(super) fn choose(
    mut ready: Vec<Candidate>,
    counts: &mut Counts<'_>,
    mut tell: impl FnMut(usize, Result<Started, Wait>),
) {
    // Per tenant the most urgent stands last, so that it can be popped.
    ready.sort_unstable_by_key(|candidate| Reverse(candidate.rank(0)));
    let mut queues: Vec<Vec<Candidate>> = vec![Vec::new(); counts.tenants.len()];
    for candidate in ready {
        let index = candidate.index as usize;
        if !candidate.is_late {
            counts.want(index);
        }
        queues[counts.places[index].1 as usize].push(candidate);
    }
    let head = |tenant: usize, queue: &[Candidate], counts: &Counts<'_>| {
        let running = counts.tenants[tenant];
        queue.last().map(|c| Reverse((c.rank(running), tenant)))
    };
    let mut heads: BinaryHeap<_> = queues
        .iter()
        .enumerate()
        .filter_map(|(tenant, queue)| head(tenant, queue, counts))
        .collect();
    while let Some(Reverse((_, tenant))) = heads.pop() {
        let queue = &mut queues[tenant];
        let Some(candidate) = queue.pop() else { continue };
        let index = candidate.index as usize;
        // Nothing becomes free within one plan: what finds no room now is out.
        let full = counts.full(index);
        match candidate.wish {
            Wish::Keep if full.is_none() => counts.keep(index),
            Wish::Keep => {}
            Wish::Start { pause } => {
                let yields_to = counts.yields_to(index).filter(|_| candidate.yields);
                match full.or(yields_to.map(|to| Wait::Yields { to })) {
                    Some(why) => tell(index, Err(why)),
                    None => {
                        counts.add(counts.places[index]);
                        if !candidate.is_late {
                            counts.served(index);
                        }
                        tell(index, Ok(Started { pause }));
                    }
                }
            }
        }
        heads.extend(head(tenant, queue, counts));
    }
}

/// One that starts.
pub(super) struct Started {
    /// Its primary is to be paused for it.
    pub pause: bool,
}
