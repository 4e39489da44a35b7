//! What the plan starts: never the same thing without end, and nothing by a night that is only half up to date.

use crate::fake_host::{Ev, OTHER, VM};
use crate::world::{SITE, Script, World};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::ReplicaId;
use domain::job::JobState;
use domain::planner::Full;
use engine::clock::WorldClock;
use engine::failpoint::{FailAction, Failpoints};
use engine::{Engine, NotBegun, Outcome, Ports};
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

async fn two_on_a_host_for_one() -> (World, [ReplicaId; 2]) {
    let mut world = World::new().await;
    world.host.model().vms.push(OTHER);
    world.config.attempts_per_host_max = 1;
    world.restart(Script::default()).await;
    world.engine.survey().await.unwrap();
    let tenant = "contoso".parse().unwrap();
    let other = world.store.replica_of(&tenant, OTHER).await.unwrap().unwrap().id;
    let first = world.replica().await;
    (world, [first, other])
}

#[tokio::test]
async fn what_a_person_asks_for_begins_only_within_the_limits_and_is_refused_with_the_limit() {
    let (world, [first, other]) = two_on_a_host_for_one().await;
    let begun = world.engine.reserve(first).await.unwrap().ok().unwrap();
    let full = Full::Host { running: 1 };
    let refused = world.engine.reserve(other).await.unwrap().err().unwrap();
    assert_eq!(refused, NotBegun::Full { limit: full });
    assert_eq!(
        world.engine.backup_now(other).await.unwrap(),
        Outcome::Full { limit: full }
    );
    let again = world.engine.reserve(first).await.unwrap().err().unwrap();
    assert!(
        matches!(again, NotBegun::Busy { .. }),
        "the same replica is told as busy: {again}"
    );
    assert!(world.host.model().log.is_empty(), "nothing was begun");
    assert!(matches!(begun.run().await.unwrap(), Outcome::Ended { .. }));
    drop(world.engine.reserve(other).await.unwrap().ok().unwrap());
    assert!(matches!(
        world.engine.backup_now(other).await.unwrap(),
        Outcome::Ended { .. }
    ));
}

#[tokio::test]
async fn attempts_of_another_process_count_as_long_as_its_lease_lives() {
    let (mut world, [first, other]) = two_on_a_host_for_one().await;
    let script = Script {
        abort_at: Some("after:checkpoint".to_owned()),
        ..Script::default()
    };
    world.restart(script).await;
    world.engine.backup_now(first).await.unwrap();
    world.config.owner = "backup-command".to_owned();
    world.restart(Script::default()).await;
    let busy = world.engine.reserve(first).await.unwrap().err().unwrap();
    assert!(
        matches!(&busy, NotBegun::Busy { owner } if owner == "worker-1"),
        "{busy}"
    );
    let full = world.engine.reserve(other).await.unwrap().err().unwrap();
    assert!(matches!(full, NotBegun::Full { .. }), "{full}");
    world.clock.advance(std::time::Duration::from_secs(60));
    assert!(
        world.engine.reserve(other).await.unwrap().is_ok(),
        "the other process is gone"
    );
}
