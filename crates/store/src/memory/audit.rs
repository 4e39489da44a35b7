//! Who did what.

use super::MemoryStore;
use crate::audit::AuditStore;
use crate::rules::doors::{DOORS_READ_MAX, site_only, writable};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use domain::audit::{AuditEntry, Happened, Head};

/// In the order of their numbers.
#[derive(Default)]
pub(super) struct Audit {
    rows: Vec<AuditEntry>,
}

impl Audit {
    fn head(&self) -> Head {
        self.rows.last().map_or(Head::GENESIS, AuditEntry::head)
    }

    fn seen<'a>(&'a self, scope: &'a Scope) -> impl DoubleEndedIterator<Item = &'a AuditEntry> {
        let seen = |row: &&AuditEntry| {
            scope
                .owner()
                .is_none_or(|own| row.happened.tenant.as_ref() == Some(own))
        };
        self.rows.iter().filter(seen)
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit_append(&self, scope: &Scope, happened: &Happened) -> Result<AuditEntry> {
        writable(scope, happened)?;
        self.write(|tables| {
            let entry = AuditEntry::after(tables.audit.head(), happened.clone());
            tables.audit.rows.push(entry.clone());
            Ok(entry)
        })
    }

    async fn audit_page(&self, scope: &Scope, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let rows = tables.audit.seen(scope).rev();
            let rows = rows.filter(|row| before.is_none_or(|before| row.seq < before));
            rows.take(limit).cloned().collect()
        }))
    }

    async fn audit_after(&self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<AuditEntry>> {
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let rows = tables.audit.seen(scope).filter(|row| row.seq > after);
            rows.take(limit).cloned().collect()
        }))
    }

    async fn audit_head(&self, scope: &Scope) -> Result<Head> {
        site_only(scope, "audit trail")?;
        Ok(self.read(|tables| tables.audit.head()))
    }
}
