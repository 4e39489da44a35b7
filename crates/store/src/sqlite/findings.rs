//! Things a person should look at.

use super::row::{Cells, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_foreign_key_violation};
use crate::records::Finding;
use crate::rules::{missing, told};
use crate::traits::{Result, Scope};
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

impl SqliteStore {
    /// Unresolved ones, longest standing first. A tenant sees those of its replicas.
    pub(super) async fn findings_open(&self, scope: &Scope) -> Result<Vec<Finding>> {
        sqlx::query(
            "SELECT f.key, f.kind, f.host, f.replica, f.text, f.since, f.last_seen \
             FROM finding f LEFT JOIN replica r ON r.id = f.replica \
             WHERE (CAST($1 AS TEXT) IS NULL OR r.tenant = $1) AND f.resolved IS NULL ORDER BY f.since, f.key",
        )
        .bind(scope.tenant())
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list findings"))?
        .iter()
        .map(finding)
        .collect()
    }

    /// Resolving a resolved one does nothing.
    pub(super) async fn finding_close(&self, key: &str, at: DateTime<Utc>) -> Result<()> {
        let mut write = self.write().await?;
        let row = sqlx::query("SELECT kind, replica, resolved FROM finding WHERE key = $1")
            .bind(key)
            .fetch_optional(write.conn())
            .await
            .map_err(failed("read a finding"))?
            .ok_or_else(|| missing("finding", key))?;
        let cells = Cells::new(&row, "finding", "key");
        if cells.raw::<Option<i64>>("resolved")?.is_some() {
            return Ok(());
        }
        sqlx::query("UPDATE finding SET resolved = $2 WHERE key = $1 AND resolved IS NULL")
            .bind(key)
            .bind(micros(at))
            .execute(write.conn())
            .await
            .map_err(failed("resolve a finding"))?;
        let tenant = match cells.parsed_opt("replica")? {
            Some(replica) => Some(write.tenant_of(replica).await?),
            None => None,
        };
        let kind: String = cells.raw("kind")?;
        write
            .event(told::finding(key, &kind, true, tenant.as_ref(), at))
            .await?;
        self.commit(write).await
    }
}

impl Write {
    pub(super) async fn finding(&mut self, finding: &Finding, at: DateTime<Utc>) -> Result<()> {
        let resolved: Option<Option<i64>> = sqlx::query("SELECT resolved FROM finding WHERE key = $1")
            .bind(&finding.key)
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read a finding"))?
            .map(|row| row.try_get("resolved"))
            .transpose()
            .map_err(failed("read a finding"))?;
        let seen = micros(finding.last_seen);
        // A look from before the resolution does not bring it back.
        let reopens = matches!(resolved, Some(Some(resolved)) if seen > resolved);
        sqlx::query(
            "INSERT INTO finding (key, kind, host, replica, text, since, last_seen) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, host = excluded.host, replica = excluded.replica, \
             text = excluded.text, last_seen = max(finding.last_seen, excluded.last_seen)",
        )
        .bind(&finding.key)
        .bind(&finding.kind)
        .bind(finding.host.as_ref().map(domain::ids::HostId::as_str))
        .bind(finding.replica.map(|replica| replica.to_string()))
        .bind(&finding.text)
        .bind(micros(finding.since))
        .bind(seen)
        .execute(self.conn())
        .await
        .map_err(|error| match (finding.replica, error) {
            (Some(replica), error) if is_foreign_key_violation(&error) => missing("replica", replica),
            (_, error) => failed("write a finding")(error),
        })?;
        if reopens {
            sqlx::query("UPDATE finding SET resolved = NULL, since = $2 WHERE key = $1")
                .bind(&finding.key)
                .bind(seen)
                .execute(self.conn())
                .await
                .map_err(failed("reopen a finding"))?;
        }
        if resolved.is_some() && !reopens {
            return Ok(());
        }
        let tenant = match finding.replica {
            Some(replica) => Some(self.tenant_of(replica).await?),
            None => None,
        };
        self.event(told::finding(
            &finding.key,
            &finding.kind,
            false,
            tenant.as_ref(),
            at,
        ))
        .await
    }
}

fn finding(row: &SqliteRow) -> Result<Finding> {
    let cells = Cells::new(row, "finding", "key");
    Ok(Finding {
        key: cells.raw("key")?,
        kind: cells.raw("kind")?,
        host: cells.parsed_opt("host")?,
        replica: cells.parsed_opt("replica")?,
        text: cells.raw("text")?,
        since: cells.time("since")?,
        last_seen: cells.time("last_seen")?,
    })
}
