//! Corrections in JSON.

use super::stamp;
use domain::obligation::{Correction, effective};
use serde_json::{Value, json};
use store::obligations::ObligationRow;

pub fn document(one: &Correction) -> Value {
    json!({
        "replica": one.key.replica, "day": one.key.day, "seq": one.seq, "at": stamp(one.at), "author": one.author,
        "reason": one.reason, "change": one.change,
    })
}

/// A day as it counts after a correction.
pub fn corrected(row: &ObligationRow) -> Value {
    json!({
        "replica": row.obligation.key.replica, "day": row.obligation.key.day, "tenant": row.obligation.tenant,
        "was": row.outcome.kind(), "counts_as": effective(&row.outcome, &row.corrections).kind(),
        "corrections": row.corrections.iter().map(document).collect::<Vec<_>>(),
    })
}
