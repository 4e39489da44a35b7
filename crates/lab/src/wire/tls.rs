//! The certificate authority of a lab and the certificate of its hosts.
//!
//! Both are made once and kept, so that a restarted lab is still trusted. The authority's own key is thrown away: nothing
//! else can ever be signed with it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A lab's identity towards clients.
#[derive(Debug, Clone)]
pub struct Identity {
    /// PEM file that clients trust.
    pub ca_file: PathBuf,
    /// For the listeners.
    pub server: Arc<ServerConfig>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the lab's certificate file {path} could not be used; is the data directory writable?")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the lab's certificates could not be made")]
    Make(#[from] rcgen::Error),
    #[error(
        "the certificates in {folder} are not usable: {reason}. Remove the folder's *.pem files to make new ones"
    )]
    Unusable { folder: PathBuf, reason: String },
}

/// Reads the identity in `folder` (`ca.pem`, `server.pem`, `server-key.pem`), or makes one.
///
/// # Errors
/// When files cannot be read, written or understood.
pub fn identity(folder: &Path) -> Result<Identity, TlsError> {
    let ca_file = folder.join("ca.pem");
    let server_file = folder.join("server.pem");
    let key_file = folder.join("server-key.pem");
    if !(ca_file.exists() && server_file.exists() && key_file.exists()) {
        std::fs::create_dir_all(folder).map_err(|source| TlsError::File {
            path: folder.to_owned(),
            source,
        })?;
        let made = make()?;
        write(&key_file, &made.key, 0o600)?;
        write(&server_file, &made.server, 0o644)?;
        write(&ca_file, &made.ca, 0o644)?;
    }
    let unusable = |reason: String| TlsError::Unusable {
        folder: folder.to_owned(),
        reason,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(&server_file)?)
        .map(|c| c.map(CertificateDer::into_owned))
        .collect();
    let chain = chain.map_err(|e| unusable(format!("{e:?}")))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&key_file)?).map_err(|e| unusable(format!("{e:?}")))?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| unusable(e.to_string()))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity {
        ca_file,
        server: Arc::new(server),
    })
}

struct Made {
    ca: String,
    server: String,
    key: String,
}

fn make() -> Result<Made, rcgen::Error> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::<String>::new())?;
    ca.distinguished_name
        .push(DnType::CommonName, "Stillpoint lab authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_certificate = ca.self_signed(&ca_key)?;
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    leaf.distinguished_name
        .push(DnType::CommonName, "Stillpoint lab host");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let server = leaf.signed_by(&key, &Issuer::new(ca, ca_key))?;
    Ok(Made {
        ca: ca_certificate.pem(),
        server: server.pem(),
        key: key.serialize_pem(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    secret_file(path, text, mode).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file beside its place and moves it there, readable as `mode` says from the first byte on.
pub(crate) fn secret_file(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_restarted_lab_is_still_trusted_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = identity(folder.path()).unwrap();
        let ca = std::fs::read(&first.ca_file).unwrap();
        let again = identity(folder.path()).unwrap();
        assert_eq!(ca, std::fs::read(&again.ca_file).unwrap());
        let mode = std::fs::metadata(folder.path().join("server-key.pem"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        identity(folder.path()).unwrap();
        std::fs::write(folder.path().join("server-key.pem"), "nothing").unwrap();
        assert!(matches!(identity(folder.path()), Err(TlsError::Unusable { .. })));
    }
}
