//! The screens' and the API's door to the store: [`::console::Console`] over the store's traits and the domain's words.
//!
//! Every view of the site is drawn from one [`snapshot`] of the store and one [`picture`] of it at one instant of the world's clock, so its
//! figures agree.

mod activity;
mod ahead;
mod attempts;
mod bar;
mod beside;
mod commands;
mod cursor;
mod day;
mod days;
mod door;
mod facts;
mod fault;
mod findings;
mod holds;
mod hosts;
mod kinds;
mod night;
mod open;
mod outlook;
mod owed;
mod own;
mod picture;
mod points;
mod policies;
mod replica;
mod replicas;
mod sla;
mod snapshot;
mod tenants;
#[cfg(test)]
mod tests;
mod zones;

pub use cursor::places;
pub use door::{Begin, EngineDoor, NoEngine, NotBegun};
pub use fault::ui as told_to_people;
pub use own::{OwnStanding, name_after, name_cursor};
pub use snapshot::Snapshots;

use crate::config::Config;
use crate::tenancy::{self, TenantEntry};
use ::console::{
    ActivityView, AttemptQuery, AttemptsPage, Bar, Console, DayView, FindingsView, HoldsView, NightView,
    PointId, PointQuery, PointView, PointsPage, PoliciesView, ReplicaId, ReplicaQuery, ReplicaView,
    ReplicasPage, Requested, RuleQuery, SlaQuery, SlaView, TenantsView, UiError,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::Zone;
use domain::ids::{HostId, TenantId};
use domain::policy::Terms;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use store::holds::HoldStore;
use store::notices::NoticeStore;
use store::obligations::ObligationStore;
use store::pauses::PauseStore;
use store::policies::PolicyStore;
use store::tenants::TenantStore;
use store::traits::{AttemptStore, EventStore, OverviewStore, ReplicaStore, Scope};

/// The aggregates that the screens read.
pub trait ConsoleStore:
    ReplicaStore
    + AttemptStore
    + OverviewStore
    + EventStore
    + PolicyStore
    + ObligationStore
    + HoldStore
    + PauseStore
    + NoticeStore
    + TenantStore
{
}
impl<S> ConsoleStore for S where
    S: ReplicaStore
        + AttemptStore
        + OverviewStore
        + EventStore
        + PolicyStore
        + ObligationStore
        + HoldStore
        + PauseStore
        + NoticeStore
        + TenantStore
{
}

/// What the configuration says about the site, as far as screens show it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Id and name for people, in the configuration's order.
    pub tenants: Vec<(TenantId, String)>,
    /// Those of the configuration with their rules: read-only here.
    pub file: Vec<TenantEntry>,
    /// What tenants' days are counted in; UTC for those that are not here.
    pub zones: BTreeMap<TenantId, Zone>,
    /// Whether anybody outside is told of what goes wrong.
    pub tells: bool,
    pub hosts: Vec<HostId>,
    pub slots_per_host: u32,
    /// An observation older than this is Unknown, whatever it said.
    pub freshness: TimeDelta,
    /// A replica owes a new point this long after its last.
    pub backup_every: TimeDelta,
    /// The world's seconds per real second, rounded, at least 1.
    pub speed: u32,
    /// As the commands name it.
    pub data: PathBuf,
    pub vault: PathBuf,
}

impl Site {
    /// The site of a configuration.
    #[must_use]
    pub fn of(config: &Config, data: &Path) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "held to 1..=1000"
        )]
        let speed = config.world.speed.round().clamp(1.0, 1000.0) as u32;
        Self {
            tenants: config
                .tenants
                .iter()
                .map(|it| (it.id.clone(), it.name.clone()))
                .collect(),
            file: tenancy::of_config(config),
            zones: config.tenants.iter().map(|it| (it.id.clone(), it.zone)).collect(),
            tells: config.alarm.as_ref().is_some_and(|it| it.webhook.is_some()),
            hosts: config.hosts.iter().map(|host| host.id.clone()).collect(),
            slots_per_host: config.limits.attempts_per_host_max,
            freshness: TimeDelta::seconds(i64::from(
                config.policy.freshness_secs.min(Terms::standard().freshness_secs),
            )),
            backup_every: TimeDelta::seconds(i64::from(config.policy.backup_every_secs.unwrap_or(86_400))),
            speed,
            // A command may be run from any folder.
            data: std::path::absolute(data).unwrap_or_else(|_| data.to_owned()),
            vault: config.vault_path.clone(),
        }
    }

    /// The same with these tenants.
    #[must_use]
    pub fn with_tenants(mut self, tenants: &[TenantEntry]) -> Self {
        self.tenants = tenants
            .iter()
            .map(|it| (it.id.clone(), it.name.clone()))
            .collect();
        self.zones = tenants.iter().map(|it| (it.id.clone(), it.zone)).collect();
        self
    }
}

