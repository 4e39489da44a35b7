//! Attempts: their state, guarded by the lease's token. Leases, journal and points are in the files beside this one.

use super::index::Index;
use super::{MemoryStore, Tables};
use crate::records::{Attempt, JournalEntry, Lease, Point};
use crate::rules::{ATTEMPTS_READ_MAX, conflict, kept, missing, told};
use crate::traits::{AttemptStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::attempt::{AttemptState, Step};
use domain::evidence::Evidence;
use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId, TenantId};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Attempts in the order they began: tokens tell apart those that began on a replica at one instant.
type Begun = (DateTime<Utc>, FencingToken, AttemptId);

#[derive(Default)]
pub(super) struct Attempts {
    rows: HashMap<AttemptId, Row>,
    begun: Index<Begun>,
    running: BTreeSet<(DateTime<Utc>, AttemptId)>,
    /// The newest of each replica.
    newest: HashMap<ReplicaId, AttemptId>,
}

pub(super) struct Row {
    pub(super) attempt: Attempt,
    pub(super) journal: Vec<JournalEntry>,
}

impl Attempts {
    pub(super) fn get(&self, id: AttemptId) -> Option<&Row> {
        self.rows.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: AttemptId) -> Option<&mut Row> {
        self.rows.get_mut(&id)
    }

    pub(super) fn is_running(&self, id: AttemptId) -> bool {
        self.get(id)
            .is_some_and(|row| matches!(row.attempt.state, AttemptState::Running { .. }))
    }

    /// It is new: the claim has asked.
    pub(super) fn insert(&mut self, attempt: Attempt) {
        let begun = (attempt.started, attempt.token, attempt.id);
        self.begun.insert(&attempt.tenant, attempt.replica, begun);
        self.running.insert((attempt.started, attempt.id));
        self.newest.insert(attempt.replica, attempt.id);
        let journal = Vec::new();
        self.rows.insert(attempt.id, Row { attempt, journal });
    }

    fn before(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Vec<Attempt> {
        let end = before.map_or(DateTime::<Utc>::MAX_UTC, kept);
        let begun = self.begun.of(scope, replica).into_iter();
        begun
            .flat_map(|begun| begun.range(..first_of(end)).rev())
            .take(limit)
            .filter_map(|(.., id)| self.attempt(*id))
            .collect()
    }

    pub(super) fn since(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: DateTime<Utc>,
    ) -> Vec<Attempt> {
        let begun = self.begun.of(scope, replica).into_iter();
        begun
            .flat_map(|begun| begun.range(first_of(kept(from))..).rev())
            .filter_map(|(.., id)| self.attempt(*id))
            .collect()
    }

    pub(super) fn newest(&self, replica: ReplicaId) -> Option<Attempt> {
        self.attempt(*self.newest.get(&replica)?)
    }

    fn attempt(&self, id: AttemptId) -> Option<Attempt> {
        self.get(id).map(|row| row.attempt.clone())
    }
}

/// The place before all that began at this instant.
fn first_of(at: DateTime<Utc>) -> Begun {
    (at, FencingToken(0), AttemptId(Uuid::nil()))
}

impl Tables {
    /// The attempt, if its lease is held under exactly this token.
    pub(super) fn attempt_guarded(&self, id: AttemptId, token: FencingToken) -> Result<&Attempt> {
        let row = self.attempts.get(id).ok_or_else(|| missing("attempt", id))?;
        match self.leases.get(row.attempt.replica) {
            Some(lease) if lease.attempt == id && lease.token == token => Ok(&row.attempt),
            _ => Err(conflict("attempt", id)),
        }
    }

    /// Running -> `state`.
    pub(super) fn attempt_state(
        &mut self,
        id: AttemptId,
        state: AttemptState,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let row = self
            .attempts
            .rows
            .get_mut(&id)
            .filter(|row| matches!(row.attempt.state, AttemptState::Running { .. }))
            .ok_or_else(|| conflict("attempt", id))?;
        if !matches!(state, AttemptState::Running { .. }) {
            self.attempts.running.remove(&(row.attempt.started, id));
        }
        self.events.push(told::attempt(&row.attempt, &state, at));
        row.attempt.state = state;
        Ok(())
    }

