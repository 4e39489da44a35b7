//! Attempts as rows: what each came to, in words.

use super::{StoreConsole, cursor, fault};
use ::console::{
    AttemptId, AttemptQuery, AttemptRow, AttemptsPage, Mark, ReplicaId, StepRow, UiError, words,
};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::words::{explain_deferral, explain_failure};
use std::collections::BTreeMap;
use store::records::Attempt;

/// Rows of one page at most.
pub(super) const PAGE_ROWS_MAX: u32 = 500;

/// What an attempt came to.
pub(super) struct Outcome {
    pub mark: Mark,
    pub word: &'static str,
    pub code: Option<&'static str>,
    pub reason: String,
    pub ended: Option<DateTime<Utc>>,
}

pub(super) fn outcome(state: &AttemptState) -> Outcome {
    match state {
        AttemptState::Running { step, .. } => Outcome {
            mark: Mark::Running,
            word: "Running",
            code: None,
            reason: format!("{}.", words::step(*step)),
            ended: None,
        },
        AttemptState::Deferred { reason, at } => {
            let words = explain_deferral(reason);
            Outcome {
                mark: Mark::Late,
                word: "Deferred",
                code: Some(words.code),
                reason: format!("{}: {}", words.title, words.sentence),
                ended: Some(*at),
            }
        }
        AttemptState::Failed { failure, at } => Outcome {
            mark: Mark::Missed,
            word: "Failed",
            code: None,
            reason: explain_failure(failure),
            ended: Some(*at),
        },
        AttemptState::Sealed { at, .. } => Outcome {
            mark: Mark::Met,
            word: "Sealed",
            code: None,
            reason: "A crash-consistent restore point was proven and sealed.".to_owned(),
            ended: Some(*at),
        },
    }
}

impl StoreConsole {
    pub(super) async fn attempts_page(&self, query: AttemptQuery) -> Result<AttemptsPage, UiError> {
        let as_of = (self.now)();
        if let Some(replica) = query.replica {
            self.store
                .replica(&self.scope, replica)
                .await
                .map_err(fault::ui)?;
        }
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        // The store's order: newest first, then the higher token, then the higher id.
        let after = match &query.cursor {
            None => None,
            Some(text) => {
                let [started, token, id] = cursor::read(text)?;
                let place = (
                    cursor::instant(&started)?,
                    cursor::parsed::<u64>(&token)?,
                    cursor::parsed::<AttemptId>(&id)?,
                );
                Some(place)
            }
        };
        let (attempts, more) = cursor::page(
            limit,
            |asked| {
                let before = after.map(|(started, ..)| cursor::just_after(started));
                self.store.attempts(&self.scope, query.replica, before, asked)
            },
            |it: &Attempt| after.is_none_or(|after| (it.started, it.token.0, it.id) < after),
        )
        .await?;
        let next = attempts.last().filter(|_| more).map(|last| {
            cursor::write([
                cursor::stamp(last.started),
                last.token.0.to_string(),
                last.id.to_string(),
            ])
        });
        let replicas = self.store.replicas(&self.scope).await.map_err(fault::ui)?;
        let names: BTreeMap<ReplicaId, String> = replicas.into_iter().map(|it| (it.id, it.name)).collect();
        let mut rows = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            let name = names.get(&attempt.replica).cloned().unwrap_or_default();
            rows.push(self.attempt_row(attempt, name).await?);
        }
        Ok(AttemptsPage {
            as_of,
            zone: self.zone(),
            rows,
            next,
        })
    }

    pub(super) async fn attempt_row(&self, attempt: Attempt, name: String) -> Result<AttemptRow, UiError> {
        let journal = self.store.journal_of(attempt.id).await.map_err(fault::ui)?;
        let outcome = outcome(&attempt.state);
        let point = match attempt.state {
            AttemptState::Sealed { point, .. } => Some(point),
            _ => None,
        };
        Ok(AttemptRow {
            id: attempt.id,
            replica: attempt.replica,
            name,
            tenant: attempt.tenant.to_string(),
            host: attempt.host.to_string(),
            started: attempt.started,
            ended: outcome.ended,
            mark: outcome.mark,
            outcome: outcome.word.to_owned(),
            code: outcome.code.map(str::to_owned),
            reason: outcome.reason,
            times: 1,
            first_started: attempt.started,
            point,
            steps: journal
                .into_iter()
                .map(|line| StepRow {
                    step: words::step(line.step).to_owned(),
                    phase: line.phase,
                    at: line.at,
                })
                .collect(),
        })
    }
}

/// Equal deferrals in a row become one row: the newest, with how many it stands for. Newest first, one replica.
pub(super) fn collapse(rows: Vec<AttemptRow>) -> Vec<AttemptRow> {
    let mut whole: Vec<AttemptRow> = Vec::new();
    for row in rows {
        match whole.last_mut() {
            Some(last) if last.mark == Mark::Late && row.mark == Mark::Late && last.code == row.code => {
                last.times += 1;
                last.first_started = row.started;
            }
            _ => whole.push(row),
        }
    }
    whole
}
