//! What to start now and what to leave for later. Pure: statuses and past attempts in, decisions out.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Deferral};
use domain::blocker::{Blocker, JobHole, NotReady, Unknown};
use domain::ids::{HostId, ReplicaId, TenantId};
use domain::retry::{NextLook, after_deferral, after_failure};
use domain::verdict::Verdict;
use std::collections::BTreeMap;

/// How long before a predicted end of an apply the close watch begins.
const NEAR: TimeDelta = TimeDelta::seconds(60);

/// What is known of one replica.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub host: HostId,
    pub interval_secs: u32,
    pub first_seen: DateTime<Utc>,
    /// The newest look of this process: its verdict and when it was made.
    pub seen: Option<(Verdict, DateTime<Utc>)>,
    /// When the newest apply that was seen to succeed ended, and when the next should; moved to the world's clock.
    pub applied: Option<DateTime<Utc>>,
    pub apply_due: Option<DateTime<Utc>>,
    pub newest_point: Option<DateTime<Utc>>,
    pub running: bool,
    /// The newest attempt's state, and how many failed in a row.
    pub last: Option<AttemptState>,
    pub failures: u32,
    /// 0..=1, fixed per newest attempt, so that a decision does not change with every tick.
    pub jitter: f64,
}

/// What is allowed at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub attempts_max: u32,
    pub attempts_per_host_max: u32,
    pub backup_every_secs: u32,
}

/// What is to be done about one replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Start(ReplicaId),
    /// Owed and not startable now. `watch`: look at it closely, its blocker passes within seconds.
    Later {
        replica: ReplicaId,
        next: DateTime<Utc>,
        watch: bool,
    },
    /// Owes nothing, or runs.
    Rest(ReplicaId),
}

/// Decides for all replicas. Starts come in order of urgency and within the limits.
#[must_use]
pub fn plan(now: DateTime<Utc>, candidates: &[Candidate], limits: Limits) -> Vec<Decision> {
    let mut total = 0_u32;
    let mut per_host: BTreeMap<&HostId, u32> = BTreeMap::new();
    let mut per_tenant: BTreeMap<&TenantId, u32> = BTreeMap::new();
    for running in candidates.iter().filter(|c| c.running) {
        total += 1;
        *per_host.entry(&running.host).or_default() += 1;
        *per_tenant.entry(&running.tenant).or_default() += 1;
    }
    let mut decisions = Vec::new();
    let mut ready = Vec::new();
    for candidate in candidates {
        match ready_at(now, candidate, limits.backup_every_secs) {
            None => decisions.push(Decision::Rest(candidate.replica)),
            Some((next, _)) if next <= now => ready.push(candidate),
            Some((next, watch)) => decisions.push(Decision::Later {
                replica: candidate.replica,
                next,
                watch,
            }),
        }
    }
    // Those that are clear first, so that one more refusal never takes the place of a point; then the longest unprotected.
    ready.sort_by_key(|c| (!is_clear(c), c.newest_point, c.failures, c.first_seen, c.replica));
    while !ready.is_empty() {
        // Fair between tenants: the next start goes to the tenant that has the fewest.
        let free = |c: &Candidate| per_host.get(&c.host).copied().unwrap_or(0) < limits.attempts_per_host_max;
        let next = (0..ready.len())
            .filter(|i| total < limits.attempts_max && free(ready[*i]))
            .min_by_key(|i| {
                (
                    !is_clear(ready[*i]),
                    per_tenant.get(&ready[*i].tenant).copied().unwrap_or(0),
                    *i,
                )
            });
        let Some(next) = next else { break };
        let candidate = ready.remove(next);
        total += 1;
        *per_host.entry(&candidate.host).or_default() += 1;
        *per_tenant.entry(&candidate.tenant).or_default() += 1;
        decisions.push(Decision::Start(candidate.replica));
    }
    decisions.extend(ready.into_iter().map(|c| Decision::Later {
        replica: c.replica,
        next: now,
        watch: false,
    }));
    decisions
}

fn is_clear(candidate: &Candidate) -> bool {
    matches!(candidate.seen, Some((Verdict::Clear, _)))
}

