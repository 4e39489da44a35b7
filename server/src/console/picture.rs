//! The site at one instant: every replica with its verdict, its attempt and its points, and in which class it counts.

use super::{StoreConsole, fault};
use ::console::{Mark, ReplicaId, Standing, UiError, words};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::attempt::{AttemptState, Step};
use domain::blocker::Unknown;
use domain::job::{JobClass, job_type};
use domain::verdict::Verdict;
use std::collections::BTreeMap;
use store::records::{Attempt, PointHead, PointTime, Replica, ReplicaStatus};

/// The SLA day in force. Tenants have no time zone in the configuration yet, so it is the calendar day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Night {
    pub day: NaiveDate,
    pub opens: DateTime<Utc>,
    pub due: DateTime<Utc>,
}

impl Night {
    pub(super) fn at(now: DateTime<Utc>) -> Self {
        let day = now.date_naive();
        let opens = day.and_time(chrono::NaiveTime::MIN).and_utc();
        Self {
            day,
            opens,
            due: opens + TimeDelta::days(1),
        }
    }
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
    pub replica: Replica,
    pub status: Option<ReplicaStatus>,
    /// The stored verdict, or Unknown once its observation is too old: stale never looks green.
    pub verdict: Verdict,
    /// Since when the first thing it names holds.
    pub since: Option<DateTime<Utc>>,
    pub attempt: Option<Attempt>,
    pub newest: Option<PointHead>,
    pub points: u64,
    pub class: Class,
}

/// Everything in scope.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub now: DateTime<Utc>,
    pub night: Night,
    pub subjects: Vec<Subject>,
}

impl StoreConsole {
    pub(super) async fn picture(&self) -> Result<Picture, UiError> {
        let now = (self.now)();
        let night = Night::at(now);
        let (store, scope) = (&self.store, &self.scope);
        let (replicas, statuses, attempts, newest) = futures::try_join!(
            store.replicas(scope),
            store.statuses(scope),
            store.attempts_newest(scope),
            store.point_heads_newest(scope),
        )
        .map_err(fault::ui)?;
        let mut statuses: BTreeMap<ReplicaId, ReplicaStatus> =
            statuses.into_iter().map(|it| (it.replica, it)).collect();
        let mut attempts: BTreeMap<ReplicaId, Attempt> =
            attempts.into_iter().map(|it| (it.replica, it)).collect();
        let mut newest: BTreeMap<ReplicaId, (PointHead, u64)> =
            newest.into_iter().map(|it| (it.0.replica, it)).collect();
        let subjects = replicas
            .into_iter()
            .map(|replica| {
                let id = replica.id;
                let (head, points) = newest
                    .remove(&id)
                    .map_or((None, 0), |(head, points)| (Some(head), points));
                self.subject(
                    now,
                    night,
                    replica,
                    statuses.remove(&id),
                    attempts.remove(&id),
                    head,
                    points,
                )
            })
            .collect();
        Ok(Picture { now, night, subjects })
    }

    #[expect(clippy::too_many_arguments, reason = "one per source; they meet only here")]
    pub(super) fn subject(
        &self,
        now: DateTime<Utc>,
        night: Night,
        replica: Replica,
        status: Option<ReplicaStatus>,
        attempt: Option<Attempt>,
        newest: Option<PointHead>,
        points: u64,
    ) -> Subject {
        let (verdict, since) = self.verdict(now, status.as_ref());
        let class = match (&attempt, &verdict) {
            (
                Some(Attempt {
                    state: AttemptState::Running { .. },
                    ..
                }),
                _,
            ) => Class::Running,
            _ if newest
                .as_ref()
                .is_some_and(|head| self.covers(night, now, head.taken)) =>
            {
                Class::Met
            }
            (_, Verdict::Unknown { .. }) => Class::Unknown,
            (_, Verdict::Blocked { .. }) => Class::Waiting,
            (
                Some(Attempt {
                    state: AttemptState::Failed { at, .. },
                    ..
                }),
                Verdict::Clear,
            ) if *at >= night.opens => Class::Failed,
            (_, Verdict::Clear) => Class::Ready,
        };
        Subject {
            replica,
            status,
            verdict,
            since,
            attempt,
            newest,
            points,
            class,
        }
    }

    /// Whether a point taken then serves this night: taken in it, or so recent that none is owed yet.
    pub(super) fn covers(&self, night: Night, now: DateTime<Utc>, taken: DateTime<Utc>) -> bool {
        taken >= night.opens || now - taken < self.site.backup_every
    }

    fn verdict(
        &self,
        now: DateTime<Utc>,
        status: Option<&ReplicaStatus>,
    ) -> (Verdict, Option<DateTime<Utc>>) {
        let Some(status) = status else {
            return (
                Verdict::Unknown {
                    why: Unknown::NeverObserved,
                },
                None,
            );
        };
        let seen_at = status.observation.seen_at;
        let age = now - seen_at;
        if age > self.site.freshness && !matches!(status.verdict, Verdict::Unknown { .. }) {
            let limit_secs = self.site.freshness.num_seconds();
            let why = Unknown::Stale {
                seen_at,
                age_secs: age.num_seconds(),
                limit_secs,
            };
            return (Verdict::Unknown { why }, Some(seen_at + self.site.freshness));
        }
        (status.verdict.clone(), Some(status.since))
    }
}

impl Subject {
    /// How far the running export is by the host's own job list, where a look in this step has seen it. Nobody counts the
    /// other steps.
    pub(super) fn percent(&self) -> Option<u8> {
        let AttemptState::Running {
            step: Step::Export,
            since,
        } = self.attempt.as_ref()?.state
        else {
            return None;
        };
        let seen = &self.status.as_ref()?.observation;
        let export = seen.jobs.iter().find(|job| {
            job.class == JobClass::Concrete && job.job_type == job_type::EXPORT && job.state.is_running()
        })?;
        (seen.seen_at >= since)
            .then(|| u8::try_from(export.percent.min(100)).ok())
            .flatten()
    }

    pub(super) fn observed(&self) -> Option<DateTime<Utc>> {
        self.status.as_ref().map(|status| status.observation.seen_at)
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
        match (self.class, &self.attempt, &self.newest) {
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
            (Class::Met, _, Some(head)) => plain(Mark::Met, "Protected".to_owned(), Some(head.taken)),
            (Class::Failed, Some(attempt), _) => {
                let at = match &attempt.state {
                    AttemptState::Failed { at, .. } => *at,
                    _ => attempt.started,
                };
                plain(Mark::Missed, "Last attempt failed".to_owned(), Some(at))
            }
            _ => match self.verdict.words().into_iter().next() {
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

/// The points of each replica.
pub(super) fn by_replica(times: Vec<PointTime>) -> BTreeMap<ReplicaId, Vec<PointTime>> {
    let mut all: BTreeMap<ReplicaId, Vec<PointTime>> = BTreeMap::new();
    for time in times {
        all.entry(time.replica).or_default().push(time);
    }
    all
}
