//! The plan loop: gathers what is known, asks the pure plan, starts attempts and says what to watch closely.

use crate::attempt::{self, Outcome};
use crate::board::Judged;
use crate::plan::{Candidate, Decision, Limits, plan};
use crate::ports::chain;
use crate::shared::{SITE, Shared};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::ReplicaId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::records::{Attempt, HostStatus, Replica};
use store::traits::StoreError;
use tokio_util::task::TaskTracker;

/// How often the plan looks without being woken.
const PLAN: Duration = Duration::from_secs(5);
const PLAN_REAL_MIN: Duration = Duration::from_millis(200);
/// How many attempts of a replica are looked back on.
const ATTEMPTS_BACK: u32 = 12;

pub(crate) struct Planner {
    pub shared: Arc<Shared>,
    pub tracker: TaskTracker,
    /// When each replica's newest point was taken, as last read.
    pub points: BTreeMap<ReplicaId, DateTime<Utc>>,
}

impl Planner {
    pub async fn run(mut self) {
        loop {
            tokio::select! {
                () = self.shared.soft.cancelled() => return,
                () = self.shared.wake_plan.notified() => {}
                () = self.shared.ports.world.sleep(PLAN, PLAN_REAL_MIN) => {}
            }
            if let Err(error) = self.activate().await {
                tracing::warn!(error = %chain(&error), "the plan could not be made");
            }
        }
    }

    async fn activate(&mut self) -> Result<(), StoreError> {
        let now = self.shared.now();
        let mut rows = BTreeMap::new();
        let mut candidates = Vec::new();
        let hosts = self.shared.ports.store.hosts().await?;
        for row in self.shared.ports.store.replicas(&SITE).await? {
            if !self.shared.hosts.contains_key(&row.host)
                || !(is_bound(&row, &hosts) || self.shared.runs_here(row.id))
            {
                continue;
            }
            let every_secs = Some(self.shared.config.backup_every_secs);
            let candidate = candidate(&self.shared, row.clone(), every_secs, &self.points).await?;
            if let Some(point) = candidate.newest_point {
                self.points.insert(row.id, point);
            }
            candidates.push(candidate);
            rows.insert(row.id, row);
        }
        let config = &self.shared.config;
        let limits = Limits {
            attempts_max: config.attempts_max,
            attempts_per_host_max: config.attempts_per_host_max,
            backup_every_secs: config.backup_every_secs,
        };
        let mut watched: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut near: BTreeSet<ReplicaId> = self.shared.running().into_keys().collect();
        for decision in plan(now, &candidates, limits) {
            match decision {
                Decision::Rest(_) => {}
                Decision::Later { replica, watch, .. } => {
                    near.insert(replica);
                    if let Some(row) = rows.get(&replica).filter(|_| watch) {
                        watched
                            .entry(row.host.clone())
                            .or_default()
                            .push((replica, row.vm));
                    }
                }
                Decision::Start(replica) => {
                    near.insert(replica);
                    if let Some(row) = rows.remove(&replica) {
                        self.start(row);
                    }
                }
            }
        }
        self.shared.board.watched_set(watched);
        self.shared.board.near_set(near);
        Ok(())
    }

    fn start(&self, replica: Replica) {
        let Some((id, guard)) = attempt::reserve(&self.shared, &replica) else {
            return;
        };
        let shared = self.shared.clone();
        self.tracker.spawn(async move {
            let name = replica.name.clone();
            match attempt::run(&shared, replica, id, guard).await {
                Ok(outcome) => tracing::info!(attempt.id = %id, replica.name = name, outcome = %told(&outcome), "attempt over"),
                Err(error) => tracing::warn!(attempt.id = %id, replica.name = name, error = %chain(&error), "attempt not made"),
            }
        });
    }
}

/// Whether the newest survey of its host found it, under its tenant. A row that it did not find - gone, unreadable, or bound to
/// another tenant now - rests.
fn is_bound(row: &Replica, hosts: &[HostStatus]) -> bool {
    let host = hosts.iter().find(|status| status.host == row.host);
    let survey = host.and_then(|status| status.last_survey);
    survey.is_none_or(|at| row.last_seen >= at)
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ended { attempt } => match &attempt.state {
            AttemptState::Sealed { point, .. } => format!("sealed as {point}"),
            AttemptState::Deferred { reason, .. } => {
                format!("deferred: {}", domain::words::explain_deferral(reason).title)
            }
            AttemptState::Failed { failure, .. } => {
                format!("failed: {}", domain::words::explain_failure(failure))
            }
            AttemptState::Running { .. } => "still running".to_owned(),
        },
        Outcome::Busy { owner } => format!("held by {owner}"),
        Outcome::Abandoned { why } => format!("abandoned: {why}"),
        Outcome::LeaseLost => "lease lost".to_owned(),
    }
}

