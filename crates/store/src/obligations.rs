//! Obligations, what they came to, and the corrections appended to them.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{DayWindow, SlaDay};
use domain::code::Code;
use domain::ids::{AttemptId, HostId, PolicyId, ReplicaId, TenantId};
use domain::obligation::{Correction, Obligation, ObligationKey, Outcome, OutcomeKind, Owner};
use domain::policy::BasisPoints;
use serde::{Deserialize, Serialize};

/// What was tried within an obligation: the sums of its attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Begun in all.
    pub attempts: u32,
    pub deferrals: u32,
    /// Deferrals by a log being applied (B1).
    pub apply_deferrals: u32,
    /// Failures that cost an attempt: not those that were nobody's fault (killed, lease lost, cancelled).
    pub failures: u32,
    /// The one that was begun last.
    pub newest: Option<AttemptId>,
}

/// How an attempt for an obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// Put off by a blocker; costs nothing.
    Deferred {
        code: Code,
    },
    Failed {
        /// Whether it costs an attempt: not where it was nobody's fault (killed, lease lost, cancelled).
        counts: bool,
    },
    Sealed,
}

/// One attempt for an obligation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObligationAttempt {
    pub attempt: AttemptId,
    pub began: DateTime<Utc>,
    /// `None` while it runs.
    pub end: Option<AttemptEnd>,
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
    /// Whose a miss, lateness or excuse was, corrections included.
    pub owner: Option<Owner>,
    pub corrected: bool,
    pub target_bp: BasisPoints,
    pub attempts: u32,
    pub deferrals: u32,
    /// When the checkpoint that met it was accepted, in time or late; a correction does not change that.
    pub taken: Option<DateTime<Utc>>,
}

/// What the days of one replica count as, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayKinds {
    pub replica: ReplicaId,
    pub days: Vec<(SlaDay, OutcomeKind)>,
}

/// A version of a policy that days were opened under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyUsed {
    pub policy: PolicyId,
    pub version: u32,
    pub target_bp: BasisPoints,
}

/// An open obligation with what the planner needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveObligation {
    pub obligation: Obligation,
    /// Where the replica was seen last: VMs migrate.
    pub host: HostId,
    pub tally: Tally,
}

/// Obligations. Instants of the window are kept to the microsecond; what is frozen at the opening never changes.
#[async_trait]
pub trait ObligationStore: Send + Sync {
    /// Inserts those that are not there yet, in one transaction; one that exists stays as it is. One event tells each tenant's. Returns the keys of the new ones, in
    /// the order given. `NotFound` for an unknown replica and `Conflict` for one of another tenant: then none is inserted.
    async fn obligations_open(&self, obligations: &[Obligation]) -> Result<Vec<ObligationKey>>;
    /// All without a closing outcome, by due time, then by replica and day.
    async fn obligations_live(&self) -> Result<Vec<LiveObligation>>;
    /// Open -> `outcome`, once. The same outcome again is fine, another one a `Conflict`: closed days stay closed.
    /// `Outcome::Open` is refused as a `Conflict`.
    async fn obligation_close(&self, key: ObligationKey, outcome: &Outcome, at: DateTime<Utc>) -> Result<()>;
    /// An attempt for the obligation begins. Told again it is the same attempt. `Conflict` when the attempt is another obligation's, and
    /// for a new one when the obligation is closed.
    async fn attempt_began(&self, key: ObligationKey, attempt: AttemptId, at: DateTime<Utc>) -> Result<()>;
    /// It ended, also after the obligation was closed. The same end again is fine, another one a `Conflict`; `NotFound` when it never
    /// began for this obligation.
    async fn attempt_ended(&self, key: ObligationKey, attempt: AttemptId, end: AttemptEnd) -> Result<()>;
    /// All attempts whose end is not noted, of open and closed days, by when they began and then by attempt.
    async fn attempts_unended(&self) -> Result<Vec<(ObligationKey, AttemptId)>>;
    /// In the order they began; `NotFound` for an obligation that the scope does not see.
    async fn attempts_of(&self, scope: &Scope, key: ObligationKey) -> Result<Vec<ObligationAttempt>>;
    async fn obligation(&self, scope: &Scope, key: ObligationKey) -> Result<ObligationRow>;
    /// Days `from..=to`, of one replica or of all in scope, ordered by (day, replica).
    async fn day_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayHead>>;
    /// What the days `from..=to` of these replicas count as, for those that the scope sees and that have one; by replica, then by day. A
    /// page asks for its rows' days and for no others.
    async fn day_kinds_of(
        &self,
        scope: &Scope,
        replicas: &[ReplicaId],
        from: SlaDay,
        to: SlaDay,
    ) -> Result<Vec<DayKinds>>;
    /// Under which versions of which policies the days `from..=to` in scope were opened; by policy, then by version.
    async fn days_policies(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<PolicyUsed>>;
    /// The newest day that was opened for each replica, with its window as frozen; by replica.
    async fn days_newest(&self) -> Result<Vec<(ReplicaId, SlaDay, DayWindow)>>;
    /// Appends; its `seq` must be one more than the newest, or `Conflict` (somebody else corrected meanwhile). `Conflict` also while
    /// the obligation is open. What may be corrected, the caller has asked (`domain::obligation::check_correction`).
    async fn correction_append(&self, correction: &Correction) -> Result<()>;
    /// In scope, for days `from..=to`, oldest first; of one instant by day, replica and `seq`.
    async fn corrections(&self, scope: &Scope, from: SlaDay, to: SlaDay) -> Result<Vec<Correction>>;
}
