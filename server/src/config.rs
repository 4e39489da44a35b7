//! `config.toml` in the data directory: read, checked and turned into types, or refused with the key and the remedy.
//!
//! Secrets are never in this file: it names files that hold them.

mod alarm;
mod hosts;
mod listen;
mod primaries;
mod tenants;
#[cfg(test)]
mod tests;

pub use alarm::AlarmConfig;
pub use hosts::{AccountConfig, HostConfig, Verification};
pub use listen::{ListenConfig, TlsFiles};
pub use primaries::PrimaryConfig;
pub use tenants::TenantConfig;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A configuration that can be run.
#[derive(Debug, Clone)]
pub struct Config {
    pub world: World,
    pub listen: ListenConfig,
    pub staging: Staging,
    pub vault_path: PathBuf,
    /// `[keys] file`: the key encryption key; `None` is `secrets/kek`, made at first use.
    pub key_file: Option<PathBuf>,
    pub limits: Limits,
    pub policy: Policy,
    /// Without it nobody is told of anything.
    pub alarm: Option<AlarmConfig>,
    pub hosts: Vec<HostConfig>,
    pub tenants: Vec<TenantConfig>,
    pub primaries: Vec<PrimaryConfig>,
}

/// How the world's clock runs. Only the demo and tests set this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    pub epoch_world: DateTime<Utc>,
    pub epoch_real: DateTime<Utc>,
    pub speed: f64,
}

/// Where hosts export to: the same folder by two names.
#[derive(Debug, Clone)]
pub struct Staging {
    /// As this machine sees it.
    pub path: PathBuf,
    /// As the hosts see it.
    pub unc: String,
}

/// How many attempts run at once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub attempts_max: u32,
    pub attempts_per_host_max: u32,
    /// `attempts_max` when left out: tenants share fairly all the same.
    pub attempts_per_tenant_max: Option<u32>,
    /// Into the vault; `attempts_max` when left out.
    pub attempts_per_vault_max: Option<u32>,
    /// Requests for polls and close looks that one host gets per minute of the world's clock.
    pub requests_per_host_minute_max: u32,
    /// Room that must stay free in staging and vault, beside what the attempt needs.
    pub free_bytes_min: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts_max: 8,
            attempts_per_host_max: 2,
            attempts_per_tenant_max: None,
            attempts_per_vault_max: None,
            requests_per_host_minute_max: 1_200,
            free_bytes_min: 64 << 20,
        }
    }
}

/// How hosts are looked at, and the most that any policy of the catalogue may allow.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Points beside the daily ones: a replica that owes nothing gets one this long after its last.
    pub backup_every_secs: Option<u32>,
    /// Longest time from checkpoint to end of export, also where a policy allows more.
    pub hold_secs_max: u32,
    /// An observation older than this is Unknown, also where a policy allows more.
    pub freshness_secs: u32,
    /// World seconds between two polls of a host.
    pub poll_secs: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            backup_every_secs: None,
            hold_secs_max: 86_400,
            freshness_secs: 3_600,
            poll_secs: 30,
        }
    }
}

