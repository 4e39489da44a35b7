//! Starts and stops everything: one observer and one close watch per host, the plan loop, the rescuer.

use crate::alarm::{self, Alarm};
use crate::config::EngineConfig;
use crate::doctor::{self, DoctorFailure, DoctorReport, DoctorRequest};
use crate::foresight::{Forecaster, Foreseen};
use crate::night::Night;
use crate::observe::{Observer, Surveyed};
use crate::pausing::watchdog::Watchdog;
use crate::planned::Planned;
use crate::planning::{self, Planner};
use crate::ports::Ports;
use crate::rescue::{Audited, Rescued, Rescuer};
use crate::shared::{SITE, Shared};
use crate::sighted::{Sighted, Tenancy};
use crate::watch;
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{HostId, ReplicaId};
use std::sync::Arc;
use std::time::Duration;
use store::traits::StoreError;
use tokio_util::task::TaskTracker;

pub use crate::attempt::{Begun, NotBegun, Outcome};

/// A running engine. Dropping it does not stop it; call [`Engine::stop`].
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    tracker: TaskTracker,
    /// For [`Engine::night`]; the plan loop has its own.
    night: Arc<tokio::sync::Mutex<Option<Night>>>,
    /// For [`Engine::foresight`] and [`Engine::alarm`]; the running engine has its own.
    watch: Arc<tokio::sync::Mutex<(Forecaster, Alarm)>>,
}

impl Engine {
    /// Takes up what the store remembers and starts all tasks on the current runtime.
    ///
    /// # Errors
    /// The store could not be read, or the staging directory not be made.
    pub async fn start(config: EngineConfig, ports: Ports) -> Result<Self, StartError> {
        let engine = Self::prepare(config, ports).await?;
        let (shared, tracker) = (&engine.shared, &engine.tracker);
        // Before anybody looks: who is gone is told by how the last process left it.
        let planner = if shared.config.automatic {
            Some(Planner::recall(shared.clone(), tracker.clone()).await?)
        } else {
            None
        };
        tracker.spawn(Rescuer::new(shared.clone()).run());
        tracker.spawn(Watchdog::new(shared.clone()).run());
        for (id, host) in &shared.hosts {
            tracker.spawn(Observer::new(shared.clone(), host.clone()).run());
            if shared.config.automatic {
                tracker.spawn(watch::run(shared.clone(), id.clone()));
            }
        }
        if let Some(planner) = planner {
            if shared.ports.messenger.is_some() || shared.ports.heartbeat.is_some() {
                alarm::start(shared.clone(), tracker.token()).map_err(StartError::Alarm)?;
            } else {
                tracker.spawn(alarm::run_unheard(shared.clone()));
            }
            tracker.spawn(planner.run());
            tracker.spawn(Forecaster::new(shared.clone()).run());
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
            if shared.config.seen_by_store.contains(&status.observation.host) {
                shared.board.adopt(status);
            }
        }
        for host in shared.ports.store.hosts().await? {
            shared.board.enrolled_set(&host.host, host.trust);
        }
        Ok(Self {
            watch: Arc::new(tokio::sync::Mutex::new((
                Forecaster::new(shared.clone()),
                Alarm::new(shared.clone()),
            ))),
            shared,
            tracker: TaskTracker::new(),
            night: Arc::default(),
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

    /// Replicas as the newest surveys of their hosts showed them, whoever's they are. A host that did not answer since shows its last.
    #[must_use]
    pub fn sighted(&self) -> Vec<Sighted> {
        self.shared.board.sighted()
    }

    /// Exchanges what replicas are bound by, from the next look at each host on. All hosts are looked at now.
    pub fn tenancy_set(&self, tenancy: Tenancy) {
        self.shared.tenancy_set(tenancy);
        self.wake();
    }

    /// Lets every observer survey at once.
    pub fn wake(&self) {
        self.shared.wake_observers.notify_waiters();
        self.shared.wake_plan.notify_one();
    }

    /// Finishes or undoes what is left of attempts that nobody runs any more, and resumes the primaries that they paused.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rescue(&self) -> Result<Rescued, StoreError> {
        let mut rescuer = Rescuer::new(self.shared.clone());
        rescuer.sweep_staging().await?;
        let mut done = rescuer.activate().await?;
        let watched = Watchdog::new(self.shared.clone()).activate().await?;
        done.resumed = watched.resumed;
        done.waiting.extend(watched.waiting);
        Ok(done)
    }

    /// Looks for every sealed point in the vault and finishes what was cut off; what cannot be finished is a finding.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit(&self) -> Result<Audited, StoreError> {
        Rescuer::new(self.shared.clone()).audit().await
    }

    /// Takes a replica and a slot for one attempt beside the plan; [`Begun::run`] makes it. The limits hold for it as for every other.
    ///
    /// # Errors
    /// The replica is unknown, or the store failed. Inside: why it is not begun.
    pub async fn reserve(&self, replica: ReplicaId) -> Result<Result<Begun, NotBegun>, StoreError> {
        Begun::reserve_free(&self.shared, replica).await
    }

    /// Runs one attempt now, whatever the plan says, and waits for its end. The gate is asked all the same, and the limits hold.
    ///
    /// # Errors
    /// The replica is unknown, its host not configured, or the store failed.
    pub async fn backup_now(&self, replica: ReplicaId) -> Result<Outcome, StoreError> {
        self.backup_once(replica, false).await
    }

    /// As [`Engine::backup_now`]; where log applies are in the way, the primary is paused as far as policy, budget and credentials allow.
    ///
    /// # Errors
    /// As [`Engine::backup_now`].
    pub async fn backup_pausing(&self, replica: ReplicaId) -> Result<Outcome, StoreError> {
        self.backup_once(replica, true).await
    }

    async fn backup_once(&self, replica: ReplicaId, pause: bool) -> Result<Outcome, StoreError> {
        match Begun::reserve(&self.shared, replica, pause).await? {
            Ok(begun) => begun.run().await,
            Err(why) => Ok(why.into()),
        }
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
            if matches!(outcome, Outcome::Full { .. }) {
                self.wait_slot().await;
            }
            if !self.wait_turn(replica, deadline).await? {
                return Ok(outcome);
            }
        }
    }

