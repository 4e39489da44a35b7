//! The shapes of the contract in JSON: what the command line prints with `--json` and the API answers is the same.

pub mod acknowledgement;
pub mod attempt;
pub mod audit;
pub mod correction;
pub mod figures;
pub mod finding;
pub mod hold;
pub mod night;
pub mod notice;
pub mod obligation;
pub mod own;
pub mod person;
pub mod plan;
pub mod policy;
pub mod tenant;
pub mod token;

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Something was done that leaves nothing else to show.
pub fn done(id: impl serde::Serialize) -> serde_json::Value {
    serde_json::json!({ "id": id, "done": true })
}
