//! `stillpoint config check`: is the configuration one that can be run?

use super::Global;
use crate::config::{Config, Verification};
use crate::data::DataDir;
use crate::telling::{Failure, exit, json};
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

pub fn run(global: &Global, args: &Args) -> Result<(), Failure> {
    let Command::Check = args.command;
    if !global.data.is_dir() {
        return Err(Failure::usage(format!(
            "{} is not a folder; name the data directory with --data",
            global.data.display()
        )));
    }
    let data = DataDir::open(&global.data)?;
    let config = Config::load(&data.config()).map_err(|e| Failure::usage(crate::telling::chain(&e)))?;
    let mut missing = Vec::new();
    for host in &config.hosts {
        let mut files = vec![&host.password_file];
        if let Verification::CaFile(file) = &host.verification {
            files.push(file);
        }
        for file in files {
            if let Err(error) = std::fs::File::open(file) {
                missing.push(format!(
                    "host `{}`: cannot read {}: {error}",
                    host.id,
                    file.display()
                ));
            }
        }
    }
    if global.json {
        json(&serde_json::json!({
            "ok": missing.is_empty(), "hosts": config.hosts.len(), "tenants": config.tenants.len(), "problems": missing,
        }))?;
    } else if missing.is_empty() {
        println!(
            "{}: good; {} hosts, {} tenants",
            data.config().display(),
            config.hosts.len(),
            config.tenants.len()
        );
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(exit::USAGE, missing.join("\n")))
    }
}
