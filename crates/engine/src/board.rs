//! What this process knows right now: the newest look at each replica, its memory, and what of ours is on the hosts.
//!
//! Surveys, close watches and gates all fold their looks in here, in order, so there is one memory of each replica.

use crate::judge::Judge;
use crate::sighted::Sighted;
use chrono::{DateTime, TimeDelta, Utc};
use domain::cadence::Cadence;
use domain::evidence::JobLook;
use domain::gate::{GateFacts, Ours};
use domain::ids::{HostId, ReplicaId, VmGuid};
use domain::memory::{ApplyMemory, HoldWindow, Refusals, fold};
use domain::observation::{HostTrust, Observation};
use domain::verdict::Verdict;
use hyperv::host::{Checkpoint, HostIdentity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::records::ReplicaStatus;

/// Holds are forgotten when no apply that began under them can still be listed.
const HOLD_KEPT: TimeDelta = TimeDelta::minutes(15);

/// Between two close looks.
const CLOSELY: TimeDelta = TimeDelta::seconds(1);

/// One look with everything that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub observation: Observation,
    pub memory: ApplyMemory,
    pub cadence: Cadence,
    pub verdict: Verdict,
}

#[derive(Debug, Default)]
struct Entry {
    judged: Option<Judged>,
    /// Since when the newest look's first blocker, or its being clear, is seen without a break.
    since: Option<DateTime<Utc>>,
    /// Memory and cadence from the store, until the first look of this process.
    kept: Option<(ApplyMemory, Cadence)>,
    holds: Vec<HoldWindow>,
    checkpoints: Vec<String>,
    jobs: Vec<String>,
    /// Where the store last knew it to be.
    host: Option<HostId>,
}

/// A checkpoint with a tag of ours that a survey saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    pub host: HostId,
    pub checkpoint: Checkpoint,
}

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<ReplicaId, Entry>,
    enrolled: BTreeMap<HostId, HostTrust>,
    strays: BTreeMap<HostId, Vec<Stray>>,
    watched: BTreeMap<HostId, Vec<(ReplicaId, VmGuid)>>,
    watched_at: BTreeMap<HostId, DateTime<Utc>>,
    near: BTreeSet<ReplicaId>,
    surveys: BTreeMap<HostId, DateTime<Utc>>,
    shown: BTreeMap<HostId, BTreeSet<VmGuid>>,
    sighted: BTreeMap<HostId, Vec<Sighted>>,
    left: BTreeMap<VmGuid, DateTime<Utc>>,
    silent: BTreeSet<HostId>,
}

/// Shared by all tasks of one engine.
#[derive(Debug, Default)]
pub struct Board {
    inner: Mutex<Inner>,
}

