//! Small sealed values.

use super::MemoryStore;
use crate::rules::conflict;
use crate::traits::{Result, SecretStore};
use async_trait::async_trait;
use domain::ids::TenantId;
use std::collections::BTreeMap;

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
