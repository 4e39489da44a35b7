//! What happened at this site in the last weeks, kept in memory and brought up to date by what ended since.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{DayWindow, SlaDay};
use domain::code::Code;
use domain::forecast::{Day, End, Site};
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::OutcomeKind;
use domain::planner::{Owed, Seen, World};
use std::collections::{BTreeMap, HashMap};
use store::history::{HistoryStore, PastDay};
use store::traits::StoreError;

/// How far back it goes.
const KEPT: TimeDelta = TimeDelta::days(28);
/// What ended is read again for so long: another process may have written it down late.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// Read at once at most: one day of 10,000 replicas.
const STRETCH: TimeDelta = TimeDelta::days(1);
/// What still holds makes lengths longer with time: learnt again after this, also when nothing ended.
const LEARNT: TimeDelta = TimeDelta::minutes(10);
/// Beside the time from checkpoint to seal, and the longest: as the plan expects attempts to take.
const AROUND_SECS: i64 = 60;
const EXPECTED_SECS_MAX: i64 = 21_600;

#[derive(Debug, Clone)]
struct Closed {
    window: DayWindow,
    kind: OutcomeKind,
    point: Option<(DateTime<Utc>, DateTime<Utc>)>,
    cause: Option<Code>,
    apply_deferrals: u32,
}

#[derive(Debug)]
struct OfReplica {
    tenant: TenantId,
    closed: BTreeMap<SlaDay, Closed>,
}

/// Blockers of a replica that are over: their ends by beginning and code.
type Over = BTreeMap<(DateTime<Utc>, Code), DateTime<Utc>>;

#[derive(Default)]
pub(super) struct History {
    replicas: HashMap<ReplicaId, OfReplica>,
    blockers: HashMap<ReplicaId, Over>,
    read_to: Option<DateTime<Utc>>,
    /// Newest first, those that were excluded left out.
    days: HashMap<ReplicaId, Vec<Day>>,
    site: Site,
    learnt: Option<DateTime<Utc>>,
}

impl History {
    /// Reads what ended since the last reading; the first time all that is kept.
    pub async fn refresh<S: HistoryStore + ?Sized>(
        &mut self,
        store: &S,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let oldest = now - KEPT;
        let mut from = self.read_to.map_or(oldest, |to| (to - OVERLAP).max(oldest));
        while from <= now {
            let next = from + STRETCH;
            // What was written down while this is read is part of it.
            let to = if next > now {
                DateTime::<Utc>::MAX_UTC
            } else {
                next
            };
            for day in store.days_closed(from, to).await? {
                self.close(day);
            }
            for blocker in store.blockers_ended(from, to).await? {
                let key = (blocker.from, blocker.code);
                let of = self.blockers.entry(blocker.replica).or_default();
                if of.insert(key, blocker.to).is_none() {
                    self.learnt = None;
                }
            }
            from = next;
        }
        self.read_to = Some(now);
        self.forget(oldest);
        Ok(())
    }

    fn close(&mut self, day: PastDay) {
        let of = self.replicas.entry(day.key.replica).or_insert_with(|| OfReplica {
            tenant: day.tenant.clone(),
            closed: BTreeMap::new(),
        });
        let closed = Closed {
            window: day.window,
            kind: day.kind,
            point: day.point,
            cause: day.cause,
            apply_deferrals: day.apply_deferrals,
        };
        if of.closed.insert(day.key.day, closed).is_none() {
            self.learnt = None;
        }
    }

    fn forget(&mut self, oldest: DateTime<Utc>) {
        for of in self.replicas.values_mut() {
            of.closed.retain(|_, day| day.window.next_open >= oldest);
        }
        self.replicas.retain(|_, of| !of.closed.is_empty());
        for of in self.blockers.values_mut() {
            of.retain(|_, to| *to >= oldest);
        }
        self.blockers.retain(|_, of| !of.is_empty());
    }

