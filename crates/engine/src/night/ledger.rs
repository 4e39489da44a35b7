//! What the store says of all replicas, as read last: what is owed, by what terms, and what became of it.

use super::past::{Past, jitter_of, last_of};
use super::settle::code_now;
use crate::board::Judged;
use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Failure};
use domain::cadence::Cadence;
use domain::calendar::{DayWindow, SlaDay};
use domain::code::Code;
use domain::ids::{AttemptId, HostId, ReplicaId};
use domain::obligation::ObligationKey;
use domain::planner::{Held, HostRecord, Owed, Seen};
use domain::policy::Terms;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::holds::{HoldTarget, OperatorHold};
use store::obligations::LiveObligation;
use store::policies::Catalogue;
use store::records::{Attempt, HostStatus, Replica};
use store::traits::StoreError;

/// What an attempt takes before its replica has a history.
const EXPECTED_SECS: u32 = 900;
/// Beside the time from checkpoint to seal: claim, gate and the wait for the host.
const AROUND_SECS: i64 = 60;
const EXPECTED_SECS_MAX: i64 = 21_600;
/// How far back a point may have been taken that was sealed since the last reading.
const ATTEMPT_MAX: TimeDelta = TimeDelta::hours(24);
/// How far back a host's failures are looked for at the start.
const FAILURES_BACK: TimeDelta = TimeDelta::hours(6);
/// How many attempts of a replica are looked back on, where no obligation sums them up.
const ATTEMPTS_BACK: u32 = 12;

/// A replica's newest point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newest {
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
}

pub(crate) struct Ledger {
    pub rows: BTreeMap<ReplicaId, Replica>,
    pub hosts: Vec<HostStatus>,
    pub live: BTreeMap<ObligationKey, LiveObligation>,
    pub days: HashMap<ReplicaId, (SlaDay, DayWindow)>,
    pub points: HashMap<ReplicaId, Newest>,
    pub holds: Vec<OperatorHold>,
    pub catalogue: Catalogue,
    pub records: BTreeMap<HostId, HostRecord>,
    attempts: HashMap<AttemptId, Attempt>,
    pasts: HashMap<ReplicaId, Past>,
    read: DateTime<Utc>,
}

impl Ledger {
    /// Everything.
    pub async fn read(shared: &Shared) -> Result<Self, StoreError> {
        let (store, now) = (&shared.ports.store, shared.now());
        let points = store.point_heads_newest(&SITE).await?;
        let points = points.into_iter().map(|(point, _)| {
            let (taken, sealed) = (point.taken, point.sealed);
            (point.replica, Newest { taken, sealed })
        });
        let days = store.days_newest().await?;
        let mut ledger = Self {
            rows: BTreeMap::new(),
            hosts: Vec::new(),
            live: BTreeMap::new(),
            days: days
                .into_iter()
                .map(|(id, day, window)| (id, (day, window)))
                .collect(),
            points: points.collect(),
            holds: Vec::new(),
            catalogue: catalogue(shared).await?,
            records: BTreeMap::new(),
            attempts: HashMap::new(),
            pasts: HashMap::new(),
            read: now,
        };
        for attempt in store.attempts_newest(&SITE).await? {
            ledger.attempts.insert(attempt.id, attempt);
        }
        let recent = store.attempts_since(&SITE, None, now - FAILURES_BACK).await?;
        for attempt in recent.iter().rev() {
            ledger.record(attempt);
        }
        ledger.refresh(shared, &BTreeSet::new(), now).await?;
        Ok(ledger)
    }

    /// What may have changed. `touched` are replicas that an attempt of this process ended on.
    pub async fn refresh(
        &mut self,
        shared: &Shared,
        touched: &BTreeSet<ReplicaId>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = &shared.ports.store;
        let rows = store.replicas(&SITE).await?;
        self.rows = rows.into_iter().map(|row| (row.id, row)).collect();
        self.hosts = store.hosts().await?;
        self.holds = store.holds_active(&SITE, now).await?;
        self.catalogue = catalogue(shared).await?;
        for point in store.point_times(&SITE, self.read.min(now) - ATTEMPT_MAX).await? {
            let (taken, sealed) = (point.taken, point.sealed);
            let newest = self
                .points
                .entry(point.replica)
                .or_insert(Newest { taken, sealed });
            if newest.taken < taken {
                *newest = Newest { taken, sealed };
            }
        }
        for replica in touched {
            self.pasts.remove(replica);
            for attempt in store.attempts(&SITE, Some(*replica), None, 1).await? {
                self.newest_set(attempt);
            }
        }
        self.read = now;
        self.live_again(shared).await
    }

