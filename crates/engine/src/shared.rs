//! What all tasks of one engine share.

use crate::alarm::Signs;
use crate::board::Board;
use crate::budget::{Budget, Errand};
use crate::config::EngineConfig;
use crate::foresight::Foreseen;
use crate::pausing::Pausing;
use crate::planned::Planned;
use crate::ports::Ports;
use crate::sighted::Tenancy;
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, HostId, ReplicaId, TenantId, VmGuid};
use domain::planner::{Full, Limits};
use domain::policy::Terms;
use hyperv::host::ReplicaHost;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::traits::Scope;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How old an observation may be of a replica whose policy is not known yet.
const FRESHNESS_SECS: u32 = 180;

/// The engine's own scope in the store.
pub(crate) const SITE: Scope = Scope::Site { reason: "engine" };

/// An attempt that this process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    pub attempt: AttemptId,
    pub host: HostId,
    pub tenant: TenantId,
    pub vm: VmGuid,
    /// Bytes that it is going to need in staging and vault.
    pub reserved_bytes: u64,
}

pub(crate) struct Shared {
    pub config: EngineConfig,
    pub ports: Ports,
    pub board: Board,
    pub pausing: Pausing,
    pub hosts: BTreeMap<HostId, Arc<dyn ReplicaHost>>,
    budgets: BTreeMap<HostId, Budget>,
    /// Something changed that the plan should know.
    pub wake_plan: Notify,
    /// The night changed.
    pub wake_foresight: Notify,
    /// Who has looked when.
    pub signs: Signs,
    /// Something should be surveyed at once.
    pub wake_observers: Notify,
    /// Seals of one site are signed one after the other: each names the one before.
    pub sealing: tokio::sync::Mutex<()>,
    /// Stop starting.
    pub soft: CancellationToken,
    /// Stop what runs.
    pub hard: CancellationToken,
    running: Mutex<BTreeMap<ReplicaId, Running>>,
    /// Replicas that an attempt of this process ended on since the plan looked last.
    touched: Mutex<BTreeSet<ReplicaId>>,
    /// The terms that replicas are looked at by.
    terms: Mutex<BTreeMap<ReplicaId, Arc<Terms>>>,
    /// Whose replicas are whose; exchanged while we run.
    tenancy: Mutex<Arc<Tenancy>>,
    planned: Mutex<Option<Arc<Planned>>>,
    foreseen: Mutex<Option<Arc<Foreseen>>>,
    /// When this process began to look.
    pub started: DateTime<Utc>,
}

impl Shared {
    pub fn new(config: EngineConfig, ports: Ports) -> Self {
        let hosts = ports.hosts.iter().map(|h| (h.id().clone(), h.clone())).collect();
        let limit = config.requests_per_host_minute_max;
        let budget = |h: &Arc<dyn ReplicaHost>| (h.id().clone(), Budget::new(limit, h.requests()));
        let budgets = ports.hosts.iter().map(budget).collect();
        let started = ports.world.now();
        let tenancy = Tenancy {
            rules: config.tenants.clone(),
            zones: config.zones.clone(),
        };
        Self {
            config,
            pausing: Pausing::new(ports.primaries.clone()),
            ports,
            board: Board::default(),
            hosts,
            budgets,
            wake_plan: Notify::new(),
            wake_observers: Notify::new(),
            sealing: tokio::sync::Mutex::new(()),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            running: Mutex::new(BTreeMap::new()),
            touched: Mutex::new(BTreeSet::new()),
            terms: Mutex::new(BTreeMap::new()),
            tenancy: Mutex::new(Arc::new(tenancy)),
            planned: Mutex::new(None),
            foreseen: Mutex::new(None),
            wake_foresight: Notify::new(),
            signs: Signs::default(),
            started,
        }
    }

    /// World's now.
    pub fn now(&self) -> DateTime<Utc> {
        self.ports.world.now()
    }

    /// Waits until a poll or a close look of this host is within the limit of requests.
    pub async fn may_ask(&self, host: &dyn ReplicaHost, errand: Errand) {
        if let Some(budget) = self.budgets.get(host.id()) {
            let clock = self.ports.world.as_ref();
            budget.wait(host, clock, errand, &self.hard).await;
        }
    }

