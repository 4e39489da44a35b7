//! The site at one instant: every replica with its verdict, its attempt and its points, and in which class it counts.

use super::StoreConsole;
use super::ahead::Ahead;
use super::snapshot::{Row, Snapshot};
use ::console::{Mark, Standing, UiError, words};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::attempt::{AttemptState, Step};
use domain::blocker::Unknown;
use domain::calendar::SlaDay;
use domain::job::{JobClass, job_type};
use domain::obligation::OutcomeKind;
use domain::verdict::Verdict;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError};
use store::obligations::DayHead;
use store::records::{Attempt, PointHead, ReplicaStatus};

/// The SLA days in force, as one: most replicas' day, from the first that opened to the last that is due. Where nothing is owed it is the
/// calendar day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Night {
    pub day: NaiveDate,
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
}

impl Night {
    pub(super) fn of<'a>(days: impl Iterator<Item = &'a DayHead>, now: DateTime<Utc>) -> Self {
        let mut counts: BTreeMap<NaiveDate, usize> = BTreeMap::new();
        let mut ends: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
        for day in days.filter(|day| day.window.covers(now)) {
            *counts.entry(day.day.0).or_default() += 1;
            let (opens, due) = ends.unwrap_or((day.window.open, day.window.due));
            ends = Some((opens.min(day.window.open), due.max(day.window.due)));
        }
        let most = counts.into_iter().max_by_key(|(day, count)| (*count, *day));
        match (most, ends) {
            (Some((day, _)), Some((opens, due))) => Self { day, opens, due },
            _ => {
                let day = now.date_naive();
                let opens = day.and_time(chrono::NaiveTime::MIN).and_utc();
                Self {
                    day,
                    opens,
                    due: opens + TimeDelta::days(1),
                }
            }
        }
    }
}

/// The day that a replica is in: the one whose window covers `now`, else the one that opened last.
pub(super) fn day_of(days: &[DayHead], now: DateTime<Utc>) -> Option<&DayHead> {
    let opened = days.iter().filter(|day| day.window.open <= now);
    days.iter()
        .find(|day| day.window.covers(now))
        .or_else(|| opened.max_by_key(|day| day.day))
}

/// In which figure of the night a replica is counted: exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    // In the order in which a person's attention goes.
    Failed,
    Unknown,
    Waiting,
    Ready,
    Running,
    Met,
}

/// One replica with all that is known of it now.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub row: Arc<Row>,
    /// Unknown, where the stored verdict's observation is too old: stale never looks green.
    stale: Option<Verdict>,
    /// Since when the first thing that the verdict names holds.
    pub since: Option<DateTime<Utc>>,
    pub class: Class,
    /// Of the row's days, the one that the replica is in.
    day: Option<SlaDay>,
}

/// Everything in scope.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// When it was read.
    pub as_of: DateTime<Utc>,
    pub now: DateTime<Utc>,
    pub night: Night,
    pub subjects: Vec<Subject>,
    pub snapshot: Arc<Snapshot>,
    /// What the plan says of it, looked at once.
    pub ahead: OnceLock<Arc<Ahead>>,
}

impl StoreConsole {
    /// Drawn once for all questions of a page and of those that ask at the same time: a second old at most, as the snapshot itself is.
    pub(super) async fn picture(&self) -> Result<Arc<Picture>, UiError> {
        let snapshot = self.snapshots.current().await?;
        let now = (self.now)();
        let drawn = self.drawn.read().unwrap_or_else(PoisonError::into_inner).clone();
        let longest = TimeDelta::seconds(i64::from(self.site().speed));
        if let Some(picture) = drawn.filter(|it| Arc::ptr_eq(&it.snapshot, &snapshot)) {
            let age = now - picture.now;
            if TimeDelta::zero() <= age && age < longest {
                return Ok(picture);
            }
        }
        let picture = Arc::new(self.draw(snapshot, now));
        *self.drawn.write().unwrap_or_else(PoisonError::into_inner) = Some(picture.clone());
        Ok(picture)
    }

    fn draw(&self, snapshot: Arc<Snapshot>, now: DateTime<Utc>) -> Picture {
        let rows = || snapshot.rows_of(&self.scope);
        let night = Night::of(rows().flat_map(|row| &row.days), now);
        let subjects = rows().map(|row| self.subject(now, night, row.clone())).collect();
        Picture {
            as_of: snapshot.read_at,
            now,
            night,
            subjects,
            snapshot,
            ahead: OnceLock::new(),
        }
    }

    pub(super) fn subject(&self, now: DateTime<Utc>, night: Night, row: Arc<Row>) -> Subject {
        let (stale, since) = self.stale(now, row.status.as_ref());
        let verdict = stale.as_ref().or(row.status.as_ref().map(|it| &it.verdict));
        let day = day_of(&row.days, now);
        let class = match (&row.attempt, verdict) {
            (
                Some(Attempt {
                    state: AttemptState::Running { .. },
                    ..
                }),
                _,
            ) => Class::Running,
            _ if self.met(day, row.newest.as_ref(), now) => Class::Met,
            (_, None | Some(Verdict::Unknown { .. })) => Class::Unknown,
            (_, Some(Verdict::Blocked { .. })) => Class::Waiting,
            (
                Some(Attempt {
                    state: AttemptState::Failed { at, .. },
                    ..
                }),
                Some(Verdict::Clear),
            ) if *at >= night.opens => Class::Failed,
            (_, Some(Verdict::Clear)) => Class::Ready,
        };
        Subject {
            day: day.map(|day| day.day),
            row,
            stale,
            since,
            class,
        }
    }

