//! The engine as it runs: all loops, a sped-up world, and waiting for what the store says.

use crate::fake_host::{Ev, FakeHost, VM};
use crate::fake_vault::FakeVault;
use crate::world::SITE;
use chrono::{DateTime, TimeDelta};
use domain::attempt::{AttemptState, Failure};
use domain::binding::TenantRule;
use domain::job::JobState;
use domain::observation::{HostTrust, ReplicationState};
use engine::clock::{SpedClock, WorldClock};
use engine::config::{EngineConfig, Staging};
use engine::{Engine, Ports, SystemMachineClock};
use hyperv::host::ReplicaHost;
use std::sync::Arc;
use std::time::Duration;
use store::SqliteStore;
use store::cancels::{CancelRequest, CancelStore};
use store::traits::{AttemptStore, ReplicaStore};

struct Site {
    _folder: tempfile::TempDir,
    host: Arc<FakeHost>,
    store: SqliteStore,
    engine: Engine,
}

/// A site at 300 times the speed, with a replica whose logs come every 30 s and take 12 s to apply.
async fn site(change: impl FnOnce(&mut EngineConfig, &FakeHost)) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let epoch = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let epoch_real = SpedClock::real().now();
    let clock = Arc::new(SpedClock {
        epoch_world: epoch,
        epoch_real,
        speed: 300.0,
    });
    let staging = folder.path().join("staging");
    let host = Arc::new(FakeHost::new("hv-r-01", clock.clone(), staging.clone()));
    let store = SqliteStore::open(folder.path().join("stillpoint.db"))
        .await
        .unwrap();
    let trust = HostTrust::Enrolled {
        build: "10.0.20348".to_owned(),
        canary: VM,
        enrolled_at: epoch,
        run: "test".to_owned(),
        known_refusals: vec![],
    };
    store.host_trust_set(host.id(), &trust).await.unwrap();
    let tenant = TenantRule {
        tenant: "contoso".parse().unwrap(),
        trust_groups: vec![],
        storage_paths: Vec::new(),
        primaries: vec!["*.contoso.example".to_owned()],
    };
    let mut config = EngineConfig::new(
        "worker-1",
        Staging {
            local: staging,
            unc: r"\\stage\exports".to_owned(),
        },
        vec![tenant],
    );
    config.poll_real_min = Duration::from_millis(20);
    host.cycle(12);
    change(&mut config, &host);
    let ports = Ports::new(
        vec![host.clone()],
        Arc::new(store.clone()),
        Arc::new(FakeVault::default()),
        clock,
        Arc::new(SystemMachineClock),
    );
    let engine = Engine::start(config, ports).await.unwrap();
    Site {
        _folder: folder,
        host,
        store,
        engine,
    }
}

/// Waits, event by event, until the newest attempt is as wanted.
async fn until(site: &Site, wanted: impl Fn(&AttemptState) -> bool) {
    let mut events = site.store.event_watch();
    let seen = async {
        loop {
            let attempts = site.store.attempts(&SITE, None, None, 1).await.unwrap();
            if attempts.first().is_some_and(|a| wanted(&a.state)) {
                return;
            }
            events.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen)
        .await
        .expect("in time");
}

#[tokio::test]
async fn a_replica_that_applies_every_30_s_is_protected_between_two_applies() {
    let site = site(|_, _| ()).await;
    until(&site, |s| matches!(s, AttemptState::Sealed { .. })).await;
    site.engine.stop(Duration::from_secs(5)).await;
    assert_eq!(site.store.points(&SITE, None).await.unwrap().len(), 1);
    assert!(site.host.model().checkpoints.is_empty());
}

#[tokio::test]
async fn while_a_log_is_applied_the_close_watch_asks_for_the_hosts_jobs_and_for_nothing_more() {
    let long = Ev::Apply {
        secs: 1_500,
        state: JobState::Completed,
    };
    let site = site(|_, host| host.model().plan(1, long)).await;
    let began = site.host.model().now;
    until(&site, |s| matches!(s, AttemptState::Sealed { .. })).await;
    site.engine.stop(Duration::from_secs(5)).await;
    let sent = site.host.model().sent.clone();
    let applying = began + TimeDelta::seconds(60)..began + TimeDelta::seconds(1_500);
    let during = |cost: u64| {
        sent.iter()
            .filter(|(at, n)| applying.contains(at) && *n == cost)
            .count()
    };
    let (jobs, looks) = (2, 8);
    assert!(during(jobs) > 5, "{sent:?}");
    assert_eq!(during(looks), 0, "{sent:?}");
}

#[tokio::test]
async fn a_blocked_replica_is_deferred_by_name_and_protected_once_it_clears() {
    let site = site(|_, host| host.model().state = ReplicationState::Resynchronizing).await;
    until(&site, |s| matches!(s, AttemptState::Deferred { .. })).await;
    site.host.model().state = ReplicationState::Replicating;
    site.engine.wake();
    until(&site, |s| matches!(s, AttemptState::Sealed { .. })).await;
    site.engine.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_person_stops_an_attempt_and_nothing_of_it_is_left() {
    let site = site(|_, host| host.model().export_secs = 100_000).await;
    let exports = |s: &AttemptState| {
        matches!(
            s,
            AttemptState::Running {
                step: domain::attempt::Step::Export,
                ..
            }
        )
    };
    until(&site, exports).await;
    let attempt = site.store.attempts(&SITE, None, None, 1).await.unwrap().remove(0);
    let asked = CancelRequest {
        at: attempt.started,
        author: "ada".to_owned(),
        reason: "the host is needed".to_owned(),
    };
    site.store
        .cancel_request(&SITE, attempt.id, &asked)
        .await
        .unwrap();
    let by_ada = |s: &AttemptState| matches!(s, AttemptState::Failed { failure: Failure::CancelledByPerson { author, .. }, .. } if author == "ada");
    until(&site, by_ada).await;
    site.engine.stop(Duration::ZERO).await;
    assert!(site.host.model().checkpoints.is_empty());
}

#[tokio::test]
async fn stopping_undoes_what_runs_beyond_its_grace() {
    let site = site(|_, host| host.model().export_secs = 100_000).await;
    until(&site, |s| {
        matches!(
            s,
            AttemptState::Running {
                step: domain::attempt::Step::Export,
                ..
            }
        )
    })
    .await;
    site.engine.stop(Duration::ZERO).await;
    assert!(site.host.model().checkpoints.is_empty());
    assert_eq!(site.store.leases_expired(i64::MAX).await.unwrap(), []);
}
