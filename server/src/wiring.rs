//! The one file where concrete types meet: SQLite, the vault on this machine, hosts over WS-Management.

mod primaries;

use crate::config::{Config, HostConfig, Verification};
use crate::data::{DataDir, DataError, RoleLock};
use crate::doors::{DOOR_KEY, DoorFault, DoorKey, Doors, Hasher, MachineNow};
use crate::http::tls::Certified;
use crate::keys::SealedRecords;
use crate::keys::credential::{self, Credential, Credentials, Holder};
use crate::secret_file;
use crate::telling::{Failure, chain, exit};
use crate::tenancy::{self, TenantEntry};
use crate::webhook::{Pulse, Webhook};
use ::vault::Vault;
use chrono::DateTime;
use domain::ids::{ReplicaId, TenantId};
use engine::{
    EngineConfig, Heartbeat, MachineClock as _, Messenger, Ports, SpedClock, Staging, SystemMachineClock,
    Tenancy,
};
use hyperv::connect::{HostConnection, WsmanHost};
use hyperv::host::ReplicaHost;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
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
    // Read first: where no configuration is, no folders are made.
    let config = Config::load(&DataDir::at(root)?.config()).map_err(|e| Failure::usage(chain(&e)))?;
    let data = DataDir::open(root)?;
    let store = SqliteStore::open(data.database()).await.map_err(cannot_open)?;
    Ok(Opened { data, config, store })
}

/// Looking needs the right to write as well, which nobody expects.
fn cannot_open(error: StoreError) -> Failure {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    let refused = loop {
        let Some(error) = cause else { break false };
        let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(
            io,
            Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
        ) {
            break true;
        }
        cause = error.source();
    };
    if refused {
        return Failure::new(
            exit::FAILED,
            format!(
                "{}; the state is a database with a write-ahead log, so even reading it needs the right to write: run this as the owner of the data directory, or on a writable copy",
                chain(&error)
            ),
        );
    }
    error.into()
}

/// Takes a role on a data directory. That another process has it is a conflict of the caller's, not a failure of ours.
pub fn role(data: &DataDir, role: &'static str) -> Result<RoleLock, Failure> {
    data.lock(role).map_err(|error| match error {
        DataError::Busy { .. } => Failure::usage(chain(&error)),
        DataError::Io { .. } => error.into(),
    })
}

impl Opened {
    /// The sealed records with the keys that open them.
    pub async fn sealed(&self) -> Result<SealedRecords, Failure> {
        SealedRecords::open(&self.config, &self.data, &self.store).await
    }

    /// The sealed accounts of hosts and primaries. Where none is sealed no key is asked for, and none made.
    pub async fn accounts(&self) -> Result<Credentials, Failure> {
        if !credential::any(&self.store, &self.config).await? {
            return Ok(Credentials::new());
        }
        self.sealed().await?.credentials(&self.config).await
    }

    /// The vault with its keys.
    pub async fn vault(&self) -> Result<Arc<Vault>, Failure> {
        let sealed = self.sealed().await?;
        let vault = sealed
            .vault(&self.config.vault_path, &self.data.secrets())
            .await?;
        Ok(Arc::new(vault))
    }

    /// The doors, with the tenants of the configuration behind them.
    ///
    /// # Errors
    /// The store failed, or the key of log-ins cannot be opened.
    pub async fn doors(&self) -> Result<Doors, Failure> {
        let failed =
            |fault: DoorFault| Failure::new(exit::FAILED, format!("the doors could not be set up: {fault}"));
        let key = self.sealed().await?.site_secret(DOOR_KEY).await?;
        let key = DoorKey::of(&key).map_err(failed)?;
        let hasher = Hasher::new().await.map_err(failed)?;
        let machine: MachineNow =
            Arc::new(|| DateTime::from_timestamp_millis(SystemMachineClock.unix_ms()).unwrap_or_default());
        let doors = Doors::new(Arc::new(self.store.clone()), hasher, key, machine);
        let tenants: Vec<_> = self
            .config
            .tenants
            .iter()
            .map(|tenant| (tenant.id.clone(), tenant.name.clone(), tenant.zone))
            .collect();
        doors.tenants(&tenants).await.map_err(failed)?;
        Ok(doors)
    }

