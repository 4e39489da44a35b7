//! Days as figures, strips and calendars need them: many rows, no documents.

use super::obligations::window;
use super::row::{Cells, day_number, day_of};
use super::{SqliteStore, failed};
use crate::obligations::{DayHead, DayKinds, PolicyUsed};
use crate::rules::night::{KINDS, OWNERS, owner_name};
use crate::traits::{Result, Scope};
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::ReplicaId;
use domain::obligation::OutcomeKind;
use domain::policy::{BasisPoints, InvalidTerms};
use sqlx::sqlite::SqliteRow;

macro_rules! select_head {
    ($rest:literal) => {
        concat!(
            "SELECT o.replica, o.tenant, o.day, o.open_at, o.due_at, o.next_open_at, o.counts_as, o.counts_owner, \
             o.corrections, o.target_bp, o.attempts, o.deferrals, o.taken FROM obligation o WHERE ",
            $rest,
            " AND o.day BETWEEN $3 AND $4 ORDER BY o.day, o.replica"
        )
    };
}

// One statement per question: an index is chosen before anything is bound, so `$1 IS NULL OR tenant = $1` would read every tenant's
// rows. Each statement asks for its scope all the same.
pub(super) const OF_REPLICA: &str =
    select_head!("(CAST($1 AS TEXT) IS NULL OR o.tenant = $1) AND o.replica = $2");
pub(super) const OF_TENANT: &str = select_head!("o.tenant = $1 AND CAST($2 AS TEXT) IS NULL");
pub(super) const OF_SITE: &str = select_head!("CAST($1 AS TEXT) IS NULL AND CAST($2 AS TEXT) IS NULL");

/// Each of the few replicas is one search of the primary key and one row: `20000 met,20001 missed`.
pub(super) const KINDS_OF_REPLICAS: &str = concat!(
    "SELECT o.replica, group_concat(o.day || ' ' || o.counts_as) AS days ",
    "FROM (SELECT DISTINCT value AS id FROM json_each($2)) asked CROSS JOIN obligation o ON o.replica = asked.id ",
    "WHERE (CAST($1 AS TEXT) IS NULL OR o.tenant = $1) AND o.day BETWEEN $3 AND $4 GROUP BY o.replica"
);

/// Of the site, and of one tenant.
pub(super) const POLICIES: (&str, &str) = (
    "SELECT DISTINCT policy, policy_version, target_bp FROM obligation \
     WHERE CAST($1 AS TEXT) IS NULL AND day BETWEEN $2 AND $3 ORDER BY policy, policy_version, target_bp",
    "SELECT DISTINCT policy, policy_version, target_bp FROM obligation \
     WHERE tenant = $1 AND day BETWEEN $2 AND $3 ORDER BY policy, policy_version, target_bp",
);

pub(super) const DAYS_NEWEST: &str = "SELECT o.replica, o.day, o.open_at, o.due_at, o.next_open_at \
     FROM replica r JOIN obligation o ON o.replica = r.id \
     AND o.day = (SELECT max(n.day) FROM obligation n WHERE n.replica = r.id) ORDER BY r.id";

impl SqliteStore {
    pub(super) async fn days(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayHead>> {
        let statement = match (scope.tenant(), replica) {
            (_, Some(_)) => OF_REPLICA,
            (Some(_), None) => OF_TENANT,
            (None, None) => OF_SITE,
        };
        sqlx::query(statement)
            .bind(scope.tenant())
            .bind(replica.map(|replica| replica.to_string()))
            .bind(day_number(from))
            .bind(day_number(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list days"))?
            .iter()
            .map(head)
            .collect()
    }

    pub(super) async fn kinds_of(
        &self,
        scope: &Scope,
        replicas: &[ReplicaId],
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayKinds>> {
        let asked = serde_json::Value::from_iter(replicas.iter().map(ToString::to_string));
        let rows = sqlx::query(KINDS_OF_REPLICAS)
            .bind(scope.tenant())
            .bind(asked.to_string())
            .bind(day_number(from))
            .bind(day_number(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list days of replicas"))?;
        let mut all = rows.iter().map(kinds).collect::<Result<Vec<_>>>()?;
        all.sort_unstable_by_key(|it| it.replica);
        Ok(all)
    }

    pub(super) async fn policies_used(
        &self,
        scope: &Scope,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<PolicyUsed>> {
        sqlx::query(super::scoped(scope, POLICIES))
            .bind(scope.tenant())
            .bind(day_number(from))
            .bind(day_number(to))
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list the policies of days"))?
            .iter()
            .map(|row| {
                let cells = Cells::new(row, "obligation", "policy");
                Ok(PolicyUsed {
                    policy: cells.parsed("policy")?,
                    version: cells.count("policy_version")?,
                    target_bp: share(&cells)?,
                })
            })
            .collect()
    }

    pub(super) async fn days_last(&self) -> Result<Vec<(ReplicaId, SlaDay, DayWindow)>> {
        sqlx::query(DAYS_NEWEST)
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list newest days"))?
            .iter()
            .map(|row| {
                let cells = Cells::new(row, "obligation", "replica");
                Ok((cells.parsed("replica")?, cells.day("day")?, window(&cells)?))
            })
            .collect()
    }
}

fn kinds(row: &SqliteRow) -> Result<DayKinds> {
    let cells = Cells::new(row, "obligation", "replica");
    let text: String = cells.text("days")?;
    let day = |text: &str| {
        let (number, name) = text.split_once(' ')?;
        let kind = KINDS.into_iter().find(|kind| kind.as_str() == name)?;
        Some((day_of(number.parse().ok()?)?, kind))
    };
    let read: Option<Vec<_>> = text.split(',').map(day).collect();
    let mut days = read.ok_or_else(|| cells.unreadable("days", text.into()))?;
    days.sort_unstable_by_key(|(day, _)| *day);
    Ok(DayKinds {
        replica: cells.parsed("replica")?,
        days,
    })
}

fn head(row: &SqliteRow) -> Result<DayHead> {
    let cells = Cells::new(row, "obligation", "replica");
    Ok(DayHead {
        replica: cells.parsed("replica")?,
        tenant: cells.parsed("tenant")?,
        day: cells.day("day")?,
        window: window(&cells)?,
        kind: cells.named("counts_as", &KINDS, OutcomeKind::as_str)?,
        owner: cells.named_opt("counts_owner", &OWNERS, owner_name)?,
        corrected: cells.count::<u32>("corrections")? > 0,
        target_bp: share(&cells)?,
        attempts: cells.count("attempts")?,
        deferrals: cells.count("deferrals")?,
        taken: cells.time_opt("taken")?,
    })
}

fn share(cells: &Cells<'_>) -> Result<BasisPoints> {
    let number: u16 = cells.count("target_bp")?;
    BasisPoints::try_from(number)
        .map_err(|source: InvalidTerms| cells.unreadable("target_bp", Box::new(source)))
}
