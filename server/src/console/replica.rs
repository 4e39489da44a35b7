//! One replica: verdict now, what stood in the way, attempts, points.

use super::attempts::{collapse, outcome};
use super::holds::lies_on;
use super::picture::{Night, Subject, day_of};
use super::snapshot::{Row, days_around};
use super::{StoreConsole, fault, points, zones};
use ::console::{
    AttemptTick, BlockerView, CadenceView, Lane, Mark, ReplicaId, ReplicaView, Span, Timeline, UiError,
    VerdictKind, VerdictView, words,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::blocker::Blocker;
use domain::cadence::Cadence;
use domain::verdict::Verdict;
use std::sync::Arc;
use store::records::{Attempt, BlockerInterval, ReplicaStatus};

/// Points shown; the rest are pages away.
const POINTS_MAX: u32 = 20;
/// How far the timeline goes back.
const TIMELINE: TimeDelta = TimeDelta::hours(24);
/// Rows of this night's attempts before equal ones are put together.
const ATTEMPTS_MAX: usize = 200;
/// Lanes in the gate's evaluation order.
const LANES: [&str; 11] = ["B8", "B6", "B7", "B5", "B4", "B3", "B2", "B1", "NR", "BE", "UN"];

impl StoreConsole {
    pub(super) async fn replica_view(&self, id: ReplicaId) -> Result<ReplicaView, UiError> {
        let now = (self.now)();
        let (store, scope) = (&self.store, &self.scope);
        let replica = store.replica(scope, id).await.map_err(fault::ui)?;
        let from = (now - TIMELINE).max(replica.first_seen.min(now));
        let (first, last) = days_around(now);
        let days = store
            .day_heads(scope, Some(id), first, last)
            .await
            .map_err(fault::ui)?;
        let night = Night::of(day_of(&days, now).into_iter(), now);
        let (status, attempts, intervals, heads, points_total) = futures::try_join!(
            store.status(scope, id),
            store.attempts_since(scope, Some(id), from.min(night.opens)),
            store.blocker_intervals(scope, id, from, now + TimeDelta::microseconds(1)),
            store.point_heads(scope, Some(id), None, POINTS_MAX),
            store.point_count(scope, Some(id)),
        )
        .map_err(fault::ui)?;
        // The newest may be older than this night and this timeline.
        let newest = match attempts.first() {
            Some(attempt) => Some(attempt.clone()),
            None => store
                .attempts(scope, Some(id), None, 1)
                .await
                .map_err(fault::ui)?
                .pop(),
        };
        let strips = self.strips(night, &[id]).await?;
        let row = Row {
            replica,
            status,
            attempt: newest,
            newest: heads.first().cloned(),
            points: points_total,
            days,
        };
        let subject = self.subject(now, night, Arc::new(row));
        let tonight: Vec<&Attempt> = attempts.iter().filter(|it| it.started >= night.opens).collect();
        let deferrals = tonight
            .iter()
            .filter(|it| matches!(it.state, AttemptState::Deferred { .. }))
            .count();
        let mut rows = Vec::new();
        for attempt in tonight.iter().take(ATTEMPTS_MAX) {
            rows.push(
                self.attempt_row((*attempt).clone(), subject.row.replica.name.clone())
                    .await?,
            );
        }
        let replica = &subject.row.replica;
        let owed = self.owed_view(&subject, now).await?;
        let calendar = self.calendar(id, &replica.tenant, now).await?;
        let policy = self.policy_of(replica).await?;
        let pauses = self.pauses_of_replica(id, &replica.name).await?;
        let picture = self.picture().await?;
        let tenant = self.tenant_name(&replica.tenant);
        let mut holds = self.holds_in_force(&picture).await?;
        holds.retain(|hold| lies_on(hold, id, &tenant, &replica.host));
        Ok(ReplicaView {
            as_of: now,
            zone: zones::shown(self.zone_of(&replica.tenant), now),
            id,
            vm: replica.vm,
            name: replica.name.clone(),
            tenant: replica.tenant.to_string(),
            host: replica.host.to_string(),
            primary: replica.primary_host.clone(),
            interval_secs: replica.interval_secs,
            disks: replica.disks.clone(),
            size_bytes: subject.row.newest.as_ref().map(|head| head.read_bytes),
            first_seen: replica.first_seen,
            freshness_limit_secs: self.freshness_limit_secs(),
            tonight: subject.standing(),
            due: night.due,
            attempts_tonight: u32::try_from(tonight.len() - deferrals).unwrap_or(u32::MAX),
            deferrals_tonight: u32::try_from(deferrals).unwrap_or(u32::MAX),
            verdict: self.verdict_view(&subject, &intervals),
            cadence: subject
                .row
                .status
                .as_ref()
                .and_then(|status| cadence(status, now)),
            timeline: timeline(from, now, &intervals, &attempts),
            attempts: collapse(rows),
            points: heads.into_iter().map(points::row).collect(),
            points_total,
            days: strips.of(id),
            calendar,
            owed,
            policy,
            holds,
            pauses,
            running: match subject.row.attempt.as_ref() {
                Some(attempt) if matches!(attempt.state, AttemptState::Running { .. }) => Some(attempt.id),
                _ => None,
            },
            facts: subject
                .row
                .status
                .as_ref()
                .map_or_else(Vec::new, |it| super::facts::facts(&it.observation)),
        })
    }

    fn verdict_view(&self, subject: &Subject, intervals: &[BlockerInterval]) -> VerdictView {
        let next_look = self.engine.next_look(subject.row.replica.id);
        let (kind, blockers): (VerdictKind, Vec<BlockerView>) = match subject.verdict() {
            Verdict::Clear => (VerdictKind::Clear, Vec::new()),
            Verdict::Blocked { blockers } => (
                VerdictKind::Blocked,
                blockers
                    .iter()
                    .map(|it| words::blocker(it, since(it, blockers, subject, intervals), next_look))
                    .collect(),
            ),
            Verdict::Unknown { why } => (
                VerdictKind::Unknown,
                vec![words::unknown(why, subject.since, next_look)],
            ),
        };
        let (title, sentence) = match blockers.first() {
            None => (
                "Clear".to_owned(),
                "Everything that must be fine was read on the host, is fresh and is fine.".to_owned(),
            ),
            Some(first) => (first.title.clone(), first.evidence.clone()),
        };
        VerdictView {
            kind,
            title,
            sentence,
            since: subject.since,
            observed: subject.observed(),
            blockers,
        }
    }
}

/// Since when a blocker holds: the verdict's own instant for all with the first one's code, else the open interval of its code.
/// Applies make no intervals: an apply holds since its job began, by the host's clock moved to the world's.
fn since(
    blocker: &Blocker,
    all: &[Blocker],
    subject: &Subject,
    intervals: &[BlockerInterval],
) -> Option<DateTime<Utc>> {
    let code = blocker.code();
    if all.first().is_some_and(|first| first.code() == code) {
        return subject.since;
    }
    let open = intervals.iter().find(|it| it.code == code && it.to.is_none());
    let apply = || match blocker {
        Blocker::LogBeingApplied { job: Some(job), .. } => {
            let seen = &subject.row.status.as_ref()?.observation;
            Some(seen.seen_at + (job.started? - seen.host_time))
        }
        _ => None,
    };
    open.map(|it| it.from).or_else(apply)
}

pub(super) fn timeline(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    intervals: &[BlockerInterval],
    attempts: &[Attempt],
) -> Timeline {
    let lanes = LANES
        .iter()
        .filter_map(|code| {
            let spans: Vec<Span> = intervals
                .iter()
                .filter(|interval| interval.code == *code)
                .map(|interval| Span {
                    from: interval.from.max(from),
                    to: interval.to,
                })
                .collect();
            (!spans.is_empty()).then(|| Lane {
                code: (*code).to_owned(),
                title: words::title(code).to_owned(),
                mark: words::mark(code),
                spans,
            })
        })
        .collect();
    let attempts = attempts
        .iter()
        .rev()
        .filter_map(|attempt| {
            let outcome = outcome(&attempt.state);
            let text = match (outcome.mark, outcome.code) {
                (Mark::Late, Some(code)) => format!("deferred: {code} {}", lower(words::title(code))),
                _ => lower(outcome.word),
            };
            (outcome.ended.is_none_or(|ended| ended >= from)).then_some(AttemptTick {
                id: attempt.id,
                from: attempt.started,
                to: outcome.ended,
                mark: outcome.mark,
                text,
            })
        })
        .collect();
    Timeline {
        from,
        to,
        lanes,
        attempts,
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn cadence(status: &ReplicaStatus, now: DateTime<Utc>) -> Option<CadenceView> {
    let cadence: Cadence = serde_json::from_value(status.cadence.clone()).ok()?;
    let typical = cadence.mean_ms()?;
    let period_ms = u64::from(cadence.period_secs) * 1000;
    // Rounded up: what applies at all is never still all of the time.
    let busy = match period_ms {
        0 => 100,
        period => (typical * 100).div_ceil(period).min(100),
    };
    let seen = &status.observation;
    // The host's clock is asked on the host's clock, and only the answer is moved to the world's.
    let host_now = seen.host_time + (now - seen.seen_at);
    let next_gap = cadence
        .next_gap(host_now)
        .map(|gap| seen.seen_at + (gap.from - seen.host_time));
    Some(CadenceView {
        period_secs: cadence.period_secs,
        apply_ms_typical: typical,
        apply_ms_longest: cadence.max_ms().unwrap_or(typical),
        still_percent: u8::try_from(100 - busy).unwrap_or(0),
        next_gap,
        samples: u32::try_from(cadence.runs.len()).unwrap_or(u32::MAX),
    })
}
