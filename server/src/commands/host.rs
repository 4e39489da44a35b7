//! `stillpoint host`: what is kept for a host.

mod credential;

use super::Global;
use crate::telling::Failure;
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The account that Stillpoint uses on a host or a tenant's primary: sealed, and never told again
    Credential(credential::Args),
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let Command::Credential(args) = args.command;
    credential::run(global, args).await
}