    fn attempt_finish(&mut self, id: AttemptId, token: FencingToken, state: AttemptState) -> Result<()> {
        if self.attempt_guarded(id, token)?.state == state {
            return Ok(());
        }
        let at = match &state {
            AttemptState::Deferred { at, .. } | AttemptState::Failed { at, .. } => *at,
            // A point is needed to be sealed; running is where it comes from.
            AttemptState::Running { .. } | AttemptState::Sealed { .. } => {
                return Err(conflict("attempt", id));
            }
        };
        self.attempt_state(id, state, at)
    }
}

#[async_trait]
impl AttemptStore for MemoryStore {
    async fn claim(
        &self,
        attempt: AttemptId,
        replica: ReplicaId,
        owner: &str,
        now: DateTime<Utc>,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Attempt> {
        let expires_unix_ms = now_unix_ms.saturating_add(lease_ms);
        self.write(|tables| tables.lease_claim(attempt, replica, owner, now, now_unix_ms, expires_unix_ms))
    }

    async fn heartbeat(
        &self,
        replica: ReplicaId,
        owner: &str,
        token: FencingToken,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<()> {
        let expires_unix_ms = now_unix_ms.saturating_add(lease_ms);
        self.write(|tables| tables.leases.renew(replica, owner, token, expires_unix_ms))
    }

    async fn lease(&self, replica: ReplicaId) -> Result<Option<Lease>> {
        Ok(self.read(|tables| tables.leases.get(replica).cloned()))
    }

    async fn leases_expired(&self, now_unix_ms: i64) -> Result<Vec<Lease>> {
        Ok(self.read(|tables| tables.leases.expired(now_unix_ms)))
    }

    async fn lease_take_over(
        &self,
        replica: ReplicaId,
        owner: &str,
        now_unix_ms: i64,
        lease_ms: i64,
    ) -> Result<Lease> {
        let expires_unix_ms = now_unix_ms.saturating_add(lease_ms);
        self.write(|tables| tables.lease_rescue(replica, owner, now_unix_ms, expires_unix_ms))
    }

    async fn lease_release(&self, replica: ReplicaId, token: FencingToken) -> Result<()> {
        self.write(|tables| tables.lease_drop(replica, token))
    }

    async fn journal(
        &self,
        attempt: AttemptId,
        token: FencingToken,
        step: Step,
        phase: &str,
        at: DateTime<Utc>,
        payload: Value,
    ) -> Result<JournalEntry> {
        self.write(|tables| tables.journal_append(attempt, token, step, phase, at, payload))
    }

    async fn journal_of(&self, attempt: AttemptId) -> Result<Vec<JournalEntry>> {
        Ok(self.read(|tables| {
            let row = tables.attempts.get(attempt);
            row.map_or_else(Vec::new, |row| row.journal.clone())
        }))
    }

    async fn finish(&self, attempt: AttemptId, token: FencingToken, state: AttemptState) -> Result<()> {
        self.write(|tables| tables.attempt_finish(attempt, token, state))
    }

    async fn seal(&self, token: FencingToken, point: Point) -> Result<()> {
        self.write(|tables| tables.point_seal(token, point))
    }

    async fn seal_newest(&self, tenant: &TenantId) -> Result<Option<Value>> {
        Ok(self.read(|tables| tables.points.chain_newest(tenant)))
    }

    async fn attempt(&self, scope: &Scope, id: AttemptId) -> Result<Attempt> {
        self.read(|tables| tables.attempts.attempt(id))
            .filter(|attempt| scope.sees(&attempt.tenant))
            .ok_or_else(|| missing("attempt", id))
    }

    async fn attempts(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<Attempt>> {
        let limit = limit.min(ATTEMPTS_READ_MAX) as usize;
        Ok(self.read(|tables| tables.attempts.before(scope, replica, before, limit)))
    }

    async fn attempts_unfinished(&self) -> Result<Vec<Attempt>> {
        Ok(self.read(|tables| {
            let running = tables.attempts.running.iter();
            running
                .filter_map(|(_, id)| tables.attempts.attempt(*id))
                .collect()
        }))
    }

    async fn point(&self, scope: &Scope, id: PointId) -> Result<Point> {
        self.read(|tables| tables.points.seen(scope, id).cloned())
    }

    async fn points(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<Vec<Point>> {
        Ok(self.read(|tables| tables.points.list(scope, replica)))
    }

    async fn point_newest(&self, scope: &Scope, replica: ReplicaId) -> Result<Option<Point>> {
        Ok(self.read(|tables| {
            let last = tables.points.last(replica);
            last.filter(|point| scope.sees(&point.tenant)).cloned()
        }))
    }

    async fn evidence(&self, scope: &Scope, id: PointId) -> Result<Evidence> {
        self.read(|tables| tables.points.seen(scope, id).map(|point| point.evidence.clone()))
    }
}