/// The world's clock.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// One person's view of the site.
#[derive(Clone)]
pub struct StoreConsole {
    store: Arc<dyn ConsoleStore>,
    snapshots: Arc<Snapshots>,
    /// What this scope sees, as drawn last.
    drawn: Arc<RwLock<Option<Arc<picture::Picture>>>>,
    engine: Arc<dyn EngineDoor>,
    site: Arc<RwLock<Arc<Site>>>,
    now: Now,
    scope: Scope,
}

impl StoreConsole {
    /// The operator's: everything on the site.
    pub fn new(store: Arc<dyn ConsoleStore>, engine: Arc<dyn EngineDoor>, site: Site, now: Now) -> Self {
        Self {
            snapshots: Arc::new(Snapshots::new(store.clone(), now.clone())),
            drawn: Arc::default(),
            store,
            engine,
            site: Arc::new(RwLock::new(Arc::new(site))),
            now,
            scope: Scope::Site {
                reason: "operator's screens",
            },
        }
    }

    /// The copy of the site that all views are drawn from; somebody has to keep it fresh.
    #[must_use]
    pub fn snapshots(&self) -> Arc<Snapshots> {
        self.snapshots.clone()
    }

    /// Of a process that watches no host.
    #[must_use]
    pub fn looking(store: Arc<dyn ConsoleStore>, site: Site, now: Now) -> Self {
        Self::new(store, Arc::new(NoEngine), site, now)
    }

    fn site(&self) -> Arc<Site> {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Exchanges what the screens know of the site, on all of them.
    pub fn site_set(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// The same for one tenant: everything else is not there.
    #[must_use]
    pub fn of_tenant(&self, tenant: TenantId) -> Self {
        Self {
            scope: Scope::Tenant(tenant),
            drawn: Arc::default(),
            ..self.clone()
        }
    }
}

#[async_trait]
impl Console for StoreConsole {
    async fn bar(&self) -> Result<Bar, UiError> {
        self.bar_view().await
    }
    async fn night(&self) -> Result<NightView, UiError> {
        self.night_view().await
    }
    async fn replicas(&self, query: ReplicaQuery) -> Result<ReplicasPage, UiError> {
        self.replicas_page(query).await
    }
    async fn replica(&self, id: ReplicaId) -> Result<ReplicaView, UiError> {
        self.replica_view(id).await
    }
    async fn attempts(&self, query: AttemptQuery) -> Result<AttemptsPage, UiError> {
        self.attempts_page(query).await
    }
    async fn points(&self, query: PointQuery) -> Result<PointsPage, UiError> {
        self.points_page(query).await
    }
    async fn point(&self, id: PointId) -> Result<PointView, UiError> {
        self.point_view(id).await
    }
    async fn day(&self, replica: ReplicaId, day: NaiveDate) -> Result<DayView, UiError> {
        self.day_view(replica, day).await
    }
    async fn sla(&self, query: SlaQuery) -> Result<SlaView, UiError> {
        self.sla_view(query).await
    }
    async fn policies(&self) -> Result<PoliciesView, UiError> {
        self.policies_view().await
    }
    async fn holds(&self) -> Result<HoldsView, UiError> {
        self.holds_view().await
    }
    async fn tenants(&self, rule: Option<RuleQuery>) -> Result<TenantsView, UiError> {
        self.tenants_view(rule).await
    }
    async fn findings(&self) -> Result<FindingsView, UiError> {
        self.findings_view().await
    }
    async fn activity(&self) -> Result<ActivityView, UiError> {
        self.activity_view().await
    }
    async fn backup_now(&self, id: ReplicaId) -> Result<Requested, UiError> {
        self.store.replica(&self.scope, id).await.map_err(fault::ui)?;
        let begin = self.engine.reserve(id).await?;
        begin();
        Ok(Requested {
            text: "Requested: one attempt is made now".to_owned(),
            at: (self.now)(),
        })
    }
}
