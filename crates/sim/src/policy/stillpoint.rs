//! The product's planner in the modelled world: it is shown what the observers would have seen, and nothing of the future.
//!
//! Hosts are looked at once a minute, all replicas at once. While a host has a free slot its jobs are enumerated every second: that tells of
//! each replica of the host whether a log is being applied. An attempt begins with a look of its own. What a replica's attempt takes is
//! known from its history, and how long its gaps let wait from its last applies.

use super::Policy;
use crate::draw::Topic;
use crate::play::Site;
use crate::world::{Ending, REFUSAL};
use crate::{MINUTE, Ms, World};
use chrono::{DateTime, TimeDelta, Utc};
use domain::cadence::gap_wait_ms;
use domain::calendar::{DayWindow, SlaDay};
use domain::code::Code;
use domain::ids::{HostId, InvalidId, ReplicaId, TenantId};
use domain::obligation::ObligationKey;
use domain::planner::{self, HostRecord, Last, Limits, Move, Owed, Seen, plan};
use domain::policy::Terms;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// Midnight (UTC) of day 0.
const EPOCH_SECS: i64 = 1_800_057_600;
/// Every host is looked at once in so many ticks.
const TICKS_PER_LOOK: Ms = 6;
const TICK: Ms = MINUTE / TICKS_PER_LOOK;
/// Looks at a watched replica are so far apart.
const WATCH: Ms = 1_000;
/// Applies that are remembered per replica, as in [`domain::cadence`].
const RUNS: Ms = 20;
/// How often what they say is worked out anew.
const TICKS_PER_CADENCE: Ms = 30;

/// What the planner does not keep about the obligation at the same place in its world.
#[derive(Debug, Clone, Copy)]
struct Place {
    obligation: usize,
    replica: usize,
    host: usize,
}

pub struct Stillpoint {
    limits: Limits,
    hosts: Vec<HostId>,
    tenants: Vec<TenantId>,
    terms: Arc<Terms>,
    shown: planner::World,
    /// In step with `shown.owed`.
    places: Vec<Place>,
    place_of: HashMap<usize, usize>,
    /// Obligation per key of the planner.
    by_key: HashMap<ObligationKey, usize>,
    starts: VecDeque<usize>,
    /// When watched obligations will be seen clear.
    watched: Vec<Ms>,
    planned_at: Ms,
    ticked_at: Ms,
}

impl Stillpoint {
    pub fn new(world: &World) -> Self {
        let slots = world.slots_total;
        Self {
            limits: Limits {
                total_max: slots,
                per_host_max: world.hosts.iter().map(|host| host.slots).min().unwrap_or(0),
                per_tenant_max: slots,
                per_vault_max: slots,
                watch_per_host_max: u32::MAX,
            },
            hosts: ids("hv", world.hosts.len()),
            tenants: ids("tenant", world.tenants.len()),
            terms: Arc::new(Terms::standard()),
            shown: planner::World::default(),
            places: Vec::new(),
            place_of: HashMap::new(),
            by_key: HashMap::new(),
            starts: VecDeque::new(),
            watched: Vec::new(),
            planned_at: Ms::MIN,
            ticked_at: Ms::MIN,
        }
    }

    fn remove(&mut self, obligation: usize) {
        let Some(at) = self.place_of.remove(&obligation) else {
            return;
        };
        self.places.swap_remove(at);
        let owed = self.shown.owed.swap_remove(at);
        self.by_key.remove(&owed.key);
        if let Some(moved) = self.places.get(at) {
            self.place_of.insert(moved.obligation, at);
        }
    }

    /// The replica's next obligation waited for an attempt that ran late.
    fn release(&mut self, next: usize) {
        if let Some(&at) = self.place_of.get(&next) {
            self.shown.owed[at].running = false;
        }
    }

    fn see(&mut self, site: &mut Site<'_>, at: usize, when: Ms) {
        let found = site.world().look(site.applies(), self.places[at].replica, when);
        let owed = &mut self.shown.owed[at];
        let now = instant(when);
        owed.seen = match (found, owed.seen) {
            (None, _) => Seen::Clear { at: now },
            (
                Some(code),
                Seen::Blocked {
                    code: before, since, ..
                },
            ) if before == code => Seen::Blocked { code, since, at: now },
            (Some(code), _) => Seen::Blocked {
                code,
                since: now,
                at: now,
            },
        };
    }

