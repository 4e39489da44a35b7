//! The attempt's journal: what was about to be done on a host, and what was done.

use super::Tables;
use crate::records::JournalEntry;
use crate::rules::{conflict, kept, missing, phase_known};
use crate::traits::Result;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::ids::{AttemptId, FencingToken};
use serde_json::Value;

impl Tables {
    pub(super) fn journal_append(
        &mut self,
        id: AttemptId,
        token: FencingToken,
        step: Step,
        phase: &str,
        at: DateTime<Utc>,
        payload: Value,
    ) -> Result<JournalEntry> {
        phase_known(phase)?;
        let at = kept(at);
        let attempt = self.attempt_guarded(id, token)?;
        let moves = matches!(attempt.state, AttemptState::Running { step: before, .. } if before != step);
        let row = self.attempts.get_mut(id).ok_or_else(|| missing("attempt", id))?;
        let seq = u32::try_from(row.journal.len() + 1).map_err(|_| conflict("attempt", id))?;
        let entry = JournalEntry {
            attempt: id,
            seq,
            at,
            step,
            phase: phase.to_owned(),
            payload,
        };
        row.journal.push(entry.clone());
        if moves {
            self.attempt_state(id, AttemptState::Running { step, since: at }, at)?;
        }
        Ok(entry)
    }
}
