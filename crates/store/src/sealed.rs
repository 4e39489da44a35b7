//! Sealed secrets that change: credentials of hosts, and keys that are wrapped anew. What is only ever inserted is `SecretStore`'s; both
//! see the same rows.

use crate::traits::Result;
use async_trait::async_trait;
use domain::ids::TenantId;

/// A secret's name: whose it is (`None` is the site), and what.
pub type SecretName = (Option<TenantId>, String);

/// One value's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    pub name: SecretName,
    pub from: Vec<u8>,
    pub to: Vec<u8>,
}

#[async_trait]
pub trait SealedStore: Send + Sync {
    /// Replaces a value if it still is `from`. `NotFound` when it is not there, `Conflict` when it is another: a rotation that was
    /// overtaken starts again.
    async fn secret_replace(
        &self,
        tenant: Option<&TenantId>,
        name: &str,
        from: &[u8],
        to: &[u8],
    ) -> Result<()>;
    /// Replaces all of them in one transaction, or none: `NotFound` and `Conflict` as for one.
    async fn secrets_replace(&self, changes: &[Resealed]) -> Result<()>;
    /// Removes a value if it still is `from`.
    async fn secret_remove(&self, tenant: Option<&TenantId>, name: &str, from: &[u8]) -> Result<()>;
    /// All names, the site's first, then by tenant and name, after `after`; no values.
    async fn secret_names(&self, after: Option<&SecretName>, limit: u32) -> Result<Vec<SecretName>>;
}
