//! Obligations: opened, closed once, read whole. Heads of days, attempts and corrections are in the files beside this one.

use super::row::{Cells, day_number, document, micros};
use super::write::Write;
use super::{SqliteStore, failed};
use crate::obligations::{
    AttemptEnd, DayHead, DayKinds, LiveObligation, ObligationAttempt, ObligationRow, ObligationStore,
    PolicyUsed, Tally,
};
use crate::rules::night::{counted, owner_name, taken};
use crate::rules::{conflict, missing, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::{AttemptId, ReplicaId, TenantId};
use domain::obligation::{Correction, Obligation, ObligationKey, Outcome};
use domain::policy::Terms;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

macro_rules! select_obligation {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT o.replica, o.day, o.tenant, o.zone, o.policy, o.policy_version, o.terms, o.open_at, o.due_at, \
             o.next_open_at, o.opened_at, o.excluded_json, o.attempts, o.deferrals, o.apply_deferrals, o.failures, \
             o.newest_attempt, ",
            $more,
            " FROM obligation o ",
            $rest
        )
    };
}

pub(super) const OBLIGATIONS_LIVE: &str = select_obligation!(
    "r.host",
    "JOIN replica r ON r.id = o.replica WHERE o.kind = 'open' ORDER BY o.due_at, o.replica, o.day"
);

#[async_trait]
impl ObligationStore for SqliteStore {
    async fn obligations_open(&self, obligations: &[Obligation]) -> Result<Vec<ObligationKey>> {
        let mut write = self.write().await?;
        let mut terms: Vec<(&Terms, i64)> = Vec::new();
        let mut opened = Vec::new();
        for obligation in obligations {
            let tenant = write.tenant_of(obligation.key.replica).await?;
            if tenant != obligation.tenant {
                return Err(conflict("replica", obligation.key.replica));
            }
            let known = terms.iter().find(|(terms, _)| **terms == obligation.terms);
            let number = match known {
                Some((_, number)) => *number,
                None => {
                    let number = write.terms_number(&obligation.terms).await?;
                    terms.push((&obligation.terms, number));
                    number
                }
            };
            if write.obligation_insert(obligation, number).await? {
                opened.push(obligation);
            }
        }
        for event in told::opened(opened.iter().copied()) {
            write.event(event).await?;
        }
        self.commit(write).await?;
        Ok(opened.into_iter().map(|it| it.key).collect())
    }

    async fn obligations_live(&self) -> Result<Vec<LiveObligation>> {
        let rows = sqlx::query(OBLIGATIONS_LIVE)
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list open obligations"))?;
        // Terms are only ever added, so those read later hold all that the rows name.
        let terms = self.terms_all().await?;
        rows.iter()
            .map(|row| {
                let cells = Cells::new(row, "obligation", "replica");
                Ok(LiveObligation {
                    obligation: obligation(&cells, |number| terms.get(&number).cloned())?,
                    host: cells.parsed("host")?,
                    tally: tally(&cells)?,
                })
            })
            .collect()
    }

    async fn obligation_close(&self, key: ObligationKey, outcome: &Outcome, at: DateTime<Utc>) -> Result<()> {
        let mut write = self.write().await?;
        let before = write.obligation_stands(key).await?;
        match (&before.outcome, outcome) {
            (_, Outcome::Open) => return Err(conflict("obligation", key)),
            (Outcome::Open, _) => {}
            (before, outcome) if before == outcome => return Ok(()),
            _ => return Err(conflict("obligation", key)),
        }
        let (counts_as, owner) = counted(outcome, &[]);
        let closed = sqlx::query(
            "UPDATE obligation SET kind = $3, outcome_json = $4, closed_at = $5, taken = $6, counts_as = $7, \
             counts_owner = $8 WHERE replica = $1 AND day = $2 AND kind = 'open'",
        )
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .bind(outcome.kind().as_str())
        .bind(document(outcome)?)
        .bind(micros(at))
        .bind(taken(outcome).map(micros))
        .bind(counts_as.as_str())
        .bind(owner.map(owner_name))
        .execute(write.conn())
        .await
        .map_err(failed("close an obligation"))?;
        if closed.rows_affected() != 1 {
            return Err(conflict("obligation", key));
        }
        write
            .event(told::closed(key, &before.tenant, outcome, at))
            .await?;
        self.commit(write).await
    }

    async fn attempt_began(&self, key: ObligationKey, attempt: AttemptId, at: DateTime<Utc>) -> Result<()> {
        self.try_begin(key, attempt, at).await
    }

    async fn attempt_ended(&self, key: ObligationKey, attempt: AttemptId, end: AttemptEnd) -> Result<()> {
        self.try_end(key, attempt, end).await
    }

    async fn attempts_unended(&self) -> Result<Vec<(ObligationKey, AttemptId)>> {
        self.tries_unended().await
    }

    async fn attempts_of(&self, scope: &Scope, key: ObligationKey) -> Result<Vec<ObligationAttempt>> {
        self.tries_of(scope, key).await
    }

    async fn obligation(&self, scope: &Scope, key: ObligationKey) -> Result<ObligationRow> {
        let row = sqlx::query(select_obligation!(
            "o.outcome_json, o.closed_at, t.terms_json",
            "JOIN obligation_terms t ON t.id = o.terms \
             WHERE (CAST($1 AS TEXT) IS NULL OR o.tenant = $1) AND o.replica = $2 AND o.day = $3"
        ))
        .bind(scope.tenant())
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read an obligation"))?
        .ok_or_else(|| missing("obligation", key))?;
        let cells = Cells::new(&row, "obligation", "replica");
        let terms: Terms = cells.json("terms_json")?;
        Ok(ObligationRow {
            obligation: obligation(&cells, |_| Some(terms.clone()))?,
            outcome: cells.json("outcome_json")?,
            closed_at: cells.time_opt("closed_at")?,
            tally: tally(&cells)?,
            corrections: self.corrections_of(key).await?,
        })
    }