    /// The world's clock as configured.
    pub fn world(&self) -> SpedClock {
        world(&self.config)
    }

    /// Everything an engine works with, and whom its alarm tells.
    pub async fn ports_with_alarm(&self) -> Result<Ports, Failure> {
        let mut ports = self.ports().await?;
        if let Some(alarm) = &self.config.alarm {
            let webhook = Webhook::of(alarm).map_err(Failure::usage)?;
            let pulse = Pulse::of(alarm).map_err(Failure::usage)?;
            ports.messenger = webhook.map(|it| Arc::new(it) as Arc<dyn Messenger>);
            ports.heartbeat = pulse.map(|it| Arc::new(it) as Arc<dyn Heartbeat>);
        }
        Ok(ports)
    }

    /// For an engine that asks no host: one that only plans.
    pub async fn ports_without_hosts(&self) -> Result<Ports, Failure> {
        Ok(self.ports_with(Vec::new(), self.vault().await?))
    }

    /// Everything an engine works with.
    pub async fn ports(&self) -> Result<Ports, Failure> {
        if let Some(problem) = folders(&self.config, self.data.root()).into_iter().next() {
            return Err(Failure::usage(problem));
        }
        let sealed = self.accounts().await?;
        let hosts = self.config.hosts.iter().map(|it| host(it, &sealed));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        let primaries = self.config.primaries.iter();
        let primaries = primaries.map(|it| primaries::primary(it, &sealed));
        Ok(Ports {
            primaries: primaries.collect::<Result<Vec<_>, _>>()?,
            ..self.ports_with(hosts, self.vault().await?)
        })
    }

    fn ports_with(&self, hosts: Vec<Arc<dyn ReplicaHost>>, vault: Arc<Vault>) -> Ports {
        Ports::new(
            hosts,
            Arc::new(self.store.clone()),
            vault,
            Arc::new(self.world()),
            Arc::new(SystemMachineClock),
        )
    }

    /// All tenants: the configuration's and those that were created here.
    pub async fn tenants(&self) -> Result<Vec<TenantEntry>, Failure> {
        Ok(tenancy::entries(&tenancy::of_config(&self.config), &self.store).await?)
    }

    /// Whether there is such a tenant.
    pub async fn knows(&self, tenant: &TenantId) -> Result<bool, Failure> {
        Ok(self.tenants().await?.iter().any(|it| it.id == *tenant))
    }

    /// The engine's settings; `owner` names this worker in leases.
    pub async fn engine_config(&self, owner: impl Into<String>) -> Result<EngineConfig, Failure> {
        let config = &self.config;
        let Tenancy { rules, zones } = tenancy::tenancy(&self.tenants().await?);
        let staging = Staging {
            local: config.staging.path.clone(),
            unc: config.staging.unc.trim_end_matches('\\').to_owned(),
        };
        let limits = config.limits;
        let standard = EngineConfig::new(owner, staging, rules);
        let alarm = config.alarm.as_ref();
        let heartbeat = alarm.and_then(|it| it.heartbeat.as_ref());
        Ok(EngineConfig {
            site: alarm.map_or(standard.site, |it| it.site.clone()),
            silence_secs: alarm.map_or(standard.silence_secs, |it| it.silence_secs),
            heartbeat: heartbeat.map_or(standard.heartbeat, |it| Duration::from_secs(u64::from(it.secs))),
            backup_every_secs: config.policy.backup_every_secs,
            hold_secs_max: config.policy.hold_secs_max,
            freshness_secs: config.policy.freshness_secs,
            poll_secs: config.policy.poll_secs,
            attempts_max: limits.attempts_max,
            attempts_per_host_max: limits.attempts_per_host_max,
            attempts_per_tenant_max: limits.attempts_per_tenant_max.unwrap_or(limits.attempts_max),
            attempts_per_vault_max: limits.attempts_per_vault_max.unwrap_or(limits.attempts_max),
            zones,
            requests_per_host_minute_max: limits.requests_per_host_minute_max,
            free_bytes_min: limits.free_bytes_min,
            ..standard
        })
    }
}

