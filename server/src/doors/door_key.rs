//! The key that authenticators are sealed with. It is a sealed record of the site's, so that a rotation of the key encryption key
//! touches it alone and not every person.

use super::DoorFault;
use domain::ids::PersonId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use std::fmt::Write as _;
use uuid::Uuid;
use vault::{KekSource, KeyRing, Wrapped};
use zeroize::Zeroizing;

/// The record's name.
pub const DOOR_KEY: &str = "door-key";
/// No cursor and no link is longer.
const DIGITS_MAX: usize = 2_000;
/// The id in front of a link.
const ID_DIGITS: usize = 32;
const PEPPER: &[u8] = b"stillpoint 2026 recovery code pepper";

/// Seals what people prove themselves with.
pub struct DoorKey {
    ring: KeyRing,
    pepper: Zeroizing<[u8; 32]>,
}

impl DoorKey {
    /// The doors' own key, opened.
    ///
    /// # Errors
    /// Never for 32 bytes; the types cannot say so.
    pub fn of(key: &[u8; 32]) -> Result<Self, DoorFault> {
        let mut digits = Zeroizing::new(String::with_capacity(64));
        for byte in key {
            write!(digits, "{byte:02x}").map_err(|_| DoorFault::Failed)?;
        }
        let source = KekSource::Given {
            variable: DOOR_KEY,
            current: SecretString::from(digits.as_str()),
            older: None,
        };
        let ring = KeyRing::open(source, None).map_err(|_| DoorFault::Failed)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| DoorFault::Failed)?;
        mac.update(PEPPER);
        let pepper = Zeroizing::new(mac.finalize().into_bytes().into());
        Ok(Self { ring, pepper })
    }

    /// What recovery codes are hashed under: they have 50 bits only.
    pub(super) fn pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    /// A number of the trail that tells nothing: gaps between a tenant's numbers say how much else happens.
    pub(super) fn cursor(&self, person: PersonId, seq: u64) -> Result<String, DoorFault> {
        let sealed = self.sealed(&page(person), &seq.to_be_bytes())?;
        digits(&sealed)
    }

    /// The number of a cursor; `None` for what is none of theirs.
    pub(super) fn seq(&self, person: PersonId, cursor: &str) -> Option<u64> {
        let seq = self.opened(&page(person), &bytes(cursor)?)?;
        Some(u64::from_be_bytes(seq.as_slice().try_into().ok()?))
    }

    /// What a link of somebody's holds, as text.
    pub(super) fn link(&self, person: PersonId, content: &[u8]) -> Result<String, DoorFault> {
        let sealed = self.sealed(&link(person), content)?;
        Ok(format!("{}{}", person.0.simple(), digits(&sealed)?))
    }

    /// Whose link it is, and what it holds; `None` for what was never given.
    pub(super) fn link_of(&self, text: &str) -> Option<(PersonId, Zeroizing<Vec<u8>>)> {
        let (id, sealed) = text.split_at_checked(ID_DIGITS)?;
        let person = PersonId(Uuid::try_parse(id).ok()?);
        Some((person, self.opened(&link(person), &bytes(sealed)?)?))
    }

    pub(super) fn seal(&self, person: PersonId, secret: &[u8]) -> Result<Vec<u8>, DoorFault> {
        self.sealed(&totp(person), secret)
    }

    pub(super) fn open(&self, person: PersonId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoorFault> {
        self.opened(&totp(person), sealed).ok_or_else(|| {
            tracing::error!(%person, "a sealed authenticator cannot be opened: it is of another installation or damaged");
            DoorFault::Failed
        })
    }

    /// Whether a text or bytes from outside open as anything that is sealed here. For fuzzers.
    #[doc(hidden)]
    #[must_use]
    pub fn opens(&self, person: PersonId, text: &str, bytes: &[u8]) -> bool {
        let sealed = self.opened(&totp(person), bytes).is_some();
        sealed || self.seq(person, text).is_some() || self.link_of(text).is_some()
    }

    /// What a request asks for, as it is remembered: nobody can guess a password by it.
    pub(super) fn request(&self, parts: [&[u8]; 3]) -> [u8; 32] {
        let key = blake3::derive_key("stillpoint 2026 request digest", self.pepper.as_slice());
        let mut digest = blake3::Hasher::new_keyed(&key);
        for part in parts {
            digest.update(&(part.len() as u64).to_be_bytes()).update(part);
        }
        digest.finalize().into()
    }

    /// An answer that is kept to be given again: it may hold a token.
    pub(super) fn seal_answer(&self, person: PersonId, body: &[u8]) -> Result<Vec<u8>, DoorFault> {
        self.sealed(&answer(person), body)
    }

    pub(super) fn open_answer(
        &self,
        person: PersonId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DoorFault> {
        self.opened(&answer(person), sealed).ok_or_else(|| {
            tracing::error!(%person, "a kept answer cannot be opened: it is of another installation or damaged");
            DoorFault::Failed
        })
    }

    fn sealed(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, DoorFault> {
        let wrapped = self.ring.seal(None, purpose, secret).ok();
        wrapped
            .and_then(|wrapped| serde_json::to_vec(&wrapped).ok())
            .ok_or(DoorFault::Failed)
    }

    fn opened(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let wrapped: Wrapped = serde_json::from_slice(sealed).ok()?;
        self.ring.open_sealed(None, purpose, &wrapped).ok()
    }
}

fn digits(bytes: &[u8]) -> Result<String, DoorFault> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").map_err(|_| DoorFault::Failed)?;
    }
    Ok(text)
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

fn link(person: PersonId) -> String {
    format!("link {person}")
}

fn totp(person: PersonId) -> String {
    format!("totp {person}")
}

fn answer(person: PersonId) -> String {
    format!("answer {person}")
}

fn page(person: PersonId) -> String {
    format!("page {person}")
}
