//! Obligations, what they came to, and the corrections appended to them.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::{AttemptId, HostId, ReplicaId, TenantId};
use domain::obligation::{Correction, Obligation, ObligationKey, Outcome, OutcomeKind, Owner};
use domain::policy::BasisPoints;
use serde::{Deserialize, Serialize};

/// What was tried within an obligation; kept by the transactions that claim, finish and seal attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Claimed in all.
    pub attempts: u32,
    pub deferrals: u32,
    /// Deferrals by a log being applied (B1).
    pub apply_deferrals: u32,
    /// Failures that cost an attempt: not those that were nobody's fault (killed, lease lost, cancelled).
    pub failures: u32,
    pub newest: Option<AttemptId>,
}

/// An obligation as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObligationRow {
    pub obligation: Obligation,
    /// `Open`, or what it was closed as. What counts is this with the corrections (`domain::obligation::effective`).
    pub outcome: Outcome,
    pub closed_at: Option<DateTime<Utc>>,
    pub tally: Tally,
    /// Oldest first.
    pub corrections: Vec<Correction>,
}

/// One day of one replica as figures, strips and calendars need it, corrections included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayHead {
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub day: SlaDay,
    pub window: DayWindow,
    /// Effective: as closed, with the newest correction.
    pub kind: OutcomeKind,
    pub owner: Option<Owner>,
    pub corrected: bool,
    pub target_bp: BasisPoints,
    pub attempts: u32,
    pub deferrals: u32,
    /// When the checkpoint that met it was accepted.
    pub taken: Option<DateTime<Utc>>,
}

/// An open obligation with what the planner needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveObligation {
    pub obligation: Obligation,
    pub host: HostId,
    pub tally: Tally,
}

/// Obligations. `day` in attempts (see `AttemptStore::claim`) ties an attempt to the one it is for.
#[async_trait]
pub trait ObligationStore: Send + Sync {
    /// Inserts those that are not there yet, in one transaction; one that exists stays as it is. Returns the keys of the new ones.
    async fn obligations_open(&self, obligations: &[Obligation]) -> Result<Vec<ObligationKey>>;
    /// All without a closing outcome, by due time.
    async fn obligations_live(&self) -> Result<Vec<LiveObligation>>;
    /// Open -> `outcome`, once. The same outcome again is fine, another one a `Conflict`: closed days stay closed.
    /// `Outcome::Open` is refused as a `Conflict`.
    async fn obligation_close(&self, key: ObligationKey, outcome: &Outcome, at: DateTime<Utc>) -> Result<()>;
    async fn obligation(&self, scope: &Scope, key: ObligationKey) -> Result<ObligationRow>;
    /// Days `from..=to`, of one replica or of all in scope, ordered by (day, replica).
    async fn day_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayHead>>;
    /// The newest day that was opened for each replica.
    async fn days_newest(&self) -> Result<Vec<(ReplicaId, SlaDay)>>;
    /// Appends; its `seq` must be one more than the newest, or `Conflict` (somebody else corrected meanwhile). `Conflict` also while
    /// the obligation is open.
    async fn correction_append(&self, correction: &Correction) -> Result<()>;
    /// In scope, for days `from..=to`, oldest first.
    async fn corrections(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<Correction>>;
}
