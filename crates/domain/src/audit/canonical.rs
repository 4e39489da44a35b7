//! The bytes of an entry that its hash covers. Every text has its length before it, so that nothing can move from one into the next.
//!
//! The form is part of every stored chain: it is never changed, only followed by a form with another name.

use super::{Happened, LinkHash, Who};

const FORM: &str = "stillpoint 2026 audit entry 1";

/// The hash of an entry that follows another.
pub(super) fn link(before: LinkHash, seq: u64, happened: &Happened) -> LinkHash {
    let mut bytes = before.0.to_vec();
    bytes.extend(seq.to_be_bytes());
    bytes.extend(happened.at.timestamp_micros().to_be_bytes());
    match &happened.who {
        Who::Person { person, login } => {
            text(&mut bytes, "person");
            bytes.extend(person.0.as_bytes());
            text(&mut bytes, login);
        }
        Who::Token { token, person, login } => {
            text(&mut bytes, "token");
            bytes.extend(token.0.as_bytes());
            bytes.extend(person.0.as_bytes());
            text(&mut bytes, login);
        }
        Who::System { task } => {
            text(&mut bytes, "system");
            text(&mut bytes, task);
        }
        Who::Nobody => text(&mut bytes, "nobody"),
    }
    maybe(&mut bytes, happened.from.as_deref());
    text(&mut bytes, &happened.deed);
    text(&mut bytes, &happened.object);
    maybe(&mut bytes, happened.tenant.as_ref().map(|tenant| tenant.as_str()));
    text(&mut bytes, happened.outcome.code());
    length(&mut bytes, happened.details.len());
    for (key, value) in &happened.details {
        text(&mut bytes, key);
        text(&mut bytes, value);
    }
    LinkHash(blake3::derive_key(FORM, &bytes))
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    length(bytes, text.len());
    bytes.extend(text.as_bytes());
}

fn length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend((length as u64).to_be_bytes());
}

fn maybe(bytes: &mut Vec<u8>, value: Option<&str>) {
    bytes.push(u8::from(value.is_some()));
    if let Some(value) = value {
        text(bytes, value);
    }
}
