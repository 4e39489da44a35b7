//! What was tried within an obligation. The sums move with it, once per attempt.

use super::Obligations;
use crate::obligations::{AttemptEnd, ObligationAttempt};
use crate::rules::{conflict, kept, missing};
use crate::traits::Result;
use chrono::{DateTime, Utc};
use domain::code::Code;
use domain::ids::AttemptId;
use domain::obligation::{ObligationKey, Outcome};

impl Obligations {
    pub(super) fn try_begin(
        &mut self,
        key: ObligationKey,
        attempt: AttemptId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let known = self.attempts.get(&attempt).copied();
        let row = self.get_mut(key)?;
        match known {
            Some(known) if known == key => return Ok(()),
            Some(_) => return Err(conflict("attempt", attempt)),
            None if row.row.outcome != Outcome::Open => return Err(conflict("obligation", key)),
            None => {}
        }
        row.tries.push(ObligationAttempt {
            attempt,
            began: kept(at),
            end: None,
        });
        row.row.tally.attempts += 1;
        row.row.tally.newest = Some(attempt);
        self.unended.insert((kept(at), attempt));
        self.attempts.insert(attempt, key);
        Ok(())
    }

    pub(super) fn tries_unended(&self) -> Vec<(ObligationKey, AttemptId)> {
        let key_of =
            |(_, attempt): &(DateTime<Utc>, AttemptId)| Some((*self.attempts.get(attempt)?, *attempt));
        self.unended.iter().filter_map(key_of).collect()
    }

    pub(super) fn try_end(&mut self, key: ObligationKey, attempt: AttemptId, end: AttemptEnd) -> Result<()> {
        let row = self.get_mut(key)?;
        let found = row.tries.iter_mut().find(|it| it.attempt == attempt);
        let found = found.ok_or_else(|| missing("attempt of the obligation", attempt))?;
        match found.end {
            Some(before) if before == end => return Ok(()),
            Some(_) => return Err(conflict("attempt", attempt)),
            None => found.end = Some(end),
        }
        let began = found.began;
        self.unended.remove(&(began, attempt));
        let row = self.get_mut(key)?;
        let tally = &mut row.row.tally;
        tally.deferrals += u32::from(matches!(end, AttemptEnd::Deferred { .. }));
        tally.apply_deferrals += u32::from(end == AttemptEnd::Deferred { code: Code::B1 });
        tally.failures += u32::from(end == AttemptEnd::Failed { counts: true });
        Ok(())
    }
}
