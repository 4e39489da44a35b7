//! The listener's certificate: read once at start, and again whenever its files change. A new one that cannot be used leaves the
//! old one in place and is told; connections that are open keep the one they began with.

use crate::config::TlsFiles;
use crate::secret_file;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate {} cannot be read: {source}; is `listen.tls.certificate_file` right?", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} holds no PEM certificate; write the leaf's first, then its issuers'", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{0}")]
    Key(String),
    #[error("certificate {} and key {} cannot be used together: {source}", certificate.display(), key.display())]
    Unusable {
        certificate: PathBuf,
        key: PathBuf,
        #[source]
        source: rustls::Error,
    },
}

/// What one look at the files found.
#[derive(Debug)]
pub enum Looked {
    Same,
    Renewed,
    /// They changed into something that cannot be served.
    Kept(TlsError),
}

/// The certificate that is served now.
#[derive(Debug)]
pub struct Certified {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    /// What the last look saw, whether it could be served or not: each change is told once.
    seen: Mutex<Option<[u8; 32]>>,
}

impl Certified {
    /// # Errors
    /// When the files cannot be served.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let seen = digest(files);
        Ok(Self {
            files: files.clone(),
            current: RwLock::new(config(files)?),
            seen: Mutex::new(seen),
        })
    }

    /// For the next connection.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files, and takes over what changed. Blocks on the disk.
    pub fn look(&self) -> Looked {
        // By content: a time stamp may stay the same, and a link may lead elsewhere.
        let now = digest(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Looked::Same;
        }
        *seen = now;
        match config(&self.files) {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
                Looked::Renewed
            }
            Err(error) => Looked::Kept(error),
        }
    }

    /// Looks until told to stop.
    pub async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let me = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || me.look()).await {
                Ok(Looked::Same) => {}
                Ok(Looked::Renewed) => {
                    tracing::info!(file = %self.files.certificate_file.display(), "a new certificate is served");
                }
                Ok(Looked::Kept(error)) => {
                    tracing::error!(%error, "the certificate's files changed and cannot be served; the old one still is");
                }
                Err(error) => tracing::error!(%error, "a look at the certificate ended badly"),
            }
        }
    }
}

/// `None`: one of them cannot be read.
fn digest(files: &TlsFiles) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    for path in [&files.certificate_file, &files.key_file] {
        let bytes = zeroize::Zeroizing::new(std::fs::read(path).ok()?);
        digest.update(u64::try_from(bytes.len()).ok()?.to_le_bytes());
        digest.update(&bytes[..]);
    }
    Some(digest.finalize().into())
}

/// TLS 1.2 and 1.3 only, HTTP/1.1 only.
fn config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let path = &files.certificate_file;
    let text = std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.clone(),
        source,
    })?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate { path: path.clone() })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: path.clone() });
    }
    let secret = secret_file::read("listen.tls.key_file", &files.key_file, "the key, in PEM")
        .map_err(TlsError::Key)?;
    let key = PrivateKeyDer::from_pem_slice(secret.expose_secret().as_bytes()).map_err(|_| {
        TlsError::Key(format!(
            "listen.tls.key_file {} holds no PEM key without a passphrase",
            files.key_file.display()
        ))
    })?;
    let unusable = |source| TlsError::Unusable {
        certificate: path.clone(),
        key: files.key_file.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
