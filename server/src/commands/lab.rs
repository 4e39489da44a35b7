//! `stillpoint lab`: the emulated replica site alone, its steering, and its oracle.

mod check;
mod ctl;

use super::Global;
use crate::data::DataDir;
use crate::emulated::{self, Kind, Making};
use crate::telling::{Failure, json};
use clap::Subcommand;
use lab::control::Ports;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Which world
    #[arg(long, value_enum, default_value = "demo")]
    world: Kind,
    /// Everything that is drawn is drawn from this
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// World seconds per real second
    #[arg(long, value_name = "X", default_value_t = 20.0)]
    speed: f64,
    /// Replicas beside one canary per host
    #[arg(long, value_name = "N", default_value_t = 40)]
    replicas: usize,
    /// A scenario of operations (TOML `[[step]]` or JSON)
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// First port; the control endpoint takes it, the hosts the following ones
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Steer the lab that runs on the data directory
    Ctl(ctl::Args),
    /// Ask the oracle whether all disks of one replica (raw or VHDX) are of one moment
    Check(check::Args),
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.command {
        Some(Command::Ctl(ctl)) => ctl::run(global, ctl).await,
        Some(Command::Check(check)) => check::run(global, check).await,
        None => site(global, args.run).await,
    }
}

async fn site(global: &Global, args: RunArgs) -> Result<(), Failure> {
    let data = DataDir::open(&global.data)?;
    let _lock = crate::wiring::role(&data, "lab")?;
    let making = Making {
        kind: args.world,
        seed: args.seed,
        replicas: args.replicas,
        speed: args.speed,
        scenario: match &args.scenario {
            Some(file) => scenario(file)?,
            None => Vec::new(),
        },
        ports: args.port.map_or(Ports::Remembered, Ports::From),
        pausing: false,
    };
    let site = emulated::start(&data, making, None).await?;
    let hosts: Vec<String> = site
        .lab
        .running
        .hosts
        .iter()
        .map(lab::control::RunningHost::url)
        .collect();
    if global.json {
        json(&serde_json::json!({
            "event": "ready", "hosts": hosts, "control": site.lab.running.control, "ca": site.lab.files.ca,
            "user": site.lab.user, "password_file": site.lab.files.password, "config": data.config(),
        }))?;
    } else {
        for host in hosts {
            println!("{host}");
        }
        println!("configuration: {}", data.config().display());
    }
    super::serve::told_to_stop().await;
    site.lab.stop().await;
    Ok(())
}

/// Reads a scenario file.
pub fn scenario(file: &std::path::Path) -> Result<Vec<lab::scenario::Operation>, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Failure::usage(format!("cannot read the scenario {}: {e}", file.display())))?;
    lab::scenario::parse(&text)
        .map_err(|e| Failure::usage(format!("{}: {}", file.display(), crate::telling::chain(&e))))
}
