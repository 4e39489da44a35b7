//! Pauses of primaries.

use super::index::Index;
use super::{MemoryStore, Tables};
use crate::pauses::{Pause, PauseState, PauseStore};
use crate::rules::{LINES_READ_MAX, conflict, kept, missing, night, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{AttemptId, ReplicaId, TenantId};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Pauses in the order they were intended.
type Intended = (DateTime<Utc>, AttemptId);

#[derive(Default)]
pub(super) struct Pauses {
    rows: HashMap<AttemptId, Pause>,
    intended: Index<Intended>,
    unresumed: BTreeSet<Intended>,
    /// Replicas with one that is not resumed.
    pausing: HashSet<ReplicaId>,
}

impl Tables {
    fn pause_intend(&mut self, pause: &Pause) -> Result<()> {
        let pause = night::intent(pause)?;
        if *self.replicas.tenant_of(pause.replica)? != pause.tenant {
            return Err(conflict("replica", pause.replica));
        }
        match self.pauses.rows.get(&pause.attempt) {
            Some(before) if *before == pause => return Ok(()),
            Some(_) => return Err(conflict("pause of attempt", pause.attempt)),
            None => {}
        }
        if !self.pauses.pausing.insert(pause.replica) {
            return Err(conflict("pause of replica", pause.replica));
        }
        let place = (pause.intended, pause.attempt);
        self.pauses.intended.insert(&pause.tenant, pause.replica, place);
        self.pauses.unresumed.insert(place);
        self.events.push(told::pause(&pause, pause.intended));
        self.pauses.rows.insert(pause.attempt, pause);
        Ok(())
    }

    fn pause_step(
        &mut self,
        attempt: AttemptId,
        state: PauseState,
        at: DateTime<Utc>,
        trouble: Option<&str>,
    ) -> Result<()> {
        let before = self.pauses.rows.get(&attempt);
        let before = before.ok_or_else(|| missing("pause of attempt", attempt))?;
        let Some(after) = night::stepped(before, state, at, trouble)? else {
            return Ok(());
        };
        if before.state != PauseState::Resumed && after.state == PauseState::Resumed {
            self.pauses.unresumed.remove(&(after.intended, attempt));
            self.pauses.pausing.remove(&after.replica);
        }
        self.events.push(told::pause(&after, at));
        self.pauses.rows.insert(attempt, after);
        Ok(())
    }
}

#[async_trait]
impl PauseStore for MemoryStore {
    async fn pause_intend(&self, pause: &Pause) -> Result<()> {
        self.write(|tables| tables.pause_intend(pause))
    }

    async fn pause_step(
        &self,
        attempt: AttemptId,
        state: PauseState,
        at: DateTime<Utc>,
        trouble: Option<&str>,
    ) -> Result<()> {
        self.write(|tables| tables.pause_step(attempt, state, at, trouble))
    }

    async fn pauses_unresumed(&self) -> Result<Vec<Pause>> {
        Ok(self.read(|tables| {
            let unresumed = tables.pauses.unresumed.iter();
            unresumed
                .filter_map(|(_, attempt)| tables.pauses.rows.get(attempt).cloned())
                .collect()
        }))
    }

    async fn pauses_since(&self, tenant: &TenantId, from: DateTime<Utc>) -> Result<u32> {
        let scope = Scope::Tenant(tenant.clone());
        let first = (kept(from), AttemptId(Uuid::nil()));
        Ok(self.read(|tables| {
            let pauses = tables.pauses.intended.of(&scope, None);
            let pauses = pauses.map_or(0, |pauses| pauses.range(first..).count());
            u32::try_from(pauses).unwrap_or(u32::MAX)
        }))
    }

    async fn pauses_of(&self, scope: &Scope, replica: ReplicaId, limit: u32) -> Result<Vec<Pause>> {
        let limit = limit.min(LINES_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let pauses = tables.pauses.intended.of(scope, Some(replica)).into_iter();
            pauses
                .flat_map(|pauses| pauses.iter().rev())
                .take(limit)
                .filter_map(|(_, attempt)| tables.pauses.rows.get(attempt).cloned())
                .collect()
        }))
    }
}
