//! Signed evidence: each tenant's documents form a chain that cannot be changed, reordered or cut in the middle unseen.
//!
//! A seal signs, with the site's ed25519 key, this text (each line ended by a newline):
//!
//! ```text
//! stillpoint-seal-v1
//! <tenant>
//! <sequence, from 1>
//! <hash of the previous seal, or ->
//! <BLAKE3 of the document as canonical JSON>
//! ```
//!
//! The seal's own hash is the BLAKE3 of that text. Canonical JSON: no white space, object keys in byte order, numbers integers only,
//! strings as `serde_json` writes them.

use crate::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::ids::TenantId;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Proof that a document was sealed here, at its place in the tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Version, 1.
    pub v: u32,
    pub tenant: TenantId,
    /// From 1, without gaps.
    pub sequence: u64,
    /// [`Seal::hash`] of the seal before; `None` for the first.
    pub previous: Option<String>,
    /// BLAKE3 (hex) of the canonical document.
    pub document: String,
    /// BLAKE3 (hex) of the signed text.
    pub hash: String,
    /// The site's public key, hex.
    pub key: String,
    /// ed25519 signature of the signed text, base64.
    pub signature: String,
}

/// Why a seal does not hold, or a document cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealBroken {
    /// The document cannot be put into canonical JSON.
    #[error("the document cannot be sealed: {why}")]
    NotCanonical { why: String },
    /// The document is not the one that was sealed.
    #[error(
        "the document is not the one that seal {sequence} of tenant {tenant} was made for: it was changed or swapped"
    )]
    OtherDocument { tenant: TenantId, sequence: u64 },
    /// The signature is not by the trusted key, or not of this seal.
    #[error("seal {sequence} of tenant {tenant} does not carry a valid signature of the trusted site key")]
    BadSignature { tenant: TenantId, sequence: u64 },
    /// The chain is broken before this seal.
    #[error(
        "seal {sequence} of tenant {tenant} does not follow the seal before it: a document is missing or was changed"
    )]
    BrokenChain { tenant: TenantId, sequence: u64 },
}

impl Vault {
    /// Signs a document as the next one of a tenant's chain; `previous` is the tenant's last seal.
    ///
    /// # Errors
    /// [`SealBroken::NotCanonical`]; [`SealBroken::BrokenChain`] when `previous` is another tenant's.
    pub fn sign_evidence<T: Serialize + ?Sized>(
        &self,
        tenant: &TenantId,
        previous: Option<&Seal>,
        document: &T,
    ) -> Result<Seal, SealBroken> {
        let sequence = previous.map_or(1, |seal| seal.sequence.saturating_add(1));
        if previous.is_some_and(|seal| seal.tenant != *tenant) {
            return Err(SealBroken::BrokenChain {
                tenant: tenant.clone(),
                sequence,
            });
        }
        let mut seal = Seal {
            v: 1,
            tenant: tenant.clone(),
            sequence,
            previous: previous.map(|seal| seal.hash.clone()),
            document: document_hash(document)?,
            hash: String::new(),
            key: self.site_key(),
            signature: String::new(),
        };
        let text = signed_text(&seal);
        seal.hash = hex(text.as_bytes());
        seal.signature = BASE64.encode(self.site.sign(text.as_bytes()).to_bytes());
        Ok(seal)
    }

    /// The site's public key, hex: publish it, it is what [`verify_seal`] trusts.
    #[must_use]
    pub fn site_key(&self) -> String {
        blake3::Hash::from_bytes(self.site.verifying_key().to_bytes())
            .to_hex()
            .to_string()
    }
}

/// Checks a seal: its document, its signature by `trusted_key` (hex) and its place after `previous`.
///
/// # Errors
/// What does not hold.
pub fn verify_seal<T: Serialize + ?Sized>(
    seal: &Seal,
    previous: Option<&Seal>,
    document: &T,
    trusted_key: &str,
) -> Result<(), SealBroken> {
    let (tenant, sequence) = (seal.tenant.clone(), seal.sequence);
    if document_hash(document)? != seal.document {
        return Err(SealBroken::OtherDocument { tenant, sequence });
    }
    let text = signed_text(seal);
    let signed = seal.v == 1
        && seal.hash == hex(text.as_bytes())
        && seal.key == trusted_key
        && signature_holds(seal, &text);
    if !signed {
        return Err(SealBroken::BadSignature { tenant, sequence });
    }
    let follows = match previous {
        None => sequence == 1 && seal.previous.is_none(),
        Some(before) => {
            before.tenant == tenant
                && before.sequence.checked_add(1) == Some(sequence)
                && seal.previous.as_ref() == Some(&before.hash)
        }
    };
    if follows {
        Ok(())
    } else {
        Err(SealBroken::BrokenChain { tenant, sequence })
    }
}