    /// The minute's looks that are due, and the second's where a slot is free.
    fn look(&mut self, site: &mut Site<'_>) {
        let now = site.now();
        let tick = now.div_euclid(TICK);
        // After an outage of ours every host is looked at at once.
        let blind = tick > self.ticked_at.saturating_add(TICKS_PER_LOOK);
        if tick > self.ticked_at {
            let due = |host: usize| host as Ms % TICKS_PER_LOOK == tick % TICKS_PER_LOOK;
            for at in 0..self.places.len() {
                if blind || due(self.places[at].host) {
                    self.see(site, at, now);
                }
            }
            if blind || tick % TICKS_PER_CADENCE == 0 {
                for (owed, place) in self.shown.owed.iter_mut().zip(&self.places) {
                    owed.gap_wait_secs = gap_wait_secs(site, place.replica, now);
                }
            }
            self.ticked_at = tick;
        }
        if site.free_total() > 0 {
            for at in 0..self.places.len() {
                if site.free_on(self.places[at].host) > 0 {
                    self.see(site, at, now);
                }
            }
        }
        self.watched.retain(|when| *when > now);
    }

    fn decide(&mut self, site: &mut Site<'_>) {
        let now = site.now();
        self.watched.clear();
        for decision in plan(&self.shown, &self.limits, instant(now)) {
            let Some(&obligation) = self.by_key.get(&decision.key) else {
                continue;
            };
            match decision.what {
                Move::Start { .. } => self.starts.push_back(obligation),
                Move::Wait { watch: true, .. } => {
                    let replica = site.world().obligation(obligation).replica;
                    self.watched.extend(seen_clear(site, replica, now));
                }
                Move::Wait { .. } | Move::GiveUp { .. } | Move::Running => {}
            }
        }
    }
}

/// When looks every second, the next in a second, first find the replica clear; `None` when not within five minutes.
///
/// Looking ahead saves an event per look: nothing is decided on it before that instant has come.
fn seen_clear(site: &mut Site<'_>, replica: usize, now: Ms) -> Option<Ms> {
    let world = site.world();
    let applies = site.applies();
    let mut when = now + WATCH;
    while when < now + 5 * MINUTE {
        match world.look(applies, replica, when) {
            None => return Some(when),
            Some(Code::B1) => {
                let end = applies.ending_after(replica, when)?.to;
                when += (end - when + WATCH - 1) / WATCH * WATCH;
            }
            Some(_) => when += WATCH,
        }
    }
    None
}

impl Policy for Stillpoint {
    fn opened(&mut self, site: &mut Site<'_>, obligation: usize) {
        let world = site.world();
        let owed = world.obligation(obligation);
        let r = &world.replicas[owed.replica];
        let key = ObligationKey {
            replica: ReplicaId(Uuid::from_u128(owed.replica as u128 + 1)),
            day: SlaDay(instant(owed.open).date_naive()),
        };
        let at = self.places.len();
        self.places.push(Place {
            obligation,
            replica: owed.replica,
            host: r.host,
        });
        self.place_of.insert(obligation, at);
        self.by_key.insert(key, obligation);
        self.shown.owed.push(Owed {
            key,
            tenant: self.tenants[r.tenant].clone(),
            host: self.hosts[r.host].clone(),
            window: DayWindow {
                open: instant(owed.open),
                due: instant(owed.due),
                next_open: instant(owed.closes),
            },
            terms: Arc::clone(&self.terms),
            period_secs: r.period_secs,
            expected_secs: u32::try_from((r.length() + 999) / 1000).unwrap_or(u32::MAX),
            gap_wait_secs: gap_wait_secs(site, owed.replica, owed.open),
            seen: Seen::Never,
            last: Last::None,
            failures: 0,
            apply_deferrals: 0,
            // Yesterday's attempt may still run, late.
            running: site.is_running(owed.replica),
            held: None,
            can_pause: false,
            jitter: world.dice(Topic::Jitter, obligation, 99),
        });
        // Looked at within the last minute, owed or not.
        self.see(site, at, owed.open - (r.host as Ms * TICK) % MINUTE);
    }

