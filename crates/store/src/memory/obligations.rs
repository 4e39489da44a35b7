//! Obligations, what was tried for them, and their corrections.

mod tries;

use super::index::Index;
use super::{MemoryStore, Tables};
use crate::history::PastDay;
use crate::obligations::{
    AttemptEnd, DayHead, DayKinds, LiveObligation, ObligationAttempt, ObligationRow, ObligationStore,
    PolicyUsed, Tally,
};
use crate::rules::night::{cause, counted, point, taken, window_kept};
use crate::rules::{conflict, kept, missing, told};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::{AttemptId, ReplicaId};
use domain::obligation::{Correction, Obligation, ObligationKey, Outcome};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Obligations in the order days are listed in.
type Day = (SlaDay, ReplicaId);

#[derive(Default)]
pub(super) struct Obligations {
    rows: BTreeMap<ObligationKey, Row>,
    days: Index<Day>,
    /// By due time.
    live: BTreeSet<(DateTime<Utc>, ObligationKey)>,
    /// By when they were closed.
    closed: BTreeSet<(DateTime<Utc>, ReplicaId, SlaDay)>,
    /// Which obligation an attempt is for.
    attempts: HashMap<AttemptId, ObligationKey>,
    /// Attempts whose end is not noted, by when they began.
    unended: BTreeSet<(DateTime<Utc>, AttemptId)>,
    corrections: Index<(DateTime<Utc>, SlaDay, ReplicaId, u32)>,
}

struct Row {
    row: ObligationRow,
    /// In the order they began.
    tries: Vec<ObligationAttempt>,
}

impl Obligations {
    pub(super) fn is_known(&self, key: ObligationKey) -> bool {
        self.rows.contains_key(&key)
    }

    /// Closed from `from` to before `to`, in that order.
    pub(super) fn closed_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<PastDay> {
        let first = |at| (at, ReplicaId(Uuid::nil()), SlaDay(NaiveDate::MIN));
        if from > to {
            return Vec::new();
        }
        let closed = self.closed.range(first(from)..first(to));
        closed
            .filter_map(|(closed_at, replica, day)| {
                let key = ObligationKey {
                    replica: *replica,
                    day: *day,
                };
                let row = &self.rows.get(&key)?.row;
                Some(PastDay {
                    key,
                    tenant: row.obligation.tenant.clone(),
                    window: row.obligation.window,
                    closed_at: *closed_at,
                    kind: row.outcome.kind(),
                    point: point(&row.outcome),
                    cause: cause(&row.outcome),
                    apply_deferrals: row.tally.apply_deferrals,
                })
            })
            .collect()
    }

    fn get(&self, key: ObligationKey) -> Result<&Row> {
        self.rows.get(&key).ok_or_else(|| missing("obligation", key))
    }

    fn seen(&self, scope: &Scope, key: ObligationKey) -> Result<&Row> {
        self.get(key)
            .ok()
            .filter(|row| scope.sees(&row.row.obligation.tenant))
            .ok_or_else(|| missing("obligation", key))
    }

    fn get_mut(&mut self, key: ObligationKey) -> Result<&mut Row> {
        self.rows.get_mut(&key).ok_or_else(|| missing("obligation", key))
    }

    /// Whether it is new.
    fn insert(&mut self, obligation: &Obligation) -> bool {
        let key = obligation.key;
        if self.rows.contains_key(&key) {
            return false;
        }
        let obligation = Obligation {
            window: window_kept(obligation.window),
            opened_at: kept(obligation.opened_at),
            ..obligation.clone()
        };
        self.days
            .insert(&obligation.tenant, key.replica, (key.day, key.replica));
        self.live.insert((obligation.window.due, key));
        let row = ObligationRow {
            obligation,
            outcome: Outcome::Open,
            closed_at: None,
            tally: Tally::default(),
            corrections: Vec::new(),
        };
        self.rows.insert(
            key,
            Row {
                row,
                tries: Vec::new(),
            },
        );
        true
    }

