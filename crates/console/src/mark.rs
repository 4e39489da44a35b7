//! Status as shape, word and colour: one language for tables, strips and charts.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The marks; each has one shape everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Filled disc: kept, sealed, clear.
    Met,
    /// Half disc: late, waiting, deferred.
    Late,
    /// Cross: missed, failed, needs a person.
    Missed,
    /// Ring: excused or excluded.
    Excused,
    /// Dashed ring with a point: something of ours runs.
    Running,
    /// Hatched square: nothing is known.
    Unknown,
    /// Dashed outline: still open, nothing has happened yet.
    Open,
}

/// A state in words with its mark: "Log being applied", B1, since, 43 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub mark: Mark,
    /// `B1`..`B8`, `NR`, `BE`, `UN`.
    pub code: Option<String>,
    pub text: String,
    /// The instant that belongs to the words: met *at*, blocked *since*. World's clock.
    pub at: Option<DateTime<Utc>>,
    /// Progress of what runs, 0 to 100, where the host tells it.
    pub percent: Option<u8>,
}

/// One SLA day of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayMark {
    /// Calendar day in the tenant's zone.
    pub day: NaiveDate,
    /// `None` where nothing was owed: the replica was not known yet.
    pub mark: Option<Mark>,
}