/// What a look is judged with.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub judge: &'a dyn Judge,
    pub trust: &'a HostTrust,
    pub now: DateTime<Utc>,
    pub freshness_secs: u32,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what the store remembers from before this process.
    pub fn load(&self, status: &ReplicaStatus) {
        let memory = serde_json::from_value(status.memory.clone());
        let cadence = serde_json::from_value(status.cadence.clone()).unwrap_or_default();
        self.lock().entries.entry(status.replica).or_default().host = Some(status.observation.host.clone());
        // An unreadable memory is none: the first look then finds a hole.
        if let Ok(memory) = memory {
            self.lock().entries.entry(status.replica).or_default().kept = Some((memory, cadence));
        }
    }

    /// Takes a stored look for one of this process's own.
    pub fn adopt(&self, status: ReplicaStatus) {
        let mut inner = self.lock();
        let entry = inner.entries.entry(status.replica).or_default();
        let Some((memory, cadence)) = entry.kept.clone() else {
            return;
        };
        entry.since = Some(status.since);
        entry.judged = Some(Judged {
            observation: status.observation,
            memory,
            cadence,
            verdict: status.verdict,
        });
    }

    /// Folds a look in and judges it. `None` when a newer look was folded in meanwhile: this one says nothing any more.
    pub fn judge(&self, replica: ReplicaId, observation: Observation, terms: Terms<'_>) -> Option<Judged> {
        let mut inner = self.lock();
        let entry = inner.entries.entry(replica).or_default();
        let newer = entry.judged.as_ref().is_some_and(|known| {
            let (known, new) = (&known.observation, &observation);
            known.host == new.host
                && (known.seen_at > new.seen_at
                    || known.seen_at == new.seen_at && known.host_time > new.host_time)
        });
        if newer {
            return None;
        }
        let horizon = observation.host_time - HOLD_KEPT;
        entry.holds.retain(|hold| hold.to.is_none_or(|to| to > horizon));
        let before = entry.judged.as_ref().map(|j| (&j.memory, &j.cadence));
        let before = before.or(entry.kept.as_ref().map(|(m, c)| (m, c)));
        let refusals = Refusals {
            codes: terms.trust.known_refusals(),
            holds: &entry.holds,
        };
        let memory = fold(before.map(|(m, _)| m), &observation, refusals);
        let cadence = before
            .map(|(_, c)| c.clone())
            .unwrap_or_default()
            .fold(&observation);
        let verdict = terms.judge.verdict(&GateFacts {
            observation: Some(&observation),
            memory: Some(&memory),
            trust: terms.trust,
            now: terms.now,
            freshness_secs: i64::from(terms.freshness_secs),
            ours: Ours {
                checkpoints: &entry.checkpoints,
                jobs: &entry.jobs,
            },
        });
        let judged = Judged {
            observation,
            memory,
            cadence,
            verdict,
        };
        let same = |it: &Judged| it.verdict.code() == judged.verdict.code();
        if !entry.judged.as_ref().is_some_and(same) {
            entry.since = Some(judged.observation.seen_at);
        }
        entry.judged = Some(judged.clone());
        Some(judged)
    }

    /// The newest look of this process.
    pub fn newest(&self, replica: ReplicaId) -> Option<Judged> {
        self.lock().entries.get(&replica)?.judged.clone()
    }

    /// The newest look of this process, and since when its first blocker, or its being clear, is seen.
    pub fn seen(&self, replica: ReplicaId) -> Option<(Judged, DateTime<Utc>)> {
        let inner = self.lock();
        let entry = inner.entries.get(&replica)?;
        let judged = entry.judged.clone()?;
        let since = entry.since.unwrap_or(judged.observation.seen_at);
        Some((judged, since))
    }

    /// What `doctor` once said of a host, as stored.
    pub fn enrolled_set(&self, host: &HostId, trust: Option<HostTrust>) {
        let mut inner = self.lock();
        match trust {
            Some(trust) => inner.enrolled.insert(host.clone(), trust),
            None => inner.enrolled.remove(host),
        };
    }

    /// How far a host may be trusted, given what it is now.
    pub fn trust(&self, host: &HostId, now: &HostIdentity) -> HostTrust {
        trust_now(self.lock().enrolled.get(host), now)
    }

    /// From now on (host's clock) a checkpoint of ours may exist on this replica.
    pub fn hold_begin(&self, replica: ReplicaId, from: DateTime<Utc>) {
        let mut inner = self.lock();
        let entry = inner.entries.entry(replica).or_default();
        if !entry.holds.iter().any(|h| h.to.is_none()) {
            entry.holds.push(HoldWindow { from, to: None });
        }
    }

    /// The checkpoint is gone.
    pub fn hold_end(&self, replica: ReplicaId, to: DateTime<Utc>) {
        if let Some(entry) = self.lock().entries.get_mut(&replica) {
            for hold in entry.holds.iter_mut().filter(|h| h.to.is_none()) {
                hold.to = Some(to);
            }
        }
    }

    pub fn own_job(&self, replica: ReplicaId, id: &str) {
        self.lock()
            .entries
            .entry(replica)
            .or_default()
            .jobs
            .push(id.to_owned());
    }

    pub fn own_checkpoint(&self, replica: ReplicaId, id: &str) {
        self.lock()
            .entries
            .entry(replica)
            .or_default()
            .checkpoints
            .push(id.to_owned());
    }

    /// The attempt is over: whatever it left behind is no longer excused by being ours.
    pub fn own_nothing(&self, replica: ReplicaId) {
        if let Some(entry) = self.lock().entries.get_mut(&replica) {
            entry.jobs.clear();
            entry.checkpoints.clear();
            if let Some(at) = entry.judged.as_ref().map(|j| j.observation.host_time) {
                entry
                    .holds
                    .iter_mut()
                    .filter(|h| h.to.is_none())
                    .for_each(|h| h.to = Some(at.max(h.from)));
            }
        }
    }

    /// Tagged checkpoints that the newest survey of a host saw.
    pub fn strays_set(&self, host: &HostId, strays: Vec<Stray>) {
        self.lock().strays.insert(host.clone(), strays);
    }
    pub fn strays(&self) -> Vec<Stray> {
        self.lock().strays.values().flatten().cloned().collect()
    }

    /// Replicas to look at second by second.
    pub fn watched_set(&self, watched: BTreeMap<HostId, Vec<(ReplicaId, VmGuid)>>) {
        self.lock().watched = watched;
    }
    /// When a host's jobs were enumerated for those that are watched (world's clock).
    pub fn watched_at_set(&self, host: &HostId, at: DateTime<Utc>) {
        self.lock().watched_at.insert(host.clone(), at);
    }
    pub fn watched(&self, host: &HostId) -> Vec<(ReplicaId, VmGuid)> {
        self.lock().watched.get(host).cloned().unwrap_or_default()
    }

    /// The replicas of a host's newest survey, whoever's they are.
    pub fn sighted_set(&self, host: &HostId, sighted: Vec<Sighted>) {
        self.lock().sighted.insert(host.clone(), sighted);
    }
    pub fn sighted(&self) -> Vec<Sighted> {
        self.lock().sighted.values().flatten().cloned().collect()
    }
    /// The VMs that the newest survey of a host saw; none when the host did not answer.
    pub fn shown_set(&self, host: &HostId, vms: BTreeSet<VmGuid>, at: DateTime<Utc>) {
        let mut inner = self.lock();
        for vm in &vms {
            inner.left.remove(vm);
        }
        inner.silent.remove(host);
        let before = inner.shown.insert(host.clone(), vms).unwrap_or_default();
        let now = inner.shown.get(host).cloned().unwrap_or_default();
        for vm in before.difference(&now) {
            inner.left.entry(*vm).or_insert(at);
        }
    }
    /// When a survey of the host that had shown a VM first did not show it any more, while no host has shown it since.
    pub fn left(&self, vm: VmGuid) -> Option<DateTime<Utc>> {
        self.lock().left.get(&vm).copied()
    }
    /// The host could not be surveyed: what it shows now is not known, what it showed last is.
    pub fn silent_set(&self, host: &HostId) {
        self.lock().silent.insert(host.clone());
    }
    pub fn shows(&self, host: &HostId, vm: VmGuid) -> bool {
        !self.lock().silent.contains(host) && self.showed(host, vm)
    }
    /// Whether the newest survey that was answered showed the VM.
    pub fn showed(&self, host: &HostId, vm: VmGuid) -> bool {
        self.lock().shown.get(host).is_some_and(|vms| vms.contains(&vm))
    }

    /// When a host is surveyed next (world's clock).
    pub fn next_survey_set(&self, host: &HostId, at: DateTime<Utc>) {
        self.lock().surveys.insert(host.clone(), at);
    }

    /// When a replica is looked at next: with its host's next survey, or before that when its host's close watch takes it.
    /// `None` while no observer runs.
    pub fn next_look(&self, replica: ReplicaId) -> Option<DateTime<Utc>> {
        let inner = self.lock();
        let entry = inner.entries.get(&replica)?;
        let seen = entry.judged.as_ref().map(|j| &j.observation);
        let host = seen.map(|o| &o.host).or(entry.host.as_ref())?;
        let survey = inner.surveys.get(host).copied()?;
        let mut watched = inner.watched.get(host).into_iter().flatten();
        let closely = seen.filter(|_| watched.any(|(id, _)| *id == replica));
        let asked = inner.watched_at.get(host);
        let closely = closely.map(|o| asked.map_or(o.seen_at, |at| o.seen_at.max(*at)));
        let closely = closely.and_then(|at| at.checked_add_signed(CLOSELY));
        Some(closely.map_or(survey, |at| at.min(survey)))
    }

    /// Replicas with an attempt near: only for these B1 is kept as an interval.
    pub fn near_set(&self, near: BTreeSet<ReplicaId>) {
        self.lock().near = near;
    }
    pub fn is_near(&self, replica: ReplicaId) -> bool {
        self.lock().near.contains(&replica)
    }
}

