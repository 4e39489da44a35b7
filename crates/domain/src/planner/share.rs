//! Who of those that could start does: by urgency, fair between tenants, within the limits.

use super::breaker::{Breaker, breaker};
use super::{Limits, Owed, Wait, World, YIELD_SECS_MIN, slack_secs, urgency_secs};
use crate::ids::{HostId, TenantId};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// What an obligation would do with a slot.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Start {
        pause: bool,
    },
    /// Its gap is near: a slot is kept for it, and it waits as it would have.
    Keep {
        why: Wait,
        next: DateTime<Utc>,
        watch: bool,
    },
}

/// An obligation that wants a slot.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    index: usize,
    wish: Wish,
    is_late: bool,
    yields: bool,
    urgency: i64,
}

impl Candidate {
    pub fn new(index: usize, wish: Wish, owed: &Owed, now: DateTime<Utc>) -> Self {
        let is_late = slack_secs(owed, now) < 0;
        let left = (owed.window.next_open - now).num_seconds() - i64::from(owed.expected_secs);
        Self {
            index,
            wish,
            is_late,
            yields: is_late && left >= YIELD_SECS_MIN,
            urgency: urgency_secs(owed, now),
        }
    }
}

/// What becomes of one that does not start.
pub(super) enum Left {
    NoSlot(Wait),
    Waits {
        why: Wait,
        next: DateTime<Utc>,
        watch: bool,
    },
}

/// Seconds of urgency that each running attempt of its tenant costs an obligation in the order. Enough to alternate between tenants whose
/// days end together; more would let the small ones push a large tenant over its due time (measured with `sim`: 900 s lost up to a tenth).
const HANDICAP_SECS: i64 = 60;

#[derive(Debug, Clone, Copy, Default)]
struct Slots {
    running: u32,
    kept: u32,
    /// Obligations that can still be in time and want one.
    wanted: u32,
}

/// What runs, and what may.
pub(super) struct Counts<'a> {
    pub limits: &'a Limits,
    total: u32,
    kept: u32,
    wanted: u32,
    hosts: HashMap<&'a HostId, Slots>,
    tenants: HashMap<&'a TenantId, u32>,
    breakers: BTreeMap<&'a HostId, Breaker>,
}

impl<'a> Counts<'a> {
    pub fn new(world: &'a World, limits: &'a Limits) -> Self {
        let mut counts = Self {
            limits,
            total: 0,
            kept: 0,
            wanted: 0,
            hosts: HashMap::new(),
            tenants: HashMap::new(),
            breakers: BTreeMap::new(),
        };
        for (host, tenant) in &world.running {
            counts.add(host, tenant);
        }
        counts
    }

    /// The breakers as they stand at `now`.
    pub fn with_breakers(mut self, world: &'a World, now: DateTime<Utc>) -> Self {
        self.breakers = world
            .hosts
            .iter()
            .map(|(host, record)| (host, breaker(record, now)))
            .collect();
        self
    }

    pub fn breaker(&self, host: &HostId) -> Breaker {
        self.breakers.get(host).copied().unwrap_or(Breaker::Closed)
    }

    pub fn host_free(&self, host: &HostId) -> bool {
        self.total < self.total_max() && self.on_host(host).running < self.host_max(host)
    }

    fn total_max(&self) -> u32 {
        self.limits.total_max.min(self.limits.per_vault_max)
    }

    fn host_max(&self, host: &HostId) -> u32 {
        match self.breaker(host) {
            Breaker::Closed => self.limits.per_host_max,
            Breaker::Trial { .. } => self.limits.per_host_max.min(1),
            Breaker::Open { .. } => 0,
        }
    }

    fn on_host(&self, host: &HostId) -> Slots {
        self.hosts.get(host).copied().unwrap_or_default()
    }

    fn of_tenant(&self, tenant: &TenantId) -> u32 {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }

    fn add(&mut self, host: &'a HostId, tenant: &'a TenantId) {
        self.total += 1;
        self.hosts.entry(host).or_default().running += 1;
        *self.tenants.entry(tenant).or_default() += 1;
    }

    fn keep(&mut self, host: &'a HostId) {
        self.kept += 1;
        self.hosts.entry(host).or_default().kept += 1;
    }

    /// One that can still be in time wants a slot on this host, now or soon.
    pub fn want(&mut self, host: &'a HostId) {
        self.wanted += 1;
        self.hosts.entry(host).or_default().wanted += 1;
    }

    fn served(&mut self, host: &'a HostId) {
        self.wanted = self.wanted.saturating_sub(1);
        let slots = self.hosts.entry(host).or_default();
        slots.wanted = slots.wanted.saturating_sub(1);
    }

