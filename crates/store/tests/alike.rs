//! SQLite and the memory answer every question alike, whatever happened before: random histories, told to both.
//!
//! The conformance suite says what is right; this says that there is nothing it forgot to ask. A failure shows a short history
//! after which the two differ. A new aggregate brings its deeds to `deed` and its questions to `view`.

#[path = "alike/deed.rs"]
mod deed;
#[path = "alike/doors.rs"]
mod doors;
#[path = "alike/night.rs"]
mod night;
#[path = "alike/view.rs"]
mod view;
#[path = "alike/world.rs"]
mod world;

use deed::Deed;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use store::{MemoryStore, SqliteStore};
use world::World;

const CASES: u32 = 24;
const DEEDS_MAX: usize = 80;
const NIGHT_MAX: usize = 200;
/// Each try to shorten a history opens a file: enough to read it, not the very shortest.
const SHORTER_MAX: u32 = 300;

fn fail(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

async fn live(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().map_err(fail)?;
    let sqlite = SqliteStore::open(folder.path().join("stillpoint.db"))
        .await
        .map_err(fail)?;
    let memory = MemoryStore::new();
    let world = World::plant(&sqlite).await.map_err(fail)?;
    World::plant(&memory).await.map_err(fail)?;
    for deed in deeds {
        // Both are asked what the deed leans on (the lease's token, the attempt), so a difference there shows as one here.
        let (one, two) = (
            world.perform(&sqlite, deed).await,
            world.perform(&memory, deed).await,
        );
        prop_assert_eq!(one, two, "SQLite (left) and memory (right) on {:?}", deed);
    }
    let (one, two) = (view::of(&world, &sqlite).await, view::of(&world, &memory).await);
    for (one, two) in one.iter().zip(&two) {
        prop_assert_eq!(one, two, "SQLite (left) and memory (right)");
    }
    prop_assert_eq!(one.len(), two.len());
    sqlite.close().await;
    Ok(())
}

/// Like [`live`], at the doors.
async fn come_and_go(deeds: &[doors::Door]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().map_err(fail)?;
    let sqlite = SqliteStore::open(folder.path().join("stillpoint.db"))
        .await
        .map_err(fail)?;
    let memory = MemoryStore::new();
    let world = World::plant(&sqlite).await.map_err(fail)?;
    World::plant(&memory).await.map_err(fail)?;
    for deed in deeds {
        let (one, two) = (
            doors::perform(&world, &sqlite, deed).await,
            doors::perform(&world, &memory, deed).await,
        );
        prop_assert_eq!(one, two, "SQLite (left) and memory (right) on {:?}", deed);
    }
    let (one, two) = (
        doors::view(&world, &sqlite).await,
        doors::view(&world, &memory).await,
    );
    for (one, two) in one.iter().zip(&two) {
        prop_assert_eq!(one, two, "SQLite (left) and memory (right)");
    }
    sqlite.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_iters: SHORTER_MAX, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_both_stores_say_the_same(deeds in prop::collection::vec(deed::any(), 1..DEEDS_MAX)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        runtime.block_on(live(&deeds))?;
    }

    /// Long histories of nothing else: a day has to be opened, tried, closed and corrected before the two can differ about it.
    #[test]
    fn whatever_happened_in_the_night_both_stores_say_the_same(deeds in prop::collection::vec(night::any(), 50..NIGHT_MAX)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let deeds: Vec<_> = deeds.into_iter().map(Deed::Night).collect();
        runtime.block_on(live(&deeds))?;
    }

    /// Tenants, people, sessions, tokens, links, tries and the trail.
    #[test]
    fn whoever_came_and_went_both_stores_say_the_same(deeds in prop::collection::vec(doors::any(), 50..NIGHT_MAX)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        runtime.block_on(come_and_go(&deeds))?;
    }
}
