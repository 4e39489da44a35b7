//! People and invitations in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::invitations::Invitation;
use store::people::Person;

pub fn document(person: &Person) -> Value {
    json!({
        "id": person.id, "login": person.login.as_str(), "name": person.name, "role": person.seat.role().code(),
        "tenant": person.seat.tenant(), "second_factor": person.second_factor, "created": stamp(person.created),
        "out": person.disabled.map(stamp),
    })
}

pub fn invitation(one: &Invitation) -> Value {
    json!({
        "id": one.id, "role": one.seat.role().code(), "tenant": one.seat.tenant(), "author": one.author,
        "created": stamp(one.created), "expires": stamp(one.state.expires),
    })
}
