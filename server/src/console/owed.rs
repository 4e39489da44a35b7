//! What a replica owes now: its obligation with the plan's explanation, and its calendar.

use super::picture::Subject;
use super::{StoreConsole, ahead, fault, kinds};
use crate::document::obligation::deferrals;
use ::console::{CalendarDay, DayMark, OwedView, PauseRow, PlanView, ReplicaId, UiError, words};
use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};
use domain::calendar::SlaDay;
use domain::code::Code;
use domain::ids::TenantId;
use domain::obligation::{ObligationKey, OutcomeKind, effective};
use domain::planner::{Move, slack_secs};
use domain::story::Tries;
use domain::verdict::Verdict;
use domain::words::explain_move;
use engine::Planned;
use engine::planned::Entry;
use std::collections::HashMap;
use store::obligations::DayHead;
use store::pauses::{Pause, PauseState};

/// Pauses of one primary that are shown.
const PAUSES_MAX: u32 = 10;

impl StoreConsole {
    pub(super) async fn owed_view(
        &self,
        subject: &Subject,
        now: DateTime<Utc>,
    ) -> Result<Option<OwedView>, UiError> {
        let Some(day) = subject.day() else {
            return Ok(None);
        };
        let key = ObligationKey {
            replica: day.replica,
            day: day.day,
        };
        let (row, tried) = futures::try_join!(
            self.store.obligation(&self.scope, key),
            self.store.attempts_of(&self.scope, key)
        )
        .map_err(fault::ui)?;
        let outcome = effective(&row.outcome, &row.corrections);
        let deferrals = deferrals(&tried);
        let tries = Tries {
            attempts: row.tally.attempts.saturating_sub(row.tally.deferrals),
            failures: row.tally.failures,
            deferrals: &deferrals,
            blocked: blocked(subject),
        };
        let story = row
            .obligation
            .story(&outcome, &tries, row.corrections.last(), now);
        let planned = self.engine.planned();
        let is_open = outcome.kind() == OutcomeKind::Open;
        let plan = planned
            .as_deref()
            .filter(|_| is_open)
            .and_then(|planned| planned.entry(key).map(|entry| plan(planned, &entry)));
        let foreseen = self.engine.foreseen();
        let estimate = foreseen
            .as_ref()
            .filter(|_| is_open)
            .and_then(|foreseen| foreseen.each.get(&key));
        let (chance, risk) = estimate.map_or((None, None), |it| {
            let (chance, risk) = ahead::chance(&it.estimate);
            (Some(chance), risk)
        });
        Ok(Some(OwedView {
            day: day.day.0,
            mark: kinds::mark(outcome.kind()),
            outcome: kinds::word(outcome.kind()).to_owned(),
            opens: day.window.open,
            due: day.window.due,
            headline: story.headline,
            sentences: story.sentences,
            plan,
            chance,
            risk,
        }))
    }

    /// The present month in the tenant's zone, up to today, and two before it.
    pub(super) async fn calendar(
        &self,
        replica: ReplicaId,
        tenant: &TenantId,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalendarDay>, UiError> {
        let today = self.zone_of(tenant).date(now).0;
        let first = today.with_day(1).unwrap_or(today);
        let first = first.checked_sub_months(Months::new(2)).unwrap_or(first);
        let heads = self
            .store
            .day_heads(&self.scope, Some(replica), SlaDay(first), SlaDay(today))
            .await
            .map_err(fault::ui)?;
        let by_day: HashMap<_, &DayHead> = heads.iter().map(|head| (head.day.0, head)).collect();
        let days = (0..=(today - first).num_days()).map(|n| first + TimeDelta::days(n));
        let cell = |day| {
            let head = by_day.get(&day);
            CalendarDay {
                mark: DayMark {
                    day,
                    mark: head.map(|head| kinds::mark(head.kind)),
                },
                word: head
                    .map_or("nothing was owed", |head| kinds::word(head.kind))
                    .to_lowercase(),
                corrected: head.is_some_and(|head| head.corrected),
            }
        };
        Ok(days.map(cell).collect())
    }

    pub(super) async fn pauses_of_replica(
        &self,
        replica: ReplicaId,
        name: &str,
    ) -> Result<Vec<PauseRow>, UiError> {
        let pauses = self
            .store
            .pauses_of(&self.scope, replica, PAUSES_MAX)
            .await
            .map_err(fault::ui)?;
        Ok(pauses.iter().map(|pause| pause_row(pause, name)).collect())
    }
}

pub(super) fn pause_row(pause: &Pause, name: &str) -> PauseRow {
    use ::console::Mark;
    let (state, mark) = match pause.state {
        PauseState::Intended => ("Asked for", Mark::Open),
        PauseState::Paused => ("Paused", Mark::Running),
        PauseState::Resuming => ("Resuming", Mark::Late),
        PauseState::Resumed => ("Resumed", Mark::Met),
    };
    let troubled = pause.trouble.is_some() && pause.resumed.is_none();
    PauseRow {
        attempt: pause.attempt,
        replica: pause.replica,
        name: name.to_owned(),
        tenant: pause.tenant.to_string(),
        primary: pause.primary.clone(),
        state: state.to_owned(),
        mark: if troubled { Mark::Missed } else { mark },
        intended: pause.intended,
        paused: pause.paused,
        until: pause.until,
        resumed: pause.resumed,
        trouble: pause.trouble.clone(),
    }
}

/// What blocks it now, since when.
fn blocked(subject: &Subject) -> Option<(Code, DateTime<Utc>)> {
    match subject.verdict() {
        Verdict::Clear => None,
        verdict @ (Verdict::Blocked { .. } | Verdict::Unknown { .. }) => {
            Some((verdict.code()?.parse().ok()?, subject.since?))
        }
    }
}

fn plan(planned: &Planned, entry: &Entry<'_>) -> PlanView {
    use ::console::Mark;
    let told = explain_move(&entry.decision.what);
    let code = told.code.map(|code| code.to_string());
    let mark = match (&entry.decision.what, &code) {
        (Move::Running | Move::Start { .. }, _) => Mark::Running,
        (Move::GiveUp { .. }, _) => Mark::Missed,
        (Move::Wait { .. }, Some(code)) => words::mark(code),
        (Move::Wait { .. }, None) => Mark::Late,
    };
    PlanView {
        at: planned.at,
        title: told.title,
        sentence: told.sentence,
        code,
        mark,
        whose: words::actor(told.actor).to_owned(),
        since: told.since,
        until: told.until,
        next: told.next,
        turn: entry.turn.map(|turn| turn as u64),
        in_line: planned.in_line() as u64,
        slack_secs: slack_secs(entry.owed, planned.at),
        expected_secs: entry.owed.expected_secs,
    }
}
