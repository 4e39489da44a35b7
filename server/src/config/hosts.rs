//! `[[host]]`: a Hyper-V host at the replica site.

use super::{Checker, ConfigError};
use domain::ids::HostId;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// How to reach a host and how to know that it is the one.
#[derive(Debug, Clone)]
pub struct HostConfig {
    pub id: HostId,
    /// DNS name or IP address; the certificate must be for it when verified by CA.
    pub address: String,
    pub port: u16,
    pub verification: Verification,
    /// User and password file; `None` where a sealed account is to be used, which goes before these in any case.
    pub account: Option<AccountConfig>,
}

/// An account whose password is in a file.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    pub user: String,
    /// File that holds the password; its trailing newline is not part of it.
    pub password_file: PathBuf,
}

/// TLS is always verified; there is no switch against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// PEM file of the certificate authorities to trust.
    CaFile(PathBuf),
    /// SHA-256 of the host's certificate.
    Pinned([u8; 32]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostDocument {
    pub(super) id: String,
    pub(super) address: String,
    #[serde(default = "port_default")]
    pub(super) port: u16,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) pinned_sha256: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
}

pub(super) fn port_default() -> u16 {
    5986
}

impl HostDocument {
    pub(super) fn check(self, checker: &Checker<'_>) -> Result<HostConfig, ConfigError> {
        self.check_as("host", checker)
    }

    /// `kind` is the table's name.
    pub(super) fn check_as(self, kind: &str, checker: &Checker<'_>) -> Result<HostConfig, ConfigError> {
        let id: HostId = self
            .id
            .parse()
            .map_err(|e| checker.refuse(format!("{kind}.id"), format!("{e}")))?;
        let key = |name: &str| format!("{kind} `{id}`: {name}");
        if self.port == 0 {
            return Err(checker.refuse(
                key("port"),
                "0 is no port; WS-Management over HTTPS listens on 5986",
            ));
        }
        if !is_address(&self.address) {
            return Err(checker.refuse(
                key("address"),
                format!(
                    "`{}` is not a DNS name or IP address (a port goes into `port`, an IPv6 address stands without brackets)",
                    self.address
                ),
            ));
        }
        let account = match (self.user, self.password_file) {
            (None, None) => None,
            (Some(user), _) if user.is_empty() || user.contains(':') => {
                return Err(checker.refuse(key("user"), "must be an account name without a colon"));
            }
            (Some(user), Some(file)) => Some(AccountConfig {
                user,
                password_file: checker.resolve(&file),
            }),
            _ => return Err(checker.refuse(
                key("password_file"),
                "give user and password_file together, or neither and seal the account with `stillpoint host credential set`",
            )),
        };
        let verification = match (self.ca_file, self.pinned_sha256) {
            (Some(file), None) => Verification::CaFile(checker.resolve(&file)),
            (None, Some(pin)) => Verification::Pinned(parse_pin(&pin).ok_or_else(|| {
                checker.refuse(key("pinned_sha256"), "must be 64 hex digits (colons allowed)")
            })?),
            _ => return Err(checker.refuse(
                key("ca_file"),
                "give exactly one of ca_file and pinned_sha256: the host's certificate is always verified",
            )),
        };
        Ok(HostConfig {
            id,
            address: self.address,
            port: self.port,
            verification,
            account,
        })
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_dns_name(text)
}

/// Labels of letters, digits, hyphens and, as Windows allows them in host names, underscores.
pub(super) fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numbers = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    // Digits and dots alone are an address that is none.
    text.len() <= 253 && text.split('.').all(label) && !numbers(text)
}

fn parse_pin(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    // Looked at one by one: reading a number also takes a sign.
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut pin = [0u8; 32];
    for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(pin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_name_or_an_ip_address_and_nothing_more() {
        for good in [
            "hv-r-01",
            "hv-r-01.hoster.example",
            "HV_01",
            "192.0.2.7",
            "2001:db8::7",
            "::1",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "host:5986",
            "a:b:c",
            "[::1]",
            "https://host",
            "user@host",
            "a b",
            "a..b",
            ".a",
            "a.",
            "-a",
            "192.0.2.300",
            "1.2.3",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_pin_is_hex_digits_and_colons_only() {
        assert_eq!(parse_pin(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(parse_pin(&vec!["A0"; 32].join(":")), Some([160; 32]));
        for bad in ["+f".repeat(32), "0f".repeat(31), "0g".repeat(32), "é".repeat(32)] {
            assert_eq!(parse_pin(&bad), None, "{bad}");
        }
    }
}