    /// Until a slot may have become free: nobody tells another process's.
    async fn wait_slot(&self) {
        let world = &self.shared.ports.world;
        world
            .sleep(Duration::from_secs(5), Duration::from_millis(500))
            .await;
    }

    /// Waits until the plan would start the replica again; false when the deadline came first.
    async fn wait_turn(&self, id: ReplicaId, deadline: DateTime<Utc>) -> Result<bool, StoreError> {
        while self.shared.now() < deadline && !self.shared.hard.is_cancelled() {
            let row = self.shared.ports.store.replica(&SITE, id).await?;
            // Whether the host answers is told by the attempt itself.
            let _clear = crate::observe::look_closely(&self.shared, &row.host, id, row.vm).await;
            if planning::would_start(&self.shared, &row, deadline).await? {
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

    /// Opens the days that have opened, notes what was tried for them and closes those that are decided. The running engine does it with
    /// every round of its plan.
    ///
    /// # Errors
    /// The store failed.
    pub async fn night(&self) -> Result<(), StoreError> {
        let mut night = self.night.lock().await;
        match night.as_mut() {
            Some(night) => night.activate().await,
            None => {
                night
                    .insert(Night::recall(self.shared.clone()).await?)
                    .activate()
                    .await
            }
        }
    }

    /// What was planned last; `None` before the first round and where nothing plans.
    #[must_use]
    pub fn planned(&self) -> Option<Arc<Planned>> {
        self.shared.planned()
    }

    /// What the plan is now, by what the store says; starts nothing. For one-off commands, which look at no host: replicas are as they
    /// were seen last.
    ///
    /// # Errors
    /// The store failed.
    pub async fn plan_now(&self) -> Result<Planned, StoreError> {
        let mut planner = Planner::recall(self.shared.clone(), self.tracker.clone()).await?;
        planner.look().await
    }

    /// What was foreseen last; `None` before the first forecast and where nothing plans.
    #[must_use]
    pub fn foreseen(&self) -> Option<Arc<Foreseen>> {
        self.shared.foreseen()
    }

    /// What is foreseen of a plan, for one-off commands: `plan_now` makes it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn foresee(&self, planned: &Planned) -> Result<Foreseen, StoreError> {
        self.watch.lock().await.0.foresee(planned).await
    }

    /// Brings the night up to date, plans it and foresees it, as the running engine does with every round; starts nothing.
    ///
    /// # Errors
    /// The store failed.
    pub async fn foresight(&self) -> Result<(), StoreError> {
        self.night().await?;
        let planned = self.plan_now().await?;
        self.shared.planned_set(planned);
        self.shared.signs.planner(self.shared.now());
        self.watch.lock().await.0.activate().await
    }

    /// One round of the alarm by what was foreseen last, and of the outbox; how many notices were new. The running engine does it on a
    /// thread of its own.
    ///
    /// # Errors
    /// The store failed.
    pub async fn alarm(&self) -> Result<usize, StoreError> {
        let new = self.watch.lock().await.1.activate().await?;
        alarm::deliver(&self.shared).await?;
        Ok(new)
    }

    /// Requests to a host in the last minute of the world, and how many may be; `None` for a host that is not asked here.
    #[must_use]
    pub fn requests(&self, host: &HostId) -> Option<(u32, u32)> {
        let host = self.shared.hosts.get(host)?;
        self.shared.requests(host.as_ref())
    }

    /// When a replica is looked at next (world's clock); `None` while nothing observes its host. Never in the past: what is
    /// overdue is about to be.
    #[must_use]
    pub fn next_look(&self, replica: ReplicaId) -> Option<DateTime<Utc>> {
        let next = self.shared.board.next_look(replica)?;
        Some(next.max(self.shared.now()))
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
                tokio::time::sleep(Duration::from_millis(20)).await;
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
    #[error("the system gives no thread for the alarm")]
    Alarm(#[source] std::io::Error),
    #[error("the staging directory {} cannot be made: check that its parent exists and can be written", path.display())]
    Staging {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
}
