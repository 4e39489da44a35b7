//! Ninety days of machines: bars, and one sentence for each day that was lost.

use super::Own;
use crate::figures::{Range, Report, report};
use crate::lost::{self, Wall, is_lost, taken};
use chrono::{Days, NaiveDate};
use domain::calendar::{SlaDay, Zone};
use domain::ids::ReplicaId;
use domain::obligation::{OutcomeKind, Owner};
use domain::sla::Tally;
use std::collections::HashMap;
use store::obligations::DayHead;
use store::traits::StoreError;

/// Days of the bars.
pub const DAYS: u64 = 90;

/// One day's bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub day: NaiveDate,
    /// `None`: nothing was opened.
    pub kind: Option<OutcomeKind>,
}

/// A day that was late, missed or excused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub replica: ReplicaId,
    pub name: String,
    pub day: NaiveDate,
    pub kind: OutcomeKind,
    /// "yours", "your hoster's", "neither yours nor your hoster's".
    pub whose: &'static str,
    pub owner: Owner,
    pub why: String,
    /// What came after it.
    pub next: String,
    /// Whether the hoster appended a correction.
    pub corrected: bool,
}

/// The days from `from` on, oldest first, and how many came to what.
#[must_use]
pub fn bars(days: &[&DayHead], from: NaiveDate) -> (Vec<Bar>, Tally) {
    let kinds: HashMap<NaiveDate, OutcomeKind> = days.iter().map(|it| (it.day.0, it.kind)).collect();
    let mut tally = Tally::default();
    let all = from.iter_days().take(usize::try_from(DAYS).unwrap_or(0));
    let all = all.map(|day| Bar {
        day,
        kind: kinds.get(&day).copied(),
    });
    let bars: Vec<Bar> = all.collect();
    for kind in bars.iter().filter_map(|it| it.kind) {
        tally.count(kind);
    }
    (bars, tally)
}

/// Whose a lost day was, to the tenant.
pub(super) fn whose(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "your hoster's",
        Owner::Tenant => "yours",
        Owner::External => "neither yours nor your hoster's",
    }
}

impl Own {
    /// The first and the last of the ninety days, on the tenant's calendar.
    #[must_use]
    pub fn span(&self) -> (NaiveDate, NaiveDate) {
        let today = self.zone.date(self.now).0;
        (today - Days::new(DAYS - 1), today)
    }

    /// What was kept in [`Self::span`], from the function of every figure.
    ///
    /// # Errors
    /// The store's.
    pub async fn figures(&self) -> Result<Report, StoreError> {
        let (from, to) = self.span();
        let range = Range {
            scope: self.scope.clone(),
            replica: None,
            from: SlaDay(from),
            to: SlaDay(to),
        };
        report(self.store.as_ref(), &range, self.now).await
    }

    /// Days `from..=to`, of one replica or all of the tenant's, by day and replica.
    ///
    /// # Errors
    /// The store's.
    pub async fn days(
        &self,
        replica: Option<ReplicaId>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<DayHead>, StoreError> {
        let (from, to) = (SlaDay(from), SlaDay(to));
        self.store.day_heads(&self.scope, replica, from, to).await
    }

    /// The lost ones of these days with their stories, newest first, at most `most`.
    ///
    /// # Errors
    /// The store's.
    pub async fn lost(
        &self,
        days: &[DayHead],
        names: &HashMap<ReplicaId, String>,
        most: usize,
    ) -> Result<Vec<Lost>, StoreError> {
        let told: Vec<&DayHead> = days.iter().rev().filter(|day| is_lost(day)).take(most).collect();
        let Some(first) = told.iter().map(|day| day.window.open).min() else {
            return Ok(Vec::new());
        };
        let taken = taken(self.store.as_ref(), &self.scope, first).await?;
        let mut lost = Vec::with_capacity(told.len());
        for day in told {
            let (store, clock) = (self.store.as_ref(), (self.zone, Zone::wall as Wall));
            let words = lost::told(store, &self.scope, day, &taken, clock, self.now).await?;
            let owner = day.owner.unwrap_or(Owner::Provider);
            lost.push(Lost {
                replica: day.replica,
                name: names.get(&day.replica).cloned().unwrap_or_default(),
                day: day.day.0,
                kind: day.kind,
                whose: whose(owner),
                owner,
                why: words.why,
                next: words.next,
                corrected: day.corrected,
            });
        }
        Ok(lost)
    }
}
