//! The event stream.

use super::MemoryStore;
use crate::records::Event;
use crate::rules::told::NewEvent;
use crate::rules::{EVENTS_KEPT_MAX, EVENTS_READ_MAX, kept};
use crate::traits::{EventStore, Result, Scope};
use async_trait::async_trait;
use domain::ids::TenantId;
use std::collections::{BTreeMap, VecDeque};

#[derive(Default)]
pub(super) struct Events {
    newest: i64,
    /// The newest ones, without gaps: only what happens is numbered.
    kept: VecDeque<Event>,
    tenants: BTreeMap<TenantId, VecDeque<i64>>,
}

impl Events {
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    pub(super) fn push(&mut self, event: NewEvent<'_>) {
        self.newest += 1;
        if let Some(tenant) = event.tenant {
            match self.tenants.get_mut(tenant) {
                Some(numbers) => numbers.push_back(self.newest),
                None => _ = self.tenants.insert(tenant.clone(), VecDeque::from([self.newest])),
            }
        }
        self.kept.push_back(Event {
            seq: self.newest,
            at: kept(event.at),
            kind: event.kind.to_owned(),
            tenant: event.tenant.cloned(),
            subject: event.subject,
            payload: event.payload,
        });
        while self.kept.len() > EVENTS_KEPT_MAX as usize {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let tenant = self.kept.pop_front().and_then(|event| event.tenant);
        if let Some(numbers) = tenant.and_then(|tenant| self.tenants.get_mut(&tenant)) {
            numbers.pop_front();
        }
    }

    fn after(&self, scope: &Scope, seq: i64, limit: usize) -> Vec<Event> {
        let first = |numbers: &VecDeque<i64>| numbers.partition_point(|number| *number <= seq);
        match scope.owner() {
            None => {
                let first = self.kept.partition_point(|event| event.seq <= seq);
                self.kept.range(first..).take(limit).cloned().collect()
            }
            Some(tenant) => self.tenants.get(tenant).map_or_else(Vec::new, |numbers| {
                numbers
                    .range(first(numbers)..)
                    .take(limit)
                    .filter_map(|number| self.numbered(*number).cloned())
                    .collect()
            }),
        }
    }

    fn numbered(&self, seq: i64) -> Option<&Event> {
        let oldest = self.kept.front()?.seq;
        self.kept.get(usize::try_from(seq - oldest).ok()?)
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn events_after(&self, scope: &Scope, seq: i64, limit: u32) -> Result<Vec<Event>> {
        Ok(self.read(|tables| {
            tables
                .events
                .after(scope, seq, limit.min(EVENTS_READ_MAX) as usize)
        }))
    }

    async fn event_newest(&self) -> Result<i64> {
        Ok(self.read(|tables| tables.events.newest()))
    }
}
