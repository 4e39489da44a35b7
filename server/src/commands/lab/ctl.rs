//! `stillpoint lab ctl`: steers a running lab, with the token from the data directory.

use super::super::Global;
use crate::telling::{Failure, chain, json};
use clap::Subcommand;
use lab::control::{ControlClient, ControlError};
use lab::scenario::Operation;
use lab::wire::knobs::WireTrouble;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carry out one operation now, such as '{"replica":"contoso/sql-01","op":"resyncing","for_secs":600}'
    Op {
        #[arg(value_name = "JSON")]
        operation: String,
    },
    /// Carry out a scenario file's operations now, whatever their times
    Play {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Trouble on the wire, such as '{"host":"hv-r-01","trouble":"quota-limit","requests":3}'
    Trouble {
        #[arg(value_name = "JSON")]
        trouble: String,
    },
    /// Everything that the hosts show now
    State,
    /// Requests per host
    Requests,
    /// What clients left on the hosts
    Left,
    /// What clients did
    Log,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let client = ControlClient::of(&global.data).map_err(told)?;
    match args.command {
        Command::Op { operation } => {
            let operation: Operation = serde_json::from_str(&operation)
                .map_err(|e| Failure::usage(format!("`{operation}` is not an operation: {e}")))?;
            client.operate(&operation).await.map_err(told)?;
            done(global)
        }
        Command::Play { file } => {
            for operation in super::scenario(&file)? {
                client.operate(&operation).await.map_err(told)?;
            }
            done(global)
        }
        Command::Trouble { trouble } => {
            let trouble: WireTrouble = serde_json::from_str(&trouble)
                .map_err(|e| Failure::usage(format!("`{trouble}` is no trouble: {e}")))?;
            client.trouble(&trouble).await.map_err(told)?;
            done(global)
        }
        Command::State => json(&client.state().await.map_err(told)?),
        Command::Requests => json(&client.requests().await.map_err(told)?),
        Command::Left => json(&client.left().await.map_err(told)?),
        Command::Log => {
            let (path, entries) = client.log().await.map_err(told)?;
            json(&serde_json::json!({ "path": path, "entries": entries }))
        }
    }
}

fn done(global: &Global) -> Result<(), Failure> {
    if global.json {
        return json(&serde_json::json!({ "done": true }));
    }
    println!("done");
    Ok(())
}

/// What the lab refuses was asked wrongly, and a folder without a lab was named wrongly; silence is a failure.
fn told(error: ControlError) -> Failure {
    match error {
        ControlError::Refused(_) | ControlError::NeverStarted { .. } => Failure::usage(chain(&error)),
        other => other.into(),
    }
}
