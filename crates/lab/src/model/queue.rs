//! What will happen, in order of time; events of one instant in the order they were planned.

use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// The primary's next log is due.
    Receive(usize),
    ReceiveDone {
        replica: usize,
        job: Uuid,
    },
    /// The next block of a running apply, or its end.
    ApplyStep(Uuid),
    /// Look again whether a pending log can be applied.
    ApplyRetry(usize),
    SnapshotDone(Uuid),
    DestroyDone(Uuid),
    ExportStep(Uuid),
    /// `TimeBeforeRemoval` is over.
    JobVanishes(Uuid),
    ConditionEnds {
        replica: usize,
        id: u64,
    },
    /// A state change of the replication has ended.
    PrimaryChanged {
        primary: usize,
        replica: usize,
    },
    HostReturns(usize),
    Scenario(usize),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(DateTime<Utc>, u64, Event)>>,
    planned: u64,
}

impl Queue {
    pub(super) fn plan(&mut self, at: DateTime<Utc>, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned, event)));
    }

    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    pub(super) fn pop_until(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Event)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, event))| (at, event))
    }
}
