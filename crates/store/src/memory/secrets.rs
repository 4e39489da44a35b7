//! Small sealed values.

use super::MemoryStore;
use crate::rules::doors::DOORS_READ_MAX;
use crate::rules::{conflict, missing};
use crate::sealed::{Resealed, SealedStore, SecretName};
use crate::traits::{Result, SecretStore};
use async_trait::async_trait;
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::ops::Bound;

/// By owner (`None` is the site) and name.
#[derive(Default)]
pub(super) struct Secrets {
    rows: BTreeMap<(Option<TenantId>, String), Vec<u8>>,
}

#[async_trait]
impl SecretStore for MemoryStore {
    async fn secret(&self, tenant: Option<&TenantId>, name: &str) -> Result<Option<Vec<u8>>> {
        let key = (tenant.cloned(), name.to_owned());
        Ok(self.read(|tables| tables.secrets.rows.get(&key).cloned()))
    }

    async fn secret_insert(&self, tenant: Option<&TenantId>, name: &str, value: &[u8]) -> Result<()> {
        let key = (tenant.cloned(), name.to_owned());
        self.write(|tables| {
            let there = tables.secrets.rows.entry(key).or_insert_with(|| value.to_owned());
            if there != value {
                return Err(conflict("secret", name));
            }
            Ok(())
        })
    }
}

impl Secrets {
    /// The value's place, if it still is `from`.
    fn held(&mut self, tenant: Option<&TenantId>, name: &str, from: &[u8]) -> Result<SecretName> {
        let key = (tenant.cloned(), name.to_owned());
        let value = self.rows.get(&key).ok_or_else(|| missing("secret", name))?;
        if value == from {
            Ok(key)
        } else {
            Err(conflict("secret", name))
        }
    }
}

#[async_trait]
impl SealedStore for MemoryStore {
    async fn secret_replace(
        &self,
        tenant: Option<&TenantId>,
        name: &str,
        from: &[u8],
        to: &[u8],
    ) -> Result<()> {
        self.write(|tables| {
            let key = tables.secrets.held(tenant, name, from)?;
            tables.secrets.rows.insert(key, to.to_owned());
            Ok(())
        })
    }

    async fn secrets_replace(&self, changes: &[Resealed]) -> Result<()> {
        self.write(|tables| {
            let mut rows = tables.secrets.rows.clone();
            for change in changes {
                let (tenant, name) = &change.name;
                let key = tables.secrets.held(tenant.as_ref(), name, &change.from)?;
                rows.insert(key, change.to.clone());
            }
            tables.secrets.rows = rows;
            Ok(())
        })
    }

    async fn secret_remove(&self, tenant: Option<&TenantId>, name: &str, from: &[u8]) -> Result<()> {
        self.write(|tables| {
            let key = tables.secrets.held(tenant, name, from)?;
            tables.secrets.rows.remove(&key);
            Ok(())
        })
    }

    async fn secret_names(&self, after: Option<&SecretName>, limit: u32) -> Result<Vec<SecretName>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let rows = tables
                .secrets
                .rows
                .range::<SecretName, _>((from, Bound::Unbounded));
            rows.take(limit).map(|(key, _)| key.clone()).collect()
        }))
    }
}