/// Gathers what the plan has to know of one replica; its past is read only when it owes a point.
pub(crate) async fn candidate(
    shared: &Shared,
    row: Replica,
    every_secs: Option<u32>,
    points: &BTreeMap<ReplicaId, DateTime<Utc>>,
) -> Result<Candidate, StoreError> {
    let store = &shared.ports.store;
    let fresh = |at: DateTime<Utc>| {
        every_secs.is_some_and(|every| (shared.now() - at).num_seconds() < i64::from(every))
    };
    let newest_point = match points.get(&row.id).copied().filter(|at| fresh(*at)) {
        Some(at) => Some(at),
        None => store.point_newest(row.id).await?.map(|p| p.taken),
    };
    let running = shared.runs_here(row.id);
    let past = match newest_point {
        Some(at) if fresh(at) => Vec::new(),
        _ if running => Vec::new(),
        _ => store.attempts(&SITE, Some(row.id), None, ATTEMPTS_BACK).await?,
    };
    let newest = shared.board.newest(row.id);
    Ok(Candidate {
        replica: row.id,
        tenant: row.tenant,
        host: row.host,
        interval_secs: row.interval_secs,
        first_seen: row.first_seen,
        applied: newest.as_ref().and_then(applied),
        apply_due: newest.as_ref().and_then(|j| apply_due(j, shared.now())),
        seen: newest.map(|j| (j.verdict, j.observation.seen_at)),
        newest_point,
        running,
        failures: failures_in_a_row(&past),
        jitter: past.first().map_or(0.5, jitter_of),
        last: past.into_iter().next().map(|a| a.state),
    })
}

/// A time of the host's clock on the world's, by the look that told it.
fn to_world(judged: &Judged, at: DateTime<Utc>) -> DateTime<Utc> {
    judged.observation.seen_at + (at - judged.observation.host_time)
}

fn applied(judged: &Judged) -> Option<DateTime<Utc>> {
    let told = [judged.observation.last_apply(), judged.cadence.last_end()];
    Some(to_world(judged, told.into_iter().flatten().max()?))
}

fn apply_due(judged: &Judged, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let now_there = judged.observation.host_time + (now - judged.observation.seen_at);
    Some(to_world(judged, judged.cadence.next_end(now_there)?))
}

fn failures_in_a_row(newest_first: &[Attempt]) -> u32 {
    let since_sealed = newest_first
        .iter()
        .take_while(|a| !matches!(a.state, AttemptState::Sealed { .. }));
    let failed = since_sealed
        .filter(|a| matches!(a.state, AttemptState::Failed { .. }))
        .count();
    u32::try_from(failed).unwrap_or(u32::MAX)
}

/// The same for the same attempt, so a wait does not change while it lasts.
fn jitter_of(attempt: &Attempt) -> f64 {
    f64::from(u16::from_be_bytes([
        attempt.id.0.as_bytes()[0],
        attempt.id.0.as_bytes()[1],
    ])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_the_newest_survey_of_its_host_did_not_find_rests() {
        let at = |secs: i64| DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap();
        let row = |last_seen| Replica {
            id: crate::names::new_replica(),
            tenant: "contoso".parse().unwrap(),
            vm: domain::ids::VmGuid(uuid::Uuid::nil()),
            name: "erp".to_owned(),
            host: "hv-r-01".parse().unwrap(),
            primary_host: None,
            interval_secs: 30,
            disks: vec![],
            first_seen: at(0),
            last_seen,
        };
        let host = |name: &str, last_survey| HostStatus {
            host: name.parse().unwrap(),
            build: None,
            trust: None,
            last_survey,
            last_error: None,
            last_error_at: None,
            requests: 0,
        };
        let hosts = [host("hv-r-02", Some(at(90))), host("hv-r-01", Some(at(60)))];
        assert!(is_bound(&row(at(60)), &hosts));
        assert!(!is_bound(&row(at(30)), &hosts));
        // Nobody has looked yet: the gate will.
        assert!(is_bound(&row(at(30)), &[host("hv-r-01", None)]));
        assert!(is_bound(&row(at(30)), &[]));
    }
}