/// From when on the replica may be started, and whether to watch it closely until then; `None` when nothing is owed.
fn ready_at(now: DateTime<Utc>, c: &Candidate, every_secs: u32) -> Option<(DateTime<Utc>, bool)> {
    let fresh = |point: DateTime<Utc>| now - point < TimeDelta::seconds(i64::from(every_secs));
    if c.running || c.newest_point.is_some_and(fresh) {
        return None;
    }
    match &c.last {
        // Another worker's, or one that the rescuer has to end first.
        Some(AttemptState::Running { .. }) => None,
        None | Some(AttemptState::Sealed { .. }) => Some((first_start(now, c), false)),
        Some(AttemptState::Failed { failure, at }) => {
            let next = after_failure(failure, c.failures, c.interval_secs, c.jitter);
            Some((at_after(*at, next, c), ends_soon(now, *at, next, c)))
        }
        Some(AttemptState::Deferred { reason, at }) => {
            let next = after_deferral(reason, c.interval_secs, c.jitter);
            Some((at_after(*at, next, c), passes_soon(reason)))
        }
    }
}

/// A first look always has a hole: waiting for one apply spares an attempt that can only be put off.
fn first_start(now: DateTime<Utc>, c: &Candidate) -> DateTime<Utc> {
    let patience = c.first_seen + TimeDelta::seconds(2 * i64::from(c.interval_secs) + 60);
    match &c.seen {
        Some((
            Verdict::Unknown {
                why:
                    Unknown::JobHole {
                        why: JobHole::FirstLook,
                        ..
                    },
            },
            _,
        )) => patience,
        None => patience,
        // A doctor usually follows soon; without one, the attempt says so.
        Some((Verdict::Blocked { blockers }, _)) if blockers.first().is_some_and(is_unproven) => {
            patience + TimeDelta::seconds(300)
        }
        Some(_) => now,
    }
}

fn is_unproven(blocker: &Blocker) -> bool {
    matches!(
        blocker,
        Blocker::NotReady {
            reason: NotReady::HostUnproven { .. }
        }
    )
}

fn at_after(at: DateTime<Utc>, next: NextLook, c: &Candidate) -> DateTime<Utc> {
    let plus = |wait| at + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    match next {
        NextLook::After(wait) => plus(wait),
        NextLook::WhenClear { at_latest } => match &c.seen {
            // Only a look made after the deferral can say that its blocker is gone.
            Some((Verdict::Clear, seen_at)) if *seen_at > at => *seen_at,
            _ => plus(at_latest),
        },
        NextLook::AfterApply {
            not_before,
            at_latest,
        } => match (&c.seen, c.applied) {
            (Some((Verdict::Clear, seen_at)), Some(applied))
                if *seen_at > at && applied > plus(not_before) =>
            {
                *seen_at
            }
            _ => plus(at_latest),
        },
    }
}

/// Whether the end of an apply that is waited for may be near. One that nothing foretells is always near.
fn ends_soon(now: DateTime<Utc>, at: DateTime<Utc>, next: NextLook, c: &Candidate) -> bool {
    let NextLook::AfterApply { not_before, .. } = next else {
        return false;
    };
    let near = now + NEAR;
    let owed = at + TimeDelta::from_std(not_before).unwrap_or(TimeDelta::MAX);
    near >= owed && c.apply_due.is_none_or(|due| near >= due)
}

