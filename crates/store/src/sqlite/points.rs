//! Restore points. Inserted only by a seal, never changed.

use super::row::{Cells, document, micros, stored};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation};
use crate::records::Point;
use crate::rules::{chain_place, conflict, kept, missing, told};
use crate::traits::{Result, Scope, StoreError};
use domain::attempt::AttemptState;
use domain::evidence::Evidence;
use domain::ids::{FencingToken, PointId, ReplicaId, TenantId};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;

macro_rules! select_point {
    ($rest:literal) => {
        concat!(
            "SELECT id, replica, tenant, name, host, taken, sealed, snapshot, disks_json, read_bytes, added_bytes, \
             evidence_json, seal_json FROM point WHERE ",
            $rest
        )
    };
}

impl SqliteStore {
    pub(super) async fn point_seal(&self, token: FencingToken, point: Point) -> Result<()> {
        let id = point.evidence.attempt;
        let mut write = self.write().await?;
        let attempt = write.attempt_guarded(id, token).await?;
        if attempt.replica != point.replica || attempt.tenant != point.tenant {
            return Err(conflict("attempt", id));
        }
        let sealed = AttemptState::Sealed {
            point: point.id,
            at: kept(point.sealed),
        };
        write.attempt_state(&attempt, &sealed, point.sealed).await?;
        let sequence = write.chain_next(&point).await?;
        write.point_insert(&point, sequence).await?;
        write.event(told::point(&point)).await?;
        self.commit(write).await
    }

    pub(super) async fn chain_newest(&self, tenant: &TenantId) -> Result<Option<Value>> {
        sqlx::query(
            "SELECT id, seal_json FROM point WHERE tenant = $1 AND seal_sequence IS NOT NULL \
             ORDER BY seal_sequence DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read the newest seal"))?
        .map(|row| Cells::new(&row, "point", "id").json("seal_json"))
        .transpose()
    }

    pub(super) async fn point_read(&self, scope: &Scope, id: PointId) -> Result<Point> {
        sqlx::query(select_point!(
            "id = $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1)"
        ))
        .bind(scope.tenant())
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a restore point"))?
        .as_ref()
        .map(point)
        .transpose()?
        .ok_or_else(|| missing("restore point", id))
    }

    pub(super) async fn point_list(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<Vec<Point>> {
        sqlx::query(select_point!(
            "(CAST($1 AS TEXT) IS NULL OR tenant = $1) AND (CAST($2 AS TEXT) IS NULL OR replica = $2) \
             ORDER BY taken DESC, id DESC"
        ))
        .bind(scope.tenant())
        .bind(replica.map(|replica| replica.to_string()))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list restore points"))?
        .iter()
        .map(point)
        .collect()
    }

    pub(super) async fn point_last(&self, scope: &Scope, replica: ReplicaId) -> Result<Option<Point>> {
        sqlx::query(select_point!(
            "replica = $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1) ORDER BY taken DESC, id DESC LIMIT 1"
        ))
        .bind(scope.tenant())
        .bind(replica.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read the newest restore point"))?
        .as_ref()
        .map(point)
        .transpose()
    }

    pub(super) async fn point_evidence(&self, scope: &Scope, id: PointId) -> Result<Evidence> {
        let row = sqlx::query(
            "SELECT id, evidence_json FROM point WHERE id = $2 AND (CAST($1 AS TEXT) IS NULL OR tenant = $1)",
        )
        .bind(scope.tenant())
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read evidence"))?
        .ok_or_else(|| missing("restore point", id))?;
        Cells::new(&row, "point", "id").json("evidence_json")
    }
}

impl Write {
    /// The seal's place in its tenant's chain, if it is the next. A seal without a place is in no chain.
    async fn chain_next(&mut self, point: &Point) -> Result<Option<i64>> {
        let Some(sequence) = chain_place(&point.seal) else {
            return Ok(None);
        };
        let newest: i64 =
            sqlx::query_scalar("SELECT coalesce(max(seal_sequence), 0) FROM point WHERE tenant = $1")
                .bind(point.tenant.as_str())
                .fetch_one(self.conn())
                .await
                .map_err(failed("read the newest seal"))?;
        if sequence != newest + 1 {
            return Err(StoreError::ChainMoved {
                tenant: point.tenant.clone(),
            });
        }
        Ok(Some(sequence))
    }

    async fn point_insert(&mut self, point: &Point, sequence: Option<i64>) -> Result<()> {
        sqlx::query(
            "INSERT INTO point (id, attempt, replica, tenant, name, host, taken, sealed, snapshot, disks_json, \
             read_bytes, added_bytes, evidence_json, seal_json, seal_sequence) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind(point.id.to_string())
        .bind(point.evidence.attempt.to_string())
        .bind(point.replica.to_string())
        .bind(point.tenant.as_str())
        .bind(&point.name)
        .bind(point.host.as_str())
        .bind(micros(point.taken))
        .bind(micros(point.sealed))
        .bind(&point.snapshot)
        .bind(point.disks.to_string())
        .bind(stored(point.read_bytes))
        .bind(stored(point.added_bytes))
        .bind(document(&point.evidence)?)
        .bind(point.seal.to_string())
        .bind(sequence)
        .execute(self.conn())
        .await
        .map_err(|error| match error {
            error if is_unique_violation(&error) => {
                conflict("restore point", point.id)
            }
            error => failed("insert a restore point")(error),
        })?;
        Ok(())
    }
}

fn point(row: &SqliteRow) -> Result<Point> {
    let cells = Cells::new(row, "point", "id");
    Ok(Point {
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
        evidence: cells.json("evidence_json")?,
        seal: cells.json("seal_json")?,
    })
}
