//! Sealed secrets that change.

use super::secrets::owner;
use super::write::Write;
use super::{SqliteStore, failed};
use crate::rules::doors::DOORS_READ_MAX;
use crate::rules::{conflict, missing};
use crate::sealed::{Resealed, SealedStore, SecretName};
use crate::traits::Result;
use async_trait::async_trait;
use domain::ids::TenantId;

#[async_trait]
impl SealedStore for SqliteStore {
    async fn secret_replace(
        &self,
        tenant: Option<&TenantId>,
        name: &str,
        from: &[u8],
        to: &[u8],
    ) -> Result<()> {
        let mut write = self.write().await?;
        write.secret_replaced(tenant, name, from, to).await?;
        self.commit(write).await
    }

    async fn secrets_replace(&self, changes: &[Resealed]) -> Result<()> {
        let mut write = self.write().await?;
        for change in changes {
            let (tenant, name) = &change.name;
            write
                .secret_replaced(tenant.as_ref(), name, &change.from, &change.to)
                .await?;
        }
        self.commit(write).await
    }

    async fn secret_remove(&self, tenant: Option<&TenantId>, name: &str, from: &[u8]) -> Result<()> {
        let mut write = self.write().await?;
        write.secret_there(tenant, name).await?;
        let removed = sqlx::query("DELETE FROM secret WHERE tenant = $1 AND name = $2 AND value = $3")
            .bind(owner(tenant))
            .bind(name)
            .bind(from)
            .execute(write.conn())
            .await
            .map_err(failed("remove a secret"))?;
        write.one(removed.rows_affected(), || conflict("secret", name))?;
        self.commit(write).await
    }

    async fn secret_names(&self, after: Option<&SecretName>, limit: u32) -> Result<Vec<SecretName>> {
        let (tenant, name) = after.map_or(("", ""), |(tenant, name)| (owner(tenant.as_ref()), name));
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT tenant, name FROM secret WHERE (tenant, name) > ($1, $2) ORDER BY tenant, name LIMIT $3",
        )
        .bind(tenant)
        .bind(name)
        .bind(i64::from(limit.min(DOORS_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list secrets"))?;
        let named = |(tenant, name): (String, String)| {
            let owner = (!tenant.is_empty()).then(|| tenant.parse()).transpose();
            owner
                .map(|owner| (owner, name))
                .map_err(
                    |source: domain::ids::InvalidId| crate::traits::StoreError::Inconsistent {
                        table: "secret",
                        column: "tenant",
                        row: tenant,
                        source: Box::new(source),
                    },
                )
        };
        rows.into_iter().map(named).collect()
    }
}

impl Write {
    async fn secret_replaced(
        &mut self,
        tenant: Option<&TenantId>,
        name: &str,
        from: &[u8],
        to: &[u8],
    ) -> Result<()> {
        self.secret_there(tenant, name).await?;
        let replaced =
            sqlx::query("UPDATE secret SET value = $4 WHERE tenant = $1 AND name = $2 AND value = $3")
                .bind(owner(tenant))
                .bind(name)
                .bind(from)
                .bind(to)
                .execute(self.conn())
                .await
                .map_err(failed("replace a secret"))?;
        self.one(replaced.rows_affected(), || conflict("secret", name))
    }

    async fn secret_there(&mut self, tenant: Option<&TenantId>, name: &str) -> Result<()> {
        let there: Option<i64> = sqlx::query_scalar("SELECT 1 FROM secret WHERE tenant = $1 AND name = $2")
            .bind(owner(tenant))
            .bind(name)
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a secret"))?;
        there.map(|_| ()).ok_or_else(|| missing("secret", name))
    }
}
