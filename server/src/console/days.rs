//! The last 28 SLA days of replicas: asked for the rows of one page, never for the site.

use super::picture::Night;
use super::{StoreConsole, fault};
use ::console::{DayMark, Mark, ReplicaId, UiError};
use chrono::{NaiveDate, TimeDelta};
use domain::calendar::SlaDay;
use domain::obligation::OutcomeKind;
use std::collections::HashMap;

/// Days in a strip, today included.
pub(super) const DAYS: i64 = 28;

/// What the days of some replicas came to.
pub(super) struct Strips {
    last: NaiveDate,
    marks: HashMap<(ReplicaId, NaiveDate), Mark>,
}

impl StoreConsole {
    /// The days of these replicas, in one question.
    pub(super) async fn strips(&self, night: Night, replicas: &[ReplicaId]) -> Result<Strips, UiError> {
        let (from, to) = (SlaDay(night.day - TimeDelta::days(DAYS - 1)), SlaDay(night.day));
        let kinds = self
            .store
            .day_kinds_of(&self.scope, replicas, from, to)
            .await
            .map_err(fault::ui)?;
        let marks = kinds.into_iter().flat_map(|it| {
            let marked = move |(day, kind): (SlaDay, OutcomeKind)| Some(((it.replica, day.0), mark(kind)?));
            it.days.into_iter().filter_map(marked)
        });
        Ok(Strips {
            last: night.day,
            marks: marks.collect(),
        })
    }
}

impl Strips {
    /// Oldest first; the last is today. A day on which nothing was owed has no mark.
    pub(super) fn of(&self, replica: ReplicaId) -> Vec<DayMark> {
        (0..DAYS)
            .rev()
            .map(|back| {
                let day = self.last - TimeDelta::days(back);
                DayMark {
                    day,
                    mark: self.marks.get(&(replica, day)).copied(),
                }
            })
            .collect()
    }
}

fn mark(kind: OutcomeKind) -> Option<Mark> {
    match kind {
        OutcomeKind::Open => Some(Mark::Open),
        OutcomeKind::Met => Some(Mark::Met),
        OutcomeKind::MetLate => Some(Mark::Late),
        OutcomeKind::Missed => Some(Mark::Missed),
        OutcomeKind::Excused => Some(Mark::Excused),
        OutcomeKind::Excluded => None,
    }
}