    /// Learns, when something ended or the last time is long ago.
    pub fn learn(&mut self, world: &World, now: DateTime<Utc>) {
        if self.learnt.is_some_and(|learnt| now - learnt < LEARNT) {
            return;
        }
        self.days = self
            .replicas
            .iter()
            .map(|(replica, of)| (*replica, self.days_of(*replica, of)))
            .collect();
        let ended = self.blockers.values().flatten();
        let ended = ended.map(|((from, code), to)| (*code, secs(*from, *to), true));
        let standing: HashMap<ReplicaId, (Code, u32, bool)> = world
            .owed
            .iter()
            .filter_map(|owed| match owed.seen {
                Seen::Blocked { code, since, .. } if code != Code::B1 => {
                    Some((owed.key.replica, (code, secs(since, now), false)))
                }
                _ => None,
            })
            .collect();
        let attempts: Vec<(u32, u32)> = self.replicas.values().flat_map(attempts).collect();
        let days = self.days.iter().flat_map(|(replica, days)| {
            let tenant = self.replicas.get(replica).map(|of| &of.tenant);
            days.iter().filter_map(move |day| Some((tenant?, *day)))
        });
        self.site = Site::learn(ended.chain(standing.into_values()), attempts, days);
        self.learnt = Some(now);
    }

    fn days_of(&self, replica: ReplicaId, of: &OfReplica) -> Vec<Day> {
        let blockers = self.blockers.get(&replica);
        let closed = of.closed.values().rev();
        closed
            .filter(|day| day.kind != OutcomeKind::Excluded)
            .map(|day| {
                let end = match (day.kind, day.point) {
                    (OutcomeKind::Met, Some((_, sealed))) => End::Met {
                        share: share(&day.window, sealed),
                    },
                    _ => End::Lost {
                        cause: day.cause,
                        from: day
                            .cause
                            .and_then(|code| began(blockers?, &day.window, code))
                            .map_or(0.0, |from| share(&day.window, from)),
                    },
                };
                Day {
                    end,
                    apply_deferrals: day.apply_deferrals,
                }
            })
            .collect()
    }

    pub fn site(&self) -> &Site {
        &self.site
    }

    pub fn days(&self, replica: ReplicaId) -> &[Day] {
        self.days.get(&replica).map_or(&[], Vec::as_slice)
    }

    pub fn days_learnt(&self) -> usize {
        self.days.values().map(Vec::len).sum()
    }

    /// Seconds of the window so far that lasting blockers took which are over; what blocks now is left out.
    pub fn blocked_secs(&self, owed: &Owed, now: DateTime<Utc>) -> u32 {
        let Some(blockers) = self.blockers.get(&owed.key.replica) else {
            return 0;
        };
        let end = match owed.seen {
            Seen::Blocked { code, since, .. } if code.lasts() => since.min(now),
            _ => now,
        };
        let end = end.min(owed.window.due);
        let (mut sum, mut reached) = (0_u32, owed.window.open);
        for ((from, code), to) in blockers {
            if code.lasts() {
                let (from, to) = ((*from).max(reached), (*to).min(end));
                sum = sum.saturating_add(secs(from, to));
                reached = reached.max(to);
            }
        }
        sum
    }
}

/// (expected, actual) seconds of each day's attempt: what the point before it took is what was expected of it.
fn attempts(of: &OfReplica) -> Vec<(u32, u32)> {
    let took: Vec<u32> = of
        .closed
        .values()
        .filter_map(|day| day.point)
        .map(|(taken, sealed)| {
            let secs = (sealed - taken).num_seconds() + AROUND_SECS;
            u32::try_from(secs.clamp(AROUND_SECS, EXPECTED_SECS_MAX)).unwrap_or(u32::MAX)
        })
        .collect();
    took.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// When the blocker began that took the day: the first of its kind that reaches into the window.
fn began(blockers: &Over, window: &DayWindow, code: Code) -> Option<DateTime<Utc>> {
    let mut of_kind = blockers
        .iter()
        .filter(|((from, kind), to)| *kind == code && *from < window.due && **to > window.open);
    of_kind.next().map(|((from, _), _)| *from)
}

/// Share of a window that had passed at an instant, 0..=1.
fn share(window: &DayWindow, at: DateTime<Utc>) -> f64 {
    let whole = secs(window.open, window.due).max(1);
    (f64::from(secs(window.open, at)) / f64::from(whole)).min(1.0)
}

fn secs(from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    u32::try_from((to - from).num_seconds().max(0)).unwrap_or(u32::MAX)
}
