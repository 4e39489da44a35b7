//! Typed ids. Never a bare string or UUID in a signature.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: {expected}")]
pub struct InvalidId {
    /// What kind of id was expected, in words.
    pub kind: &'static str,
    /// The text that was given.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", self.0.hyphenated()) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId {
                    kind: $kind, text: text.to_owned(), expected: "a UUID such as 3f6e0f0a-0d0c-4b1e-9a55-5b2f0c1d2e3f",
                })
            }
        }
    )*};
}

uuid_id! {
    /// One try to fulfil an obligation.
    AttemptId "attempt id";
    /// An invitation to take a seat.
    InvitationId "invitation id";
    /// Somebody who can log in.
    PersonId "person id";
    /// A sealed restore point.
    PointId "restore point id";
    /// Our own id of a replica, found by (site, tenant binding, VM GUID).
    ReplicaId "replica id";
    /// A log-in that lasts: what lists show and revoke. Never the secret in the cookie.
    SessionId "session id";
    /// A key of the API: what lists show and revoke. Never the key itself.
    TokenId "token id";
}

/// The VM's GUID as Hyper-V names it: upper case on the wire. Chosen on the tenant's side, so never an identity by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VmGuid(pub Uuid);

impl fmt::Display for VmGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = Uuid::encode_buffer();
        f.write_str(self.0.hyphenated().encode_upper(&mut buffer))
    }
}

impl FromStr for VmGuid {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidId {
            kind: "VM GUID",
            text: text.to_owned(),
            expected: "a GUID such as 5B2F0C1D-0D0C-4B1E-9A55-3F6E0F0AA41C",
        })
    }
}

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-' || *b == b'.')
        && bytes[0].is_ascii_alphanumeric()
        && bytes[bytes.len() - 1].is_ascii_alphanumeric()
        && !text.contains("..")
}

macro_rules! slug_id {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_slug(text) { Ok(Self(text.to_owned())) } else {
                    Err(InvalidId { kind: $kind, text: text.to_owned(),
                        expected: "1 to 63 lower-case letters, digits, dots or hyphens, beginning and ending with a letter or digit" })
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { text.parse() }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String { id.0 }
        }
    )*};
}

slug_id! {
    /// A Hyper-V host at the replica site, by its name in the configuration (`hv-r-01`).
    HostId "host id";
    /// A tenant's own host on which primaries run, by its key in the configuration (`contoso-hv1`).
    PrimaryId "primary id";
    /// A policy of the hoster's catalogue, by its key (`standard`).
    PolicyId "policy id";
    /// A customer of the hoster, by its key in the configuration (`contoso`). Safe as a folder name.
    TenantId "tenant id";
}

/// The counter that fences a worker whose lease was taken over: only the newest token may seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FencingToken(pub u64);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
