//! The trail in JSON. An entry's number is left out: its gaps tell tenants how much else happens.

use super::stamp;
use ::console::ActivityRow;
use domain::audit::AuditEntry;
use serde_json::{Value, json};

pub fn document(entry: &AuditEntry) -> Value {
    let it = &entry.happened;
    json!({
        "at": stamp(it.at), "who": it.who, "from": it.from, "deed": it.deed, "object": it.object, "tenant": it.tenant,
        "outcome": it.outcome, "details": it.details,
    })
}

/// What somebody did by hand.
pub fn deed(row: &ActivityRow) -> Value {
    json!({
        "at": stamp(row.at), "author": row.author, "what": row.what, "on": row.on, "href": row.href, "text": row.text,
    })
}
