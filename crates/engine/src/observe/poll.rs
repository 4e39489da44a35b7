//! Turns verdicts into one poll's writes: statuses, and intervals that open and close.

use crate::board::Judged;
use chrono::{DateTime, TimeDelta, Utc};
use domain::blocker::Blocker;
use domain::ids::ReplicaId;
use domain::verdict::Verdict;
use domain::words::explain;
use std::collections::{BTreeMap, BTreeSet};
use store::records::{BlockerInterval, ReplicaStatus};
use store::traits::PollWrite;

/// Codes with what each stands for: one code has many reasons, and another reason is another interval.
type Open = BTreeMap<String, Option<String>>;

const UNKNOWN: &str = "UN";

#[derive(Debug, Default)]
pub(super) struct Poll {
    /// Intervals that are open in the store.
    open: BTreeMap<ReplicaId, Open>,
    /// What `open` becomes when the write succeeds: a failed write must be repeated, not believed.
    pending: BTreeMap<ReplicaId, Open>,
    since: BTreeMap<ReplicaId, (Option<String>, DateTime<Utc>)>,
    /// When each was looked at last, as stored; and as it becomes when the write succeeds.
    looked: BTreeMap<ReplicaId, DateTime<Utc>>,
    looking: BTreeMap<ReplicaId, DateTime<Utc>>,
    at: DateTime<Utc>,
}

impl Poll {
    pub fn begin(&mut self, at: DateTime<Utc>) -> PollWrite {
        self.at = at;
        self.pending.clear();
        self.looking.clear();
        PollWrite {
            at: Some(at),
            ..PollWrite::default()
        }
    }

    pub fn open_set(&mut self, replica: ReplicaId, intervals: impl Iterator<Item = BlockerInterval>) {
        let open = intervals.map(|it| (it.code, reason(it.detail.as_ref())));
        self.open.insert(replica, open.collect());
    }

    /// They are on another host now: what is remembered of them grows old here.
    pub fn forget(&mut self, replicas: &BTreeSet<ReplicaId>) {
        self.open.retain(|replica, _| !replicas.contains(replica));
        self.since.retain(|replica, _| !replicas.contains(replica));
        self.looked.retain(|replica, _| !replicas.contains(replica));
    }

    /// A restart is no news: what held before holds on.
    pub fn since_set(&mut self, known: &ReplicaStatus) {
        self.since
            .insert(known.replica, (first(&known.verdict), known.since));
        self.looked.insert(known.replica, known.observation.seen_at);
    }

    pub fn written(&mut self) {
        self.open.append(&mut self.pending);
        self.looked.append(&mut self.looking);
    }

    /// A look. `freshness_secs` after the one before nothing was known any more, until this one.
    pub fn status(
        &mut self,
        replica: ReplicaId,
        judged: &Judged,
        near: bool,
        freshness_secs: u32,
        write: &mut PollWrite,
    ) {
        let stale = |seen: &DateTime<Utc>| *seen + TimeDelta::seconds(i64::from(freshness_secs));
        let unseen = self
            .looked
            .get(&replica)
            .map(stale)
            .filter(|from| *from < self.at);
        self.codes(replica, &judged.verdict, near, unseen, write);
        self.looking.insert(replica, judged.observation.seen_at);
        let first = first(&judged.verdict);
        let since = match self.since.get(&replica) {
            Some((known, since)) if *known == first => *since,
            _ => self.at,
        };
        self.since.insert(replica, (first, since));
        write.statuses.push(ReplicaStatus {
            replica,
            observation: judged.observation.clone(),
            verdict: judged.verdict.clone(),
            since,
            memory: serde_json::to_value(&judged.memory).unwrap_or_default(),
            cadence: serde_json::to_value(&judged.cadence).unwrap_or_default(),
        });
    }

    /// Opens and closes intervals so that exactly the verdict's codes are open. B1 only while an attempt is near. From `unseen` until now
    /// nobody looked: nothing that was open then is known to have lasted, and the time is `UN`.
    pub fn codes(
        &mut self,
        replica: ReplicaId,
        verdict: &Verdict,
        near: bool,
        unseen: Option<DateTime<Utc>>,
        write: &mut PollWrite,
    ) {
        let mut now: BTreeMap<String, Option<Blocker>> = BTreeMap::new();
        match verdict {
            Verdict::Clear => {}
            Verdict::Unknown { .. } => {
                now.insert(UNKNOWN.to_owned(), None);
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
        let mut open = self.open.get(&replica).cloned().unwrap_or_default();
        let mut from = self.at;
        if let Some(unseen) = unseen.filter(|_| !open.contains_key(UNKNOWN)) {
            for (code, _) in std::mem::take(&mut open) {
                write.close.push((replica, code, unseen));
            }
            if matches!(verdict, Verdict::Unknown { .. }) {
                from = unseen;
            } else {
                write.open.push(BlockerInterval {
                    replica,
                    code: UNKNOWN.to_owned(),
                    detail: None,
                    from: unseen,
                    to: Some(self.at),
                });
            }
        }
        let still = |code: &String, was: &Option<String>| {
            now.get(code)
                .is_some_and(|detail| reason(detail.as_ref()) == *was)
        };
        for (code, _) in open.iter().filter(|(code, was)| !still(code, was)) {
            write.close.push((replica, code.clone(), self.at));
        }
        for (code, detail) in &now {
            if open.get(code) != Some(&reason(detail.as_ref())) {
                let interval = BlockerInterval {
                    replica,
                    code: code.clone(),
                    detail: detail.clone(),
                    from,
                    to: None,
                };
                write.open.push(interval);
            }
        }
        let now = now
            .into_iter()
            .map(|(code, detail)| (code, reason(detail.as_ref())));
        self.pending.insert(replica, now.collect());
    }
}

/// What is said first; nothing when clear.
fn first(verdict: &Verdict) -> Option<String> {
    verdict.words().into_iter().next().map(|words| words.title)
}

/// What a code stands for this time, by its title.
fn reason(detail: Option<&Blocker>) -> Option<String> {
    detail.map(|blocker| explain(blocker).title)
}
