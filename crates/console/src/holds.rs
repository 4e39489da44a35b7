//! What people laid on the plan by hand, and what else they did.

use crate::{ReplicaId, TenantId, Zone};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A person's hold, as it stands beside what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub by: String,
    pub until: DateTime<Utc>,
    pub reason: String,
}

/// A hold that a person laid, active or over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    pub id: i64,
    /// `host`, `tenant` or `replica`.
    pub on: String,
    /// For people: the host, the tenant's name, `tenant/replica`.
    pub name: String,
    pub replica: Option<ReplicaId>,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub reason: String,
    pub author: String,
    /// Lifted before its time, when and by whom.
    pub lifted: Option<(DateTime<Utc>, String)>,
    pub active: bool,
    /// Open obligations that it keeps now; 0 once it is over.
    pub keeps: u64,
}

/// All holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldsView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// Newest first.
    pub active: Vec<HoldRow>,
    /// Newest first, at most 100.
    pub past: Vec<HoldRow>,
    /// What can be held.
    pub hosts: Vec<String>,
    /// Id and name.
    pub tenants: Vec<(TenantId, String)>,
}

/// What people did, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityView {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// At most 200.
    pub rows: Vec<ActivityRow>,
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    pub at: DateTime<Utc>,
    pub author: String,
    /// "Hold laid", "Hold lifted", "Day excused", "Policy version 3".
    pub what: String,
    /// What it was done to, for people.
    pub on: String,
    /// A path of these screens, where there is one.
    pub href: Option<String>,
    /// The reason or note that was written.
    pub text: String,
}
