//! Who of those that could start does: by slack, fair between tenants, within the limits.

use super::breaker::{Breaker, breaker};
use super::{Limits, Wait, World};
use crate::ids::{HostId, TenantId};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// An obligation that could start now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub index: usize,
    pub pause: bool,
    pub slack: i64,
}

/// Seconds of slack that each running attempt of its tenant costs an obligation in the order. Enough to alternate between tenants whose
/// days end together; more would let the small ones push a large tenant over its due time (measured with `sim`: 900 s lost up to a tenth).
const HANDICAP_SECS: i64 = 60;

/// What runs, and what may.
pub(super) struct Counts<'a> {
    pub limits: &'a Limits,
    total: u32,
    hosts: HashMap<&'a HostId, u32>,
    tenants: HashMap<&'a TenantId, u32>,
    breakers: BTreeMap<&'a HostId, Breaker>,
}

impl<'a> Counts<'a> {
    pub fn new(world: &'a World, limits: &'a Limits) -> Self {
        let mut counts = Self {
            limits,
            total: 0,
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
        self.total_free() && self.on_host(host) < self.host_max(host)
    }

    fn total_free(&self) -> bool {
        self.total < self.limits.total_max.min(self.limits.per_vault_max)
    }

    fn host_max(&self, host: &HostId) -> u32 {
        match self.breaker(host) {
            Breaker::Closed => self.limits.per_host_max,
            Breaker::Trial { .. } => self.limits.per_host_max.min(1),
            Breaker::Open { .. } => 0,
        }
    }

    fn on_host(&self, host: &HostId) -> u32 {
        self.hosts.get(host).copied().unwrap_or(0)
    }

    fn of_tenant(&self, tenant: &TenantId) -> u32 {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }

    fn add(&mut self, host: &'a HostId, tenant: &'a TenantId) {
        self.total += 1;
        *self.hosts.entry(host).or_default() += 1;
        *self.tenants.entry(tenant).or_default() += 1;
    }

    /// What keeps an attempt from starting, the narrowest limit first.
    fn full(&self, host: &HostId, tenant: &TenantId) -> Option<Wait> {
        let (on_host, of_tenant) = (self.on_host(host), self.of_tenant(tenant));
        if on_host >= self.host_max(host) {
            return Some(match self.breaker(host) {
                Breaker::Trial { failures } | Breaker::Open { failures, .. } => Wait::Breaker { failures },
                Breaker::Closed => Wait::HostFull { running: on_host },
            });
        }
        if of_tenant >= self.limits.per_tenant_max {
            return Some(Wait::TenantFull { running: of_tenant });
        }
        let running = self.total;
        if running >= self.limits.per_vault_max {
            return Some(Wait::VaultFull { running });
        }
        (running >= self.limits.total_max).then_some(Wait::TotalFull { running })
    }
}

/// Where an obligation stands in the order: those that can be met by due first, then by slack with the tenant's handicap, then by the
/// policy's priority.
fn rank(world: &World, candidate: &Candidate, running: u32) -> (bool, i64, Reverse<u8>, usize) {
    let slack = candidate.slack + HANDICAP_SECS * i64::from(running);
    let priority = world.owed[candidate.index].terms.priority;
    (candidate.slack < 0, slack, Reverse(priority), candidate.index)
}

/// Gives every start to `start`, in order; returns those that found no room, with the limit that kept them.
pub(super) fn choose<'a>(
    world: &'a World,
    mut ready: Vec<Candidate>,
    counts: &mut Counts<'a>,
    mut start: impl FnMut(&Candidate),
) -> Vec<(usize, Wait)> {
    // Per tenant the most urgent stands last, so that it can be popped.
    ready.sort_unstable_by_key(|c| Reverse(rank(world, c, 0)));
    let mut queues: Vec<(&'a TenantId, Vec<Candidate>)> = Vec::new();
    let mut queue_of: HashMap<&'a TenantId, usize> = HashMap::new();
    for candidate in ready {
        let tenant = &world.owed[candidate.index].tenant;
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
        let owed = &world.owed[candidate.index];
        match counts.full(&owed.host, tenant) {
            // Nothing becomes free within one plan: what finds no room now is out.
            Some(why) => left.push((candidate.index, why)),
            None => {
                counts.add(&owed.host, tenant);
                start(&candidate);
            }
        }
        heads.extend(head(at, queue, counts, tenant));
    }
    left
}
