//! What only a file can get wrong: its mode, its version, its end, a full disk, two programs on it.

mod doors;

use super::SqliteStore;
use crate::conformance::Seed;
use crate::obligations::ObligationStore;
use crate::policies::{Assignee, PolicyStore};
use crate::traits::{AttemptStore, EventStore, ReplicaStore, Scope, SecretStore, StoreError};
use domain::ids::AttemptId;
use domain::obligation::{Change, Owner};
use domain::policy::Terms;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

const SITE: Scope = Scope::Site { reason: "test" };

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state").join("stillpoint.db");
    (dir, path)
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    Seed::plant(&store).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for end in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{end}", path.display()));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn the_pragmas_hold_on_every_connection() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    for pool in [&store.writer, &store.reader] {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(pool)
            .await
            .unwrap();
        let full: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(pool)
            .await
            .unwrap();
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!((mode.as_str(), full, keys), ("wal", 2, 1));
    }
    let refused = sqlx::query("DELETE FROM event").execute(&store.reader).await;
    assert!(refused.is_err(), "a reader cannot write");
}

#[tokio::test]
async fn the_files_of_a_killed_process_open_with_everything_that_was_committed() {
    let (dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let seed = Seed::plant(&store).await.unwrap();
    let attempt = AttemptId(Uuid::from_u128(1));
    let claimed = store
        .claim(attempt, seed.ours.id, "worker", seed.at, 0, 1_000)
        .await
        .unwrap();
    // The image a kill leaves: file and log as they are, nobody closed anything.
    let image = dir.path().join("image.db");
    std::fs::copy(&path, &image).unwrap();
    std::fs::copy(
        format!("{}-wal", path.display()),
        format!("{}-wal", image.display()),
    )
    .unwrap();
    let after = SqliteStore::open(&image).await.unwrap();
    assert_eq!(
        after.attempts_unfinished().await.unwrap(),
        std::slice::from_ref(&claimed)
    );
    assert_eq!(
        after.lease(seed.ours.id).await.unwrap().unwrap().token,
        claimed.token
    );
    assert_eq!(
        after.event_newest().await.unwrap(),
        store.event_newest().await.unwrap()
    );
}

#[tokio::test]
async fn two_programs_use_one_file_and_one_of_them_gets_the_lease() {
    let (_dir, path) = place();
    let (one, two) = futures::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let (one, two) = (one.unwrap(), two.unwrap());
    let seed = Seed::plant(&one).await.unwrap();
    assert_eq!(two.replicas(&SITE).await.unwrap().len(), 2);
    for round in 0..8_u128 {
        let (a, b) = (
            AttemptId(Uuid::from_u128(round * 2 + 1)),
            AttemptId(Uuid::from_u128(round * 2 + 2)),
        );
        let now = i64::try_from(round).unwrap() * 10;
        let (first, second) = futures::join!(
            one.claim(a, seed.ours.id, "one", seed.at, now, 5),
            two.claim(b, seed.ours.id, "two", seed.at, now, 5),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let won = first.or(second).unwrap();
        let state = domain::attempt::AttemptState::Failed {
            failure: domain::attempt::Failure::Cancelled,
            at: seed.at,
        };
        // Finished by the other program: the token counts, not who asks.
        two.finish(won.id, won.token, state).await.unwrap();
        one.lease_release(seed.ours.id, won.token).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_newer_stillpoint_is_refused_and_left_alone() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 0)")
        .execute(&store.writer)
        .await
        .unwrap();
    store.close().await;
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                version: 9999,
                known: 11,
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("use the newer Stillpoint"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let (_dir, path) = place();
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(
        &path,
        "this is not a database, and long enough to be looked at as one".repeat(99),
    )
    .unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Open { path: named, .. } if *named == path),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_unreadable_row_is_named() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let seed = Seed::plant(&store).await.unwrap();
    sqlx::query("UPDATE replica SET disks_json = '[' WHERE id = $1")
        .bind(seed.ours.id.to_string())
        .execute(&store.writer)
        .await
        .unwrap();
    match store.replica(&SITE, seed.ours.id).await {
        Err(StoreError::Inconsistent {
            table: "replica",
            column: "disks_json",
            row,
            ..
        }) => {
            assert_eq!(row, seed.ours.id.to_string());
        }
        other => panic!("{other:?}"),
    }
    store.replica(&SITE, seed.theirs.id).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    Seed::plant(&store).await.unwrap();
    let before = store.event_newest().await.unwrap();
    // SQLite's own limit answers with the same code as a disk without room.
    sqlx::query("PRAGMA max_page_count = 1")
        .execute(&store.writer)
        .await
        .unwrap();
    let outcome = store.secret_insert(None, "big", &vec![7; 1 << 20]).await;
    assert!(matches!(outcome, Err(StoreError::Full)), "{outcome:?}");
    assert_eq!(store.event_newest().await.unwrap(), before);
    assert_eq!(store.secret(None, "big").await.unwrap(), None);
    // The connection that met the limit was replaced, and with it the limit went: there is room again.
    store.secret_insert(None, "big", &vec![7; 1 << 20]).await.unwrap();
}

#[tokio::test]
async fn a_commit_wakes_whoever_watches_the_events() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut watch = store.event_watch();
    assert_eq!(*watch.borrow_and_update(), 0);
    Seed::plant(&store).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), store.event_newest().await.unwrap());
    store.close().await;
    let again = SqliteStore::open(&path).await.unwrap();
    assert!(
        *again.event_watch().borrow() > 0,
        "the numbers go on after a restart"
    );
}

