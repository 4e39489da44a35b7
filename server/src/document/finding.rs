//! Things that a person should look at.

use super::stamp;
use ::console::FindingView;
use serde_json::{Value, json};

/// `{key, kind, title, host, replica, name, since, last_seen, text, what_to_do}`
pub fn document(row: &FindingView) -> Value {
    json!({
        "key": row.key, "kind": row.kind, "title": row.title, "host": row.host, "replica": row.replica, "name": row.name,
        "since": stamp(row.since), "last_seen": stamp(row.last_seen), "text": row.text, "what_to_do": row.what_to_do,
    })
}
