//! Read models of the screens: many rows, no documents.

use super::attempts::attempt;
use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::records::{Attempt, PointHead, PointTime};
use crate::rules::HEADS_READ_MAX;
use crate::traits::{OverviewStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::ReplicaId;
use sqlx::sqlite::SqliteRow;

/// An index is chosen before anything is bound: with `$1 IS NULL OR tenant = $1` a tenant's question would read every replica.
macro_rules! by_scope {
    ($macro:ident, $($part:literal),+ ; $order:literal) => {
        (
            $macro!($($part),+, " AND CAST($1 AS TEXT) IS NULL ", $order),
            $macro!($($part),+, " AND r.tenant = $1 ", $order),
        )
    };
}

macro_rules! newest_head {
    ($($rest:literal),+) => {
        concat!(
            "SELECT p.id, p.replica, p.tenant, p.name, p.host, p.taken, p.sealed, p.snapshot, p.disks_json, \
             p.read_bytes, p.added_bytes, coalesce(json_array_length(p.evidence_json, '$.hold.looks'), 0) AS looks, \
             (SELECT count(*) FROM point c WHERE c.replica = r.id) AS points FROM replica r JOIN point p ",
            $($rest),+
        )
    };
}

macro_rules! newest_attempt {
    ($($rest:literal),+) => {
        concat!(
            "SELECT a.id, a.replica, a.tenant, a.host, a.token, a.started, a.state_json FROM replica r JOIN attempt a ",
            $($rest),+
        )
    };
}

/// Of the site, of a tenant. From the replicas, of which there are few, not from their points.
pub(super) const POINT_HEADS_NEWEST: (&str, &str) = by_scope!(
    newest_head,
    "ON p.id = (SELECT n.id FROM point n WHERE n.replica = r.id ORDER BY n.taken DESC, n.id DESC LIMIT 1)";
    "ORDER BY r.id"
);

/// Tokens grow with every claim, so the highest is the newest also where two began at the same instant.
pub(super) const ATTEMPTS_NEWEST: (&str, &str) = by_scope!(
    newest_attempt,
    "ON a.replica = r.id AND a.token = (SELECT max(n.token) FROM attempt n WHERE n.replica = r.id)";
    "ORDER BY r.id"
);

/// From an index that holds all of it: points are wide.
pub(super) const POINT_TIMES: &str = "SELECT p.id, p.replica, p.taken, p.sealed FROM point p \
     WHERE (CAST($1 AS TEXT) IS NULL OR p.tenant = $1) AND p.taken >= $2 ORDER BY p.taken, p.id";

/// Of the site, and of one tenant.
pub(super) const POINT_BYTES: (&str, &str) = (
    "SELECT coalesce(sum(read_bytes), 0) AS bytes FROM point \
     WHERE CAST($1 AS TEXT) IS NULL AND taken >= $2 AND taken < $3",
    "SELECT coalesce(sum(read_bytes), 0) AS bytes FROM point \
     WHERE tenant = $1 AND taken >= $2 AND taken < $3",
);

macro_rules! select_head {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.replica, p.tenant, p.name, p.host, p.taken, p.sealed, p.snapshot, p.disks_json, \
             p.read_bytes, p.added_bytes, coalesce(json_array_length(p.evidence_json, '$.hold.looks'), 0) AS looks \
             FROM point p WHERE (CAST($1 AS TEXT) IS NULL OR p.tenant = $1) ",
            $rest
        )
    };
}

macro_rules! select_attempt {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.replica, a.tenant, a.host, a.token, a.started, a.state_json FROM attempt a \
             WHERE (CAST($1 AS TEXT) IS NULL OR a.tenant = $1) ",
            $rest
        )
    };
}

#[async_trait]
impl OverviewStore for SqliteStore {
    async fn point_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<PointHead>> {
        sqlx::query(select_head!(
            "AND (CAST($2 AS TEXT) IS NULL OR p.replica = $2) AND p.taken < $3 ORDER BY p.taken DESC, p.id DESC LIMIT $4"
        ))
        .bind(scope.tenant())
        .bind(replica.map(|replica| replica.to_string()))
        .bind(before.map_or(i64::MAX, micros))
        .bind(i64::from(limit.min(HEADS_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list restore points"))?
        .iter()
        .map(head)
        .collect()
    }

    async fn point_heads_newest(&self, scope: &Scope) -> Result<Vec<(PointHead, u64)>> {
        sqlx::query(super::scoped(scope, POINT_HEADS_NEWEST))
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list newest restore points"))?
            .iter()
            .map(|row| Ok((head(row)?, Cells::new(row, "point", "id").count("points")?)))
            .collect()
    }

    async fn point_count(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<u64> {
        let row = sqlx::query(
            "SELECT count(*) AS points FROM point p WHERE (CAST($1 AS TEXT) IS NULL OR p.tenant = $1) \
             AND (CAST($2 AS TEXT) IS NULL OR p.replica = $2)",
        )
        .bind(scope.tenant())
        .bind(replica.map(|replica| replica.to_string()))
        .fetch_one(&self.reader)
        .await
        .map_err(failed("count restore points"))?;
        Cells::new(&row, "point", "points").count("points")
    }

    async fn point_times(&self, scope: &Scope, from: DateTime<Utc>) -> Result<Vec<PointTime>> {
        sqlx::query(POINT_TIMES)
            .bind(scope.tenant())
            .bind(micros(from))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list times of restore points"))?
            .iter()
            .map(|row| {
                let cells = Cells::new(row, "point", "id");
                Ok(PointTime {
                    replica: cells.parsed("replica")?,
                    taken: cells.time("taken")?,
                    sealed: cells.time("sealed")?,
                })
            })
            .collect()
    }

    async fn point_bytes(&self, scope: &Scope, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<u64> {
        let row = sqlx::query(super::scoped(scope, POINT_BYTES))
            .bind(scope.tenant())
            .bind(micros(from))
            .bind(micros(to))
            .fetch_one(&self.reader)
            .await
            .map_err(failed("add up what was read for restore points"))?;
        Cells::new(&row, "point", "bytes").count("bytes")
    }

    async fn attempts_newest(&self, scope: &Scope) -> Result<Vec<Attempt>> {
        sqlx::query(super::scoped(scope, ATTEMPTS_NEWEST))
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list newest attempts"))?
            .iter()
            .map(attempt)
            .collect()
    }

    async fn attempts_since(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: DateTime<Utc>,
    ) -> Result<Vec<Attempt>> {
        sqlx::query(select_attempt!(
            "AND (CAST($2 AS TEXT) IS NULL OR a.replica = $2) AND a.started >= $3 \
             ORDER BY a.started DESC, a.token DESC, a.id DESC"
        ))
        .bind(scope.tenant())
        .bind(replica.map(|replica| replica.to_string()))
        .bind(micros(from))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list attempts"))?
        .iter()
        .map(attempt)
        .collect()
    }
}

fn head(row: &SqliteRow) -> Result<PointHead> {
    let cells = Cells::new(row, "point", "id");
    Ok(PointHead {
        id: cells.parsed("id")?,
        replica: cells.parsed("replica")?,
        tenant: cells.parsed("tenant")?,
        name: cells.raw("name")?,
        host: cells.parsed("host")?,
        taken: cells.time("taken")?,
        sealed: cells.time("sealed")?,
        snapshot: cells.raw("snapshot")?,
        disks: cells.json("disks_json")?,
        read_bytes: cells.count("read_bytes")?,
        added_bytes: cells.count("added_bytes")?,
        looks: cells.count("looks")?,
    })
}