/// An enrolment holds for the host it was made on and for its build then.
#[must_use]
pub fn trust_now(stored: Option<&HostTrust>, now: &HostIdentity) -> HostTrust {
    match stored {
        _ if !now.has_reference_points => HostTrust::TooOld {
            build: now.build.clone(),
        },
        Some(trust @ HostTrust::Enrolled { build, .. }) if *build == now.build => trust.clone(),
        _ => HostTrust::Unproven {
            build: now.build.clone(),
        },
    }
}

/// The part of a full look that the proof needs.
#[must_use]
pub fn job_look_of(seen: &Observation) -> JobLook {
    let mut relationships: Vec<_> = seen.relationships.iter().collect();
    relationships.sort_by_key(|r| r.index);
    JobLook {
        host_time: seen.host_time,
        boot: seen.boot,
        last_apply: relationships.iter().map(|r| r.last_apply).collect(),
        states: relationships.iter().map(|r| r.state).collect(),
        applies: seen.jobs.iter().filter(|j| j.is_apply()).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vm_has_left_from_the_first_survey_that_does_not_show_it_until_some_host_does() {
        let board = Board::default();
        let host = |text: &str| -> HostId { text.parse().unwrap() };
        let at = |secs: i64| DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap();
        let vm = VmGuid(uuid::Uuid::from_u128(1));
        board.shown_set(&host("a"), [vm].into(), at(0));
        board.shown_set(&host("b"), BTreeSet::new(), at(5));
        assert_eq!(board.left(vm), None);
        board.shown_set(&host("a"), BTreeSet::new(), at(30));
        board.shown_set(&host("a"), BTreeSet::new(), at(60));
        assert_eq!(board.left(vm), Some(at(30)));
        board.shown_set(&host("b"), [vm].into(), at(65));
        assert_eq!(board.left(vm), None);
    }
}
