//! Leaving with stock restic: keys for people, the commands, and the script that joins extents.

use crate::Vault;
use crate::error::{Result, VaultError};
use crate::repository::engine_error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::TenantId;
use rustic_core::KeyOptions;
use rustic_core::repofile::{KeyFile, KeyId};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a listing of keys can still show.
const LABEL_CHARS_MAX: usize = 120;

/// A restic key just made. The password is shown once and stored nowhere.
#[derive(Debug)]
pub struct Access {
    /// restic's id of the key.
    pub key: String,
    pub password: SecretString,
    /// What restic's `-r` takes.
    pub repository: PathBuf,
    /// Ready to run, `RESTIC_PASSWORD_FILE` being set.
    pub commands: Vec<String>,
    /// Content of `join-extents.sh`.
    pub join_script: &'static str,
}

/// A restic key of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    pub id: String,
    /// What the key was made for.
    pub label: Option<String>,
    /// RFC 3339, by the clock of the machine that made it.
    pub created: Option<String>,
}

impl Vault {
    /// Makes a new restic key with a random password for a tenant's repository. It opens everything in it, for reading; the engine
    /// ignores restic's locks, so nobody may run `restic prune` or `forget` there, and the commands say `--no-lock`.
    ///
    /// # Errors
    /// [`VaultError::BadRequest`] for a label that is no single line; [`VaultError::NoRepository`]; key and storage errors.
    pub fn access(&self, tenant: &TenantId, label: &str) -> Result<Access> {
        if label.chars().any(char::is_control) || label.chars().count() > LABEL_CHARS_MAX {
            return Err(VaultError::BadRequest {
                why: format!(
                    "a label is one line of at most {LABEL_CHARS_MAX} characters without control characters"
                ),
            });
        }
        let backend = Arc::new(self.backend(tenant)?);
        let _lock = self.lock(tenant)?;
        let repository = self.open_repository(tenant, backend)?;
        let secret = Zeroizing::new(rand::random::<[u8; 32]>());
        let password = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
        let options = KeyOptions::default()
            .username(label.to_owned())
            .hostname("stillpoint".to_owned())
            .with_created(true);
        let key = repository
            .add_key(&password, &options)
            .map_err(engine_error("add a key", tenant))?;
        let path = self.repository_path(tenant);
        Ok(Access {
            key: key.into_inner().to_hex().to_string(),
            password: SecretString::from(password.as_str()),
            commands: commands(&quoted(&path.to_string_lossy())),
            repository: path,
            join_script: join_script(),
        })
    }

    /// The restic keys of a tenant's repository. The key that Stillpoint itself uses is not among them.
    ///
    /// # Errors
    /// [`VaultError::NoRepository`]; key and storage errors.
    pub fn keys(&self, tenant: &TenantId) -> Result<Vec<KeyInfo>> {
        let repository = self.open_repository(tenant, Arc::new(self.backend(tenant)?))?;
        let ids: Vec<KeyId> = repository
            .list()
            .map_err(engine_error("list the keys", tenant))?
            .collect();
        let mut keys = Vec::new();
        for id in ids {
            let file: KeyFile = repository
                .get_file(&id)
                .map_err(engine_error("read a key", tenant))?;
            keys.push(KeyInfo {
                id: id.into_inner().to_hex().to_string(),
                label: file.username,
                created: file.created.map(|created| created.timestamp().to_string()),
            });
        }
        keys.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        Ok(keys)
    }

    /// Removes a restic key. Who copied the repository and the key before can still read that copy.
    ///
    /// # Errors
    /// [`VaultError::NoSuchKey`]; key and storage errors.
    pub fn remove_key(&self, tenant: &TenantId, key: &str) -> Result<()> {
        let backend = Arc::new(self.backend(tenant)?);
        let _lock = self.lock(tenant)?;
        let repository = self.open_repository(tenant, backend)?;
        let mut ids = repository
            .list::<KeyId>()
            .map_err(engine_error("list the keys", tenant))?;
        let id = ids
            .find(|id| &*id.into_inner().to_hex() == key)
            .ok_or_else(|| VaultError::NoSuchKey {
                tenant: tenant.clone(),
                key: key.to_owned(),
            })?;
        repository
            .delete_key(&id)
            .map_err(engine_error("remove a key", tenant))
    }
}

fn commands(repository: &str) -> Vec<String> {
    vec![
        format!("restic -r {repository} --no-lock snapshots"),
        format!("restic -r {repository} --no-lock check --read-data"),
        format!("restic -r {repository} --no-lock restore SNAPSHOT --target DIR"),
        "sh join-extents.sh DIR/REPLICA/disk-0 disk-0.raw".to_owned(),
    ]
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The script that joins the extents of a disk folder, as `restic restore` leaves it, into a raw disk. Needs a POSIX shell and GNU
/// coreutils.
#[must_use]
pub fn join_script() -> &'static str {
    include_str!("../join-extents.sh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_the_path_cannot_end_the_argument() {
        assert_eq!(quoted("/srv/it's here"), r"'/srv/it'\''s here'");
    }
}
