//! `stillpoint people`: a way back in for an owner who lost password or authenticator. Whoever can read the data directory can take it anyway; this
//! way it is in the trail.

use super::Global;
use crate::doors::{DoorFault, OWNER_LINK_MINUTES};
use crate::telling::{Failure, exit, json};
use crate::{looking, who};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a link by which an owner of the site chooses another password, once, within the hour
    LetOwnerIn {
        /// The owner's log-in name
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Also take the authenticator away, when that is lost as well
        #[arg(long)]
        without_authenticator: bool,
    },
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let Command::LetOwnerIn {
        login,
        without_authenticator,
    } = args.command;
    let opened = looking::existing(&global.data).await?;
    let doors = opened.doors().await?;
    let task = format!("command line, by {}", who::author());
    let code = doors.owner_link(&login, without_authenticator, &task).await;
    let code = code.map_err(|fault| told(&login, fault))?;
    let path = format!("/reset#{code}");
    if global.json {
        return json(&serde_json::json!({ "login": login, "path": path, "minutes": OWNER_LINK_MINUTES }));
    }
    println!(
        "Open this under the address of `stillpoint serve`, within {OWNER_LINK_MINUTES} minutes; it opens once:"
    );
    println!("{path}");
    Ok(())
}

fn told(login: &str, fault: DoorFault) -> Failure {
    match fault {
        DoorFault::Missing(_) => Failure::usage(format!(
            "`{login}` is no owner of the site: whoever else lost a password gets a link from an owner, under People"
        )),
        DoorFault::Field { text, .. } | DoorFault::Conflict(text) => Failure::usage(text),
        other => Failure::new(exit::FAILED, other.to_string()),
    }
}
