//! The conformance suite on SQLite.

use store::SqliteStore;
use tempfile::TempDir;

#[expect(clippy::unwrap_used, reason = "without a folder there is no test")]
async fn open() -> (SqliteStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
    (store, dir)
}

store::store_conformance!(open);
