//! A requested cancel in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::records::Attempt;

pub fn cancel_requested(attempt: &Attempt) -> Value {
    json!({
        "attempt": attempt.id, "replica": attempt.replica, "tenant": attempt.tenant, "host": attempt.host,
        "started": stamp(attempt.started), "requested": true,
    })
}
