//! What the plan starts: never the same thing without end, and nothing by a night that is only half up to date.

use crate::fake_host::{Ev, VM};
use crate::world::{SITE, Script, World};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::job::JobState;
use engine::clock::WorldClock;
use engine::failpoint::{FailAction, Failpoints};
use engine::{Engine, Ports};
use hyperv::host::ReplicaHost;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::MemoryStore;
use store::memory::{Mishap, Mishaps};
use store::obligations::ObligationStore;
use store::traits::{AttemptStore, ReplicaStore};

/// A clock that stands still: what goes on in a loop goes on for ever.
struct Still(DateTime<Utc>);

#[async_trait]
impl WorldClock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
    async fn sleep(&self, _world: Duration, _floor: Duration) {
        std::future::pending::<()>().await;
    }
}

/// Ends every attempt before it has claimed anything, and counts them.
#[derive(Debug, Default)]
struct NeverClaimed(Script);

impl NeverClaimed {
    fn starts(&self) -> usize {
        let passed = self.0.passed.lock().unwrap();
        passed.iter().filter(|place| *place == "before:claim").count()
    }
}

impl Failpoints for NeverClaimed {
    fn at(&self, name: &str) -> FailAction {
        self.0.at(name);
        FailAction::Abort
    }
}

#[tokio::test]
async fn a_start_that_comes_to_nothing_is_not_made_again_within_the_same_instant() {
    let world = World::new().await;
    let failpoints = Arc::new(NeverClaimed::default());
    let ports = Ports {
        failpoints: failpoints.clone(),
        ..Ports::new(
            vec![world.host.clone()],
            Arc::new(world.store.clone()),
            world.vault.clone(),
            Arc::new(Still(world.clock_now())),
            world.clock.clone(),
        )
    };
    let engine = Engine::start(world.config.clone(), ports).await.unwrap();
    while failpoints.starts() == 0 {
        tokio::task::yield_now().await;
    }
    // Each asks the store as a round of the plan does: rounds without end would be made beside them.
    for _ in 0..50 {
        world.points().await;
        world.attempts().await;
    }
    assert_eq!(failpoints.starts(), 1);
    engine.stop(Duration::ZERO).await;
}

/// Loses the next write when it is told to.
#[derive(Default)]
struct LosesOne(AtomicBool);

impl Mishaps for LosesOne {
    fn next(&self) -> Mishap {
        if self.0.swap(false, Ordering::Relaxed) {
            Mishap::Lost
        } else {
            Mishap::None
        }
    }
}

#[tokio::test]
async fn a_night_that_broke_off_is_done_again_at_once() {
    let world = World::new().await;
    let loses = Arc::new(LosesOne::default());
    let store = MemoryStore::with_mishaps(loses.clone());
    let trust = world.store.hosts().await.unwrap()[0].trust.clone().unwrap();
    store.host_trust_set(world.host.id(), &trust).await.unwrap();
    let ports = Ports::new(
        vec![world.host.clone()],
        Arc::new(store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    let engine = Engine::prepare(world.config.clone(), ports).await.unwrap();
    engine.survey().await.unwrap();
    engine.night().await.unwrap();
    world.clock.advance(Duration::from_secs(12 * 3600));
    engine.survey().await.unwrap();
    // After a hole nothing is clear before an apply has completed.
    let apply = Ev::Apply {
        secs: 5,
        state: JobState::Completed,
    };
    world.host.model().plan(1, apply);
    world.clock.advance(Duration::from_secs(30));
    engine.survey().await.unwrap();
    engine.night().await.unwrap();
    let replica = store
        .replica_of(&"contoso".parse().unwrap(), VM)
        .await
        .unwrap()
        .unwrap();
    engine.backup_now(replica.id).await.unwrap();
    assert_eq!(store.points(&SITE, None).await.unwrap().len(), 1);
    loses.0.store(true, Ordering::Relaxed);
    assert!(
        engine.night().await.is_err(),
        "the end of the attempt could not be noted"
    );
    engine.night().await.unwrap();
    assert_eq!(
        store.obligations_live().await.unwrap(),
        [],
        "the day is met and closed"
    );
}
