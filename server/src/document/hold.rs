//! A hold in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::holds::OperatorHold;

pub fn document(hold: &OperatorHold) -> Value {
    json!({
        "id": hold.id, "target": hold.target, "from": stamp(hold.from), "until": stamp(hold.until),
        "reason": hold.reason, "author": hold.author,
        "lifted": hold.lifted.as_ref().map(|(at, by)| json!({ "at": stamp(*at), "author": by })),
    })
}
