//! The commands, one file each.

pub mod ack;
pub mod alarm;
pub mod audit;
pub mod backup;
pub mod cancel;
pub mod config;
pub mod correct;
mod deed;
pub mod demo;
pub mod doctor;
pub mod findings;
pub mod hold;
pub mod host;
pub mod keys;
pub mod lab;
pub mod night;
pub mod people;
pub mod plan;
pub mod points;
pub mod policy;
pub mod report;
pub mod restore;
pub mod serve;
pub mod sim;
pub mod sla;
pub mod tenant;
pub mod vault;
pub mod verify;

use crate::telling::Failure;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

/// Daily, provably crash-consistent backups of Hyper-V replica VMs.
#[derive(Debug, Parser)]
#[command(name = "stillpoint", version, about, propagate_version = true)]
pub struct Cli {
    /// The data directory: configuration, state, secrets, vault
    #[arg(
        long,
        global = true,
        env = "STILLPOINT_DATA",
        default_value = "stillpoint-data",
        value_name = "DIR"
    )]
    pub data: PathBuf,
    /// Print JSON, and nothing else, on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// More words in the log on stderr (twice: all of them)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an emulated replica site and Stillpoint on it
    Demo(demo::Args),
    /// Run the emulated replica site alone, steer it, or check disks with its oracle
    Lab(lab::Args),
    /// Watch the hosts, make the backups, serve the console
    Serve(serve::Args),
    /// Back up one replica now
    Backup(backup::Args),
    /// The night: what is met, what is open, what keeps it
    Night(night::Args),
    /// What would be started now, what waits and why
    Plan(plan::Args),
    /// Stop a running attempt
    Cancel(cancel::Args),
    /// What was promised and what was kept, for any range of days
    Sla(sla::Args),
    /// The SLA report of a month: a page that prints, a table or JSON
    Report(report::Args),
    /// The catalogue of SLA terms, and who has which
    Policy(policy::Args),
    /// Hold a host, a tenant or a replica: nothing starts there until a time
    Hold(hold::Args),
    /// Acknowledge a cause: it is not raised again until it changes or the time is over
    Ack(ack::Args),
    /// Try the webhook, and see what was told
    Alarm(alarm::Args),
    /// Who did what: verify the trail, or write it out
    Audit(audit::Args),
    /// A way back in for an owner who lost their password
    People(people::Args),
    /// Who the tenants are, and what claims replicas for them
    Tenant(tenant::Args),
    /// What a person should look at and no attempt owns
    Findings,
    /// Excuse or attribute a closed day, or take that back
    Correct(correct::Args),
    /// List restore points
    Points(points::Args),
    /// Restore a disk, or everything, of a restore point
    Restore(restore::Args),
    /// Read restore points back and compare every byte with its digest
    Verify(verify::Args),
    /// Enrol a host: prove on a canary replica that it refuses and holds as it must
    Doctor(doctor::Args),
    /// Play the planner against other products' retry habits in a modelled world
    Sim(sim::Args),
    /// Accounts of hosts and primaries, sealed
    Host(host::Args),
    /// The key encryption key: check, rotate, and a way out with stock restic
    Keys(keys::Args),
    /// Restic keys of tenants' repositories
    Vault(vault::Args),
    /// The configuration
    Config(config::Args),
}

/// What every command is given.
#[derive(Debug, Clone)]
pub struct Global {
    pub data: PathBuf,
    pub json: bool,
}

/// JSON carries Unicode only, and paths in the data directory are told whole.
fn named_in_json(data: &Path) -> Result<(), Failure> {
    let whole = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    if whole.to_str().is_some() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the data directory {} is not Unicode, so --json cannot name what is in it; leave --json out or move it",
        whole.display()
    )))
}

/// Runs the command that was asked for.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let global = Global {
        data: cli.data,
        json: cli.json,
    };
    if global.json {
        named_in_json(&global.data)?;
    }
    match cli.command {
        Command::Demo(args) => demo::run(&global, args).await,
        Command::Lab(args) => lab::run(&global, args).await,
        Command::Serve(args) => serve::run(&global, args).await,
        Command::Backup(args) => backup::run(&global, args).await,
        Command::Night(args) => night::run(&global, args).await,
        Command::Plan(args) => plan::run(&global, args).await,
        Command::Cancel(args) => cancel::run(&global, args).await,
        Command::Sla(args) => sla::run(&global, args).await,
        Command::Report(args) => report::run(&global, args).await,
        Command::Policy(args) => policy::run(&global, args).await,
        Command::Hold(args) => hold::run(&global, args).await,
        Command::Ack(args) => ack::run(&global, args).await,
        Command::Alarm(args) => alarm::run(&global, args).await,
        Command::Audit(args) => audit::run(&global, args).await,
        Command::People(args) => people::run(&global, args).await,
        Command::Tenant(args) => tenant::run(&global, args).await,
        Command::Findings => findings::run(&global).await,
        Command::Correct(args) => correct::run(&global, args).await,
        Command::Points(args) => points::run(&global, args).await,
        Command::Restore(args) => restore::run(&global, args).await,
        Command::Verify(args) => verify::run(&global, args).await,
        Command::Sim(args) => sim::run(&global, args).await,
        Command::Doctor(args) => doctor::run(&global, args).await,
        Command::Host(args) => host::run(&global, args).await,
        Command::Keys(args) => keys::run(&global, args).await,
        Command::Vault(args) => vault::run(&global, args).await,
        Command::Config(args) => config::run(&global, &args).await,
    }
}
