//! What is kept of a secret that was drawn at random: its hash, never itself.

use std::fmt;

/// What the secret opens. Part of the hash, so that a token's hash never opens a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    Session,
    Token,
    Invitation,
    Device,
    RecoveryCode,
}

impl SecretKind {
    const fn context(self) -> &'static str {
        match self {
            Self::Session => "stillpoint 2026 session",
            Self::Token => "stillpoint 2026 api token",
            Self::Invitation => "stillpoint 2026 invitation",
            Self::Device => "stillpoint 2026 known device",
            Self::RecoveryCode => "stillpoint 2026 recovery code",
        }
    }
}

/// The hash of a random secret. Fast hashes are enough for 128 bits of chance and more; for what people choose they are not, and
/// for the 50 bits of a recovery code the server mixes in a key (a pepper) before it calls this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Of the secret's bytes.
    #[must_use]
    pub fn of(kind: SecretKind, secret: &[u8]) -> Self {
        Self(blake3::derive_key(kind.context(), secret))
    }
    /// As stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// `None` unless it is 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// 64 hex digits.
impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secret_has_another_hash_for_each_kind() {
        let kinds = [
            SecretKind::Session,
            SecretKind::Token,
            SecretKind::Invitation,
            SecretKind::Device,
            SecretKind::RecoveryCode,
        ];
        let hashes: std::collections::BTreeSet<_> = kinds
            .iter()
            .map(|kind| SecretHash::of(*kind, b"secret"))
            .collect();
        assert_eq!(hashes.len(), kinds.len());
        let one = SecretHash::of(SecretKind::Session, b"secret");
        assert_eq!(SecretHash::from_slice(one.as_bytes()), Some(one));
        assert_eq!(SecretHash::from_slice(&[1; 31]), None);
        assert_eq!(one.to_string().len(), 64);
    }
}
