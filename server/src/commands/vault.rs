//! `stillpoint vault`: keys of a tenant's repository, for leaving with stock restic.

use super::Global;
use crate::looking;
use crate::telling::{Failure, json};
use crate::trail::{self, Deed};
use ::vault::VaultError;
use clap::Subcommand;
use domain::ids::TenantId;
use engine::WorldClock as _;
use secrecy::ExposeSecret;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new restic key for a tenant's repository and print how to use it
    Access {
        /// The tenant's id
        tenant: String,
        /// Print the key's password; without it the key is made known to nobody and removed again
        #[arg(long)]
        reveal: bool,
        /// What the key is for
        #[arg(long, default_value = "vault access")]
        label: String,
    },
    /// List the restic keys of a tenant's repository
    Keys {
        /// The tenant's id
        tenant: String,
    },
    /// Remove a restic key
    Revoke {
        /// The tenant's id
        tenant: String,
        /// The key's id, from `vault keys`
        key: String,
    },
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let tenant_words = match &args.command {
        Command::Access { tenant, .. } | Command::Keys { tenant } | Command::Revoke { tenant, .. } => {
            tenant.clone()
        }
    };
    let tenant: TenantId = tenant_words.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    if !opened.knows(&tenant).await? {
        return Err(Failure::usage(format!("there is no tenant `{tenant}`")));
    }
    let vault = opened.vault().await?;
    let as_json = global.json;
    // A key opens everything of the tenant's, past every wall: the trail tells it first.
    let deed = match &args.command {
        Command::Access {
            reveal: true, label, ..
        } => Some(("vault.access", format!("a restic key, for {label}"))),
        Command::Revoke { key, .. } => Some(("vault.revoke", format!("restic key {key}"))),
        Command::Access { .. } | Command::Keys { .. } => None,
    };
    let deed = deed.map(|(name, object)| Deed {
        name,
        object,
        tenant: Some(tenant.clone()),
        ..Deed::default()
    });
    let work = async move {
        tokio::task::spawn_blocking(move || match args.command {
            Command::Access { reveal, label, .. } => access(&vault, &tenant, reveal, &label, as_json),
            Command::Keys { .. } => keys(&vault, &tenant, as_json),
            Command::Revoke { key, .. } => {
                vault.remove_key(&tenant, &key).map_err(told)?;
                if as_json {
                    json(&serde_json::json!({ "revoked": key }))
                } else {
                    println!("revoked {key}");
                    Ok(())
                }
            }
        })
        .await?
    };
    match deed {
        Some(deed) => trail::written(&opened.store, opened.world().now(), &deed, work).await,
        None => work.await,
    }
}

fn access(
    vault: &::vault::Vault,
    tenant: &TenantId,
    reveal: bool,
    label: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let access = vault.access(tenant, label).map_err(told)?;
    let password = reveal.then(|| access.password.expose_secret().to_owned());
    if !reveal {
        // A key that nobody knows would only be litter.
        vault.remove_key(tenant, &access.key)?;
    }
    if as_json {
        return json(&serde_json::json!({
            "tenant": tenant, "key": access.key, "kept": reveal, "password": password,
            "repository": access.repository, "commands": access.commands, "join_script": access.join_script,
        }));
    }
    println!("repository  {}", access.repository.display());
    match password {
        Some(password) => println!(
            "key         {}\npassword    {password}\n            (shown once; put it in a file and name it in RESTIC_PASSWORD_FILE)",
            access.key
        ),
        None => println!("key         none was kept: run again with --reveal to get one with its password"),
    }
    println!();
    for command in &access.commands {
        println!("  {command}");
    }
    println!("\njoin-extents.sh:\n\n{}", access.join_script);
    Ok(())
}

fn keys(vault: &::vault::Vault, tenant: &TenantId, as_json: bool) -> Result<(), Failure> {
    let keys = vault.keys(tenant).map_err(told)?;
    if as_json {
        let list: Vec<_> = keys
            .iter()
            .map(|k| serde_json::json!({ "id": k.id, "label": k.label, "created": k.created }))
            .collect();
        return json(&list);
    }
    if keys.is_empty() {
        println!("no restic keys: only Stillpoint itself opens the repository of {tenant}");
    }
    for key in keys {
        println!(
            "{}  {}  {}",
            key.id,
            key.created.unwrap_or_default(),
            one_line(&key.label.unwrap_or_default())
        );
    }
    Ok(())
}

/// Stock restic accepts any name for a key: one with a line break must not look like two keys.
fn one_line(label: &str) -> String {
    label
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// What a person named and the vault does not have is the caller's to put right; the rest failed.
pub(super) fn told(error: VaultError) -> Failure {
    match &error {
        VaultError::NoSuchKey { tenant, .. } => {
            Failure::usage(format!("{error}; `stillpoint vault keys {tenant}` lists them"))
        }
        VaultError::NoSuchDisk { .. }
        | VaultError::NoRepository { .. }
        | VaultError::BadRequest { .. }
        | VaultError::NoFolder { .. }
        | VaultError::NotReplaceable { .. } => Failure::usage(error.to_string()),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_two_lines_is_listed_on_one() {
        assert_eq!(
            one_line("mine\n0123  now  theirs"),
            "mine\u{fffd}0123  now  theirs"
        );
    }
}
