//! The catalogue of policies and who has which.

use crate::{TenantId, Zone};
use chrono::{DateTime, NaiveDate, Utc};
use domain::policy::Terms;
use serde::{Deserialize, Serialize};

/// Where a replica has its policy from; the nearest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySource {
    Replica,
    Tenant,
    Site,
}

/// Which policy somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOf {
    pub id: String,
    pub name: String,
    pub version: u32,
    pub source: PolicySource,
}

/// The catalogue of policies and who has which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// By id.
    pub policies: Vec<PolicyRow>,
    /// The site's, then tenants', then replicas'.
    pub assignments: Vec<AssignmentRow>,
    /// Id and name of those that a policy can be assigned to.
    pub tenants: Vec<(TenantId, String)>,
}

/// One policy, its newest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    pub id: String,
    pub version: u32,
    pub terms: Terms,
    pub author: String,
    pub at: DateTime<Utc>,
    /// Newest first.
    pub versions: Vec<VersionRow>,
    /// Replicas that have it now, however it came to them.
    pub replicas: u64,
    /// The SLA days that a change made now would apply from, one per zone of those who have it, the earliest first; at most 8.
    pub applies_from: Vec<NextDay>,
}

/// The next SLA day of a zone that is not open yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextDay {
    /// IANA name.
    pub zone: String,
    pub day: NaiveDate,
    pub opens: DateTime<Utc>,
}

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    pub version: u32,
    pub author: String,
    pub at: DateTime<Utc>,
    /// Against the version before; empty for the first.
    pub changes: Vec<TermChange>,
    /// Obligations that are open under it.
    pub open: u64,
}

/// One term that a version changed, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermChange {
    /// [`crate::terms::facts`]' labels.
    pub label: String,
    pub was: String,
    pub is: String,
}

/// Who has which policy, by an assignment of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRow {
    /// `site`, `tenant` or `replica`.
    pub to: String,
    /// Its id, as the form wants it; empty for the site.
    pub id: String,
    /// For people.
    pub name: String,
    pub policy: String,
    pub author: String,
    pub at: DateTime<Utc>,
    /// Replicas that have their policy by this assignment.
    pub replicas: u64,
}
