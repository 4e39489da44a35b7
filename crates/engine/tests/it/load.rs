//! Requests per host and minute are a limit, counted; and what a hold needs never waits for it.

use crate::world::{Script, World};
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Failure};
use engine::Outcome;
use hyperv::host::ReplicaHost;
use std::time::Duration;
use store::traits::ReplicaStore;

async fn limited(per_minute: u32) -> World {
    let mut world = World::new().await;
    world.config.requests_per_host_minute_max = per_minute;
    world.clock.advance(Duration::from_secs(60));
    world.restart(Script::default()).await;
    world.host.model().sent.clear();
    world
}

#[tokio::test]
async fn surveys_wait_for_the_limit_and_are_counted() {
    let world = limited(60).await;
    let began = world.clock_now();
    for _ in 0..20 {
        world.engine.survey().await.unwrap();
    }
    assert!(world.host.sent_in_a_minute() <= 60);
    assert!(
        world.clock_now() - began >= TimeDelta::seconds(120),
        "240 requests take minutes"
    );
    let host = world.store.hosts().await.unwrap().remove(0);
    assert_eq!(host.requests, world.host.requests());
}

#[tokio::test]
async fn close_looks_wait_for_the_limit_and_the_backup_comes_all_the_same() {
    let world = limited(90).await;
    world.host.cycle(12);
    let deadline = world.clock_now() + TimeDelta::seconds(1800);
    let outcome = world
        .engine
        .backup_until(world.replica().await, deadline, |_| ())
        .await
        .unwrap();
    assert!(
        matches!(&outcome, Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. })),
        "{outcome:?}"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn the_looks_of_a_hold_never_wait() {
    let world = limited(60).await;
    // The bucket is empty when the hold begins.
    world.engine.survey().await.unwrap();
    world.host.model().export_secs = 300;
    let began = world.clock_now();
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    let [point] = &world.points().await[..] else {
        panic!("not one point")
    };
    let looks = &point.evidence.hold.looks;
    let gap = looks
        .windows(2)
        .map(|pair| pair[1].host_time - pair[0].host_time)
        .max();
    assert!(gap.unwrap() <= TimeDelta::seconds(12), "{gap:?}");
    assert!(world.clock_now() - began < TimeDelta::seconds(330));
    assert!(world.host.sent_in_a_minute() > 30);
    // Polls pay for it, and not for so long that anything goes stale.
    let before = world.clock_now();
    world.engine.survey().await.unwrap();
    assert!(world.clock_now() - before < TimeDelta::seconds(90));
}

#[tokio::test]
async fn after_a_failed_proof_the_next_attempt_begins_right_after_the_next_apply() {
    let world = World::new().await;
    world.host.model().protected = false;
    world.host.model().export_secs = 20;
    // Tears the first export; then a quiet minute, an apply from second 90 to 97, and peace.
    for at in [15, 90] {
        let state = domain::job::JobState::Completed;
        let apply = crate::fake_host::Ev::Apply { secs: 7, state };
        world.host.model().plan(at, apply);
    }
    let began = world.clock_now();
    let deadline = began + TimeDelta::seconds(1800);
    let mut failed = 0;
    let told = |outcome: &Outcome| {
        if let Outcome::Ended { attempt } = outcome
            && let AttemptState::Failed {
                failure: Failure::Unproven { .. },
                ..
            } = &attempt.state
        {
            failed += 1;
        }
    };
    world
        .engine
        .backup_until(world.replica().await, deadline, told)
        .await
        .unwrap();
    assert_eq!(failed, 1);
    let attempts = world.attempts().await;
    let started = (attempts[0].started - began).num_seconds();
    assert!(
        (97..=100).contains(&started),
        "second {started}: on the end of the apply, not at a time of ours"
    );
    assert_eq!(world.points().await.len(), 1);
}