    /// Requests to a host in the last minute, and how many may be.
    pub fn requests(&self, host: &dyn ReplicaHost) -> Option<(u32, u32)> {
        let budget = self.budgets.get(host.id())?;
        Some(budget.last_minute(self.now(), host.requests()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ReplicaId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The replicas that something ended on, once.
    pub fn touched_take(&self) -> BTreeSet<ReplicaId> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn terms_set(&self, terms: BTreeMap<ReplicaId, Arc<Terms>>) {
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = terms;
    }

    /// How old an observation of a replica may be: by its policy, and no more than the configuration allows.
    pub fn freshness_secs(&self, replica: ReplicaId) -> u32 {
        let terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        let by_policy = terms
            .get(&replica)
            .map_or(FRESHNESS_SECS, |terms| terms.freshness_secs);
        by_policy.min(self.config.freshness_secs)
    }

    /// The longest that an attempt may hold a replica's applies back.
    pub fn hold_secs_max(&self, replica: ReplicaId) -> u32 {
        let terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        let by_policy = terms.get(&replica).map_or(u32::MAX, |terms| terms.hold_secs_max);
        by_policy.min(self.config.hold_secs_max)
    }

    /// Whose replicas are whose, now.
    pub fn tenancy(&self) -> Arc<Tenancy> {
        self.tenancy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
    pub fn tenancy_set(&self, tenancy: Tenancy) {
        *self.tenancy.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(tenancy);
    }

    pub fn planned_set(&self, planned: Planned) {
        let planned = Arc::new(planned);
        let before = self
            .planned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(planned.clone());
        if before.is_none_or(|before| !before.is_like(&planned)) {
            self.wake_foresight.notify_one();
        }
    }
    pub fn foreseen_set(&self, foreseen: Foreseen) {
        *self.foreseen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(foreseen));
    }
    pub fn foreseen(&self) -> Option<Arc<Foreseen>> {
        self.foreseen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
    pub fn planned(&self) -> Option<Arc<Planned>> {
        self.planned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Marks a replica as being worked on here; `None` when it already is, or when another replica's attempt works on the same
    /// VM of the same host (its binding changed). Ends when the guard is dropped.
    pub fn begin(self: &Arc<Self>, replica: ReplicaId, running: Running) -> Option<RunningGuard> {
        self.begin_in(&mut self.lock(), replica, running)
    }

    /// As [`Shared::begin`], where there is room for one more attempt beside those that run here, and `elsewhere`. Looked at and taken under
    /// one lock: of many at once no more begin than may.
    pub fn begin_within(
        self: &Arc<Self>,
        replica: ReplicaId,
        running: Running,
        limits: &Limits,
        elsewhere: &[(HostId, TenantId)],
    ) -> Result<Option<RunningGuard>, Full> {
        let mut all = self.lock();
        if !is_taken(&all, replica, &running) {
            let here = all.values().map(|it| (&it.host, &it.tenant));
            let there = elsewhere.iter().map(|(host, tenant)| (host, tenant));
            limits.room(here.chain(there), &running.host, &running.tenant)?;
        }
        Ok(self.begin_in(&mut all, replica, running))
    }

    fn begin_in(
        self: &Arc<Self>,
        all: &mut BTreeMap<ReplicaId, Running>,
        replica: ReplicaId,
        running: Running,
    ) -> Option<RunningGuard> {
        if is_taken(all, replica, &running) {
            return None;
        }
        all.insert(replica, running);
        Some(RunningGuard {
            shared: self.clone(),
            replica,
        })
    }
    /// Sets what a running attempt is going to need, and tells what all others have set before it.
    pub fn reserve(&self, replica: ReplicaId, bytes: u64) -> u64 {
        let mut all = self.lock();
        if let Some(running) = all.get_mut(&replica) {
            running.reserved_bytes = bytes;
        }
        let others = all.iter().filter(|(id, _)| **id != replica);
        others.fold(0, |sum, (_, running)| sum.saturating_add(running.reserved_bytes))
    }

    pub fn running(&self) -> BTreeMap<ReplicaId, Running> {
        self.lock().clone()
    }
    pub fn runs_here(&self, replica: ReplicaId) -> bool {
        self.lock().contains_key(&replica)
    }
}

/// Whether the replica, or its VM on that host, is being worked on.
fn is_taken(all: &BTreeMap<ReplicaId, Running>, replica: ReplicaId, running: &Running) -> bool {
    let same_vm = |other: &Running| other.host == running.host && other.vm == running.vm;
    all.contains_key(&replica) || all.values().any(same_vm)
}

/// A replica is being worked on while this lives.
pub(crate) struct RunningGuard {
    shared: Arc<Shared>,
    replica: ReplicaId,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.shared.lock().remove(&self.replica);
        let touched = self.shared.touched.lock();
        touched
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.replica);
        self.shared.wake_plan.notify_one();
    }
}
