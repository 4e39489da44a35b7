//! `stillpoint keys`: the key encryption key, what is sealed under it, and a way out with stock restic.

mod shown;

use super::Global;
use super::vault::told;
use crate::keys::rotate::Kind;
use crate::telling::{Failure, exit, json, spinner};
use crate::trail::{self, Deed};
use crate::wiring::{self, Opened};
use crate::{keys, looking};
use clap::Subcommand;
use domain::ids::TenantId;
use engine::WorldClock as _;
use std::ops::ControlFlow;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open every sealed record; name what does not open
    Check,
    /// Make a new key encryption key and seal every record anew under it; the old key is kept and named
    Rotate {
        /// Make no new key; seal anew what an interrupted rotation, or a key from the environment, left under older ones
        #[arg(long)]
        rewrap_only: bool,
    },
    /// Remove an older key for good, once nothing is sealed under it
    Forget {
        /// As `keys check` names it
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Make and print a password with which stock restic opens a tenant's repository, without Stillpoint
    Show {
        #[arg(long, value_name = "TENANT")]
        tenant: TenantId,
        /// Yes, print it: whoever has it reads everything of this tenant. It is written down that it was shown
        #[arg(long)]
        reveal: bool,
    },
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    match args.command {
        Command::Check => check(global, &opened).await,
        Command::Rotate { rewrap_only } => {
            let kind = if rewrap_only {
                Kind::RewrapOnly
            } else {
                Kind::NewKey
            };
            rotate(global, &opened, kind).await
        }
        Command::Forget { key } => forget(global, &opened, key).await,
        Command::Show { tenant, reveal } => show(global, &opened, tenant, reveal).await,
    }
}

async fn check(global: &Global, opened: &Opened) -> Result<(), Failure> {
    let checked = opened.sealed().await?.check(&opened.config.vault_path).await?;
    shown::checked(global, &checked)?;
    let broken = checked.broken().count();
    if broken == 0 {
        return Ok(());
    }
    let text = format!(
        "{broken} of {} sealed records do not open; keep every key there is, and restore what is missing from its backup",
        checked.records.len()
    );
    Err(Failure::new(exit::FAILED, text))
}

async fn rotate(global: &Global, opened: &Opened, kind: Kind) -> Result<(), Failure> {
    // Two rotations at once would each make a key. A running server may go on: it reads the keys anew.
    let _lock = wiring::role(&opened.data, "keys")?;
    let sealed = opened.sealed().await?;
    let deed = Deed {
        name: "keys.rotate",
        object: "key encryption key".to_owned(),
        ..Deed::default()
    };
    let bar = spinner("sealing every record anew");
    let vault = opened.config.vault_path.clone();
    let work = sealed.rotate(&vault, kind, |_| ControlFlow::Continue(()));
    let rotated = trail::written(&opened.store, opened.world().now(), &deed, work).await;
    bar.finish_and_clear();
    let checked = sealed.check(&vault).await?;
    shown::rotated(global, &rotated?, &checked)
}

async fn forget(global: &Global, opened: &Opened, key: String) -> Result<(), Failure> {
    let _lock = wiring::role(&opened.data, "keys")?;
    let sealed = opened.sealed().await?;
    let deed = Deed {
        name: "keys.forget",
        object: key.clone(),
        ..Deed::default()
    };
    let work = sealed.forget(&key, &opened.config.vault_path);
    trail::written(&opened.store, opened.world().now(), &deed, work).await?;
    if global.json {
        return json(&serde_json::json!({ "forgotten": key }));
    }
    println!(
        "removed {key}; backups of the state from before its rotation cannot be opened without a copy of it"
    );
    Ok(())
}

async fn show(global: &Global, opened: &Opened, tenant: TenantId, reveal: bool) -> Result<(), Failure> {
    if !reveal {
        return Err(Failure::usage(format!(
            "this prints a password that opens everything of tenant {tenant}, and writes down that it did: say so with --reveal"
        )));
    }
    let vault = opened.vault().await?;
    let known = opened.knows(&tenant).await?;
    // A tenant that was taken out of the configuration still has its repository, and a right to it.
    if !known && !vault.tenants()?.contains(&tenant) {
        return Err(Failure::usage(format!(
            "there is no tenant `{tenant}` with a repository"
        )));
    }
    let deed = Deed {
        name: "keys.show",
        object: "repository password".to_owned(),
        tenant: Some(tenant.clone()),
        ..Deed::default()
    };
    let whose = tenant.clone();
    let work = async move {
        let made = tokio::task::spawn_blocking(move || vault.access(&whose, "keys show"));
        made.await?.map_err(told)
    };
    let access = trail::written(&opened.store, opened.world().now(), &deed, work).await?;
    shown::access(global, &tenant, &access)
}

/// Where the sealed records are, for people.
const PLACE: &str = "state/stillpoint.db";

/// The name of a key's file says which key it is.
fn key_line(key: &::vault::KekInfo) -> String {
    let what = if key.current { "seals" } else { "kept, opens only" };
    format!("key {}  {what}  {}", key.id, key.place)
}

/// `[keys]` as the check tells it.
fn record_line(record: &keys::check::CheckedRecord) -> String {
    match &record.broken {
        None => format!("opens  {}  under {}", record.name, record.kek),
        Some(why) => format!("BAD    {}  under {}: {why}", record.name, record.kek),
    }
}
