//! A notice of the outbox in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::notices::Notice;

/// The contract's shape of one; `sent` is the document that the receiver gets.
pub fn document(one: &Notice) -> Value {
    json!({
        "id": one.id, "key": one.key, "kind": one.kind, "made": stamp(one.at), "tries": one.tries,
        "next": one.next.map(stamp), "delivered": one.delivered.map(stamp), "last_error": one.last_error, "sent": one.body,
    })
}
