//! Tenants with what claims replicas for them, and what nobody owns.

use crate::{HostId, ReplicaId, TenantId, VmGuid, Zone};
use chrono::{DateTime, Utc};
use domain::calendar::WindowRule;
use domain::door::window::WindowFrame;
use serde::{Deserialize, Serialize};

/// A rule to be tried. All as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleQuery {
    pub tenant: String,
    /// `trust-group`, `primary` or `storage-path`.
    pub kind: String,
    pub text: String,
}

/// All tenants, and what a rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantsView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// Those of the configuration first, then by id.
    pub tenants: Vec<TenantCard>,
    /// When one was asked for.
    pub preview: Option<RulePreview>,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantCard {
    pub id: TenantId,
    pub name: String,
    /// IANA name of the zone that its days are counted in.
    pub zone: String,
    pub replicas: u64,
    /// It stands in `config.toml`: name and zone are changed there.
    pub from_file: bool,
    pub rules: Vec<RuleRow>,
    /// Where it may move its window itself.
    pub frame: Option<WindowFrame>,
    /// Its own window, as far as it counts; the policy's else.
    pub window: Option<WindowRule>,
    pub brand: BrandView,
}

/// What a tenant's pages look like; empty is Stillpoint's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BrandView {
    pub name: Option<String>,
    /// `#1f7a5a`
    pub accent: Option<String>,
    pub has_logo: bool,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRow {
    pub kind: String,
    pub text: String,
    /// Who made it and when; `None` for those of `config.toml`, which are changed there.
    pub made: Option<(String, DateTime<Utc>)>,
}

/// What a rule would claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePreview {
    pub rule: RuleQuery,
    pub answer: RuleAnswer,
}

/// What came of trying a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum RuleAnswer {
    /// It can be no rule, in words.
    Refused { text: String },
    Tried {
        /// Replicas whose tenant would change.
        claims: Vec<ClaimRow>,
        /// The tenant's already, and stay so.
        stay: u64,
        /// Replicas that were looked at, and the oldest of these looks.
        seen: u64,
        as_of: Option<DateTime<Utc>>,
        /// Hosts of which no look is there: what is on them is not in this.
        unseen_hosts: Vec<HostId>,
    },
}

/// A replica that a rule would move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRow {
    pub host: HostId,
    pub vm: VmGuid,
    pub name: String,
    /// Whose it is: nobody's, one tenant's, or nobody's because several claim it.
    pub before: Vec<TenantId>,
    pub after: Vec<TenantId>,
}

/// Everything that a person should look at and no attempt owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingsView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// Longest standing first.
    pub rows: Vec<FindingView>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// The same thing found again has the same.
    pub key: String,
    pub kind: String,
    /// [`crate::words::finding`] of the kind.
    pub title: String,
    /// Where; `None` for what is on no host.
    pub host: Option<HostId>,
    pub replica: Option<ReplicaId>,
    /// `tenant/name` of the replica.
    pub name: Option<String>,
    pub text: String,
    /// [`crate::words::finding_remedy`] of the kind.
    pub what_to_do: String,
    pub since: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}
