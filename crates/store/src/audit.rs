//! Who did what: appended, chained, never changed.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use domain::audit::{AuditEntry, Happened, Head};

#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Appends after the newest entry, read in the same transaction. `Conflict` for what exceeds the bounds of an entry, `NotFound` for
    /// another tenant's. Hands back the entry as it will be read.
    async fn audit_append(&self, scope: &Scope, happened: &Happened) -> Result<AuditEntry>;
    /// Newest first, before `before`. A tenant's scope sees its own; their numbers have gaps, and the chain is the site's.
    async fn audit_page(&self, scope: &Scope, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>>;
    /// Oldest first, after `after`: for exports, and for who verifies.
    async fn audit_after(&self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<AuditEntry>>;
    /// The end of the chain; the site's alone.
    async fn audit_head(&self, scope: &Scope) -> Result<Head>;
}
