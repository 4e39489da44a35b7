//! `stillpoint ack CAUSE`: somebody has taken note; the cause is not raised again until it changes or the time is over.

use super::Global;
use super::deed::{self, Ending, told};
use crate::deeds::NewAcknowledgement;
use crate::telling::{Failure, json};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// As `stillpoint night` shows it, such as host:hv-r-01:B5
    #[arg(value_name = "CAUSE")]
    cause: String,
    #[command(flatten)]
    ending: Ending,
    /// What is being done about it
    #[arg(long, value_name = "TEXT")]
    note: String,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (opened, deeds) = deed::begin(global).await?;
    let new = NewAcknowledgement {
        cause: args.cause,
        until: args.ending.until(),
        note: args.note,
    };
    let done = deed::done(&opened, &deeds, deeds.acknowledge(new)).await?;
    if global.json {
        return json(&crate::document::acknowledgement::document(&done));
    }
    println!(
        "{} is acknowledged until {}: it is not raised again before",
        done.cause,
        told(done.until)
    );
    Ok(())
}
