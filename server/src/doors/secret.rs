//! Secrets that are drawn: 256 bits as 64 hexadecimal digits. Only their hash is kept.

use domain::door::hash::{SecretHash, SecretKind};
use std::fmt;

/// What a cookie, a link or a token holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const DIGITS: usize = 64;

impl Secret {
    /// A new one.
    #[must_use]
    pub fn drawn() -> Self {
        let bytes: [u8; 32] = rand::random();
        let mut text = String::with_capacity(DIGITS);
        for byte in bytes {
            text.push_str(&format!("{byte:02x}"));
        }
        Self(text)
    }

    /// One that somebody brings. `None` for what was never given.
    #[must_use]
    pub fn brought(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == DIGITS && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self, kind: SecretKind) -> SecretHash {
        SecretHash::of(kind, self.0.as_bytes())
    }

    /// For the one answer that gives it away.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_given_is_no_secret_and_none_shows_in_a_log() {
        let secret = Secret::drawn();
        assert_eq!(Secret::brought(secret.reveal()), Some(secret.clone()));
        for text in [
            "",
            "abc",
            &secret
                .reveal()
                .to_uppercase()
                .replace(|c: char| c.is_ascii_digit(), "A"),
            &format!("{} ", secret.reveal()),
        ] {
            assert_eq!(Secret::brought(text), None, "{text}");
        }
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        assert_ne!(Secret::drawn(), secret);
    }
}
