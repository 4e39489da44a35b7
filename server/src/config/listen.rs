//! `[listen]`: where the console is served, by which names, and whom its listener believes.

use super::{Checker, ConfigError};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// How the console is served; without `[listen]` on loopback, without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// Where, unless the command line says otherwise.
    pub address: Option<SocketAddr>,
    pub tls: Option<TlsFiles>,
    /// Reverse proxies whose word about who asks is believed; empty without `[listen.proxy]`.
    pub trusted: BTreeSet<IpAddr>,
    /// `host` or `host:port`, in lower case: what browsers call this server.
    pub names: Vec<String>,
    /// Open at once.
    pub connections_max: usize,
    /// Open at once from one address (IPv6: from one /64), trusted proxies apart.
    pub connections_per_address_max: usize,
}

/// The certificate chain, leaf first, and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            address: None,
            tls: None,
            trusted: BTreeSet::new(),
            names: Vec::new(),
            connections_max: 1_024,
            connections_per_address_max: 64,
        }
    }
}

impl ListenConfig {
    /// Whether this may be served at `address`: passwords never cross a network in the clear.
    ///
    /// # Errors
    /// What to write into the configuration.
    pub fn admit(&self, address: SocketAddr) -> Result<(), String> {
        if address.ip().is_loopback() {
            return Ok(());
        }
        if self.tls.is_none() && self.trusted.is_empty() {
            return Err(format!(
                "{address} is not loopback, and passwords would cross the network in the clear: write \
                 `[listen.tls]` with `certificate_file` and `key_file`, or, behind a reverse proxy that speaks TLS, \
                 `[listen.proxy]` with `trusted = [\"ADDRESS OF THE PROXY\"]`; or listen on 127.0.0.1 or [::1]"
            ));
        }
        if self.names.is_empty() && (address.ip().is_unspecified() || self.tls.is_none()) {
            return Err(format!(
                "by which names {address} is reached has to be said: write `names = [\"stillpoint.example\"]` below `[listen]`"
            ));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenDocument {
    address: Option<String>,
    #[serde(default)]
    names: Vec<String>,
    connections_max: Option<usize>,
    connections_per_address_max: Option<usize>,
    tls: Option<TlsDocument>,
    proxy: Option<ProxyDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsDocument {
    certificate_file: PathBuf,
    key_file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyDocument {
    trusted: Vec<String>,
}

impl ListenDocument {
    pub(super) fn check(self, checker: &Checker<'_>) -> Result<ListenConfig, ConfigError> {
        let refuse = |key: &str, reason: String| checker.refuse(format!("listen.{key}"), reason);
        let address = match &self.address {
            None => None,
            Some(text) => Some(text.parse::<SocketAddr>().map_err(|_| {
                refuse(
                    "address",
                    format!("`{text}` is no address such as 127.0.0.1:3000 or [::]:443"),
                )
            })?),
        };
        let tls = match self.tls {
            None => None,
            Some(tls) => {
                for (key, path) in [
                    ("tls.certificate_file", &tls.certificate_file),
                    ("tls.key_file", &tls.key_file),
                ] {
                    if path.as_os_str().is_empty() {
                        return Err(refuse(key, "must name a file".to_owned()));
                    }
                }
                Some(TlsFiles {
                    certificate_file: checker.resolve(&tls.certificate_file),
                    key_file: checker.resolve(&tls.key_file),
                })
            }
        };
        let mut trusted = BTreeSet::new();
        if let Some(proxy) = self.proxy {
            for text in &proxy.trusted {
                let address = text.parse::<IpAddr>().map_err(|_| {
                    refuse(
                        "proxy.trusted",
                        format!("`{text}` is no IP address such as 10.0.0.5"),
                    )
                })?;
                if address.is_unspecified() {
                    return Err(refuse("proxy.trusted", format!("`{text}` is nobody's address")));
                }
                trusted.insert(address.to_canonical());
            }
            if trusted.is_empty() {
                return Err(refuse(
                    "proxy.trusted",
                    "must name at least one address".to_owned(),
                ));
            }
        }
        let mut names = Vec::new();
        for text in &self.names {
            let name = text.to_ascii_lowercase();
            let fine = name
                .parse::<http::uri::Authority>()
                .is_ok_and(|it| !it.host().is_empty() && !name.contains('@') && !name.ends_with(':'));
            if !fine {
                return Err(refuse(
                    "names",
                    format!("`{text}` is no name such as stillpoint.example or stillpoint.example:8443"),
                ));
            }
            names.push(name);
        }
        let usual = ListenConfig::default();
        let connections_max = self.connections_max.unwrap_or(usual.connections_max);
        let per_address = self
            .connections_per_address_max
            .unwrap_or(usual.connections_per_address_max);
        for (key, value) in [
            ("connections_max", connections_max),
            ("connections_per_address_max", per_address),
        ] {
            // A browser alone opens six.
            if !(8..=100_000).contains(&value) {
                return Err(refuse(
                    key,
                    format!("{value} is not between 8 and 100000 connections"),
                ));
            }
        }
        let config = ListenConfig {
            address,
            tls,
            trusted,
            names,
            connections_max,
            connections_per_address_max: per_address,
        };
        if let Some(address) = address {
            config
                .admit(address)
                .map_err(|reason| refuse("address", reason))?;
        }
        Ok(config)
    }
}