    /// How many others want the slots that one which is late would take.
    fn yields_to(&self, host: &HostId) -> Option<u32> {
        let on_host = self.on_host(host);
        let crowded = on_host.running + on_host.wanted >= self.host_max(host)
            || self.total + self.wanted >= self.total_max();
        (crowded && self.wanted > 0).then_some(self.wanted)
    }

    /// What keeps an attempt from starting, the narrowest limit first.
    fn full(&self, host: &HostId, tenant: &TenantId) -> Option<Wait> {
        let (on_host, of_tenant) = (self.on_host(host), self.of_tenant(tenant));
        let running = on_host.running;
        if running >= self.host_max(host) {
            return Some(match self.breaker(host) {
                Breaker::Trial { failures } | Breaker::Open { failures, .. } => Wait::Breaker { failures },
                Breaker::Closed => Wait::HostFull { running },
            });
        }
        if of_tenant >= self.limits.per_tenant_max {
            return Some(Wait::TenantFull { running: of_tenant });
        }
        let total = self.total;
        if total >= self.limits.per_vault_max {
            return Some(Wait::VaultFull { running: total });
        }
        if total >= self.limits.total_max {
            return Some(Wait::TotalFull { running: total });
        }
        let kept = running + on_host.kept >= self.host_max(host) || total + self.kept >= self.total_max();
        kept.then_some(Wait::SlotKept { running: total })
    }
}

/// Where an obligation stands in the order: those that can be met by due first, then by urgency with the tenant's handicap, then by the
/// policy's priority.
fn rank(world: &World, candidate: &Candidate, running: u32) -> (bool, i64, Reverse<u8>, usize) {
    let urgency = candidate.urgency + HANDICAP_SECS * i64::from(running);
    let priority = world.owed[candidate.index].terms.priority;
    (candidate.is_late, urgency, Reverse(priority), candidate.index)
}

/// Gives every start to `start`, in order; returns those that do not start, with the limit that kept them.
pub(super) fn choose<'a>(
    world: &'a World,
    mut ready: Vec<Candidate>,
    counts: &mut Counts<'a>,
    mut start: impl FnMut(usize, bool),
) -> Vec<(usize, Left)> {
    // Per tenant the most urgent stands last, so that it can be popped.
    ready.sort_by_cached_key(|c| Reverse(rank(world, c, 0)));
    let mut queues: Vec<(&'a TenantId, Vec<Candidate>)> = Vec::new();
    let mut queue_of: HashMap<&'a TenantId, usize> = HashMap::new();
    for candidate in ready {
        let Owed { tenant, host, .. } = &world.owed[candidate.index];
        if !candidate.is_late {
            counts.want(host);
        }
        let at = *queue_of.entry(tenant).or_insert_with(|| {
            queues.push((tenant, Vec::new()));
            queues.len() - 1
        });
        queues[at].1.push(candidate);
    }
    let head = |at: usize, queue: &[Candidate], counts: &Counts<'a>, tenant: &TenantId| {
        queue
            .last()
            .map(|c| Reverse((rank(world, c, counts.of_tenant(tenant)), at)))
    };
    let mut heads: BinaryHeap<_> = queues
        .iter()
        .enumerate()
        .filter_map(|(at, (tenant, queue))| head(at, queue, counts, tenant))
        .collect();
    let mut left = Vec::new();
    while let Some(Reverse((_, at))) = heads.pop() {
        let (tenant, queue) = &mut queues[at];
        let Some(candidate) = queue.pop() else { continue };
        let host = &world.owed[candidate.index].host;
        // Nothing becomes free within one plan: what finds no room now is out.
        let full = counts.full(host, tenant);
        let yields_to = counts.yields_to(host).filter(|_| candidate.yields);
        match (candidate.wish, full, yields_to) {
            (Wish::Start { .. }, Some(why), _) => left.push((candidate.index, Left::NoSlot(why))),
            (Wish::Start { .. }, None, Some(to)) => {
                left.push((candidate.index, Left::NoSlot(Wait::Yields { to })));
            }
            (Wish::Start { pause }, None, None) => {
                counts.add(host, tenant);
                if !candidate.is_late {
                    counts.served(host);
                }
                start(candidate.index, pause);
            }
            (Wish::Keep { why, next, watch }, full, _) => {
                if full.is_none() {
                    counts.keep(host);
                }
                left.push((candidate.index, Left::Waits { why, next, watch }));
            }
        }
        heads.extend(head(at, queue, counts, tenant));
    }
    left
}
