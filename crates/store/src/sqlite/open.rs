//! Opening the file: mode, version, pragmas, schema.

use super::{SqliteStore, failed, primary_code};
use crate::traits::{Result, StoreError};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlSafeStr, SqlitePool};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// Older versions may corrupt a WAL file when a checkpoint and a writer meet (fixed in 3.51.3).
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// How long a writer waits for another process's transaction. Ours last milliseconds; a full disk's fsync may take seconds.
const BUSY_SECS: u64 = 15;
/// How long a writer waits in this process's own queue.
const ACQUIRE_SECS: u64 = 60;
/// Readers beside the writer: a page needs one or two at a time.
const READERS_MAX: u32 = 4;

/// Every file of `migrations/sqlite`, in order.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "first light",
        include_str!("../../../../migrations/sqlite/0001_first_light.sql"),
    ),
    (
        2,
        "seal chain",
        include_str!("../../../../migrations/sqlite/0002_seal_chain.sql"),
    ),
    (
        3,
        "night",
        include_str!("../../../../migrations/sqlite/0003_night.sql"),
    ),
    (
        4,
        "hot lists",
        include_str!("../../../../migrations/sqlite/0004_hot_lists.sql"),
    ),
    (
        5,
        "hands",
        include_str!("../../../../migrations/sqlite/0005_hands.sql"),
    ),
    (
        6,
        "point times",
        include_str!("../../../../migrations/sqlite/0006_point_times.sql"),
    ),
    (
        7,
        "history",
        include_str!("../../../../migrations/sqlite/0007_history.sql"),
    ),
    (
        8,
        "alarm",
        include_str!("../../../../migrations/sqlite/0008_alarm.sql"),
    ),
    (
        9,
        "doors",
        include_str!("../../../../migrations/sqlite/0009_doors.sql"),
    ),
    (
        10,
        "api",
        include_str!("../../../../migrations/sqlite/0010_api.sql"),
    ),
    (
        11,
        "own",
        include_str!("../../../../migrations/sqlite/0011_own.sql"),
    ),
];

pub(super) async fn open(path: &Path) -> Result<SqliteStore> {
    prepare_file(path).map_err(|source| StoreError::Open {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(BUSY_SECS))
        .synchronous(SqliteSynchronous::Full)
        // SQLite's own scratch files would hold tenants' rows outside the data directory.
        .pragma("temp_store", "MEMORY");
    let writer = open_writer(path, options.clone()).await?;
    check_version(path, &writer).await?;
    migrate(path, &writer, MIGRATIONS).await?;
    let reader = SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECS))
        .connect_with(options.pragma("query_only", "ON"))
        .await
        .map_err(open_error(path))?;
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM event")
        .fetch_one(&reader)
        .await
        .map_err(failed("read the newest event"))?;
    let store = SqliteStore {
        writer,
        reader,
        newest: watch::Sender::new(newest),
    };
    store.policy_begin().await?;
    Ok(store)
}

/// Makes the file ours alone before SQLite sees it: `-wal` and `-shm` take their mode from it.
fn prepare_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// The switch to WAL does not wait for locks: two processes that open a new file together have to try again.
async fn open_writer(path: &Path, options: SqliteConnectOptions) -> Result<SqlitePool> {
    const SQLITE_BUSY: u32 = 5;
    const TRIES_MAX: u32 = 100;
    let options = options.journal_mode(SqliteJournalMode::Wal);
    let mut tries = 0;
    loop {
        let opened = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(ACQUIRE_SECS))
            // On a full disk SQLite ends the transaction by itself, and the driver goes on counting it as open: every later
            // `begin` on that connection would fail. Such a connection is replaced. The ping waits for a queued rollback.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await;
        match opened {
            Err(error) if primary_code(&error) == Some(SQLITE_BUSY) && tries < TRIES_MAX => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            opened => return opened.map_err(open_error(path)),
        }
    }
}

async fn check_version(path: &Path, pool: &SqlitePool) -> Result<()> {
    let text: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(pool)
        .await
        .map_err(open_error(path))?;
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    if (next(), next(), next()) >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    let (major, minor, patch) = SQLITE_VERSION_MIN;
    Err(StoreError::Open {
        path: path.to_owned(),
        source: format!("built with SQLite {text}, {major}.{minor}.{patch} or newer is needed").into(),
    })
}

/// All pending migrations in one transaction under the write lock, so two processes cannot both run them.
async fn migrate(path: &Path, pool: &SqlitePool, migrations: &[(i64, &str, &'static str)]) -> Result<()> {
    let migrator = Migrator::with_migrations(
        migrations
            .iter()
            .map(|(version, description, sql)| {
                Migration::new(
                    *version,
                    (*description).to_owned().into(),
                    MigrationType::Simple,
                    sql.into_sql_str(),
                    false,
                )
            })
            .collect(),
    );
    let mut tx = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(open_error(path))?;
    migrator
        .run_direct(None, &mut *tx, false)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(version) => {
                let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
                StoreError::Newer {
                    path: path.to_owned(),
                    version,
                    known,
                }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                open_error(path)(error)
            }
            error => StoreError::Open {
                path: path.to_owned(),
                source: Box::new(error),
            },
        })?;
    tx.commit().await.map_err(open_error(path))
}

fn open_error(path: &Path) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| match failed("open")(error) {
        StoreError::Database { source, .. } => StoreError::Open {
            path: path.to_owned(),
            source,
        },
        full => full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_compiled_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
        let mut files: Vec<i64> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".sql"))
            .map(|name| name[..4].parse().unwrap())
            .collect();
        files.sort_unstable();
        assert_eq!(
            files,
            MIGRATIONS
                .iter()
                .map(|(version, ..)| *version)
                .collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn points_from_before_the_chain_keep_their_place_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old.db");
        prepare_file(&path).unwrap();
        let pool = open_writer(&path, SqliteConnectOptions::new().filename(&path))
            .await
            .unwrap();
        migrate(&path, &pool, &MIGRATIONS[..1]).await.unwrap();
        for sql in [
            "INSERT INTO replica (id, tenant, vm, name, host, interval_secs, disks_json, first_seen, last_seen) \
             VALUES ('r', 'contoso', 'v', 'n', 'h', 30, '[]', 0, 0)",
            "INSERT INTO attempt VALUES ('a', 'r', 'contoso', 'h', 1, 0, 'sealed', '{}')",
            "INSERT INTO point VALUES ('p', 'a', 'r', 'contoso', 'n', 'h', 0, 0, 's', '[]', 0, 0, '{}', '{\"sequence\":7}')",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        pool.close().await;
        let store = open(&path).await.unwrap();
        let sequence: i64 = sqlx::query_scalar("SELECT seal_sequence FROM point")
            .fetch_one(&store.reader)
            .await
            .unwrap();
        assert_eq!(sequence, 7);
    }
}
