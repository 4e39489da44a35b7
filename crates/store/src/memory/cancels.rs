//! Attempts that a person wants stopped.

use super::{MemoryStore, Tables};
use crate::cancels::{CancelRequest, CancelStore};
use crate::rules::{conflict, kept, missing};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use domain::ids::AttemptId;
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Cancels(HashMap<AttemptId, CancelRequest>);

impl Tables {
    fn cancel_request(&mut self, scope: &Scope, id: AttemptId, request: &CancelRequest) -> Result<()> {
        let row = self
            .attempts
            .get(id)
            .filter(|row| scope.sees(&row.attempt.tenant));
        row.ok_or_else(|| missing("attempt", id))?;
        if !self.attempts.is_running(id) {
            return Err(conflict("attempt", id));
        }
        self.cancels.0.entry(id).or_insert_with(|| CancelRequest {
            at: kept(request.at),
            ..request.clone()
        });
        Ok(())
    }
}

#[async_trait]
impl CancelStore for MemoryStore {
    async fn cancel_request(&self, scope: &Scope, attempt: AttemptId, request: &CancelRequest) -> Result<()> {
        self.write(|tables| tables.cancel_request(scope, attempt, request))
    }

    async fn cancel_of(&self, scope: &Scope, attempt: AttemptId) -> Result<Option<CancelRequest>> {
        Ok(self.read(|tables| {
            let whose = tables.attempts.get(attempt).map(|row| &row.attempt.tenant);
            let seen = whose.is_some_and(|tenant| scope.sees(tenant));
            tables.cancels.0.get(&attempt).filter(|_| seen).cloned()
        }))
    }
}