/// The world's clock of a configuration.
pub fn world(config: &Config) -> SpedClock {
    let world = config.world;
    SpedClock {
        epoch_world: world.epoch_world,
        epoch_real: world.epoch_real,
        speed: world.speed,
    }
}

/// Everything that `serve` would refuse about hosts and folders, without asking a host. `sealed`: the accounts that are kept for them.
pub fn problems(config: &Config, root: &Path, sealed: &Credentials) -> Vec<String> {
    let mut found = folders(config, root);
    if let Some(files) = &config.listen.tls {
        found.extend(Certified::load(files).err().map(|e| e.to_string()));
    }
    for host in &config.hosts {
        let account = account("host", host, &Holder::host(host), sealed);
        match (trust("host", host), account) {
            (Ok(trust), Ok(account)) => {
                found.extend(connected(host, trust, account).err().map(|e| e.to_string()))
            }
            (trust, account) => {
                found.extend(trust.err().map(|e| e.to_string()));
                found.extend(account.err().map(|e| e.to_string()));
            }
        }
    }
    found.extend(
        config
            .primaries
            .iter()
            .flat_map(|it| primaries::problems(it, sealed)),
    );
    if let Some(alarm) = &config.alarm {
        found.extend(Webhook::of(alarm).err());
        found.extend(Pulse::of(alarm).err());
    }
    found
}

/// A folder outside of the data directory has to be there: one that is made anew would hide a share that is not mounted.
fn folders(config: &Config, root: &Path) -> Vec<String> {
    let folders = [
        ("staging.path", &config.staging.path),
        ("vault.path", &config.vault_path),
    ];
    let problem = |(key, path): (&str, &PathBuf)| {
        let reason = match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => return None,
            Ok(_) => "is no folder".to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound && is_below(path, root) => return None,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                "does not exist; is a share not mounted there? Outside of the data directory no folder is made".to_owned()
            }
            Err(error) => format!("cannot be looked at: {error}"),
        };
        Some(format!("{key}: {} {reason}", path.display()))
    };
    folders.into_iter().filter_map(problem).collect()
}

fn is_below(path: &Path, root: &Path) -> bool {
    path.starts_with(root) && !path.components().any(|part| part == Component::ParentDir)
}

fn host(config: &HostConfig, sealed: &Credentials) -> Result<Arc<dyn ReplicaHost>, Failure> {
    let account = account("host", config, &Holder::host(config), sealed)?;
    Ok(Arc::new(connected(config, trust("host", config)?, account)?))
}

/// Nothing is sent yet.
fn connected(config: &HostConfig, trust: Trust, account: Credential) -> Result<WsmanHost, Failure> {
    let connection = HostConnection {
        id: config.id.clone(),
        address: config.address.clone(),
        port: config.port,
        trust,
        user: account.user,
        password: account.password,
        timeouts: Timeouts::default(),
    };
    WsmanHost::new(connection).map_err(|e| about("host", config, &chain(&e)))
}

fn about(kind: &str, config: &HostConfig, text: &str) -> Failure {
    Failure::usage(format!("{kind} `{}`: {text}", config.id))
}

fn trust(kind: &str, config: &HostConfig) -> Result<Trust, Failure> {
    match &config.verification {
        Verification::CaFile(path) => Trust::ca_file(path).map_err(|e| about(kind, config, &chain(&e))),
        Verification::Pinned(pin) => Ok(Trust::pinned(Pin(*pin))),
    }
}

/// The sealed account, or else the one of the configuration.
fn account(
    kind: &str,
    config: &HostConfig,
    holder: &Holder,
    sealed: &Credentials,
) -> Result<Credential, Failure> {
    if let Some(sealed) = sealed.get(holder) {
        return Ok(sealed.clone());
    }
    let Some(account) = &config.account else {
        let flag = if kind == "primary" { " --primary" } else { "" };
        let text = format!(
            "has no account: seal one with `stillpoint host credential set {}{flag} --user USER --password-stdin`, or give user and password_file",
            config.id
        );
        return Err(about(kind, config, &text));
    };
    let holds = format!("the password of `{}`", account.user);
    let password = secret_file::read("the password file", &account.password_file, &holds)
        .map_err(|text| about(kind, config, &text))?;
    Ok(Credential {
        user: account.user.clone(),
        password,
    })
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