    fn ended(&mut self, site: &mut Site<'_>, obligation: usize, ending: Ending) {
        let replica = site.world().obligation(obligation).replica;
        let r = &site.world().replicas[replica];
        let (host, tenant) = (self.hosts[r.host].clone(), &self.tenants[r.tenant]);
        if let Some(at) = self
            .shown
            .running
            .iter()
            .position(|(h, t)| *h == host && t == tenant)
        {
            self.shown.running.swap_remove(at);
        }
        self.release(obligation + site.world().replicas.len());
        let now = instant(site.now());
        let record = self.shown.hosts.entry(host).or_default();
        match ending {
            Ending::Sealed => {
                *record = HostRecord::default();
                self.remove(obligation);
                return;
            }
            Ending::Failed => {
                record.failures += 1;
                record.last_failure = Some(now);
            }
            Ending::Refused | Ending::Killed => {}
        }
        let Some(&at) = self.place_of.get(&obligation) else {
            return;
        };
        self.shown.owed[at].running = false;
        if ending == Ending::Refused {
            // The look that put it off, or the one right after the host's refusal.
            let when = site.now() - REFUSAL;
            self.see(site, at, when);
            let owed = &mut self.shown.owed[at];
            let code = match owed.seen {
                Seen::Blocked { code, .. } => Some(code),
                Seen::Clear { .. } | Seen::Never => None,
            };
            owed.apply_deferrals += u32::from(code == Some(Code::B1));
            owed.last = Last::Deferred {
                code: code.unwrap_or(Code::UN),
                at: instant(when),
                stubborn: code.is_none(),
            };
        } else {
            let owed = &mut self.shown.owed[at];
            owed.failures += u32::from(ending == Ending::Failed);
            owed.last = Last::Failed {
                at: now,
                free: ending == Ending::Killed,
            };
        }
    }

    fn closed(&mut self, _site: &mut Site<'_>, obligation: usize) {
        self.remove(obligation);
    }

    fn next_start(&mut self, site: &mut Site<'_>) -> Option<usize> {
        if self.planned_at != site.now() {
            self.planned_at = site.now();
            self.look(site);
            if site.free_total() > 0 {
                self.decide(site);
            }
        }
        let obligation = self.starts.pop_front()?;
        let &at = self.place_of.get(&obligation)?;
        let owed = &mut self.shown.owed[at];
        owed.running = true;
        self.shown.running.push((owed.host.clone(), owed.tenant.clone()));
        Some(obligation)
    }

    fn next_wake(&mut self, site: &mut Site<'_>) -> Option<Ms> {
        if self.places.is_empty() {
            return None;
        }
        let tick = (site.now().div_euclid(TICK) + 1) * TICK;
        Some(self.watched.iter().copied().fold(tick, Ms::min))
    }
}

/// What the replica's newest finished applies say of its gaps.
fn gap_wait_secs(site: &mut Site<'_>, replica: usize, now: Ms) -> u32 {
    let r = &site.world().replicas[replica];
    let need = r.checkpoint;
    let mut at = now - RUNS * Ms::from(r.period_secs) * 1000;
    let applies = site.applies();
    let runs = std::iter::from_fn(|| {
        let apply = applies
            .ending_after(replica, at)
            .filter(|apply| apply.to <= now)?;
        at = apply.to;
        Some((apply.from, apply.to))
    });
    gap_wait_ms(runs, need).map_or(0, |wait| u32::try_from(wait / 1000).unwrap_or(0))
}

fn instant(at: Ms) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(EPOCH_SECS) + TimeDelta::milliseconds(at)
}

/// Names that are ids by their form.
fn ids<I: TryFrom<String, Error = InvalidId>>(stem: &str, count: usize) -> Vec<I> {
    (0..count)
        .filter_map(|n| I::try_from(format!("{stem}-{n}")).ok())
        .collect()
}