fn signature_holds(seal: &Seal, text: &str) -> bool {
    let key = blake3::Hash::from_hex(&seal.key)
        .ok()
        .and_then(|key| VerifyingKey::from_bytes(key.as_bytes()).ok());
    let signature = BASE64
        .decode(&seal.signature)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok());
    match (key, signature) {
        (Some(key), Some(signature)) => key.verify_strict(text.as_bytes(), &signature).is_ok(),
        _ => false,
    }
}

fn signed_text(seal: &Seal) -> String {
    let previous = seal.previous.as_deref().unwrap_or("-");
    format!(
        "stillpoint-seal-v1\n{}\n{}\n{previous}\n{}\n",
        seal.tenant, seal.sequence, seal.document
    )
}

fn document_hash<T: Serialize + ?Sized>(document: &T) -> Result<String, SealBroken> {
    let value = serde_json::to_value(document).map_err(|error| SealBroken::NotCanonical {
        why: error.to_string(),
    })?;
    let mut text = String::new();
    write_canonical(&value, &mut text)?;
    Ok(hex(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn write_canonical(value: &Value, out: &mut String) -> Result<(), SealBroken> {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            for (place, key) in keys.into_iter().enumerate() {
                out.push(if place == 0 { '{' } else { ',' });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(&fields[key], out)?;
            }
            out.push_str(if fields.is_empty() { "{}" } else { "}" });
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                out.push(if place == 0 { '[' } else { ',' });
                write_canonical(item, out)?;
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        // A fraction may print differently after it was stored and read again.
        Value::Number(number) if number.is_f64() => {
            return Err(SealBroken::NotCanonical {
                why: format!("it holds the fraction {number}"),
            });
        }
        plain => out.push_str(&plain.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn canonical(value: &Value) -> String {
        let mut text = String::new();
        write_canonical(value, &mut text).unwrap();
        text
    }

    #[test]
    fn canonical_json_does_not_depend_on_the_order_of_fields() {
        let value: Value =
            serde_json::from_str(r#"{"b": [1, {"y": null, "x": "\u00e4\n"}], "a": {}, "c": []}"#).unwrap();
        assert_eq!(
            canonical(&value),
            "{\"a\":{},\"b\":[1,{\"x\":\"ä\\n\",\"y\":null}],\"c\":[]}"
        );
    }

    #[test]
    fn fractions_are_refused() {
        assert!(matches!(
            document_hash(&json!({"x": 0.1})),
            Err(SealBroken::NotCanonical { .. })
        ));
    }

    fn vault(dir: &std::path::Path) -> Vault {
        Vault::open_with(
            &dir.join("vault"),
            &dir.join("secrets"),
            None,
            crate::local_stores(),
        )
        .unwrap()
    }

    #[test]
    fn a_chain_holds_and_every_tampering_shows() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let tenant: TenantId = "contoso".parse().unwrap();
        let documents = [json!({"n": 1}), json!({"n": 2}), json!({"n": 3})];
        let mut chain: Vec<Seal> = Vec::new();
        for document in &documents {
            chain.push(vault.sign_evidence(&tenant, chain.last(), document).unwrap());
        }
        let key = vault.site_key();
        for (place, seal) in chain.iter().enumerate() {
            let previous = place.checked_sub(1).map(|place| &chain[place]);
            verify_seal(seal, previous, &documents[place], &key).unwrap();
        }
        let broken = |seal: &Seal, previous: Option<&Seal>, document: &Value| {
            verify_seal(seal, previous, document, &key).unwrap_err()
        };
        assert!(matches!(
            broken(&chain[1], Some(&chain[0]), &json!({"n": 9})),
            SealBroken::OtherDocument { .. }
        ));
        assert!(matches!(
            broken(&chain[2], Some(&chain[0]), &documents[2]),
            SealBroken::BrokenChain { .. }
        ));
        assert!(matches!(
            broken(&chain[1], None, &documents[1]),
            SealBroken::BrokenChain { .. }
        ));
        let moved = Seal {
            tenant: "fabrikam".parse().unwrap(),
            ..chain[0].clone()
        };
        assert!(matches!(
            broken(&moved, None, &documents[0]),
            SealBroken::BadSignature { .. }
        ));
        let other = tempfile::tempdir().unwrap();
        let forged = self::vault(other.path())
            .sign_evidence(&tenant, None, &documents[0])
            .unwrap();
        assert!(matches!(
            broken(&forged, None, &documents[0]),
            SealBroken::BadSignature { .. }
        ));
        assert!(
            vault
                .sign_evidence(&"fabrikam".parse().unwrap(), Some(&chain[2]), &documents[0])
                .is_err()
        );
    }
}
