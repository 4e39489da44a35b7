//! Small sealed values.

use super::{SqliteStore, failed};
use crate::rules::conflict;
use crate::traits::{Result, SecretStore};
use async_trait::async_trait;
use domain::ids::TenantId;

#[async_trait]
impl SecretStore for SqliteStore {
    async fn secret(&self, tenant: Option<&TenantId>, name: &str) -> Result<Option<Vec<u8>>> {
        sqlx::query_scalar("SELECT value FROM secret WHERE tenant = $1 AND name = $2")
            .bind(owner(tenant))
            .bind(name)
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read a secret"))
    }

    async fn secret_insert(&self, tenant: Option<&TenantId>, name: &str, value: &[u8]) -> Result<()> {
        let mut write = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO secret (tenant, name, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(owner(tenant))
        .bind(name)
        .bind(value)
        .execute(write.conn())
        .await
        .map_err(failed("insert a secret"))?
        .rows_affected();
        if inserted == 0 {
            let there: Vec<u8> =
                sqlx::query_scalar("SELECT value FROM secret WHERE tenant = $1 AND name = $2")
                    .bind(owner(tenant))
                    .bind(name)
                    .fetch_one(write.conn())
                    .await
                    .map_err(failed("read a secret"))?;
            if there != value {
                return Err(conflict("secret", name));
            }
        }
        self.commit(write).await
    }
}

/// A tenant id is never empty, so the empty text is the site.
pub(super) fn owner(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("", TenantId::as_str)
}
