//! Starts and stops everything: one observer and one close watch per host, the plan loop, the rescuer.

use crate::attempt;
use crate::config::EngineConfig;
use crate::doctor::{self, DoctorFailure, DoctorReport, DoctorRequest};
use crate::observe::{Observer, Surveyed};
use crate::plan::{Candidate, Decision, Limits, plan};
use crate::ports::{Ports, chain};
use crate::rescue::{Rescued, Rescuer};
use crate::shared::{SITE, Shared};
use crate::watch;
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::ReplicaId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::records::{Attempt, Replica};
use store::traits::StoreError;
use tokio_util::task::TaskTracker;

pub use crate::attempt::Outcome;

/// How often the plan looks without being woken.
const PLAN: Duration = Duration::from_secs(5);
const PLAN_REAL_MIN: Duration = Duration::from_millis(200);
/// How many attempts of a replica are looked back on.
const ATTEMPTS_BACK: u32 = 12;

/// A running engine. Dropping it does not stop it; call [`Engine::stop`].
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    tracker: TaskTracker,
}

impl Engine {
    /// Takes up what the store remembers and starts all tasks on the current runtime.
    ///
    /// # Errors
    /// The store could not be read, or the staging directory not be made.
    pub async fn start(config: EngineConfig, ports: Ports) -> Result<Self, StartError> {
        let engine = Self::prepare(config, ports).await?;
        let (shared, tracker) = (&engine.shared, &engine.tracker);
        tracker.spawn(Rescuer::new(shared.clone()).run());
        for (id, host) in &shared.hosts {
            tracker.spawn(Observer::new(shared.clone(), host.clone()).run());
            if shared.config.automatic {
                tracker.spawn(watch::run(shared.clone(), id.clone()));
            }
        }
        if shared.config.automatic {
            tracker.spawn(
                Planner {
                    shared: shared.clone(),
                    tracker: tracker.clone(),
                    points: BTreeMap::new(),
                }
                .run(),
            );
        }
        Ok(engine)
    }

