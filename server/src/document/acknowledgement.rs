//! An acknowledgement in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::holds::Acknowledgement;

pub fn document(one: &Acknowledgement) -> Value {
    json!({
        "cause": one.cause, "at": stamp(one.at), "until": stamp(one.until), "note": one.note, "author": one.author,
    })
}
