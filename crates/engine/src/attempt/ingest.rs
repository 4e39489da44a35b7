//! Ingest: everything the replica consists of is in the export, or the attempt fails naming what is missing. Then the vault reads it.

use super::{Run, Stop};
use crate::names;
use crate::ports::{VaultFailure, apart};
use domain::attempt::{Deferral, Failure};
use domain::blocker::{Blocker, NotReady, Room};
use hyperv::host::AttachedDisk;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vault::contract::{DiskSource, IngestRequest};

pub(super) async fn ingest(run: &mut Run) -> Result<(), Stop> {
    if run.facts.withheld.is_some() {
        return Ok(());
    }
    run.journal("intent", serde_json::Value::Null).await?;
    let (disks, config_files) = complete(run)?;
    let Some(taken) = run.facts.taken else {
        return Err(Failure::Incomplete {
            missing: vec!["the time of the checkpoint".to_owned()],
        }
        .into());
    };
    let request = IngestRequest {
        tenant: run.replica.tenant.clone(),
        replica: run.replica.id,
        attempt: run.attempt.id,
        token: run.attempt.token,
        point: names::new_point(run.shared.ports.ids.as_ref()),
        taken: taken.to_rfc3339(),
        disks,
        config_files,
    };
    let cancelled = Arc::new(AtomicBool::new(false));
    let vault = run.shared.ports.vault.clone();
    let (asked, flag) = (request.clone(), cancelled.clone());
    let work = apart(&vault, move |vault| vault.ingest(&asked, flag));
    tokio::pin!(work);
    let result = tokio::select! {
        biased;
        result = &mut work => result,
        () = run.stop.cancelled() => {
            cancelled.store(true, Ordering::Relaxed);
            work.await
        }
    };
    let failed = |text: String| Stop::from(Failure::Vault { step: run.step, text });
    let withheld = match result.map_err(|e| failed(e.to_string()))? {
        Ok(withheld) => withheld,
        Err(VaultFailure::NoRoom) => {
            let free_bytes = run.shared.ports.vault.free_bytes().unwrap_or(0);
            let needed_bytes = free_bytes.saturating_add(run.shared.config.free_bytes_min);
            let reason = NotReady::NoRoom {
                place: Room::Vault,
                needed_bytes,
                free_bytes,
            };
            return Err(Deferral::Blocked {
                blocker: Blocker::NotReady { reason },
            }
            .into());
        }
        Err(VaultFailure::Cancelled) => return Err(run.stopped().into()),
        Err(VaultFailure::Failed(text)) => return Err(failed(text)),
    };
    if withheld.disks.len() != request.disks.len() {
        let missing = vec![format!(
            "{} of {} disks in the vault",
            request.disks.len() - withheld.disks.len().min(request.disks.len()),
            request.disks.len()
        )];
        return Err(Failure::Incomplete { missing }.into());
    }
    run.facts.point = Some(request.point);
    run.facts.withheld = Some(withheld);
    run.journal("done", serde_json::json!({ "point": request.point }))
        .await
}

/// Finds every attached disk and the configuration in the export folder.
fn complete(run: &Run) -> Result<(Vec<DiskSource>, Vec<PathBuf>), Stop> {
    let files = files_below(&run.folder).map_err(|e| {
        let text = format!("cannot list the export folder {}: {e}", run.folder.display());
        Stop::from(Failure::Vault { step: run.step, text })
    })?;
    let (mut disks, mut missing, mut used) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, attached) in (0_u32..).zip(&run.facts.disks) {
        let name = base_name(&attached.path);
        let same = |other: &&AttachedDisk| base_name(&other.path).eq_ignore_ascii_case(name);
        if run.facts.disks.iter().filter(same).count() > 1 {
            // The export's folder says nothing of where a disk came from: contents would be exchanged unseen.
            missing.push(format!(
                "disk {name} beyond doubt (several attached disks have this file name)"
            ));
            continue;
        }
        let found = files.iter().find(|f| is_named(f, name) && !used.contains(*f));
        match found {
            Some(path) => {
                used.insert(path.clone());
                disks.push(DiskSource {
                    index,
                    name: name.to_owned(),
                    path: path.clone(),
                });
            }
            None => missing.push(format!("disk {name}")),
        }
    }
    if run.facts.disks.is_empty() {
        missing.push("any attached disk (the host lists none)".to_owned());
    }
    let config: Vec<PathBuf> = files.iter().filter(|f| !is_disk(f)).cloned().collect();
    if !config.iter().any(|f| has_extension(f, &["vmcx", "xml"])) {
        missing.push("the configuration file (*.vmcx)".to_owned());
    }
    if missing.is_empty() {
        Ok((disks, config))
    } else {
        Err(Failure::Incomplete { missing }.into())
    }
}

/// The last part of a Windows path.
fn base_name(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_name()
        .and_then(|n| n.to_str())
        .is_some_and(|n| n.eq_ignore_ascii_case(name))
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| extensions.iter().any(|x| e.eq_ignore_ascii_case(x)))
}

fn is_disk(path: &Path) -> bool {
    has_extension(path, &["vhdx", "avhdx", "vhd", "avhd", "vhds"])
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // A link is not followed: an export holds none, and it could lead anywhere.
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_path_ends_in_its_file_name() {
        assert_eq!(
            base_name(r"C:\Replica\Virtual hard disks\A\erp-0.vhdx"),
            "erp-0.vhdx"
        );
        assert_eq!(base_name("erp-0.vhdx"), "erp-0.vhdx");
        assert!(is_named(Path::new("/x/ERP-0.VHDX"), "erp-0.vhdx"));
    }
}