    /// Whether the day has what it owes, late or not. A replica that owes nothing has it while its newest point is young.
    fn met(&self, day: Option<&DayHead>, newest: Option<&PointHead>, now: DateTime<Utc>) -> bool {
        match day.map(|day| day.kind) {
            Some(OutcomeKind::Met | OutcomeKind::MetLate) => true,
            Some(OutcomeKind::Open) => false,
            Some(OutcomeKind::Missed | OutcomeKind::Excused | OutcomeKind::Excluded) | None => {
                newest.is_some_and(|head| now - head.taken < self.site().backup_every)
            }
        }
    }

    /// Unknown instead of a verdict that is too old, and since when what holds now does.
    fn stale(
        &self,
        now: DateTime<Utc>,
        status: Option<&ReplicaStatus>,
    ) -> (Option<Verdict>, Option<DateTime<Utc>>) {
        let Some(status) = status else {
            return (None, None);
        };
        let seen_at = status.observation.seen_at;
        let age = now - seen_at;
        if age > self.site().freshness && !matches!(status.verdict, Verdict::Unknown { .. }) {
            let limit_secs = self.site().freshness.num_seconds();
            let why = Unknown::Stale {
                seen_at,
                age_secs: age.num_seconds(),
                limit_secs,
            };
            return (
                Some(Verdict::Unknown { why }),
                Some(seen_at + self.site().freshness),
            );
        }
        (None, Some(status.since))
    }
}

/// What is said of a replica that nobody has looked at yet.
const NEVER: Verdict = Verdict::Unknown {
    why: Unknown::NeverObserved,
};

impl Subject {
    /// The SLA day that it is in, if one was opened.
    pub(super) fn day(&self) -> Option<&DayHead> {
        let day = self.day?;
        self.row.days.iter().find(|it| it.day == day)
    }

    /// When the day that it is in is due, where it is still open; else the end of time, after everything that is owed.
    pub(super) fn due(&self) -> DateTime<Utc> {
        self.day()
            .filter(|day| day.kind == OutcomeKind::Open)
            .map_or(DateTime::<Utc>::MAX_UTC, |day| day.window.due)
    }

    /// What the gate says now.
    pub(super) fn verdict(&self) -> &Verdict {
        let stored = self.row.status.as_ref().map(|status| &status.verdict);
        self.stale.as_ref().or(stored).unwrap_or(&NEVER)
    }

    /// How far the running export is by the host's own job list, where a look in this step has seen it. Nobody counts the
    /// other steps.
    pub(super) fn percent(&self) -> Option<u8> {
        let AttemptState::Running {
            step: Step::Export,
            since,
        } = self.row.attempt.as_ref()?.state
        else {
            return None;
        };
        let seen = &self.row.status.as_ref()?.observation;
        let export = seen.jobs.iter().find(|job| {
            job.class == JobClass::Concrete && job.job_type == job_type::EXPORT && job.state.is_running()
        })?;
        (seen.seen_at >= since)
            .then(|| u8::try_from(export.percent.min(100)).ok())
            .flatten()
    }

    pub(super) fn observed(&self) -> Option<DateTime<Utc>> {
        let status = self.row.status.as_ref();
        status.map(|status| status.observation.seen_at)
    }

    /// What is the case now, first of all this night's outcome.
    pub(super) fn standing(&self) -> Standing {
        let plain = |mark, text: String, at| Standing {
            mark,
            code: None,
            text,
            at,
            percent: None,
        };
        match (self.class, &self.row.attempt, &self.row.newest) {
            (Class::Running, Some(attempt), _) => {
                let (step, since) = match &attempt.state {
                    AttemptState::Running { step, since } => (words::step(*step), *since),
                    _ => ("Running", attempt.started),
                };
                Standing {
                    percent: self.percent(),
                    ..plain(Mark::Running, step.to_owned(), Some(since))
                }
            }
            (Class::Met, _, newest) => {
                let day = self.day();
                let taken = day.and_then(|day| day.taken);
                let at = taken.or(newest.as_ref().map(|head| head.taken));
                match day.map(|day| day.kind) {
                    Some(OutcomeKind::MetLate) => plain(Mark::Late, "Protected, late".to_owned(), at),
                    _ => plain(Mark::Met, "Protected".to_owned(), at),
                }
            }
            (Class::Failed, Some(attempt), _) => {
                let at = match &attempt.state {
                    AttemptState::Failed { at, .. } => *at,
                    _ => attempt.started,
                };
                plain(Mark::Missed, "Last attempt failed".to_owned(), Some(at))
            }
            _ => match self.verdict().words().into_iter().next() {
                Some(words) => Standing {
                    mark: words::mark(words.code),
                    code: Some(words.code.to_owned()),
                    text: words.title,
                    at: self.since,
                    percent: None,
                },
                None => plain(Mark::Open, "Clear, in line".to_owned(), self.since),
            },
        }
    }
}
