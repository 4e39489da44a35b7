//! Tries to log in.

use super::row::{Cells, micros};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::rules::doors::{PURGE_MAX, site_only};
use crate::throttle::{DEVICES_MAX, ThrottleStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::throttle::{FORGET_SECS_MAX, Gate, LogInTry, Tally, ThrottleKey, forgiven, strictest};
use domain::ids::PersonId;

pub(super) const TALLY: &str = "SELECT key, failures, last FROM log_in_tally WHERE kind = $1 AND key = $2";

#[async_trait]
impl ThrottleStore for SqliteStore {
    async fn log_in_try(&self, scope: &Scope, attempt: &LogInTry, at: DateTime<Utc>) -> Result<Gate> {
        site_only(scope, "log-in")?;
        let at = crate::rules::kept(at);
        let mut write = self.write().await?;
        let (mut gates, mut counted) = (Vec::new(), Vec::new());
        for key in attempt.keys() {
            let tally = write.tally(&key).await?;
            gates.push(key.limit().judge(tally, at));
            counted.push((key.limit().counted(tally, at), key));
        }
        let gate = strictest(gates);
        if gate == Gate::Open {
            for (tally, key) in counted {
                write.tally_set(&key, Some(tally)).await?;
            }
        }
        self.commit(write).await?;
        Ok(gate)
    }

    async fn log_in_forgive(&self, scope: &Scope, attempt: &LogInTry) -> Result<()> {
        site_only(scope, "log-in")?;
        let mut write = self.write().await?;
        for key in attempt.keys() {
            if let Some(tally) = write.tally(&key).await? {
                write.tally_set(&key, forgiven(&key, tally)).await?;
            }
        }
        self.commit(write).await
    }

    async fn log_in_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "log-in")?;
        let mut write = self.write().await?;
        let removed = sqlx::query(
            "DELETE FROM log_in_tally WHERE (kind, key) IN \
             (SELECT kind, key FROM log_in_tally WHERE last <= $1 ORDER BY last, kind, key LIMIT $2)",
        )
        .bind(micros(now - TimeDelta::seconds(FORGET_SECS_MAX)))
        .bind(i64::from(limit.min(PURGE_MAX)))
        .execute(write.conn())
        .await
        .map_err(failed("forget old tries"))?
        .rows_affected();
        self.commit(write).await?;
        Ok(removed)
    }

    async fn device_remember(
        &self,
        scope: &Scope,
        person: PersonId,
        device: &SecretHash,
        at: DateTime<Utc>,
    ) -> Result<()> {
        site_only(scope, "log-in")?;
        let mut write = self.write().await?;
        write.credentials_of(scope, person).await?;
        sqlx::query(
            "INSERT INTO known_device (person, hash, seen) VALUES ($1, $2, $3) \
             ON CONFLICT DO UPDATE SET seen = max(seen, excluded.seen)",
        )
        .bind(person.to_string())
        .bind(device.as_bytes())
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("remember a browser"))?;
        sqlx::query(
            "DELETE FROM known_device WHERE person = $1 AND hash IN \
             (SELECT hash FROM known_device WHERE person = $1 ORDER BY seen DESC, hash DESC LIMIT -1 OFFSET $2)",
        )
        .bind(person.to_string())
        .bind(i64::try_from(DEVICES_MAX).unwrap_or(i64::MAX))
        .execute(write.conn())
        .await
        .map_err(failed("forget a browser"))?;
        self.commit(write).await
    }

    async fn device_known(&self, scope: &Scope, login: &LoginName, device: &SecretHash) -> Result<bool> {
        site_only(scope, "log-in")?;
        let known: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM person p JOIN known_device d ON d.person = p.id \
             WHERE p.login = $1 AND d.hash = $2)",
        )
        .bind(login.as_str())
        .bind(device.as_bytes())
        .fetch_one(&self.reader)
        .await
        .map_err(failed("look for a browser"))?;
        Ok(known == 1)
    }
}

impl Write {
    async fn tally(&mut self, key: &ThrottleKey) -> Result<Option<Tally>> {
        let row = sqlx::query(TALLY)
            .bind(key.kind())
            .bind(key.to_string())
            .fetch_optional(self.conn())
            .await
            .map_err(failed("read tries to log in"))?;
        row.map(|row| {
            let cells = Cells::new(&row, "log_in_tally", "key");
            Ok(Tally {
                failures: cells.count("failures")?,
                last: cells.time("last")?,
            })
        })
        .transpose()
    }

    async fn tally_set(&mut self, key: &ThrottleKey, tally: Option<Tally>) -> Result<()> {
        let query = match tally {
            Some(tally) => sqlx::query(
                "INSERT INTO log_in_tally (kind, key, failures, last) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT DO UPDATE SET failures = excluded.failures, last = excluded.last",
            )
            .bind(key.kind())
            .bind(key.to_string())
            .bind(i64::from(tally.failures))
            .bind(micros(tally.last)),
            None => sqlx::query("DELETE FROM log_in_tally WHERE kind = $1 AND key = $2")
                .bind(key.kind())
                .bind(key.to_string()),
        };
        query
            .execute(self.conn())
            .await
            .map(|_| ())
            .map_err(failed("count a try to log in"))
    }
}
