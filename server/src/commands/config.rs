//! `stillpoint config check`: is the configuration one that can be run?

use super::Global;
use crate::data::DataDir;
use crate::keys::credential::Credentials;
use crate::telling::{Failure, exit, json};
use crate::{looking, wiring};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read config.toml and the files it names; change nothing
    Check,
}

pub async fn run(global: &Global, args: &Args) -> Result<(), Failure> {
    let Command::Check = args.command;
    let config = looking::config(&global.data)?;
    let data = DataDir::at(&global.data)?;
    let sealed = match looking::look(&global.data).await? {
        Some(opened) => opened.accounts().await?,
        None => Credentials::new(),
    };
    let problems = wiring::problems(&config, data.root(), &sealed);
    if global.json {
        json(&serde_json::json!({
            "ok": problems.is_empty(), "hosts": config.hosts.len(), "tenants": config.tenants.len(),
            "primaries": config.primaries.len(), "problems": problems,
        }))?;
    } else if problems.is_empty() {
        println!(
            "{}: good; {} hosts, {} tenants, {} primaries",
            data.config().display(),
            config.hosts.len(),
            config.tenants.len(),
            config.primaries.len()
        );
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(exit::USAGE, problems.join("\n")))
    }
}
