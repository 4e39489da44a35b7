//! Envelope encryption: secrets of a tenant or of the site sealed under the site's key encryption key (KEK) with AES-256-GCM-SIV.
//!
//! The associated data binds a blob to its owner and purpose, so a blob moved to another tenant's place does not open.

use crate::error::{Result, VaultError};
use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::ids::TenantId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The site's key encryption key.
pub struct Kek {
    key: Zeroizing<[u8; 32]>,
}

/// A sealed secret as it is stored: JSON, safe to keep in files and databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapped {
    /// Version of this format, 1.
    pub v: u32,
    /// [`Kek::id`] of the key it was sealed under.
    pub kek: String,
    /// 12 bytes, base64.
    pub nonce: String,
    /// Ciphertext with tag, base64.
    pub sealed: String,
}

impl Kek {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(key),
        }
    }

    /// A name for the key that gives nothing away: 16 hexadecimal digits of a keyed hash.
    #[must_use]
    pub fn id(&self) -> String {
        blake3::keyed_hash(&self.key, b"stillpoint kek id v1").to_hex()[..16].to_owned()
    }

    /// Seals a secret for one purpose (`repository-key`, `credential:host:hv-r-01`...). `owner`: `None` is the site.
    pub(crate) fn wrap(&self, owner: Option<&TenantId>, purpose: &str, secret: &[u8]) -> Result<Wrapped> {
        let nonce: [u8; 12] = rand::random();
        let aad = associated(owner, purpose);
        let sealed = self
            .cipher()
            .and_then(|cipher| {
                cipher
                    .encrypt(
                        &Nonce::from(nonce),
                        Payload {
                            msg: secret,
                            aad: &aad,
                        },
                    )
                    .ok()
            })
            .ok_or_else(|| VaultError::damaged(owner, purpose, "the cipher refused to seal it"))?;
        Ok(Wrapped {
            v: 1,
            kek: self.id(),
            nonce: BASE64.encode(nonce),
            sealed: BASE64.encode(sealed),
        })
    }

    /// Opens a sealed secret.
    pub(crate) fn unwrap(
        &self,
        owner: Option<&TenantId>,
        purpose: &str,
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = |why| VaultError::damaged(owner, purpose, why);
        if wrapped.v != 1 {
            return Err(damaged("its format is of a newer version"));
        }
        if wrapped.kek != self.id() {
            return Err(VaultError::WrongKek {
                what: crate::error::named(owner, purpose),
                sealed_under: wrapped.kek.clone(),
                have: self.id(),
            });
        }
        let nonce = BASE64
            .decode(&wrapped.nonce)
            .ok()
            .and_then(|nonce| <[u8; 12]>::try_from(nonce).ok());
        let nonce = nonce.ok_or_else(|| damaged("its nonce is damaged"))?;
        let sealed = BASE64
            .decode(&wrapped.sealed)
            .map_err(|_| damaged("it is not base64"))?;
        let aad = associated(owner, purpose);
        self.cipher()
            .and_then(|cipher| {
                cipher
                    .decrypt(
                        &Nonce::from(nonce),
                        Payload {
                            msg: &sealed,
                            aad: &aad,
                        },
                    )
                    .ok()
            })
            .map(Zeroizing::new)
            .ok_or_else(|| damaged("it is damaged or belongs to another owner or purpose"))
    }

    fn cipher(&self) -> Option<Aes256GcmSiv> {
        Aes256GcmSiv::new_from_slice(&*self.key).ok()
    }
}

/// A tenant's name holds no space, so none can be taken for the site.
fn associated(owner: Option<&TenantId>, purpose: &str) -> Vec<u8> {
    let owner = owner.map_or("the site", TenantId::as_str);
    format!("stillpoint envelope v1\n{owner}\n{purpose}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_for_the_same_key_tenant_and_purpose() {
        let kek = Kek::new([7; 32]);
        let (a, b) = (tenant("a"), tenant("b"));
        let wrapped = kek.wrap(Some(&a), "repository-key", b"secret").unwrap();
        assert_eq!(
            &**kek.unwrap(Some(&a), "repository-key", &wrapped).unwrap(),
            b"secret"
        );
        assert!(matches!(
            kek.unwrap(Some(&b), "repository-key", &wrapped),
            Err(VaultError::KeyDamaged { .. })
        ));
        assert!(matches!(
            kek.unwrap(Some(&a), "host-password", &wrapped),
            Err(VaultError::KeyDamaged { .. })
        ));
        assert!(matches!(
            kek.unwrap(None, "repository-key", &wrapped),
            Err(VaultError::KeyDamaged { .. })
        ));
        let other = Kek::new([8; 32]);
        assert!(matches!(
            other.unwrap(Some(&a), "repository-key", &wrapped),
            Err(VaultError::WrongKek { .. })
        ));
    }

    #[test]
    fn a_changed_blob_does_not_open() {
        let kek = Kek::new([7; 32]);
        let a = tenant("a");
        let good = kek.wrap(Some(&a), "repository-key", b"secret").unwrap();
        let mut bytes = BASE64.decode(&good.sealed).unwrap();
        bytes[0] ^= 1;
        let bad = Wrapped {
            sealed: BASE64.encode(bytes),
            ..good
        };
        assert!(matches!(
            kek.unwrap(Some(&a), "repository-key", &bad),
            Err(VaultError::KeyDamaged { .. })
        ));
    }
}
