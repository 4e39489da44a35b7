//! Months of history in seconds, for measurements: one statement per table instead of a transaction per attempt. Only built with the
//! conformance suite.

use super::{SqliteStore, failed};
use crate::traits::{Result, StoreError};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::PointId;
use domain::obligation::Outcome;
use uuid::Uuid;

/// Days, newest first: `n` days back, for every replica.
macro_rules! each {
    ($($part:literal),+) => {
        concat!("WITH RECURSIVE back(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM back WHERE n < $1) ", $($part),+)
    };
}

const DAYS: &str = each!(
    "INSERT INTO obligation (replica, day, tenant, zone, policy, policy_version, terms, target_bp, open_at, due_at, \
     next_open_at, opened_at, kind, outcome_json, closed_at, taken, counts_as, counts_owner, attempts, deferrals) \
     SELECT o.replica, o.day - n, o.tenant, o.zone, o.policy, o.policy_version, o.terms, o.target_bp, \
     o.open_at - n * 86400000000, o.due_at - n * 86400000000, o.next_open_at - n * 86400000000, o.opened_at - n * 86400000000, \
     CASE WHEN (r.rowid + n) % 100 = 0 THEN 'missed' ELSE 'met' END, ",
    "CASE WHEN (r.rowid + n) % 100 = 0 THEN $2 ELSE $3 END, o.next_open_at - n * 86400000000, ",
    "CASE WHEN (r.rowid + n) % 100 = 0 THEN NULL ELSE o.open_at - n * 86400000000 + 3600000000 END, ",
    "CASE WHEN (r.rowid + n) % 100 = 0 THEN 'missed' ELSE 'met' END, ",
    "CASE WHEN (r.rowid + n) % 100 = 0 THEN 'provider' END, 3, 2 ",
    "FROM back CROSS JOIN obligation o JOIN replica r ON r.id = o.replica WHERE o.kind = 'open'"
);

const ATTEMPTS: &str = each!(
    "INSERT INTO attempt (id, replica, tenant, host, token, started, state, state_json) ",
    "SELECT printf('%08x-0000-4000-8000-%012x', n, r.rowid), r.id, r.tenant, r.host, 1 + $1 - n, ",
    "o.open_at - n * 86400000000 + 3600000000, 'sealed', ",
    "json_set($2, '$.point', printf('%08x-0000-4000-9000-%012x', n, r.rowid)) ",
    "FROM back CROSS JOIN obligation o JOIN replica r ON r.id = o.replica WHERE o.kind = 'open'"
);

const POINTS: &str = each!(
    "INSERT INTO point (id, attempt, replica, tenant, name, host, taken, sealed, snapshot, disks_json, read_bytes, added_bytes, \
     evidence_json, seal_json) ",
    "SELECT printf('%08x-0000-4000-9000-%012x', n, r.rowid), printf('%08x-0000-4000-8000-%012x', n, r.rowid), ",
    "r.id, r.tenant, r.name, r.host, o.open_at - n * 86400000000 + 3600000000, o.open_at - n * 86400000000 + 4500000000, ",
    "printf('%032x%032x', n, r.rowid), '[]', 64000000000, 900000000, $2, '{}' ",
    "FROM back CROSS JOIN obligation o JOIN replica r ON r.id = o.replica WHERE o.kind = 'open'"
);

impl SqliteStore {
    /// Gives every replica with an open obligation so many closed days before it, each with a sealed attempt and a point that carries
    /// `evidence`; one day of a hundred was missed. The store must have no attempts yet.
    ///
    /// # Errors
    /// The store's.
    pub async fn history_fill(
        &self,
        days: u32,
        missed: &Outcome,
        evidence: &serde_json::Value,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let nobody = PointId(Uuid::nil());
        let met = Outcome::Met {
            point: nobody,
            taken: at,
            sealed: at,
        };
        let sealed = AttemptState::Sealed { point: nobody, at };
        let mut write = self.write().await?;
        for (statement, one, two) in [
            (DAYS, text(missed)?, Some(text(&met)?)),
            (ATTEMPTS, text(&sealed)?, None),
            (POINTS, evidence.to_string(), None),
        ] {
            let mut query = sqlx::query(statement).bind(i64::from(days)).bind(one);
            if let Some(two) = two {
                query = query.bind(two);
            }
            query
                .execute(write.conn())
                .await
                .map_err(failed("fill a history"))?;
        }
        sqlx::query("UPDATE replica SET token_last = $1")
            .bind(i64::from(days) + 1)
            .execute(write.conn())
            .await
            .map_err(failed("fill a history"))?;
        self.commit(write).await
    }
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|source| StoreError::Database {
        action: "fill a history",
        source: Box::new(source),
    })
}