    fn heads(&self, scope: &Scope, replica: Option<ReplicaId>, from: SlaDay, to: SlaDay) -> Vec<DayHead> {
        if from > to {
            return Vec::new();
        }
        let range = (from, ReplicaId(Uuid::nil()))..=(to, ReplicaId(Uuid::max()));
        let days = self.days.of(scope, replica).into_iter();
        days.flat_map(|days| days.range(range.clone()))
            .filter_map(|(day, replica)| {
                self.rows.get(&ObligationKey {
                    replica: *replica,
                    day: *day,
                })
            })
            .map(|row| head(&row.row))
            .collect()
    }

    fn policies(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Vec<PolicyUsed> {
        let heads = self.heads(scope, None, from, to).into_iter();
        let used: BTreeSet<_> = heads
            .filter_map(|head| {
                self.rows.get(&ObligationKey {
                    replica: head.replica,
                    day: head.day,
                })
            })
            .map(|row| {
                let day = &row.row.obligation;
                (day.policy.clone(), day.policy_version, day.terms.target_bp)
            })
            .collect();
        let all = used.into_iter();
        all.map(|(policy, version, target_bp)| PolicyUsed {
            policy,
            version,
            target_bp,
        })
        .collect()
    }

    fn newest(&self, replica: ReplicaId) -> Option<(ReplicaId, SlaDay, DayWindow)> {
        let ((day, _), _) = self.days.last(replica)?;
        let row = self.rows.get(&ObligationKey { replica, day })?;
        Some((replica, day, row.row.obligation.window))
    }

    fn corrections(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Vec<Correction> {
        let corrections = self.corrections.of(scope, None).into_iter();
        corrections
            .flatten()
            .filter(|(_, day, ..)| (from..=to).contains(day))
            .filter_map(|(_, day, replica, seq)| {
                let key = ObligationKey {
                    replica: *replica,
                    day: *day,
                };
                let of = &self.rows.get(&key)?.row.corrections;
                of.get(usize::try_from(*seq).ok()?.checked_sub(1)?).cloned()
            })
            .collect()
    }
}

fn head(row: &ObligationRow) -> DayHead {
    let (kind, owner) = counted(&row.outcome, &row.corrections);
    DayHead {
        replica: row.obligation.key.replica,
        tenant: row.obligation.tenant.clone(),
        day: row.obligation.key.day,
        window: row.obligation.window,
        kind,
        owner,
        corrected: !row.corrections.is_empty(),
        target_bp: row.obligation.terms.target_bp,
        attempts: row.tally.attempts,
        deferrals: row.tally.deferrals,
        taken: taken(&row.outcome),
    }
}

impl Tables {
    fn obligations_open(&mut self, obligations: &[Obligation]) -> Result<Vec<ObligationKey>> {
        for obligation in obligations {
            let replica = obligation.key.replica;
            if *self.replicas.tenant_of(replica)? != obligation.tenant {
                return Err(conflict("replica", replica));
            }
        }
        let new = obligations
            .iter()
            .filter(|obligation| self.obligations.insert(obligation));
        let new: Vec<&Obligation> = new.collect();
        for event in told::opened(new.iter().copied()) {
            self.events.push(event);
        }
        Ok(new.into_iter().map(|obligation| obligation.key).collect())
    }

    fn obligations_live(&self) -> Vec<LiveObligation> {
        let live = self.obligations.live.iter();
        live.filter_map(|(_, key)| {
            let row = &self.obligations.rows.get(key)?.row;
            Some(LiveObligation {
                obligation: row.obligation.clone(),
                host: self.replicas.known(key.replica)?.host.clone(),
                tally: row.tally.clone(),
            })
        })
        .collect()
    }

    fn obligation_close(&mut self, key: ObligationKey, outcome: &Outcome, at: DateTime<Utc>) -> Result<()> {
        let row = &mut self.obligations.get_mut(key)?.row;
        match (&row.outcome, outcome) {
            (_, Outcome::Open) => return Err(conflict("obligation", key)),
            (Outcome::Open, _) => {}
            (before, outcome) if before == outcome => return Ok(()),
            _ => return Err(conflict("obligation", key)),
        }
        row.outcome = outcome.clone();
        row.closed_at = Some(kept(at));
        self.events
            .push(told::closed(key, &row.obligation.tenant, outcome, at));
        let due = row.obligation.window.due;
        self.obligations.live.remove(&(due, key));
        self.obligations.closed.insert((kept(at), key.replica, key.day));
        Ok(())
    }

    fn correction_append(&mut self, correction: &Correction) -> Result<()> {
        let key = correction.key;
        let row = &mut self.obligations.get_mut(key)?.row;
        let newest = row.corrections.last().map_or(0, |newest| newest.seq);
        if row.outcome == Outcome::Open || Some(correction.seq) != newest.checked_add(1) {
            return Err(conflict("obligation", key));
        }
        let correction = Correction {
            at: kept(correction.at),
            ..correction.clone()
        };
        row.corrections.push(correction.clone());
        let (counts_as, _) = counted(&row.outcome, &row.corrections);
        let tenant = &row.obligation.tenant;
        self.events.push(told::corrected(&correction, tenant, counts_as));
        let place = (correction.at, key.day, key.replica, correction.seq);
        let tenant = tenant.clone();
        self.obligations.corrections.insert(&tenant, key.replica, place);
        Ok(())
    }
}

#[async_trait]
impl ObligationStore for MemoryStore {
    async fn obligations_open(&self, obligations: &[Obligation]) -> Result<Vec<ObligationKey>> {
        self.write(|tables| tables.obligations_open(obligations))
    }

    async fn obligations_live(&self) -> Result<Vec<LiveObligation>> {
        Ok(self.read(Tables::obligations_live))
    }

    async fn obligation_close(&self, key: ObligationKey, outcome: &Outcome, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| tables.obligation_close(key, outcome, at))
    }

    async fn attempt_began(&self, key: ObligationKey, attempt: AttemptId, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| tables.obligations.try_begin(key, attempt, at))
    }

