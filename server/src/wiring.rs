//! The one file where concrete types meet: SQLite, the vault on this machine, hosts over WS-Management.

use crate::config::{Config, HostConfig, Verification};
use crate::data::{DataDir, DataError, RoleLock};
use crate::telling::{Failure, chain, exit};
use ::vault::Vault;
use domain::binding::TenantRule;
use domain::ids::ReplicaId;
use engine::{EngineConfig, Ports, SpedClock, Staging, SystemMachineClock};
use hyperv::connect::{HostConnection, WsmanHost};
use hyperv::host::ReplicaHost;
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use store::records::Replica;
use store::sqlite::SqliteStore;
use store::traits::{ReplicaStore, Scope, StoreError};
use wsman::limits::Timeouts;
use wsman::tls::{Pin, Trust};

/// An opened data directory.
pub struct Opened {
    pub data: DataDir,
    pub config: Config,
    pub store: SqliteStore,
}

/// Opens configuration and state; creates nothing but the state database.
pub async fn open(root: &Path) -> Result<Opened, Failure> {
    if !root.is_dir() {
        return Err(Failure::usage(format!(
            "{} is not a folder; name the data directory with --data",
            root.display()
        )));
    }
    let data = DataDir::open(root)?;
    let config = Config::load(&data.config()).map_err(|e| Failure::usage(chain(&e)))?;
    let store = SqliteStore::open(data.database()).await?;
    Ok(Opened { data, config, store })
}

/// Takes a role on a data directory. That another process has it is a conflict of the caller's, not a failure of ours.
pub fn role(data: &DataDir, role: &'static str) -> Result<RoleLock, Failure> {
    data.lock(role).map_err(|error| match error {
        DataError::Busy { .. } => Failure::usage(chain(&error)),
        DataError::Io { .. } => error.into(),
    })
}

impl Opened {
    /// The vault with its keys.
    pub fn vault(&self) -> Result<Arc<Vault>, Failure> {
        Ok(Arc::new(Vault::open(
            &self.config.vault_path,
            &self.data.secrets(),
        )?))
    }

    /// The world's clock as configured.
    pub fn world(&self) -> SpedClock {
        let world = self.config.world;
        SpedClock {
            epoch_world: world.epoch_world,
            epoch_real: world.epoch_real,
            speed: world.speed,
        }
    }

    /// Everything an engine works with.
    pub fn ports(&self) -> Result<Ports, Failure> {
        let hosts = self
            .config
            .hosts
            .iter()
            .map(host)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Ports::new(
            hosts,
            Arc::new(self.store.clone()),
            self.vault()?,
            Arc::new(self.world()),
            Arc::new(SystemMachineClock),
        ))
    }

    /// The engine's settings; `owner` names this worker in leases.
    pub fn engine_config(&self, owner: impl Into<String>) -> EngineConfig {
        let config = &self.config;
        let tenants = config
            .tenants
            .iter()
            .map(|t| TenantRule {
                tenant: t.id.clone(),
                trust_groups: t.trust_groups.clone(),
                primaries: t.primaries.clone(),
            })
            .collect();
        let staging = Staging {
            local: config.staging.path.clone(),
            unc: config.staging.unc.trim_end_matches('\\').to_owned(),
        };
        EngineConfig {
            backup_every_secs: config.policy.backup_every_secs,
            hold_secs_max: config.policy.hold_secs_max,
            freshness_secs: config.policy.freshness_secs,
            poll_secs: config.policy.poll_secs,
            attempts_max: config.limits.attempts_max,
            attempts_per_host_max: config.limits.attempts_per_host_max,
            requests_per_host_minute_max: config.limits.requests_per_host_minute_max,
            free_bytes_min: config.limits.free_bytes_min,
            ..EngineConfig::new(owner, staging, tenants)
        }
    }
}

fn host(config: &HostConfig) -> Result<Arc<dyn ReplicaHost>, Failure> {
    let trust = match &config.verification {
        Verification::CaFile(path) => Trust::ca_file(path)?,
        Verification::Pinned(pin) => Trust::pinned(Pin(*pin)),
    };
    let password = std::fs::read_to_string(&config.password_file).map_err(|error| {
        Failure::usage(format!(
            "host `{}`: cannot read the password file {}: {error}",
            config.id,
            config.password_file.display()
        ))
    })?;
    let connection = HostConnection {
        id: config.id.clone(),
        address: config.address.clone(),
        port: config.port,
        trust,
        user: config.user.clone(),
        password: SecretString::from(password.trim_end_matches(['\r', '\n'])),
        timeouts: Timeouts::default(),
    };
    Ok(Arc::new(WsmanHost::new(connection)?))
}

/// The replica that a person named: an id, or `tenant/name`.
pub async fn replica(opened: &Opened, words: &str) -> Result<Replica, Failure> {
    let scope = Scope::Site {
        reason: "command line",
    };
    if let Ok(id) = words.parse::<ReplicaId>() {
        return opened.store.replica(&scope, id).await.map_err(|e| match e {
            StoreError::NotFound { .. } => Failure::usage(format!("there is no replica {id}")),
            other => other.into(),
        });
    }
    let Some((tenant, name)) = words.split_once('/') else {
        return Err(Failure::usage(format!(
            "`{words}` names no replica: give its id or tenant/name, such as contoso/sql-01"
        )));
    };
    let all = opened.store.replicas(&scope).await?;
    let mut found: Vec<Replica> = all
        .into_iter()
        .filter(|r| r.tenant.as_str() == tenant && r.name.eq_ignore_ascii_case(name))
        .collect();
    match found.len() {
        0 => Err(Failure::usage(format!(
            "tenant `{tenant}` has no replica `{name}` that was seen on a host"
        ))),
        1 => Ok(found.remove(0)),
        n => {
            let ids: Vec<String> = found
                .iter()
                .map(|r| format!("{} (on {})", r.id, r.host))
                .collect();
            let list = ids.join("\n  ");
            Err(Failure::new(
                exit::USAGE,
                format!("{n} replicas are called {words}; give one of the ids:\n  {list}"),
            ))
        }
    }
}
