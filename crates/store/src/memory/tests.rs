//! What only the memory can get wrong: its size, its debug output, its watch.

use super::MemoryStore;
use crate::conformance::Seed;
use crate::rules::EVENTS_KEPT_MAX;
use crate::traits::{EventStore, PollWrite, ReplicaStore, Scope, SecretStore};

const SITE: Scope = Scope::Site { reason: "test" };

#[tokio::test]
async fn old_events_are_forgotten_and_the_numbers_go_on() {
    let store = MemoryStore::new();
    let seed = Seed::plant(&store).await.unwrap();
    let before = store.event_newest().await.unwrap();
    let findings = (0..EVENTS_KEPT_MAX)
        .map(|number| seed.finding(&number.to_string(), 0))
        .collect();
    store
        .poll_write(PollWrite {
            findings,
            ..PollWrite::default()
        })
        .await
        .unwrap();
    assert_eq!(
        store.event_newest().await.unwrap(),
        before + i64::from(EVENTS_KEPT_MAX)
    );
    let oldest = store.events_after(&SITE, 0, 1).await.unwrap();
    assert_eq!(oldest[0].seq, before + 1);
    assert_eq!(store.events_after(&seed.scope(), 0, 1).await.unwrap(), oldest);
    assert!(store.events_after(&seed.other(), 0, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_write_wakes_whoever_watches_the_events_and_a_refused_one_does_not() {
    let store = MemoryStore::new();
    let mut watch = store.event_watch();
    let seed = Seed::plant(&store).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), store.event_newest().await.unwrap());
    assert!(store.finding_resolve("never", seed.at).await.is_err());
    assert!(!watch.has_changed().unwrap());
}

#[tokio::test]
async fn a_secret_is_not_in_the_debug_output() {
    let store = MemoryStore::new();
    store.secret_insert(None, "key", b"hunter2").await.unwrap();
    assert_eq!(format!("{store:?}"), "MemoryStore { .. }");
}