    /// Reads again what is owed.
    pub async fn live_again(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let store = &shared.ports.store;
        let live = store.obligations_live().await?;
        self.live = live.into_iter().map(|it| (it.obligation.key, it)).collect();
        let mut known = std::mem::take(&mut self.attempts);
        for newest in self.live.values().filter_map(|it| it.tally.newest) {
            let kept = known.remove(&newest);
            let ended = kept.filter(|it| !matches!(it.state, AttemptState::Running { .. }));
            let attempt = match ended {
                Some(attempt) => attempt,
                None => store.attempt(&SITE, newest).await?,
            };
            self.attempts.insert(newest, attempt);
        }
        Ok(())
    }

    /// An attempt as it is now; a host's record goes by its end.
    pub fn newest_set(&mut self, attempt: Attempt) {
        let before = self.attempts.insert(attempt.id, attempt.clone());
        if before.is_none_or(|it| it.state != attempt.state) {
            self.record(&attempt);
        }
    }

    fn record(&mut self, attempt: &Attempt) {
        match &attempt.state {
            AttemptState::Failed {
                failure: Failure::Host { .. },
                at,
            } => {
                let record = self.records.entry(attempt.host.clone()).or_default();
                record.failures = record.failures.saturating_add(1);
                record.last_failure = Some(*at);
            }
            AttemptState::Sealed { .. } => {
                self.records.remove(&attempt.host);
            }
            _ => {}
        }
    }

    /// What an attempt on the replica takes from claim to seal, by its newest point.
    pub fn expected_secs(&self, replica: ReplicaId) -> u32 {
        self.points.get(&replica).map_or(EXPECTED_SECS, |point| {
            let secs = (point.sealed - point.taken).num_seconds() + AROUND_SECS;
            u32::try_from(secs.clamp(AROUND_SECS, EXPECTED_SECS_MAX)).unwrap_or(EXPECTED_SECS)
        })
    }

    /// Every replica's terms from the next day on: what it is looked at by now.
    pub fn terms(&self) -> BTreeMap<ReplicaId, Arc<Terms>> {
        let mut shared: HashMap<&domain::ids::PolicyId, Arc<Terms>> = HashMap::new();
        let of = |row: &Replica| self.catalogue.of(&row.tenant, row.id);
        let mut all = BTreeMap::new();
        for (row, (policy, _)) in self.rows.values().filter_map(|row| Some((row, of(row)?))) {
            let terms = shared
                .entry(&policy.id)
                .or_insert_with(|| Arc::new(policy.terms.clone()));
            all.insert(row.id, terms.clone());
        }
        all
    }

    /// Attempts since the newest point, read once per end of an attempt.
    pub async fn past(&mut self, shared: &Shared, replica: ReplicaId) -> Result<Past, StoreError> {
        if let Some(past) = self.pasts.get(&replica) {
            return Ok(past.clone());
        }
        let newest_first = shared
            .ports
            .store
            .attempts(&SITE, Some(replica), None, ATTEMPTS_BACK)
            .await?;
        let past = Past::of(newest_first);
        let running = past
            .newest
            .as_ref()
            .is_some_and(|it| matches!(it.state, AttemptState::Running { .. }));
        if !running {
            self.pasts.insert(replica, past.clone());
        }
        Ok(past)
    }

    /// The sums of an obligation, as a past.
    pub fn past_of(&self, live: &LiveObligation) -> Past {
        Past {
            newest: live.tally.newest.and_then(|id| self.attempts.get(&id).cloned()),
            failures: live.tally.failures,
            apply_deferrals: live.tally.apply_deferrals,
        }
    }

