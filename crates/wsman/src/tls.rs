//! Verified TLS: a CA file, or the SHA-256 of the host's own certificate. Nothing else can be asked for.

use crate::error::SetupError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// SHA-256 of a certificate in DER form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl Pin {
    /// The pin of a certificate.
    #[must_use]
    pub fn of(certificate_der: &[u8]) -> Self {
        let mut pin = [0; 32];
        let digest = match ring::cipher_suite::TLS13_AES_128_GCM_SHA256 {
            rustls::SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider.hash(certificate_der),
            rustls::SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider.hash(certificate_der),
        };
        pin.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(pin)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = SetupError;

    /// 64 hex digits; colons between bytes are allowed.
    fn from_str(text: &str) -> Result<Self, SetupError> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| *c != ':')
            .map_while(|c| c.to_digit(16))
            .collect();
        let plain = text.chars().filter(|c| *c != ':').count();
        let mut pin = [0_u8; 32];
        if digits.len() != 64 || plain != 64 {
            return Err(SetupError::Pin {
                text: text.chars().take(120).collect(),
            });
        }
        for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0, |byte, digit| {
                byte << 4 | u8::try_from(*digit).unwrap_or_default()
            });
        }
        Ok(Self(pin))
    }
}

/// How a host's certificate is verified.
#[derive(Clone)]
pub struct Trust {
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({:?})", self.verifier)
    }
}

impl Trust {
    /// Certificates in a PEM file are the only roots; the host's name must be in its certificate.
    ///
    /// # Errors
    /// [`SetupError`] naming the file.
    pub fn ca_file(path: &Path) -> Result<Self, SetupError> {
        let shown = path.display().to_string();
        let pem = std::fs::read(path).map_err(|source| SetupError::CaRead {
            path: shown.clone(),
            source,
        })?;
        Self::ca_pem(&pem, &shown)
    }

    /// As [`Trust::ca_file`], from memory; `shown` names the origin in errors.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn ca_pem(pem: &[u8], shown: &str) -> Result<Self, SetupError> {
        let path = || shown.to_owned();
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| SetupError::CaUnusable {
                path: path(),
                reason: error.to_string(),
            })?;
            roots.add(certificate).map_err(|error| SetupError::CaUnusable {
                path: path(),
                reason: error.to_string(),
            })?;
        }
        if roots.is_empty() {
            return Err(SetupError::CaEmpty { path: path() });
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| SetupError::Tls {
                reason: error.to_string(),
            })?;
        Ok(Self { verifier, provider })
    }

    /// Exactly this certificate, whatever its names and dates: for hosts with a self-signed one.
    #[must_use]
    pub fn pinned(pin: Pin) -> Self {
        let provider = Arc::new(ring::default_provider());
        Self {
            verifier: Arc::new(Pinned {
                pin,
                provider: Arc::clone(&provider),
            }),
            provider,
        }
    }

    pub(crate) fn client_config(&self) -> Result<ClientConfig, SetupError> {
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError::Tls {
                reason: error.to_string(),
            })?
            // "dangerous" is how rustls names any verifier handed to it; ours are webpki's and the pin's.
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier))
            .with_no_client_auth();
        Ok(config)
    }

    /// Random bytes from the same provider as TLS.
    pub(crate) fn fill_random(&self, bytes: &mut [u8]) -> Result<(), SetupError> {
        let filled = self.provider.secure_random.fill(bytes);
        filled.map_err(|_| SetupError::Tls {
            reason: "the system gives no random bytes".to_owned(),
        })
    }
}

/// Shows that a handshake with a verified certificate took place. Only this crate can make one.
#[derive(Debug)]
pub struct VerifiedTls {
    _made_by_a_handshake: (),
}

impl VerifiedTls {
    /// From a finished handshake made with [`Trust::client_config`].
    pub(crate) fn of<Io>(_stream: &tokio_rustls::client::TlsStream<Io>) -> Self {
        Self {
            _made_by_a_handshake: (),
        }
    }
}

#[derive(Debug)]
struct Pinned {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if Pin::of(end_entity) == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_with_and_without_colons_and_nothing_else() {
        let plain = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let pin: Pin = plain.parse().unwrap();
        assert_eq!(pin, Pin::of(b"test"));
        assert_eq!(pin.to_string(), plain);
        let colons = plain
            .as_bytes()
            .chunks(2)
            .map(|b| std::str::from_utf8(b).unwrap())
            .collect::<Vec<_>>()
            .join(":");
        assert_eq!(colons.to_uppercase().parse::<Pin>().unwrap(), pin);
        for text in [
            "",
            "9f",
            &plain[1..],
            &format!("{plain}00"),
            &format!("{}zz", &plain[2..]),
            &format!("{plain}z"),
        ] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}
