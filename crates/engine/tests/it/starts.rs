//! What the plan starts, and that it does not start the same thing without end.

use crate::world::{Script, World};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::clock::WorldClock;
use engine::failpoint::{FailAction, Failpoints};
use engine::{Engine, Ports};
use std::sync::Arc;
use std::time::Duration;

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