    /// Everything but the tasks: for one-off commands and tests, which call [`Engine::survey`], [`Engine::rescue`] and
    /// [`Engine::backup_now`] themselves.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn prepare(config: EngineConfig, ports: Ports) -> Result<Self, StartError> {
        let staging = &config.staging.local;
        std::fs::create_dir_all(staging).map_err(|source| StartError::Staging {
            path: staging.clone(),
            source,
        })?;
        let shared = Arc::new(Shared::new(config, ports));
        for status in shared.ports.store.statuses(&SITE).await? {
            shared.board.load(&status);
        }
        for host in shared.ports.store.hosts().await? {
            shared.board.enrolled_set(&host.host, host.trust);
        }
        Ok(Self {
            shared,
            tracker: TaskTracker::new(),
        })
    }

    /// Surveys every host once.
    ///
    /// # Errors
    /// The store failed; a host that does not answer is in the result.
    pub async fn survey(&self) -> Result<Vec<Surveyed>, StoreError> {
        let mut all = Vec::new();
        for host in self.shared.hosts.values() {
            let mut observer = Observer::new(self.shared.clone(), host.clone());
            observer.recall().await?;
            all.push(observer.activate().await?);
        }
        Ok(all)
    }

    /// Lets every observer survey at once.
    pub fn wake(&self) {
        self.shared.wake_observers.notify_waiters();
        self.shared.wake_plan.notify_one();
    }

    /// Finishes or undoes what is left of attempts that nobody runs any more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rescue(&self) -> Result<Rescued, StoreError> {
        let mut rescuer = Rescuer::new(self.shared.clone());
        rescuer.sweep_staging().await?;
        rescuer.activate().await
    }

    /// Runs one attempt now, whatever the plan says, and waits for its end. The gate is asked all the same.
    ///
    /// # Errors
    /// The replica is unknown, its host not configured, or the store failed.
    pub async fn backup_now(&self, replica: ReplicaId) -> Result<Outcome, StoreError> {
        let replica = self.shared.ports.store.replica(&SITE, replica).await?;
        let Some((id, guard)) = attempt::reserve(&self.shared, &replica) else {
            return Ok(Outcome::Busy {
                owner: self.shared.config.owner.clone(),
            });
        };
        attempt::run(&self.shared, replica, id, guard).await
    }

    /// Attempts until a point is sealed, waiting out deferrals and failures as the plan would, until `deadline` (world).
    /// `tell` is called with every outcome. Returns the last one.
    ///
    /// # Errors
    /// As [`Engine::backup_now`].
    pub async fn backup_until(
        &self,
        replica: ReplicaId,
        deadline: DateTime<Utc>,
        mut tell: impl FnMut(&Outcome) + Send,
    ) -> Result<Outcome, StoreError> {
        loop {
            let outcome = self.backup_now(replica).await?;
            tell(&outcome);
            let sealed = matches!(&outcome, Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. }));
            if sealed || self.shared.now() >= deadline || self.shared.hard.is_cancelled() {
                return Ok(outcome);
            }
            if !self.wait_turn(replica, deadline).await? {
                return Ok(outcome);
            }
        }
    }

    /// Waits until the plan would start the replica again; false when the deadline came first.
    async fn wait_turn(&self, id: ReplicaId, deadline: DateTime<Utc>) -> Result<bool, StoreError> {
        let limits = Limits {
            attempts_max: 1,
            attempts_per_host_max: 1,
            backup_every_secs: 0,
        };
        while self.shared.now() < deadline && !self.shared.hard.is_cancelled() {
            let row = self.shared.ports.store.replica(&SITE, id).await?;
            // Whether the host answers is told by the attempt itself.
            let _clear = crate::observe::look_closely(&self.shared, &row.host, id, row.vm).await;
            let candidate = candidate(&self.shared, row, None, &BTreeMap::new()).await?;
            let candidate = Candidate {
                running: false,
                ..candidate
            };
            if plan(self.shared.now(), &[candidate], limits) == [Decision::Start(id)] {
                return Ok(true);
            }
            self.shared
                .ports
                .world
                .sleep(Duration::from_secs(1), Duration::from_millis(100))
                .await;
        }
        Ok(false)
    }

    /// Enrols a host on a canary replica, or says what was seen instead.
    ///
    /// # Errors
    /// Everything that speaks against trusting the host.
    pub async fn doctor(&self, request: DoctorRequest) -> Result<DoctorReport, DoctorFailure> {
        let report = doctor::run(&self.shared, request).await;
        self.wake();
        report
    }

    /// Stops starting, gives running attempts `grace` (machine time) to end, then cancels and undoes them.
    pub async fn stop(&self, grace: Duration) {
        self.shared.soft.cancel();
        let waited = async {
            while !self.shared.running().is_empty() {
                self.shared.wake_plan.notified().await;
            }
        };
        let _in_time = tokio::time::timeout(grace, waited).await;
        self.shared.hard.cancel();
        self.tracker.close();
        // What cannot be undone in this time is left to the rescuer of the next start.
        let _ended = tokio::time::timeout(Duration::from_secs(30), self.tracker.wait()).await;
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the state could not be read")]
    Store(#[from] StoreError),
    #[error("the staging directory {} cannot be made: check that its parent exists and can be written", path.display())]
    Staging {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
}

struct Planner {
    shared: Arc<Shared>,
    tracker: TaskTracker,
    /// When each replica's newest point was taken, as last read.
    points: BTreeMap<ReplicaId, DateTime<Utc>>,
}

impl Planner {
    async fn run(mut self) {
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
        for row in self.shared.ports.store.replicas(&SITE).await? {
            if !self.shared.hosts.contains_key(&row.host) {
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
async fn candidate(
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
    Ok(Candidate {
        replica: row.id,
        tenant: row.tenant,
        host: row.host,
        interval_secs: row.interval_secs,
        first_seen: row.first_seen,
        seen: shared
            .board
            .newest(row.id)
            .map(|j| (j.verdict, j.observation.seen_at)),
        newest_point,
        running,
        failures: failures_in_a_row(&past),
        jitter: past.first().map_or(0.5, jitter_of),
        last: past.into_iter().next().map(|a| a.state),
    })
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