    async fn day_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayHead>> {
        self.days(scope, replica, from, to).await
    }

    async fn day_kinds_of(
        &self,
        scope: &Scope,
        replicas: &[ReplicaId],
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayKinds>> {
        self.kinds_of(scope, replicas, from, to).await
    }

    async fn days_policies(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<PolicyUsed>> {
        self.policies_used(scope, from, to).await
    }

    async fn days_newest(&self) -> Result<Vec<(ReplicaId, SlaDay, DayWindow)>> {
        self.days_last().await
    }

    async fn correction_append(&self, correction: &Correction) -> Result<()> {
        self.correct(correction).await
    }

    async fn corrections(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<Correction>> {
        self.corrections_between(scope, from, to).await
    }
}

impl SqliteStore {
    async fn terms_all(&self) -> Result<HashMap<i64, Terms>> {
        sqlx::query("SELECT id, terms_json FROM obligation_terms")
            .fetch_all(&self.reader)
            .await
            .map_err(failed("read terms"))?
            .iter()
            .map(|row| {
                let cells = Cells::new(row, "obligation_terms", "id");
                Ok((cells.raw("id")?, cells.json("terms_json")?))
            })
            .collect()
    }
}

/// What an obligation is at the moment, inside a transaction.
pub(super) struct Stands {
    pub(super) tenant: TenantId,
    pub(super) outcome: Outcome,
}

impl Write {
    pub(super) async fn obligation_stands(&mut self, key: ObligationKey) -> Result<Stands> {
        let row = sqlx::query(
            "SELECT replica, tenant, outcome_json FROM obligation WHERE replica = $1 AND day = $2",
        )
        .bind(key.replica.to_string())
        .bind(day_number(key.day))
        .fetch_optional(self.conn())
        .await
        .map_err(failed("read an obligation"))?
        .ok_or_else(|| missing("obligation", key))?;
        let cells = Cells::new(&row, "obligation", "replica");
        Ok(Stands {
            tenant: cells.parsed("tenant")?,
            outcome: cells.json("outcome_json")?,
        })
    }

    async fn terms_number(&mut self, terms: &Terms) -> Result<i64> {
        let terms = document(terms)?;
        sqlx::query("INSERT INTO obligation_terms (terms_json) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(&terms)
            .execute(self.conn())
            .await
            .map_err(failed("write terms"))?;
        sqlx::query_scalar("SELECT id FROM obligation_terms WHERE terms_json = $1")
            .bind(&terms)
            .fetch_one(self.conn())
            .await
            .map_err(failed("read terms"))
    }

    /// Whether it is new.
    async fn obligation_insert(&mut self, obligation: &Obligation, terms: i64) -> Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO obligation (replica, day, tenant, zone, policy, policy_version, terms, target_bp, open_at, due_at, \
             next_open_at, opened_at, excluded_json, outcome_json) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (replica, day) DO NOTHING",
        )
        .bind(obligation.key.replica.to_string())
        .bind(day_number(obligation.key.day))
        .bind(obligation.tenant.as_str())
        .bind(obligation.zone.name())
        .bind(obligation.policy.as_str())
        .bind(i64::from(obligation.policy_version))
        .bind(terms)
        .bind(i64::from(obligation.terms.target_bp.get()))
        .bind(micros(obligation.window.open))
        .bind(micros(obligation.window.due))
        .bind(micros(obligation.window.next_open))
        .bind(micros(obligation.opened_at))
        .bind(obligation.excluded.as_ref().map(document).transpose()?)
        .bind(document(&Outcome::Open)?)
        .execute(self.conn())
        .await
        .map_err(failed("open an obligation"))?;
        Ok(inserted.rows_affected() == 1)
    }
}

fn obligation(cells: &Cells<'_>, terms: impl Fn(i64) -> Option<Terms>) -> Result<Obligation> {
    let key = ObligationKey {
        replica: cells.parsed("replica")?,
        day: cells.day("day")?,
    };
    Ok(Obligation {
        key,
        tenant: cells.parsed("tenant")?,
        zone: cells.parsed("zone")?,
        policy: cells.parsed("policy")?,
        policy_version: cells.count("policy_version")?,
        terms: terms(cells.raw("terms")?).ok_or_else(|| missing("terms of obligation", key))?,
        window: window(cells)?,
        opened_at: cells.time("opened_at")?,
        excluded: cells.json_opt("excluded_json")?,
    })
}

pub(super) fn window(cells: &Cells<'_>) -> Result<DayWindow> {
    Ok(DayWindow {
        open: cells.time("open_at")?,
        due: cells.time("due_at")?,
        next_open: cells.time("next_open_at")?,
    })
}

fn tally(cells: &Cells<'_>) -> Result<Tally> {
    Ok(Tally {
        attempts: cells.count("attempts")?,
        deferrals: cells.count("deferrals")?,
        apply_deferrals: cells.count("apply_deferrals")?,
        failures: cells.count("failures")?,
        newest: cells.parsed_opt("newest_attempt")?,
    })
}

/// What a row of one obligation is named by.
pub(super) fn key_of(row: &SqliteRow, table: &'static str) -> Result<ObligationKey> {
    let cells = Cells::new(row, table, "replica");
    Ok(ObligationKey {
        replica: cells.parsed("replica")?,
        day: cells.day("day")?,
    })
}
