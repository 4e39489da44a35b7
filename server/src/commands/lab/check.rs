//! `stillpoint lab check`: the torn-disk oracle.

use super::super::Global;
use crate::telling::{Failure, chain, exit, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// All disks of one replica, raw or VHDX by content
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let report = tokio::task::spawn_blocking(move || lab::oracle::check(&args.files))
        .await?
        // Whatever it is, it is about the files that were named.
        .map_err(|error| Failure::usage(chain(&error)))?;
    if global.json {
        json(&report)?;
    } else if report.consistent {
        println!(
            "consistent: generation {} explains every block of {} disks",
            report.generation, report.disks
        );
    } else {
        for problem in &report.problems {
            println!("{problem}");
        }
        println!(
            "TORN: {} blocks are not of generation {}",
            report.torn_blocks, report.generation
        );
    }
    if report.consistent {
        Ok(())
    } else {
        Err(Failure::new(exit::FAILED, "the disks are not of one moment"))
    }
}