#[tokio::test]
async fn old_events_are_forgotten_and_the_numbers_go_on() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let seed = Seed::plant(&store).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         INSERT INTO event (at, kind, tenant, subject, payload_json) SELECT 0, 'host', NULL, '', 'null' FROM n",
    )
    .bind(i64::from(crate::rules::EVENTS_KEPT_MAX))
    .execute(&store.writer)
    .await
    .unwrap();
    let before = store.event_newest().await.unwrap();
    store
        .claim(
            AttemptId(Uuid::from_u128(1)),
            seed.ours.id,
            "worker",
            seed.at,
            0,
            1,
        )
        .await
        .unwrap();
    assert_eq!(store.event_newest().await.unwrap(), before + 1);
    let oldest = store.events_after(&SITE, 0, 1).await.unwrap();
    assert_eq!(
        oldest[0].seq,
        before + 2 - i64::from(crate::rules::EVENTS_KEPT_MAX)
    );
}

#[tokio::test]
async fn what_was_promised_and_what_it_came_to_cannot_be_rewritten() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let seed = Seed::plant(&store).await.unwrap();
    let owed = seed.owed(&seed.ours, 0).unwrap();
    store.obligations_open(std::slice::from_ref(&owed)).await.unwrap();
    let missed = seed.late(Owner::Provider);
    store.obligation_close(owed.key, &missed, seed.at).await.unwrap();
    let correction = seed.correction(owed.key, 1, Change::Restore);
    store.correction_append(&correction).await.unwrap();
    for (statement, why) in [
        ("UPDATE policy_version SET author = 'x'", "never changed"),
        ("DELETE FROM policy_version", "never removed"),
        ("UPDATE policy_assignment SET policy = NULL", "never changed"),
        ("DELETE FROM policy_assignment", "never removed"),
        ("UPDATE obligation_terms SET terms_json = '{}'", "frozen"),
        ("UPDATE obligation SET policy_version = 2", "frozen"),
        ("UPDATE obligation SET due_at = 0", "frozen"),
        ("UPDATE obligation SET kind = 'met'", "closed days stay closed"),
        (
            "UPDATE obligation SET outcome_json = '{}'",
            "closed days stay closed",
        ),
        ("DELETE FROM obligation", "never removed"),
        ("UPDATE correction SET reason = 'x'", "never changed"),
        ("DELETE FROM correction", "never removed"),
    ] {
        let refused = sqlx::query(statement).execute(&store.writer).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{statement}: {refused}");
    }
    let row = store.obligation(&SITE, owed.key).await.unwrap();
    assert_eq!(
        (row.obligation, row.outcome, row.corrections),
        (owed, missed, vec![correction])
    );
}

#[tokio::test]
async fn opening_again_leaves_policies_as_people_made_them() {
    let (_dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let gold = "gold".parse().unwrap();
    let at = chrono::DateTime::UNIX_EPOCH;
    store
        .policy_put(&gold, &Terms::standard(), "ada", at)
        .await
        .unwrap();
    store
        .policy_assign(&Assignee::Site, Some(&gold), "ada", at)
        .await
        .unwrap();
    let before = (
        store.policies().await.unwrap(),
        store.assignments(&Scope::Site { reason: "test" }).await.unwrap(),
    );
    store.close().await;
    let again = SqliteStore::open(&path).await.unwrap();
    let after = (
        again.policies().await.unwrap(),
        again.assignments(&Scope::Site { reason: "test" }).await.unwrap(),
    );
    assert_eq!(after, before);
    assert_eq!(after.1.len(), 1);
}
