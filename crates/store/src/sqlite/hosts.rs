//! Hosts as last polled, and whether they are trusted.

use super::row::{Cells, document, micros, stored};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::records::HostStatus;
use crate::rules::{told, trust_after, trust_build, trust_given};
use crate::traits::Result;
use chrono::{DateTime, Utc};
use domain::ids::HostId;
use domain::observation::HostTrust;
use sqlx::sqlite::SqliteRow;

impl SqliteStore {
    pub(super) async fn host_statuses(&self) -> Result<Vec<HostStatus>> {
        sqlx::query(
            "SELECT host, build, trust_json, last_survey, last_error, last_error_at, requests \
             FROM host_status ORDER BY host",
        )
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list hosts"))?
        .iter()
        .map(host_status)
        .collect()
    }

    pub(super) async fn host_trust(&self, host: &HostId, trust: &HostTrust) -> Result<()> {
        let mut write = self.write().await?;
        let before = write.host_status(host).await?;
        sqlx::query(
            "INSERT INTO host_status (host, build, trust_json, requests) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (host) DO UPDATE SET trust_json = excluded.trust_json",
        )
        .bind(host.as_str())
        .bind(trust_build(trust))
        .bind(document(trust)?)
        .execute(write.conn())
        .await
        .map_err(failed("write a host's trust"))?;
        if before.as_ref().and_then(|before| before.trust.as_ref()) != Some(trust) {
            let at = trust_given(trust, before.and_then(|before| before.last_survey));
            write.event(told::trust(host, trust, at)).await?;
        }
        self.commit(write).await
    }
}

impl Write {
    async fn host_status(&mut self, host: &HostId) -> Result<Option<HostStatus>> {
        sqlx::query(
            "SELECT host, build, trust_json, last_survey, last_error, last_error_at, requests \
             FROM host_status WHERE host = $1",
        )
        .bind(host.as_str())
        .fetch_optional(self.conn())
        .await
        .map_err(failed("read a host"))?
        .as_ref()
        .map(host_status)
        .transpose()
    }

    pub(super) async fn host(&mut self, host: &HostStatus, at: DateTime<Utc>) -> Result<()> {
        let before = self.host_status(&host.host).await?;
        let trust = trust_after(
            before.as_ref().and_then(|before| before.trust.clone()),
            host.trust.clone(),
        );
        sqlx::query(
            "INSERT INTO host_status (host, build, trust_json, last_survey, last_error, last_error_at, requests) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (host) DO UPDATE SET build = coalesce(excluded.build, host_status.build), \
             trust_json = excluded.trust_json, last_survey = coalesce(excluded.last_survey, host_status.last_survey), \
             last_error = excluded.last_error, last_error_at = excluded.last_error_at, requests = excluded.requests",
        )
        .bind(host.host.as_str())
        .bind(&host.build)
        .bind(trust.as_ref().map(document).transpose()?)
        .bind(host.last_survey.map(micros))
        .bind(&host.last_error)
        .bind(host.last_error_at.map(micros))
        .bind(stored(host.requests))
        .execute(self.conn())
        .await
        .map_err(failed("write a host"))?;
        let changed = before.is_none_or(|before| {
            before.last_error != host.last_error
                || before.trust != trust
                || (host.build.is_some() && before.build != host.build)
        });
        if !changed {
            return Ok(());
        }
        self.event(told::host(host, trust.as_ref(), at)).await
    }
}

fn host_status(row: &SqliteRow) -> Result<HostStatus> {
    let cells = Cells::new(row, "host_status", "host");
    Ok(HostStatus {
        host: cells.parsed("host")?,
        build: cells.raw("build")?,
        trust: cells.json_opt("trust_json")?,
        last_survey: cells.time_opt("last_survey")?,
        last_error: cells.raw("last_error")?,
        last_error_at: cells.time_opt("last_error_at")?,
        requests: cells.count("requests")?,
    })
}