/// Why a configuration cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}; create one with `stillpoint demo`, or write it as the book's page \"Configuration\" shows", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not valid: {reason}", path.display())]
    Parse { path: PathBuf, reason: String },
    #[error("{}: {key}: {reason}", path.display())]
    Value {
        path: PathBuf,
        key: String,
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    world: Option<WorldDocument>,
    listen: Option<listen::ListenDocument>,
    staging: StagingDocument,
    #[serde(default)]
    vault: Option<VaultDocument>,
    #[serde(default)]
    keys: Option<KeysDocument>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    policy: Policy,
    alarm: Option<alarm::AlarmDocument>,
    #[serde(default, rename = "host")]
    hosts: Vec<hosts::HostDocument>,
    #[serde(default, rename = "tenant")]
    tenants: Vec<tenants::TenantDocument>,
    #[serde(default, rename = "primary")]
    primaries: Vec<primaries::PrimaryDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldDocument {
    epoch_world: String,
    epoch_real: String,
    speed: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StagingDocument {
    path: PathBuf,
    unc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VaultDocument {
    path: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysDocument {
    file: PathBuf,
}

/// Collects where a value stands, so that every refusal names file and key.
pub(crate) struct Checker<'a> {
    path: &'a Path,
    base: &'a Path,
}

impl Checker<'_> {
    pub(crate) fn refuse(&self, key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_owned(),
            key: key.into(),
            reason: reason.into(),
        }
    }

    /// Paths in the file are relative to the folder that holds it.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}

impl Config {
    /// Reads and checks the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Checks the text of a file that stands at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let document: Document = toml::from_str(text).map_err(|e| ConfigError::Parse {
            path: path.to_owned(),
            reason: e.to_string().trim_end().to_owned(),
        })?;
        let checker = Checker {
            path,
            base: path.parent().unwrap_or(Path::new(".")),
        };
        let world = world(&checker, document.world)?;
        let listen = document.listen.map(|it| it.check(&checker)).transpose()?;
        if !document.staging.unc.starts_with(r"\\")
            || document.staging.unc[2..]
                .split('\\')
                .filter(|s| !s.is_empty())
                .count()
                < 2
        {
            return Err(checker.refuse(
                "staging.unc",
                r"must be a share that the hosts can write, such as \\stage\exports",
            ));
        }
        let vault = document.vault.map(|vault| vault.path);
        let key_file = document.keys.map(|keys| keys.file);
        for (key, what, path) in [
            ("staging.path", "folder", Some(&document.staging.path)),
            ("vault.path", "folder", vault.as_ref()),
            ("keys.file", "file", key_file.as_ref()),
        ] {
            if path.is_some_and(|path| path.as_os_str().is_empty()) {
                return Err(checker.refuse(key, format!("must name a {what}")));
            }
        }
        policy(&checker, &document.policy)?;
        let limits = &document.limits;
        let attempts = [
            ("limits.attempts_max", Some(limits.attempts_max)),
            ("limits.attempts_per_host_max", Some(limits.attempts_per_host_max)),
            ("limits.attempts_per_tenant_max", limits.attempts_per_tenant_max),
            ("limits.attempts_per_vault_max", limits.attempts_per_vault_max),
        ];
        if let Some((key, _)) = attempts.iter().find(|(_, value)| *value == Some(0)) {
            return Err(checker.refuse(*key, "must be at least 1"));
        }
        let requests = document.limits.requests_per_host_minute_max;
        // Less does not even carry the polls, which have to come every 60 s.
        if !(60..=100_000).contains(&requests) {
            return Err(checker.refuse(
                "limits.requests_per_host_minute_max",
                format!("{requests} is not between 60 and 100000 requests"),
            ));
        }
        let alarm = document.alarm.map(|it| it.check(&checker)).transpose()?;
        let hosts = document
            .hosts
            .into_iter()
            .map(|h| h.check(&checker))
            .collect::<Result<Vec<_>, _>>()?;
        let tenants = document
            .tenants
            .into_iter()
            .map(|t| t.check(&checker))
            .collect::<Result<Vec<_>, _>>()?;
        unique(&checker, "host.id", hosts.iter().map(|h| h.id.as_str()))?;
        unique(&checker, "tenant.id", tenants.iter().map(|t| t.id.as_str()))?;
        let primaries = primaries::check(document.primaries, &checker, &tenants, &hosts)?;
        Ok(Self {
            world,
            listen: listen.unwrap_or_default(),
            staging: Staging {
                path: checker.resolve(&document.staging.path),
                unc: document.staging.unc,
            },
            vault_path: checker.resolve(&vault.unwrap_or_else(|| PathBuf::from("vault"))),
            key_file: key_file.map(|path| checker.resolve(&path)),
            limits: document.limits,
            policy: document.policy,
            alarm,
            hosts,
            tenants,
            primaries,
        })
    }
}

fn unique<'a>(
    checker: &Checker<'_>,
    key: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(checker.refuse(key, format!("`{id}` is given twice; ids must be unique")));
        }
    }
    Ok(())
}

fn world(checker: &Checker<'_>, document: Option<WorldDocument>) -> Result<World, ConfigError> {
    let Some(document) = document else {
        return Ok(World {
            epoch_world: DateTime::UNIX_EPOCH,
            epoch_real: DateTime::UNIX_EPOCH,
            speed: 1.0,
        });
    };
    if !(document.speed.is_finite() && (0.1..=1000.0).contains(&document.speed)) {
        return Err(checker.refuse(
            "world.speed",
            format!("{} is not between 0.1 and 1000", document.speed),
        ));
    }
    let instant = |key: &str, text: &str| {
        DateTime::parse_from_rfc3339(text)
            .map(|t| t.with_timezone(&Utc))
            .map_err(|e| {
                checker.refuse(
                    key,
                    format!("`{text}` is not an RFC 3339 time such as 2026-11-22T20:00:00Z ({e})"),
                )
            })
    };
    Ok(World {
        epoch_world: instant("world.epoch_world", &document.epoch_world)?,
        epoch_real: instant("world.epoch_real", &document.epoch_real)?,
        speed: document.speed,
    })
}

fn policy(checker: &Checker<'_>, policy: &Policy) -> Result<(), ConfigError> {
    let bounds = [
        (
            "policy.backup_every_secs",
            policy.backup_every_secs.unwrap_or(86_400),
            60,
            7 * 86_400,
        ),
        ("policy.hold_secs_max", policy.hold_secs_max, 1, 86_400),
        ("policy.freshness_secs", policy.freshness_secs, 60, 3_600),
        // One job enumeration per host every 60 s or less sees all finished applies (they vanish after 5 minutes).
        ("policy.poll_secs", policy.poll_secs, 5, 60),
    ];
    for (key, value, least, most) in bounds {
        if !(least..=most).contains(&value) {
            return Err(checker.refuse(key, format!("{value} is not between {least} and {most} seconds")));
        }
    }
    if policy.freshness_secs <= policy.poll_secs {
        return Err(checker.refuse("policy.freshness_secs", "must be longer than policy.poll_secs"));
    }
    Ok(())
}
