//! One host, one replica, one engine, and what a test asks of them.

use crate::alarm::Post;
use crate::fake_host::{FakeHost, VM};
use crate::fake_primary::FakePrimary;
use crate::fake_vault::FakeVault;
use chrono::DateTime;
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::binding::TenantRule;
use domain::ids::{ReplicaId, TenantId};
use domain::observation::HostTrust;
use engine::clock::{ManualClock, WorldClock};
use engine::config::{EngineConfig, Staging};
use engine::failpoint::{FailAction, Failpoints};
use engine::{Engine, Messenger, Outcome, Ports};
use hyperv::host::ReplicaHost;
use std::sync::{Arc, Mutex};
use store::SqliteStore;
use store::pauses::PauseStore;
use store::records::{Attempt, Point};
use store::traits::{AttemptStore, ReplicaStore, Scope};

pub const SITE: Scope = Scope::Site { reason: "test" };

/// Aborts at one place, or runs every step twice, and remembers every place that was passed.
#[derive(Debug, Default)]
pub struct Script {
    pub abort_at: Option<String>,
    pub twice: bool,
    pub passed: Mutex<Vec<String>>,
}

impl Failpoints for Script {
    fn at(&self, name: &str) -> FailAction {
        self.passed.lock().unwrap().push(name.to_owned());
        if self.abort_at.as_deref() == Some(name) {
            FailAction::Abort
        } else if self.twice && name.starts_with("twice:") {
            FailAction::Twice
        } else {
            FailAction::Go
        }
    }
}

pub struct World {
    /// Removed with the world.
    _folder: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    pub host: Arc<FakeHost>,
    pub vault: Arc<FakeVault>,
    /// The tenant's host, where it is configured.
    pub primary: Option<Arc<FakePrimary>>,
    pub store: SqliteStore,
    pub engine: Engine,
    pub post: Arc<Post>,
    /// Whether `post` is configured, from the next restart on.
    pub is_heard: bool,
    pub config: EngineConfig,
}

impl World {
    /// A world whose host is enrolled and whose replica was surveyed and is clear.
    pub async fn new() -> Self {
        let world = Self::unproven().await;
        world.enroll(&[]).await;
        world.engine.survey().await.unwrap();
        world
    }

