//! Who did what.

use super::row::{Cells, document, micros};
use super::{SqliteStore, failed, scoped};
use crate::audit::AuditStore;
use crate::rules::countable;
use crate::rules::doors::{DOORS_READ_MAX, site_only, writable};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use domain::audit::{AuditEntry, AuditOutcome, Happened, Head, LinkHash};
use domain::ids::TenantId;
use sqlx::sqlite::SqliteRow;

macro_rules! select_entry {
    ($rest:literal) => {
        concat!(
            "SELECT seq, at, who_json, from_addr, deed, object, tenant, outcome, details_json, hash FROM audit ",
            $rest
        )
    };
}

/// Of the site and of a tenant, newest first.
pub(super) const AUDIT_PAGE: (&str, &str) = (
    select_entry!("WHERE $1 IS NULL AND seq < $2 ORDER BY seq DESC LIMIT $3"),
    select_entry!("WHERE tenant = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"),
);
/// Of the site and of a tenant, oldest first.
const AUDIT_AFTER: (&str, &str) = (
    select_entry!("WHERE $1 IS NULL AND seq > $2 ORDER BY seq LIMIT $3"),
    select_entry!("WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
);
const AUDIT_HEAD: &str = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit_append(&self, scope: &Scope, happened: &Happened) -> Result<AuditEntry> {
        writable(scope, happened)?;
        let mut write = self.write().await?;
        let newest = sqlx::query(AUDIT_HEAD)
            .fetch_optional(write.conn())
            .await
            .map_err(failed("read the end of the audit trail"))?;
        let head = newest.as_ref().map_or(Ok(Head::GENESIS), head)?;
        let entry = AuditEntry::after(head, happened.clone());
        sqlx::query(
            "INSERT INTO audit (seq, at, who_json, from_addr, deed, object, tenant, outcome, details_json, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(countable(entry.seq))
        .bind(micros(happened.at))
        .bind(document(&happened.who)?)
        .bind(&happened.from)
        .bind(&happened.deed)
        .bind(&happened.object)
        .bind(happened.tenant.as_ref().map(TenantId::as_str))
        .bind(happened.outcome.code())
        .bind(document(&happened.details)?)
        .bind(&entry.hash.0[..])
        .execute(write.conn())
        .await
        .map_err(failed("append to the audit trail"))?;
        self.commit(write).await?;
        Ok(entry)
    }

    async fn audit_page(&self, scope: &Scope, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        self.audit_read(scope, AUDIT_PAGE, before.unwrap_or(u64::MAX), limit)
            .await
    }

    async fn audit_after(&self, scope: &Scope, after: u64, limit: u32) -> Result<Vec<AuditEntry>> {
        self.audit_read(scope, AUDIT_AFTER, after, limit).await
    }

    async fn audit_head(&self, scope: &Scope) -> Result<Head> {
        site_only(scope, "audit trail")?;
        let newest = sqlx::query(AUDIT_HEAD)
            .fetch_optional(&self.reader)
            .await
            .map_err(failed("read the end of the audit trail"))?;
        newest.as_ref().map_or(Ok(Head::GENESIS), head)
    }
}

impl SqliteStore {
    async fn audit_read(
        &self,
        scope: &Scope,
        statements: (&'static str, &'static str),
        edge: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        sqlx::query(scoped(scope, statements))
            .bind(scope.tenant())
            .bind(countable(edge))
            .bind(i64::from(limit.min(DOORS_READ_MAX)))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("read the audit trail"))?
            .iter()
            .map(entry)
            .collect()
    }
}

fn head(row: &SqliteRow) -> Result<Head> {
    let cells = Cells::new(row, "audit", "seq");
    Ok(Head {
        seq: cells.count("seq")?,
        hash: link(&cells)?,
    })
}

fn link(cells: &Cells<'_>) -> Result<LinkHash> {
    let bytes: Vec<u8> = cells.raw("hash")?;
    let bytes =
        <[u8; 32]>::try_from(bytes).map_err(|_| cells.unreadable("hash", "it is not 32 bytes".into()))?;
    Ok(LinkHash(bytes))
}

fn entry(row: &SqliteRow) -> Result<AuditEntry> {
    let cells = Cells::new(row, "audit", "seq");
    Ok(AuditEntry {
        seq: cells.count("seq")?,
        happened: Happened {
            at: cells.time("at")?,
            who: cells.json("who_json")?,
            from: cells.raw("from_addr")?,
            deed: cells.text("deed")?,
            object: cells.text("object")?,
            tenant: cells.parsed_opt("tenant")?,
            outcome: cells.named("outcome", &AuditOutcome::ALL, AuditOutcome::code)?,
            details: cells.json("details_json")?,
        },
        hash: link(&cells)?,
    })
}
