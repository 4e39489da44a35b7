//! Turns verdicts into one poll's writes: statuses, and intervals that open and close.

use crate::board::Judged;
use chrono::{DateTime, Utc};
use domain::blocker::Blocker;
use domain::ids::ReplicaId;
use domain::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use store::records::{BlockerInterval, ReplicaStatus};
use store::traits::PollWrite;

#[derive(Debug, Default)]
pub(super) struct Poll {
    /// Codes whose interval is open in the store.
    open: BTreeMap<ReplicaId, BTreeSet<String>>,
    /// What `open` becomes when the write succeeds: a failed write must be repeated, not believed.
    pending: BTreeMap<ReplicaId, BTreeSet<String>>,
    since: BTreeMap<ReplicaId, (Option<&'static str>, DateTime<Utc>)>,
    at: DateTime<Utc>,
}

impl Poll {
    pub fn begin(&mut self, at: DateTime<Utc>) -> PollWrite {
        self.at = at;
        self.pending.clear();
        PollWrite {
            at: Some(at),
            ..PollWrite::default()
        }
    }

    pub fn open_set(&mut self, replica: ReplicaId, codes: impl Iterator<Item = String>) {
        self.open.insert(replica, codes.collect());
    }

    pub fn written(&mut self) {
        self.open.append(&mut self.pending);
    }

    pub fn status(&mut self, replica: ReplicaId, judged: &Judged, near: bool, write: &mut PollWrite) {
        self.codes(replica, &judged.verdict, near, write);
        let code = judged.verdict.code();
        let since = match self.since.get(&replica) {
            Some((known, since)) if *known == code => *since,
            _ => self.at,
        };
        self.since.insert(replica, (code, since));
        write.statuses.push(ReplicaStatus {
            replica,
            observation: judged.observation.clone(),
            verdict: judged.verdict.clone(),
            since,
            memory: serde_json::to_value(&judged.memory).unwrap_or_default(),
            cadence: serde_json::to_value(&judged.cadence).unwrap_or_default(),
        });
    }

    /// Opens and closes intervals so that exactly the verdict's codes are open. B1 only while an attempt is near.
    pub fn codes(&mut self, replica: ReplicaId, verdict: &Verdict, near: bool, write: &mut PollWrite) {
        let mut now: BTreeMap<String, Option<Blocker>> = BTreeMap::new();
        match verdict {
            Verdict::Clear => {}
            Verdict::Unknown { .. } => {
                now.insert("UN".to_owned(), None);
            }
            Verdict::Blocked { blockers } => {
                for blocker in blockers
                    .iter()
                    .filter(|b| near || !matches!(b, Blocker::LogBeingApplied { .. }))
                {
                    now.entry(blocker.code().to_owned())
                        .or_insert_with(|| Some(blocker.clone()));
                }
            }
        }
        let open = self.open.get(&replica).cloned().unwrap_or_default();
        for code in open.iter().filter(|code| !now.contains_key(*code)) {
            write.close.push((replica, code.clone(), self.at));
        }
        for (code, detail) in &now {
            if !open.contains(code) {
                let interval = BlockerInterval {
                    replica,
                    code: code.clone(),
                    detail: detail.clone(),
                    from: self.at,
                    to: None,
                };
                write.open.push(interval);
            }
        }
        self.pending.insert(replica, now.into_keys().collect());
    }
}