    pub async fn unproven() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(
            DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        ));
        let staging = folder.path().join("staging");
        let host = Arc::new(FakeHost::new("hv-r-01", clock.clone(), staging.clone()));
        let store = SqliteStore::open(folder.path().join("stillpoint.db"))
            .await
            .unwrap();
        let tenant = TenantRule {
            tenant: "contoso".parse().unwrap(),
            trust_groups: vec![],
            storage_paths: Vec::new(),
            primaries: vec!["*.contoso.example".to_owned()],
        };
        let config = EngineConfig::new(
            "worker-1",
            Staging {
                local: staging,
                unc: r"\\stage\exports".to_owned(),
            },
            vec![tenant],
        );
        let vault = Arc::new(FakeVault::default());
        let post = Arc::new(Post::default());
        let at = (&clock, Some(&post));
        let engine = start(&config, &host, None, &store, &vault, at, Script::default()).await;
        engine.survey().await.unwrap();
        Self {
            _folder: folder,
            clock,
            host,
            vault,
            primary: None,
            store,
            engine,
            post,
            is_heard: true,
            config,
        }
    }

    pub async fn enroll(&self, known_refusals: &[u32]) {
        let trust = HostTrust::Enrolled {
            build: "10.0.20348".to_owned(),
            canary: VM,
            enrolled_at: self.clock_now(),
            run: "test".to_owned(),
            known_refusals: known_refusals.to_vec(),
        };
        self.store.host_trust_set(self.host.id(), &trust).await.unwrap();
    }

    pub fn clock_now(&self) -> DateTime<chrono::Utc> {
        WorldClock::now(self.clock.as_ref())
    }

    /// As after a restart: a new engine over the same store.
    pub async fn restart(&mut self, script: Script) {
        self.engine = start(
            &self.config,
            &self.host,
            self.primary.clone(),
            &self.store,
            &self.vault,
            (&self.clock, self.is_heard.then_some(&self.post)),
            script,
        )
        .await;
    }

    pub async fn replica(&self) -> ReplicaId {
        let tenant: TenantId = "contoso".parse().unwrap();
        self.store.replica_of(&tenant, VM).await.unwrap().unwrap().id
    }

    pub async fn backup(&self) -> Outcome {
        self.engine.backup_now(self.replica().await).await.unwrap()
    }

    /// Runs an attempt that must end, and gives its end.
    pub async fn ended(&self) -> AttemptState {
        match self.backup().await {
            Outcome::Ended { attempt } => attempt.state,
            other => panic!("the attempt did not end: {other:?}"),
        }
    }
    pub async fn failure(&self) -> Failure {
        match self.ended().await {
            AttemptState::Failed { failure, .. } => failure,
            other => panic!("not failed: {other:?}"),
        }
    }
    pub async fn deferral(&self) -> Deferral {
        match self.ended().await {
            AttemptState::Deferred { reason, .. } => reason,
            other => panic!("not deferred: {other:?}"),
        }
    }

    /// Rescues until nothing has to wait any more: jobs whose ids we never learnt have to end by themselves.
    pub async fn rescued(&self) {
        for _ in 0..20 {
            if self.engine.rescue().await.unwrap().waiting.is_empty() {
                return;
            }
            self.clock.advance(std::time::Duration::from_secs(10));
        }
        panic!("the rescue does not come to an end");
    }

    pub async fn points(&self) -> Vec<Point> {
        self.store.points(&SITE, None).await.unwrap()
    }
    pub async fn attempts(&self) -> Vec<Attempt> {
        self.store.attempts(&SITE, None, None, 100).await.unwrap()
    }

    /// Nothing of ours is left, and vault and store name the same points.
    pub async fn assert_clean(&self) {
        assert!(self.host.model().checkpoints.is_empty(), "a checkpoint is left");
        let runs = |job_type| self.host.model().is_running(job_type);
        assert!(!runs(62) && !runs(70), "a job of ours runs");
        let left: Vec<_> = std::fs::read_dir(&self.config.staging.local).unwrap().collect();
        assert!(left.is_empty(), "an export folder is left: {left:?}");
        assert_eq!(self.store.leases_expired(i64::MAX).await.unwrap(), []);
        assert_eq!(self.store.pauses_unresumed().await.unwrap(), []);
        assert!(!self.host.model().primary_host.ours, "a pause of ours is left");
        assert_eq!(self.store.attempts_unfinished().await.unwrap(), []);
        let points: std::collections::BTreeSet<_> =
            self.points().await.into_iter().map(|p| p.snapshot).collect();
        assert_eq!(points, self.vault.snapshots());
    }
}

pub async fn start(
    config: &EngineConfig,
    host: &Arc<FakeHost>,
    primary: Option<Arc<FakePrimary>>,
    store: &SqliteStore,
    vault: &Arc<FakeVault>,
    (clock, post): (&Arc<ManualClock>, Option<&Arc<Post>>),
    script: Script,
) -> Engine {
    let mut ports = Ports::new(
        vec![host.clone()],
        Arc::new(store.clone()),
        vault.clone(),
        clock.clone(),
        clock.clone(),
    );
    ports.failpoints = Arc::new(script);
    ports.primaries = primary.into_iter().map(|it| it.configured()).collect();
    ports.messenger = post.map(|it| it.clone() as Arc<dyn Messenger>);
    Engine::prepare(config.clone(), ports).await.unwrap()
}

/// The world's replica as stored.
pub async fn row(world: &World) -> store::records::Replica {
    world.store.replica(&SITE, world.replica().await).await.unwrap()
}
