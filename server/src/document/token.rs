//! Tokens in JSON: what they may, not what opens with them.

use super::stamp;
use serde_json::{Value, json};
use store::tokens::Token;

pub fn document(token: &Token) -> Value {
    json!({
        "id": token.id, "person": token.person, "name": token.name, "scopes": token.scopes, "created": stamp(token.created),
        "expires": stamp(token.expires), "last_used": token.last_used.map(stamp), "revoked": token.revoked.map(stamp),
    })
}
