//! The plans of the hot queries, as files beside this one: a query that stops using its index shows here, not in production.
//!
//! No statistics are stored (nobody runs `ANALYZE`), so the plan depends on the statement and the schema alone. After a change that is
//! meant, run the test with `STILLPOINT_PLANS=write` and read the difference before committing it.

use super::{
    SqliteStore, alarm, audit, days, ended, obligations, once, overview, people, replicas, sessions,
    throttle, tokens, tries,
};
use sqlx::Row;
use std::path::{Path, PathBuf};

const FOLDER: &str = "src/sqlite/plans";

/// File name and statement.
fn queries() -> Vec<(&'static str, &'static str)> {
    vec![
        ("obligations_live", obligations::OBLIGATIONS_LIVE),
        ("attempts_unended", tries::UNENDED),
        ("day_heads_of_replica", days::OF_REPLICA),
        ("day_kinds_of_replicas", days::KINDS_OF_REPLICAS),
        ("day_heads_of_tenant", days::OF_TENANT),
        ("day_heads_of_site", days::OF_SITE),
        ("days_newest", days::DAYS_NEWEST),
        ("days_closed", ended::DAYS_CLOSED),
        ("blockers_ended", ended::BLOCKERS_ENDED),
        ("breaches_since", alarm::BREACHES_SINCE),
        ("notice_keys", alarm::NOTICE_KEYS),
        ("point_heads_newest_of_site", overview::POINT_HEADS_NEWEST.0),
        ("point_heads_newest_of_tenant", overview::POINT_HEADS_NEWEST.1),
        ("point_times", overview::POINT_TIMES),
        ("attempts_newest_of_site", overview::ATTEMPTS_NEWEST.0),
        ("attempts_newest_of_tenant", overview::ATTEMPTS_NEWEST.1),
        ("replicas_of_site", replicas::REPLICAS.0),
        ("replicas_of_tenant", replicas::REPLICAS.1),
        ("statuses_of_site", replicas::STATUSES.0),
        ("statuses_of_tenant", replicas::STATUSES.1),
        ("session_of", sessions::SESSION_OF),
        ("sessions_of_person", sessions::OF_PERSON),
        ("credentials", people::CREDENTIALS),
        ("persons_of_site", people::PERSONS.0),
        ("persons_of_tenant", people::PERSONS.1),
        ("log_in_tally", throttle::TALLY),
        ("once", once::ONCE),
        ("token_of", tokens::TOKEN_OF),
        ("tokens_of_site", tokens::TOKENS.0),
        ("tokens_of_tenant", tokens::TOKENS.1),
        ("audit_page_of_site", audit::AUDIT_PAGE.0),
        ("audit_page_of_tenant", audit::AUDIT_PAGE.1),
    ]
}

/// One line per step, indented under the step it is part of.
async fn plan(store: &SqliteStore, statement: &str) -> String {
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(explained))
        .fetch_all(&store.reader)
        .await
        .unwrap();
    let mut depths = std::collections::HashMap::from([(0_i64, 0_usize)]);
    let mut text = String::new();
    for row in rows {
        let (id, parent): (i64, i64) = (row.get("id"), row.get("parent"));
        let depth = depths.get(&parent).copied().unwrap_or(0);
        depths.insert(id, depth + 1);
        text.push_str(&"  ".repeat(depth));
        text.push_str(&row.get::<String, _>("detail"));
        text.push('\n');
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

#[tokio::test]
async fn the_hot_queries_are_answered_as_their_snapshots_say() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
    let write = std::env::var("STILLPOINT_PLANS").is_ok_and(|what| what == "write");
    let (mut changed, mut names) = (Vec::new(), Vec::new());
    for (name, statement) in queries() {
        let file = format!("{name}.txt");
        let path = folder().join(&file);
        names.push(file);
        let now = plan(&store, statement).await;
        if write {
            std::fs::write(&path, &now).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != now {
            changed.push(format!("{name} was\n{kept}and is\n{now}"));
        }
    }
    names.sort_unstable();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert_eq!(snapshots(), names, "every snapshot is of a query");
}

fn snapshots() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let mut files: Vec<String> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    files
}
