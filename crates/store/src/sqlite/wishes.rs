//! Backups that somebody of a tenant asked for beside the plan.

use super::row::{Cells, micros};
use super::{SqliteStore, failed};
use crate::rules::missing;
use crate::traits::{Result, Scope};
use crate::wishes::{Wish, WishStore};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::wish::{self, WISH_HOURS, WishRefused};
use domain::ids::ReplicaId;
use sqlx::sqlite::SqliteRow;

const TENANT_OF: &str =
    "SELECT tenant FROM replica WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR tenant = $2)";

#[async_trait]
impl WishStore for SqliteStore {
    async fn wish_make(&self, scope: &Scope, wish: &Wish) -> Result<std::result::Result<(), WishRefused>> {
        let mut write = self.write().await?;
        let tenant: Option<String> = sqlx::query_scalar(TENANT_OF)
            .bind(wish.replica.to_string())
            .bind(scope.tenant())
            .fetch_optional(write.conn())
            .await
            .map_err(failed("find whose a replica is"))?;
        let tenant = tenant.ok_or_else(|| missing("replica", wish.replica))?;
        let since = micros(wish.at - TimeDelta::hours(WISH_HOURS));
        sqlx::query("DELETE FROM wish WHERE tenant = $1 AND at <= $2")
            .bind(&tenant)
            .bind(since)
            .execute(write.conn())
            .await
            .map_err(failed("forget old wishes"))?;
        let made = sqlx::query("SELECT id, replica, author, at FROM wish WHERE tenant = $1")
            .bind(&tenant)
            .fetch_all(write.conn())
            .await
            .map_err(failed("read wishes"))?;
        let made: Vec<(ReplicaId, DateTime<Utc>)> = made
            .iter()
            .map(|row| read(row).map(|it| (it.replica, it.at)))
            .collect::<Result<_>>()?;
        if let Err(refused) = wish::check(&made, wish.replica, wish.at) {
            return Ok(Err(refused));
        }
        sqlx::query("INSERT INTO wish (tenant, replica, author, at) VALUES ($1, $2, $3, $4)")
            .bind(&tenant)
            .bind(wish.replica.to_string())
            .bind(&wish.author)
            .bind(micros(wish.at))
            .execute(write.conn())
            .await
            .map_err(failed("keep a wish"))?;
        self.commit(write).await?;
        Ok(Ok(()))
    }

    async fn wishes(&self, scope: &Scope, replica: ReplicaId, at: DateTime<Utc>) -> Result<Vec<Wish>> {
        let tenant: Option<String> = sqlx::query_scalar(TENANT_OF)
            .bind(replica.to_string())
            .bind(scope.tenant())
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("find whose a replica is"))?;
        let tenant = tenant.ok_or_else(|| missing("replica", replica))?;
        sqlx::query(
            "SELECT id, replica, author, at FROM wish WHERE tenant = $1 AND at > $2 AND replica = $3 ORDER BY at DESC, id DESC",
        )
        .bind(&tenant)
        .bind(micros(at - TimeDelta::hours(WISH_HOURS)))
        .bind(replica.to_string())
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list wishes"))?
        .iter()
        .map(read)
        .collect()
    }
}

fn read(row: &SqliteRow) -> Result<Wish> {
    let cells = Cells::new(row, "wish", "id");
    Ok(Wish {
        replica: cells.parsed("replica")?,
        author: cells.text("author")?,
        at: cells.time("at")?,
    })
}
