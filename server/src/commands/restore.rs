//! `stillpoint restore`: gives a disk, or everything, back. Never into Stillpoint's own folders (staging and the emulated
//! hosts' disks are among them), never over a file without `--force`, and over nothing but a regular file with it.

mod target;

use super::Global;
use super::vault::told;
use crate::looking;
use crate::telling::{BarProgress, Failure, json};
use crate::trail::{self, Deed};
use ::vault::{Format, Overwrite, VaultError};
use clap::ValueEnum;
use domain::ids::PointId;
use engine::WorldClock as _;
use std::path::PathBuf;
use store::traits::{AttemptStore, Scope, StoreError};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The restore point's id (see `stillpoint points`)
    #[arg(value_name = "ID")]
    point: String,
    /// Which disk, from 0; may be left out when there is only one
    #[arg(long, value_name = "N", requires = "to")]
    disk: Option<u32>,
    /// The file to write one disk to
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The folder to write all disks and configuration files to
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "disk"])]
    to_dir: Option<PathBuf>,
    /// What disks are written as
    #[arg(long, value_enum, default_value = "vhdx")]
    format: FormatName,
    /// Replace regular files that exist
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Raw,
    Vhdx,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let id: PointId = args
        .point
        .parse()
        .map_err(|e| Failure::usage(format!("{e}; `stillpoint points` lists them")))?;
    let Some(target) = args.to.clone().or_else(|| args.to_dir.clone()) else {
        return Err(Failure::usage(
            "give --to FILE for one disk, or --to-dir DIR for all disks and the configuration files",
        ));
    };
    if global.json {
        target::named_in_json(&target)?;
    }
    let opened = looking::existing(&global.data).await?;
    target::refuse_own(&target, &opened)?;
    let point = opened
        .store
        .point(
            &Scope::Site {
                reason: "restore command",
            },
            id,
        )
        .await
        .map_err(|e| match e {
            StoreError::NotFound { .. } => Failure::usage(format!(
                "there is no restore point {id}; `stillpoint points` lists them"
            )),
            other => other.into(),
        })?;
    let vault = opened.vault().await?;
    let format = match args.format {
        FormatName::Raw => Format::Raw,
        FormatName::Vhdx => Format::Vhdx,
    };
    let overwrite = if args.force {
        Overwrite::Force
    } else {
        Overwrite::Never
    };
    let (tenant, snapshot) = (point.tenant.clone(), point.snapshot.clone());
    // A whole disk leaves the walls: the trail tells it first.
    let what = match (&args.to_dir, args.disk) {
        (Some(_), _) => "all disks and files".to_owned(),
        (None, Some(disk)) => format!("disk {disk}"),
        (None, None) => "the disk".to_owned(),
    };
    let deed = Deed {
        name: "disk.restore",
        object: format!("{what} of restore point {id} of replica {}", point.name),
        tenant: Some(point.tenant.clone()),
        details: [("to".to_owned(), target.display().to_string())].into(),
    };
    let restore = move || -> Result<Vec<PathBuf>, Failure> {
        let progress = BarProgress::new(format!("restoring {}/{}", point.tenant, point.name));
        if let Some(folder) = args.to_dir {
            return vault
                .restore_dir(&tenant, &snapshot, &folder, format, overwrite, &progress)
                .map_err(refused);
        }
        let to = target;
        let disks = vault.manifest(&tenant, &snapshot).map_err(told)?.disks;
        let disk = match (args.disk, disks.as_slice()) {
            (Some(disk), _) => disk,
            (None, [only]) => only.index,
            (None, many) => {
                let names: Vec<String> = many.iter().map(|d| format!("{} ({})", d.index, d.name)).collect();
                return Err(Failure::usage(format!(
                    "the point has {} disks; choose one with --disk: {}",
                    many.len(),
                    names.join(", ")
                )));
            }
        };
        vault
            .restore_disk(&tenant, &snapshot, disk, &to, format, overwrite, &progress)
            .map_err(refused)?;
        Ok(vec![to])
    };
    let work = async { tokio::task::spawn_blocking(restore).await? };
    let written = trail::written(&opened.store, opened.world().now(), &deed, work).await?;
    if global.json {
        return json(
            &serde_json::json!({ "point": id, "consistency": "crash-consistent", "files": written }),
        );
    }
    for file in written {
        println!("{}", file.display());
    }
    Ok(())
}

/// The vault knows no switches: here the one against an existing file has a name.
fn refused(error: VaultError) -> Failure {
    match error {
        VaultError::Exists { path } => Failure::usage(format!(
            "{} exists: choose another name, or replace it with --force",
            path.display()
        )),
        other => told(other),
    }
}
