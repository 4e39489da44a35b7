//! Blockers over time, as half-open intervals.

use crate::history::PastBlocker;
use crate::records::BlockerInterval;
use crate::rules::kept;
use chrono::{DateTime, TimeDelta, Utc};
use domain::blocker::Blocker;
use domain::code::Code;
use domain::ids::ReplicaId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Intervals {
    replicas: HashMap<ReplicaId, OfReplica>,
    /// By end, then as they are told; log applies left out.
    ended: BTreeSet<(DateTime<Utc>, ReplicaId, Code, DateTime<Utc>)>,
}

#[derive(Default)]
struct OfReplica {
    /// By beginning and code.
    rows: BTreeMap<(DateTime<Utc>, String), Row>,
    /// The beginning of the one open interval of a code.
    open: BTreeMap<String, DateTime<Utc>>,
    /// No closed one is longer: those that overlap an instant began less than this before it.
    longest: TimeDelta,
}

struct Row {
    detail: Option<Blocker>,
    to: Option<DateTime<Utc>>,
}

impl Intervals {
    /// Those that ended from `from` to before `to`, in that order.
    pub(super) fn ended_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<PastBlocker> {
        if from > to {
            return Vec::new();
        }
        let first = |at| (at, ReplicaId(Uuid::nil()), Code::B1, DateTime::<Utc>::MIN_UTC);
        let ended = self.ended.range(first(from)..first(to));
        ended
            .map(|(to, replica, code, from)| PastBlocker {
                replica: *replica,
                code: *code,
                from: *from,
                to: *to,
            })
            .collect()
    }

    fn note_end(&mut self, replica: ReplicaId, code: &str, from: DateTime<Utc>, to: DateTime<Utc>) {
        if let Some(code) = code.parse().ok().filter(|code| *code != Code::B1) {
            self.ended.insert((to, replica, code, from));
        }
    }

    /// Those that overlap [from, to), oldest first.
    pub(super) fn overlapping(
        &self,
        replica: ReplicaId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<BlockerInterval> {
        let Some(of) = self.replicas.get(&replica) else {
            return Vec::new();
        };
        let (from, to) = (kept(from), kept(to));
        let earliest = from
            .checked_sub_signed(of.longest)
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        let found = |((began, code), row): (&(DateTime<Utc>, String), &Row)| BlockerInterval {
            replica,
            code: code.clone(),
            detail: row.detail.clone(),
            from: *began,
            to: row.to,
        };
        // Open ones that began before `earliest` come first, so the whole is in order.
        let mut standing: Vec<_> = of
            .open
            .iter()
            .filter(|(_, began)| **began < earliest && **began < to)
            .filter_map(|(code, began)| of.rows.get_key_value(&(*began, code.clone())))
            .collect();
        standing.sort_unstable_by_key(|(key, _)| *key);
        let mut intervals: Vec<_> = standing.into_iter().map(found).collect();
        if earliest < to {
            let range = (earliest, String::new())..(to, String::new());
            intervals.extend(
                of.rows
                    .range(range)
                    .filter(|(_, row)| row.to.is_none_or(|end| end > from))
                    .map(found),
            );
        }
        intervals
    }

    /// The replica is known: `poll` has asked.
    pub(super) fn open(&mut self, interval: BlockerInterval) {
        let of = self.replicas.entry(interval.replica).or_default();
        let BlockerInterval {
            code, detail, from, ..
        } = interval;
        if interval.to.is_none()
            && let Some(began) = of.open.get(&code)
        {
            if let Some(row) = of.rows.get_mut(&(*began, code)) {
                row.detail = detail;
            }
            return;
        }
        let from = kept(from);
        let row = of.rows.entry((from, code.clone())).or_insert_with(|| Row {
            detail: None,
            to: None,
        });
        row.detail = detail;
        // Written again after its end it keeps the end: a poll repeated after a lost answer reopens nothing.
        row.to = row.to.or(interval.to.map(kept));
        match row.to {
            None => _ = of.open.insert(code, from),
            Some(end) => {
                of.longest = of.longest.max(end - from);
                if of.open.get(&code) == Some(&from) {
                    of.open.remove(&code);
                }
                self.note_end(interval.replica, &code, from, end);
            }
        }
    }

    /// Nothing is open: nothing happens. An interval that begins at `to` is the next one and stays open.
    pub(super) fn close(&mut self, replica: ReplicaId, code: String, to: DateTime<Utc>) {
        let to = kept(to);
        let Some(of) = self.replicas.get_mut(&replica) else {
            return;
        };
        let Some(from) = of.open.get(&code).copied().filter(|from| *from < to) else {
            return;
        };
        of.open.remove(&code);
        of.longest = of.longest.max(to - from);
        if let Some(row) = of.rows.get_mut(&(from, code.clone())) {
            row.to = Some(to);
        }
        self.note_end(replica, &code, from, to);
    }
}
