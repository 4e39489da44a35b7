//! The SLA's figures of a range: made by `figures`, named here.

use super::{StoreConsole, fault, kinds};
use crate::document::obligation::deferrals;
use crate::figures::{Range, Report, report};
use ::console::{
    GapView, LossRow, ReplicaId, SlaFigures, SlaQuery, SlaTenantRow, SlaView, TenantId, UiError, WorstView,
};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use domain::calendar::SlaDay;
use domain::obligation::{ObligationKey, OutcomeKind, effective};
use domain::policy::BasisPoints;
use domain::sla::Figures;
use domain::story::Tries;
use store::obligations::DayHead;
use store::traits::Scope;

/// Losses that are told with their story.
const LOSSES_MAX: usize = 100;

impl StoreConsole {
    pub(super) async fn sla_view(&self, query: SlaQuery) -> Result<SlaView, UiError> {
        let now = (self.now)();
        let scope = self.sla_scope(query.tenant.as_ref())?;
        let (from, to) = self.sla_range(&query, now)?;
        let range = Range {
            scope: scope.clone(),
            replica: None,
            from: SlaDay(from),
            to: SlaDay(to),
        };
        let report = report(self.store.as_ref(), &range, now)
            .await
            .map_err(fault::ui)?;
        let mut lost = self
            .store
            .day_heads(&scope, None, range.from, range.to)
            .await
            .map_err(fault::ui)?;
        lost.retain(|day| {
            matches!(
                day.kind,
                OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused
            )
        });
        let losses_total = lost.len() as u64;
        let mut losses = Vec::new();
        for day in lost.iter().rev().take(LOSSES_MAX) {
            losses.push(self.loss(&scope, day, &report, now).await?);
        }
        let whole_site = query.tenant.is_none();
        let mut tenants: Vec<SlaTenantRow> = report
            .tenants
            .iter()
            .filter(|_| whole_site)
            .map(|(tenant, own)| SlaTenantRow {
                tenant: tenant.clone(),
                name: self.tenant_name(tenant),
                figures: named(own, &report),
            })
            .collect();
        tenants.sort_by_key(|row| {
            let pct = row.figures.contract.pct.map_or(u16::MAX, BasisPoints::get);
            (pct, row.name.clone())
        });
        Ok(SlaView {
            as_of: now,
            zone: self.zone(),
            name: query.tenant.as_ref().map(|tenant| self.tenant_name(tenant)),
            tenant: query.tenant,
            from,
            to,
            figures: named(&report.whole, &report),
            days: report.whole.days.clone(),
            losses,
            losses_total,
            tenants,
            all_tenants: self.sees_tenants(),
        })
    }

    fn sees_tenants(&self) -> Vec<(TenantId, String)> {
        let sees = |id: &TenantId| match &self.scope {
            Scope::Site { .. } => true,
            Scope::Tenant(own) => own == id,
        };
        self.site()
            .tenants
            .iter()
            .filter(|(id, _)| sees(id))
            .cloned()
            .collect()
    }

    /// Another tenant's figures are not there.
    fn sla_scope(&self, tenant: Option<&TenantId>) -> Result<Scope, UiError> {
        let Some(tenant) = tenant else {
            return Ok(self.scope.clone());
        };
        let known = self.sees_tenants().iter().any(|(id, _)| id == tenant);
        known
            .then(|| Scope::Tenant(tenant.clone()))
            .ok_or_else(|| UiError::NotFound {
                what: "tenant".to_owned(),
                id: tenant.to_string(),
            })
    }

    /// The days asked for, or the present month.
    fn sla_range(&self, query: &SlaQuery, now: DateTime<Utc>) -> Result<(NaiveDate, NaiveDate), UiError> {
        let invalid = |text: &str| UiError::Invalid {
            field: "to".to_owned(),
            text: text.to_owned(),
        };
        match (query.from, query.to) {
            (Some(from), Some(to)) if to < from => Err(invalid("the last day is before the first")),
            (Some(from), Some(to)) if (to - from).num_days() >= SlaQuery::DAYS_MAX => {
                Err(invalid("the range is too long: ask for a year at most"))
            }
            (Some(from), Some(to)) => Ok((from, to)),
            _ => {
                let today = query
                    .tenant
                    .as_ref()
                    .map_or(now.date_naive(), |tenant| self.zone_of(tenant).date(now).0);
                let first = today.with_day(1).unwrap_or(today);
                let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
                Ok((first, next - TimeDelta::days(1)))
            }
        }
    }

    async fn loss(
        &self,
        scope: &Scope,
        day: &DayHead,
        report: &Report,
        now: DateTime<Utc>,
    ) -> Result<LossRow, UiError> {
        let key = ObligationKey {
            replica: day.replica,
            day: day.day,
        };
        let (row, tried) = futures::try_join!(
            self.store.obligation(scope, key),
            self.store.attempts_of(scope, key)
        )
        .map_err(fault::ui)?;
        let outcome = effective(&row.outcome, &row.corrections);
        let deferrals = deferrals(&tried);
        let tries = Tries {
            attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
            failures: row.tally.failures,
            deferrals: &deferrals,
            blocked: None,
        };
        let story = row
            .obligation
            .story(&outcome, &tries, row.corrections.last(), now);
        Ok(LossRow {
            replica: day.replica,
            name: name(day.replica, report),
            tenant: day.tenant.to_string(),
            day: day.day.0,
            mark: kinds::mark(day.kind),
            outcome: kinds::word(day.kind).to_owned(),
            whose: day.owner.map_or("provider", kinds::owner).to_owned(),
            story: story.headline,
            attempts: day.attempts,
            deferrals: day.deferrals,
            corrected: day.corrected,
        })
    }
}

fn name(replica: ReplicaId, report: &Report) -> String {
    let known = report.replicas.get(&replica);
    known.map_or_else(|| replica.to_string(), |it| it.name.clone())
}

fn named(figures: &Figures, report: &Report) -> SlaFigures {
    let tenant = |replica: ReplicaId| {
        report
            .replicas
            .get(&replica)
            .map_or_else(String::new, |it| it.tenant.to_string())
    };
    SlaFigures {
        tally: figures.tally,
        raw: figures.raw,
        contract: figures.contract,
        budget: figures.budget,
        blame: figures.blame,
        worst: figures.worst.map(|worst| WorstView {
            replica: worst.replica,
            name: name(worst.replica, report),
            tenant: tenant(worst.replica),
            raw: worst.raw,
        }),
        longest_gap: figures.longest_gap.map(|gap| GapView {
            replica: gap.replica,
            name: name(gap.replica, report),
            tenant: tenant(gap.replica),
            from: gap.from,
            to: gap.to,
            secs: gap.secs,
        }),
    }
}