fn passes_soon(reason: &Deferral) -> bool {
    let blocker = match reason {
        Deferral::Blocked { blocker } => Some(blocker),
        Deferral::Refused { blocker, .. } => blocker.as_ref(),
        Deferral::Unknown { .. } => None,
    };
    matches!(
        blocker,
        Some(Blocker::LogBeingApplied { .. } | Blocker::ApplyInterrupted { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::attempt::Failure;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
    }

    fn candidate(n: u128, host: &str, tenant: &str) -> Candidate {
        Candidate {
            replica: ReplicaId(uuid::Uuid::from_u128(n)),
            tenant: tenant.parse().unwrap(),
            host: host.parse().unwrap(),
            interval_secs: 30,
            first_seen: at(-1000),
            seen: Some((Verdict::Clear, at(0))),
            applied: None,
            apply_due: None,
            newest_point: None,
            running: false,
            last: None,
            failures: 0,
            jitter: 0.5,
        }
    }

    const LIMITS: Limits = Limits {
        attempts_max: 3,
        attempts_per_host_max: 2,
        backup_every_secs: 86_400,
    };

    fn starts(candidates: &[Candidate]) -> Vec<u128> {
        let id = |d: &Decision| match d {
            Decision::Start(r) => Some(r.0.as_u128()),
            _ => None,
        };
        plan(at(1), candidates, LIMITS).iter().filter_map(id).collect()
    }

    #[test]
    fn starts_stay_within_the_limits_and_are_fair_between_tenants() {
        let mut all: Vec<_> = (0..4).map(|n| candidate(n, "h1", "a")).collect();
        all.push(candidate(9, "h2", "b"));
        all.push(candidate(10, "h2", "a"));
        assert_eq!(starts(&all), [0, 9, 1]);
        all[0].running = true;
        all[1].running = true;
        assert_eq!(starts(&all), [9]);
    }

    #[test]
    fn a_replica_with_a_fresh_point_rests_and_the_longest_unprotected_goes_first() {
        let mut all: Vec<_> = (0..3).map(|n| candidate(n, "h1", "a")).collect();
        all[0].newest_point = Some(at(-100));
        all[1].newest_point = Some(at(-90_000));
        assert_eq!(starts(&all), [2, 1]);
    }

    #[test]
    fn a_deferred_replica_starts_on_a_clear_look_made_after_the_deferral() {
        let blocker = Blocker::LogBeingApplied {
            job: None,
            operational_status: Some(11),
        };
        let mut c = candidate(1, "h1", "a");
        c.last = Some(AttemptState::Deferred {
            reason: Deferral::Blocked { blocker },
            at: at(0),
        });
        let later = plan(at(1), &[c.clone()], LIMITS);
        assert!(matches!(later[..], [Decision::Later { watch: true, .. }]));
        c.seen = Some((Verdict::Clear, at(1)));
        assert_eq!(starts(&[c.clone()]), [1]);
        c.seen = None;
        let Decision::Later { next, .. } = plan(at(1), &[c.clone()], LIMITS)[0] else {
            panic!()
        };
        assert_eq!(plan(next, &[c], LIMITS).len(), 1);
    }

    #[test]
    fn a_failed_replica_waits_even_when_clear() {
        let mut c = candidate(1, "h1", "a");
        c.last = Some(AttemptState::Failed {
            failure: Failure::Incomplete { missing: vec![] },
            at: at(0),
        });
        c.failures = 1;
        assert!(starts(&[c]).is_empty());
    }

    #[test]
    fn after_a_failed_proof_the_start_is_on_the_next_end_of_an_apply() {
        let mut c = candidate(1, "h1", "a");
        c.last = Some(AttemptState::Failed {
            failure: Failure::Unproven { breaks: vec![] },
            at: at(-20),
        });
        c.failures = 1;
        c.seen = Some((Verdict::Clear, at(0)));
        c.applied = Some(at(-30));
        let later = |c: &Candidate| match plan(at(1), std::slice::from_ref(c), LIMITS)[..] {
            [Decision::Later { next, watch, .. }] => (next, watch),
            ref other => panic!("{other:?}"),
        };
        // Clear, and no apply has ended since: it waits, watched while the end may be near, and not forever.
        c.apply_due = Some(at(500));
        assert!(!later(&c).1);
        c.apply_due = Some(at(20));
        let (next, watch) = later(&c);
        assert!(watch && next > at(60) && next < at(300));
        assert_eq!(plan(next, &[c.clone()], LIMITS), [Decision::Start(c.replica)]);
        c.applied = Some(at(-5));
        assert_eq!(starts(&[c.clone()]), [1]);
        // Proofs that fail one after the other wait longer for the end that counts.
        c.failures = 4;
        assert!(starts(&[c.clone()]).is_empty());
        c.last = Some(AttemptState::Failed {
            failure: Failure::Unproven { breaks: vec![] },
            at: at(-200),
        });
        assert_eq!(starts(&[c]), [1]);
    }

    #[test]
    fn a_replica_just_seen_for_the_first_time_waits_for_its_first_apply() {
        let mut c = candidate(1, "h1", "a");
        c.first_seen = at(0);
        let hole = Unknown::JobHole {
            since: at(0),
            why: JobHole::FirstLook,
        };
        c.seen = Some((Verdict::Unknown { why: hole }, at(0)));
        assert!(starts(&[c.clone()]).is_empty());
        c.first_seen = at(-200);
        assert_eq!(starts(&[c]), [1]);
    }
}