    /// One entry of the plan.
    pub fn owed(
        &self,
        shared: &Shared,
        row: &Replica,
        what: (ObligationKey, DayWindow, Arc<Terms>),
        past: &Past,
    ) -> Owed {
        let (key, window, terms) = what;
        let now = shared.now();
        let newest = past.newest.as_ref();
        let looked = shared.board.seen(row.id);
        let running_elsewhere = newest.is_some_and(|it| matches!(it.state, AttemptState::Running { .. }));
        Owed {
            key,
            tenant: row.tenant.clone(),
            host: row.host.clone(),
            window,
            period_secs: row.interval_secs,
            expected_secs: self.expected_secs(row.id),
            gap_wait_secs: looked
                .as_ref()
                .map_or(0, |(judged, _)| gap_wait_secs(&judged.cadence)),
            seen: self.seen(shared, row, looked.as_ref(), &terms),
            last: last_of(newest, looked.as_ref().map(|(judged, _)| judged), now),
            failures: past.failures,
            apply_deferrals: past.apply_deferrals,
            running: shared.runs_here(row.id) || running_elsewhere,
            held: self.held(row),
            can_pause: false,
            jitter: jitter_of(newest.map(|it| it.id), row.id),
            terms,
        }
    }

    fn seen(
        &self,
        shared: &Shared,
        row: &Replica,
        looked: Option<&(Judged, DateTime<Utc>)>,
        terms: &Terms,
    ) -> Seen {
        if !self.is_bound(shared, row) {
            return Seen::Never;
        }
        let fresh = shared.config.freshness_secs.min(terms.freshness_secs);
        let fresh = TimeDelta::seconds(i64::from(fresh));
        let Some((judged, since)) = looked else {
            // This process has had its time to look: the host does not answer, and that is somebody's to mend.
            return match shared.started + fresh < shared.now() {
                true => Seen::Blocked {
                    code: Code::UN,
                    since: row.last_seen + fresh,
                    at: row.last_seen,
                },
                false => Seen::Never,
            };
        };
        let at = judged.observation.seen_at;
        let stale_since = at + fresh;
        if stale_since < shared.now() {
            let (code, since) = (Code::UN, stale_since);
            return Seen::Blocked { code, since, at };
        }
        match code_now(&judged.verdict) {
            None => Seen::Clear { at },
            Some(code) => Seen::Blocked {
                code,
                since: *since,
                at,
            },
        }
    }

    /// Whether its host is one of ours and the host's newest survey found it, under its tenant. One that it did not find - gone,
    /// unreadable, or bound to another tenant now - is not started.
    pub fn is_bound(&self, shared: &Shared, row: &Replica) -> bool {
        let host = self.hosts.iter().find(|status| status.host == row.host);
        let survey = host.and_then(|status| status.last_survey);
        let ours = shared.hosts.contains_key(&row.host) || shared.config.seen_by_store.contains(&row.host);
        ours && survey.is_none_or(|at| row.last_seen >= at)
    }

    /// The hold that lasts longest, of those on the replica, its tenant and its host.
    fn held(&self, row: &Replica) -> Option<Held> {
        let mine = self.holds.iter().filter(|hold| match &hold.target {
            HoldTarget::Host { host } => *host == row.host,
            HoldTarget::Tenant { tenant } => *tenant == row.tenant,
            HoldTarget::Replica { replica } => *replica == row.id,
        });
        let longest = mine.max_by_key(|hold| hold.until)?;
        Some(Held {
            until: longest.until,
            reason: longest.reason.clone(),
            author: longest.author.clone(),
        })
    }
}

/// For how long no apply may begin, so that a checkpoint stands.
const CHECKPOINT_SECS: i64 = 8;

fn gap_wait_secs(cadence: &Cadence) -> u32 {
    let wait = cadence.gap_wait(TimeDelta::seconds(CHECKPOINT_SECS));
    wait.map_or(0, |wait| u32::try_from(wait.num_seconds()).unwrap_or(0))
}

pub(crate) async fn catalogue(shared: &Shared) -> Result<Catalogue, StoreError> {
    let store = &shared.ports.store;
    Ok(Catalogue::new(
        store.policies().await?,
        store.assignments(&SITE).await?,
    ))
}
