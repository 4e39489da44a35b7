//! Machines: all as rows, and one whole.

use super::{Bar, Lost, Own, State, bars};
use crate::console::{OwnStanding, told_to_people};
use crate::figures::{Range, report};
use crate::lost::is_lost;
use ::console::{ReplicaId, UiError};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::{SlaDay, opening};
use domain::obligation::OutcomeKind;
use domain::sla::{Ratio, Tally};
use std::collections::HashMap;
use store::obligations::DayHead;
use store::wishes::Wish;

/// A machine in the list.
#[derive(Debug, Clone)]
pub struct OwnRow {
    pub id: ReplicaId,
    pub name: String,
    pub state: State,
    pub bars: Vec<Bar>,
    pub tally: Tally,
    pub newest: Option<DateTime<Utc>>,
    pub points: u64,
}

/// A machine's page, but for its restore points.
#[derive(Debug, Clone)]
pub struct OwnReplica {
    pub id: ReplicaId,
    pub name: String,
    pub interval_secs: u32,
    pub first_seen: DateTime<Utc>,
    pub state: State,
    /// What is owed now, in a sentence.
    pub today: String,
    pub day: Option<DayHead>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub bars: Vec<Bar>,
    pub tally: Tally,
    pub raw: Ratio,
    pub contract: Ratio,
    pub lost: Vec<Lost>,
    pub newest: Option<DateTime<Utc>>,
    /// Until when the hoster holds it back.
    pub held: Option<DateTime<Utc>>,
    /// Backups that were asked for and still count, newest first.
    pub wishes: Vec<Wish>,
}

impl Own {
    /// All machines by name, with their ninety days; and those days, by day and replica.
    ///
    /// # Errors
    /// The store's.
    pub async fn rows(&self) -> Result<(Vec<OwnRow>, Vec<DayHead>), UiError> {
        let (from, to) = self.span();
        let days = self.days(None, from, to).await.map_err(told_to_people)?;
        let mut of: HashMap<ReplicaId, Vec<&DayHead>> = HashMap::new();
        for day in &days {
            of.entry(day.replica).or_default().push(day);
        }
        let standings = self.screens.own_standings().await?;
        let row = |it: OwnStanding| {
            let own = of.get(&it.replica.id).map(Vec::as_slice).unwrap_or_default();
            let (bars, tally) = bars(own, from);
            OwnRow {
                id: it.replica.id,
                state: State::of(&it),
                bars,
                tally,
                newest: it.newest.as_ref().map(|head| head.taken),
                points: it.points,
                name: it.replica.name,
            }
        };
        Ok((standings.into_iter().map(row).collect(), days))
    }

    /// One machine.
    ///
    /// # Errors
    /// `NotFound` for what is not the tenant's.
    pub async fn replica(&self, id: ReplicaId) -> Result<OwnReplica, UiError> {
        let replica = self.store.replica(&self.scope, id).await;
        let replica = replica.map_err(told_to_people)?;
        let (from, to) = self.span();
        let days = self.days(Some(id), from, to).await.map_err(told_to_people)?;
        let range = Range {
            scope: self.scope.clone(),
            replica: Some(id),
            from: SlaDay(from),
            to: SlaDay(to),
        };
        let figures = report(self.store.as_ref(), &range, self.now).await;
        let figures = figures.map_err(told_to_people)?;
        let names = HashMap::from([(id, replica.name.clone())]);
        let lost = self.lost(&days, &names, days.iter().filter(|day| is_lost(day)).count());
        let lost = lost.await.map_err(told_to_people)?;
        let wishes = self.store.wishes(&self.scope, id, self.now).await;
        let wishes = wishes.map_err(told_to_people)?;
        let held = self.held(&replica).await.map_err(told_to_people)?;
        let standings = self.screens.own_standings().await?;
        let standing = standings.into_iter().find(|it| it.replica.id == id);
        let standing = standing.unwrap_or(OwnStanding {
            replica: replica.clone(),
            kind: ::console::VerdictKind::Unknown,
            code: None,
            since: None,
            observed: None,
            running: None,
            newest: None,
            points: 0,
            day: None,
        });
        // Where the tenant moved its window since that day opened, the next one opens by the new one.
        let moved = self.store.tenant(&self.scope, &self.tenant).await;
        let moved = moved.map_err(told_to_people)?.own_window();
        let next = moved.zip(standing.day.as_ref()).and_then(|(rule, day)| {
            let ahead = opening(self.zone, rule, self.now, self.now + TimeDelta::days(4));
            ahead.into_iter().find(|(ahead, _)| *ahead > day.day)
        });
        let next = next.map(|(_, window)| window.open);
        let own: Vec<&DayHead> = days.iter().collect();
        let (bars, tally) = bars(&own, from);
        Ok(OwnReplica {
            id,
            name: replica.name,
            interval_secs: replica.interval_secs,
            first_seen: replica.first_seen,
            state: State::of(&standing),
            today: self.today(standing.day.as_ref(), next),
            day: standing.day,
            from,
            to,
            bars,
            tally,
            raw: figures.whole.raw,
            contract: figures.whole.contract,
            lost,
            newest: standing.newest.map(|head| head.taken),
            held,
            wishes,
        })
    }

    /// What is owed now, in a sentence.
    fn today(&self, day: Option<&DayHead>, next: Option<DateTime<Utc>>) -> String {
        let Some(day) = day else {
            return "Nothing is owed yet: its first day begins with the next window.".to_owned();
        };
        let (due, late) = (self.wall(day.window.due), self.wall(day.window.next_open));
        let next_open = self.wall(next.unwrap_or(day.window.next_open));
        match (day.kind, day.taken) {
            (OutcomeKind::Open, _) if self.now < day.window.due => {
                format!("The day of {} is open: its backup is due by {due}.", day.day)
            }
            (OutcomeKind::Open, _) => {
                format!(
                    "The day of {} is overdue since {due}; a backup before {late} still counts, as late.",
                    day.day
                )
            }
            (OutcomeKind::Met | OutcomeKind::MetLate, Some(taken)) => {
                let how = if day.kind == OutcomeKind::Met {
                    ""
                } else {
                    ", late"
                };
                format!(
                    "The day of {} is met{how}, by the restore point of {}; the next opens at {next_open}.",
                    day.day,
                    self.wall(taken)
                )
            }
            (OutcomeKind::Excluded, _) => {
                format!(
                    "The day of {} is not counted; the next opens at {next_open}.",
                    day.day
                )
            }
            _ => format!("The day of {} was lost; the next opens at {next_open}.", day.day),
        }
    }
}
