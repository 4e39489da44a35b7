//! What a lab keeps in the data directory.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::wire::tls::secret_file;

/// Paths below one data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// `lab/`: the site's state, certificates and log.
    pub home: PathBuf,
    /// `lab/ca.pem`: what clients of the hosts trust.
    pub ca: PathBuf,
    /// `lab/lab.log`: what clients did, a JSON object per line.
    pub log: PathBuf,
    /// `lab/running.json`: where the lab listens, or listened last.
    pub running: PathBuf,
    /// `secrets/lab-token`: opens the control endpoint. Mode 0600.
    pub token: PathBuf,
    /// `secrets/lab-password`: of the account that all hosts accept. Mode 0600.
    pub password: PathBuf,
    secrets: PathBuf,
}

/// Where a lab listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The control endpoint.
    pub control: SocketAddr,
    pub hosts: Vec<RunningHost>,
    /// The tenants' own hosts that can be reached.
    #[serde(default)]
    pub primaries: Vec<RunningPrimary>,
}

/// The listener of a tenant's own host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningPrimary {
    pub name: String,
    pub fqdn: String,
    /// The tenant's slug.
    pub tenant: String,
    /// As a host's.
    pub address: SocketAddr,
}

/// One host's listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningHost {
    /// The host's short name.
    pub name: String,
    pub fqdn: String,
    /// Serves HTTPS only, path `/wsman`; its certificate is for `localhost` and 127.0.0.1.
    pub address: SocketAddr,
}

impl RunningHost {
    /// `https://127.0.0.1:PORT/wsman`
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}/wsman", self.address)
    }
}

impl Files {
    /// The lab's files below `data`.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        let home = data.join("lab");
        let secrets = data.join("secrets");
        Self {
            ca: home.join("ca.pem"),
            log: home.join("lab.log"),
            running: home.join("running.json"),
            token: secrets.join("lab-token"),
            password: secrets.join("lab-password"),
            home,
            secrets,
        }
    }

    /// `secrets/lab-primary-TENANT`: the password of the account that this tenant's own hosts accept. Mode 0600.
    #[must_use]
    pub fn primary_password(&self, tenant: &str) -> PathBuf {
        self.secrets.join(format!("lab-primary-{tenant}"))
    }

    /// Where the lab listens, or listened last; `None` when it never did.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn last_running(&self) -> io::Result<Option<Running>> {
        match std::fs::read(&self.running) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn keep_running(&self, running: &Running) -> io::Result<()> {
        secret_file(&self.running, &serde_json::to_string_pretty(running)?, 0o644)
    }

    pub(super) fn make_folders(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.home)?;
        match std::fs::DirBuilder::new().mode(0o700).create(&self.secrets) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// The secret in a file; made of 256 random bits when there is none yet.
    pub(super) fn secret(path: &Path) -> io::Result<String> {
        match std::fs::read_to_string(path) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file is empty; remove it to make a new secret",
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes: [u8; 32] = rand::random();
                let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                secret_file(path, &format!("{text}\n"), 0o600)?;
                Ok(text)
            }
            Err(error) => Err(error),
        }
    }
}
