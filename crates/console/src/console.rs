//! The one door from the screens and the API to everything that is shown. What the operator changes by hand goes through plain forms
//! ([`crate::forms`]), so that it works before any script does.

use crate::*;
use async_trait::async_trait;
use chrono::NaiveDate;

/// Answers questions of one person's screens. An implementation is bound to a scope: another tenant's things are
/// [`UiError::NotFound`], never `Forbidden`.
#[async_trait]
pub trait Console: Send + Sync {
    /// The top bar and the rail: freshness, clock, counts.
    async fn bar(&self) -> Result<Bar, UiError>;
    /// The night: what runs, what waits and why, hosts, findings.
    async fn night(&self) -> Result<NightView, UiError>;
    /// One page of replicas, filtered, searched and sorted over all rows.
    async fn replicas(&self, query: ReplicaQuery) -> Result<ReplicasPage, UiError>;
    /// One replica with its verdict, timeline, attempts and points.
    async fn replica(&self, id: ReplicaId) -> Result<ReplicaView, UiError>;
    /// Attempts, newest first.
    async fn attempts(&self, query: AttemptQuery) -> Result<AttemptsPage, UiError>;
    /// Restore points, newest first.
    async fn points(&self, query: PointQuery) -> Result<PointsPage, UiError>;
    /// One restore point with its evidence.
    async fn point(&self, id: PointId) -> Result<PointView, UiError>;
    /// One obligation with its whole story; `NotFound` for a day that was not opened.
    async fn day(&self, replica: ReplicaId, day: NaiveDate) -> Result<DayView, UiError>;
    /// The SLA's figures of a range.
    async fn sla(&self, query: SlaQuery) -> Result<SlaView, UiError>;
    /// Policies, their versions, and who has which. The hoster's; a tenant's scope is `Forbidden`.
    async fn policies(&self) -> Result<PoliciesView, UiError>;
    /// Holds, active and past.
    async fn holds(&self) -> Result<HoldsView, UiError>;
    /// Tenants and what claims replicas for them; `rule` is tried and nothing more. The hoster's; a tenant's scope is `Forbidden`.
    async fn tenants(&self, rule: Option<RuleQuery>) -> Result<TenantsView, UiError>;
    /// What a person should look at and no attempt owns. The hoster's; a tenant's scope is `Forbidden`.
    async fn findings(&self) -> Result<FindingsView, UiError>;
    /// What people did, newest first.
    async fn activity(&self) -> Result<ActivityView, UiError>;
    /// Asks for one attempt now. It is a request: nothing has happened on the host when this returns.
    async fn backup_now(&self, id: ReplicaId) -> Result<Requested, UiError>;
}
