//! The one file where concrete types meet: SQLite, the vault on this machine, hosts over WS-Management.

use crate::config::Config;
use crate::data::DataDir;
use crate::telling::{Failure, chain, exit};
use domain::ids::ReplicaId;
use std::path::Path;
use std::sync::Arc;
use store::records::Replica;
use store::sqlite::SqliteStore;
use store::traits::{ReplicaStore, Scope};
use ::vault::Vault;

/// An opened data directory.
pub struct Opened {
    pub data: DataDir,
    pub config: Config,
    pub store: SqliteStore,
}

/// Opens configuration and state; creates nothing but the state database.
pub async fn open(root: &Path) -> Result<Opened, Failure> {
    if !root.is_dir() {
        return Err(Failure::usage(format!("{} is not a folder; name the data directory with --data", root.display())));
    }
    let data = DataDir::open(root)?;
    let config = Config::load(&data.config()).map_err(|e| Failure::usage(chain(&e)))?;
    let store = SqliteStore::open(data.database()).await?;
    Ok(Opened { data, config, store })
}

impl Opened {
    /// The vault with its keys.
    pub fn vault(&self) -> Result<Arc<Vault>, Failure> {
        Ok(Arc::new(Vault::open(&self.config.vault_path, &self.data.secrets())?))
    }
}

/// The replica that a person named: an id, or `tenant/name`.
pub async fn replica(opened: &Opened, words: &str) -> Result<Replica, Failure> {
    let scope = Scope::Site { reason: "command line" };
    if let Ok(id) = words.parse::<ReplicaId>() {
        return opened.store.replica(&scope, id).await.map_err(|e| match e {
            store::traits::StoreError::NotFound { .. } => Failure::usage(format!("there is no replica {id}")),
            other => other.into(),
        });
    }
    let Some((tenant, name)) = words.split_once('/') else {
        return Err(Failure::usage(format!("`{words}` names no replica: give its id or tenant/name, such as contoso/sql-01")));
    };
    let mut found: Vec<Replica> = opened
        .store
        .replicas(&scope)
        .await?
        .into_iter()
        .filter(|r| r.tenant.as_str() == tenant && r.name.eq_ignore_ascii_case(name))
        .collect();
    match found.len() {
        0 => Err(Failure::usage(format!("tenant `{tenant}` has no replica `{name}` that was seen on a host"))),
        1 => Ok(found.remove(0)),
        n => {
            let ids: Vec<String> = found.iter().map(|r| format!("{} (on {})", r.id, r.host)).collect();
            Err(Failure::new(exit::USAGE, format!("{n} replicas are called {words}; give one of the ids:\n  {}", ids.join("\n  "))))
        }
    }
}
