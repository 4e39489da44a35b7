//! `stillpoint host credential`: writes an account, or removes it. Nothing reads one back to a person.

use super::super::Global;
use crate::keys::credential::{Credential, Holder, PASSWORD_BYTES_MAX, holders, is_there};
use crate::telling::{Failure, json};
use crate::trail::{self, Deed};
use crate::wiring::{self, Opened};
use clap::Subcommand;
use engine::WorldClock as _;
use secrecy::SecretString;
use std::io::{IsTerminal as _, Read as _};
use zeroize::Zeroizing;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Seal the account of a host or primary; it is used instead of `user` and `password_file`
    Set {
        #[command(flatten)]
        of: Of,
        /// The account's name, such as 'HOSTER\stillpoint'
        #[arg(long, value_name = "USER")]
        user: String,
        /// Read the password from standard input: it is never given as an argument
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Which hosts and primaries have a sealed account
    List,
    /// Remove a sealed account; `user` and `password_file` are used again
    Remove {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, clap::Args)]
struct Of {
    /// Its id in the configuration
    #[arg(value_name = "HOST")]
    id: String,
    /// It is a [[primary]], a tenant's own host
    #[arg(long)]
    primary: bool,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = wiring::open(&global.data).await?;
    match args.command {
        Command::Set { of, user, .. } => set(global, &opened, &of, &user).await,
        Command::List => list(global, &opened).await,
        Command::Remove { of } => remove(global, &opened, &of).await,
    }
}

async fn set(global: &Global, opened: &Opened, of: &Of, user: &str) -> Result<(), Failure> {
    let holder = named(opened, of)?;
    let credential = Credential::new(user, from_stdin()?).map_err(Failure::usage)?;
    let sealed = opened.sealed().await?;
    let work = sealed.credential_set(&holder, &credential);
    trail::written(
        &opened.store,
        opened.world().now(),
        &deed("host.credential-set", &holder),
        work,
    )
    .await?;
    told(global, &holder, "sealed")
}

async fn remove(global: &Global, opened: &Opened, of: &Of) -> Result<(), Failure> {
    let holder = named(opened, of)?;
    if !is_there(&opened.store, &holder).await? {
        return Err(Failure::usage(format!("no account is sealed for {holder}")));
    }
    let sealed = opened.sealed().await?;
    let work = sealed.credential_remove(&holder);
    trail::written(
        &opened.store,
        opened.world().now(),
        &deed("host.credential-remove", &holder),
        work,
    )
    .await?;
    told(global, &holder, "removed")
}

async fn list(global: &Global, opened: &Opened) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for holder in holders(&opened.config) {
        let there = is_there(&opened.store, &holder).await?;
        rows.push((holder, there));
    }
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(holder, there)| serde_json::json!({ "of": holder.to_string(), "sealed": there }))
            .collect();
        return json(&rows);
    }
    for (holder, there) in rows {
        let text = if there { "sealed" } else { "from config.toml" };
        println!("{holder}  {text}");
    }
    Ok(())
}

fn named(opened: &Opened, of: &Of) -> Result<Holder, Failure> {
    let wanted = if of.primary { "primary" } else { "host" };
    let is_it = |holder: &Holder| match holder {
        Holder::Host(id) => !of.primary && id.as_str() == of.id,
        Holder::Primary { id, .. } => of.primary && id.as_str() == of.id,
    };
    let found = holders(&opened.config).into_iter().find(is_it);
    found.ok_or_else(|| Failure::usage(format!("the configuration has no [[{wanted}]] `{}`", of.id)))
}

/// The password, without the line end that `echo` and editors add.
fn from_stdin() -> Result<SecretString, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::usage(
            "a password typed here would be shown: give it through a pipe or from a file, such as `< FILE`",
        ));
    }
    let mut text = Zeroizing::new(String::with_capacity(PASSWORD_BYTES_MAX + 3));
    let limit = PASSWORD_BYTES_MAX as u64 + 3;
    input
        .lock()
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|_| Failure::usage("the password on standard input cannot be read as text"))?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

fn deed(name: &'static str, holder: &Holder) -> Deed {
    // Primaries' accounts are the hoster's to keep: tenants need not know what they are called here.
    Deed {
        name,
        object: holder.to_string(),
        ..Deed::default()
    }
}

fn told(global: &Global, holder: &Holder, what: &str) -> Result<(), Failure> {
    if global.json {
        return json(
            &serde_json::json!({ "of": holder.to_string(), "done": what, "used_from": "the next start of serve" }),
        );
    }
    println!("the account of {holder} is {what}; a running `stillpoint serve` uses it from its next start");
    Ok(())
}