    async fn attempt_ended(&self, key: ObligationKey, attempt: AttemptId, end: AttemptEnd) -> Result<()> {
        self.write(|tables| tables.obligations.try_end(key, attempt, end))
    }

    async fn attempts_unended(&self) -> Result<Vec<(ObligationKey, AttemptId)>> {
        Ok(self.read(|tables| tables.obligations.tries_unended()))
    }

    async fn attempts_of(&self, scope: &Scope, key: ObligationKey) -> Result<Vec<ObligationAttempt>> {
        self.read(|tables| tables.obligations.seen(scope, key).map(|row| row.tries.clone()))
    }

    async fn obligation(&self, scope: &Scope, key: ObligationKey) -> Result<ObligationRow> {
        self.read(|tables| tables.obligations.seen(scope, key).map(|row| row.row.clone()))
    }

    async fn day_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayHead>> {
        Ok(self.read(|tables| tables.obligations.heads(scope, replica, from, to)))
    }

    async fn day_kinds_of(
        &self,
        scope: &Scope,
        replicas: &[ReplicaId],
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayKinds>> {
        let asked: std::collections::BTreeSet<ReplicaId> = replicas.iter().copied().collect();
        Ok(self.read(|tables| {
            let of = |replica| {
                let heads = tables.obligations.heads(scope, Some(replica), from, to);
                let days: Vec<_> = heads.iter().map(|head| (head.day, head.kind)).collect();
                (!days.is_empty()).then_some(DayKinds { replica, days })
            };
            asked.into_iter().filter_map(of).collect()
        }))
    }

    async fn days_policies(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<PolicyUsed>> {
        Ok(self.read(|tables| tables.obligations.policies(scope, from, to)))
    }

    async fn days_newest(&self) -> Result<Vec<(ReplicaId, SlaDay, DayWindow)>> {
        Ok(self.read(|tables| {
            let replicas = tables.replicas.ids(&Scope::Site {
                reason: "newest days",
            });
            replicas
                .filter_map(|replica| tables.obligations.newest(replica))
                .collect()
        }))
    }

    async fn correction_append(&self, correction: &Correction) -> Result<()> {
        self.write(|tables| tables.correction_append(correction))
    }

    async fn corrections(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<Correction>> {
        Ok(self.read(|tables| tables.obligations.corrections(scope, from, to)))
    }
}
