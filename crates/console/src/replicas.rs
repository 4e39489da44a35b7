//! Every replica as a row.

use crate::{DayMark, Filter, Held, ReplicaId, ReplicaQuery, Standing, Zone};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One page of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicasPage {
    pub as_of: DateTime<Utc>,
    pub zone: Zone,
    /// What was asked for.
    pub query: ReplicaQuery,
    /// Rows that match filter and search.
    pub matching: u64,
    /// How many of them stand before this page.
    pub before: u64,
    /// For [`ReplicaQuery::cursor`] of the page before this one; `None` at the beginning.
    pub previous: Option<String>,
    /// For the page after this one; `None` at the end.
    pub next: Option<String>,
    /// Counts per filter under the same search, tenant, host and code.
    pub counts: Vec<FilterCount>,
    pub rows: Vec<ReplicaRow>,
}

/// How many rows a filter chip would show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterCount {
    pub filter: Filter,
    pub count: u64,
}

/// One replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaRow {
    pub id: ReplicaId,
    pub name: String,
    pub tenant: String,
    pub host: String,
    /// What is the case now, first of all this night's outcome.
    pub now: Standing,
    /// When the gate's facts were read.
    pub observed: Option<DateTime<Utc>>,
    /// The last 28 SLA days, oldest first; the last is today.
    pub days: Vec<DayMark>,
    /// When the obligation that it is in is due; `None` where none is open.
    pub due: Option<DateTime<Utc>>,
    /// Whether that obligation is expected to be missed.
    pub at_risk: bool,
    /// Id of the policy that it has.
    pub policy: Option<String>,
    pub held: Option<Held>,
    /// Replication frequency: 30, 300 or 900.
    pub interval_secs: u32,
    pub disks: u32,
    pub last_point: Option<DateTime<Utc>>,
    pub points: u64,
    /// Bytes of the last point's disks.
    pub size_bytes: Option<u64>,
    /// Bytes that the last point added to the vault.
    pub added_bytes: Option<u64>,
}
