//! Every restore point, restored by stock restic and by Stillpoint, judged by the oracle and by qemu-img.

use super::plan::Plan;
use super::process::{finish, json, json_however};
use super::site::{Site, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What opens a tenant's repository with restic.
struct Access {
    repository: String,
    password_file: PathBuf,
    join_script: PathBuf,
}

/// Judges all points, adding to `wrong`; the number judged whole.
pub fn every_point(plan: &Plan, site: &Site, points: &[Value], wrong: &mut Vec<String>) -> usize {
    let mut keys: BTreeMap<String, Access> = BTreeMap::new();
    let mut good = 0;
    for (number, point) in points.iter().enumerate() {
        let tenant = text(point, "tenant").to_owned();
        let name = format!(
            "point {} of {tenant}/{} taken {}",
            text(point, "id"),
            text(point, "name"),
            text(point, "taken")
        );
        let folder = site.folder().join("judge").join(number.to_string());
        let judged = access(site, &tenant, &mut keys).and_then(|access| one(site, access, point, &folder));
        match judged {
            Ok(()) => {
                good += 1;
                let _ = fs::remove_dir_all(&folder);
            }
            Err(why) => wrong.push(format!("{name}: {why}")),
        }
        if (number + 1) % 10 == 0 {
            eprintln!(
                "soak: judged {} of {} points (seed {})",
                number + 1,
                points.len(),
                plan.seed
            );
        }
    }
    good
}

fn access<'a>(
    site: &Site,
    tenant: &str,
    keys: &'a mut BTreeMap<String, Access>,
) -> Result<&'a Access, String> {
    if !keys.contains_key(tenant) {
        let told = json(
            site.command()
                .args(["vault", "access", tenant, "--reveal", "--json"]),
        )?;
        let folder = site.folder().join("judge").join(tenant);
        let put = |name: &str, content: &str| -> Result<PathBuf, String> {
            let path = folder.join(name);
            fs::create_dir_all(&folder)
                .and_then(|()| fs::write(&path, content))
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            Ok(path)
        };
        let password = text(&told, "password");
        if password.is_empty() {
            return Err("`vault access --reveal` gave no password".to_owned());
        }
        let access = Access {
            repository: text(&told, "repository").to_owned(),
            password_file: put("password", password)?,
            join_script: put("join-extents.sh", text(&told, "join_script"))?,
        };
        keys.insert(tenant.to_owned(), access);
    }
    keys.get(tenant).ok_or_else(|| format!("no access to {tenant}"))
}

fn one(site: &Site, access: &Access, point: &Value, folder: &Path) -> Result<(), String> {
    let (by_restic, by_us) = (folder.join("restic"), folder.join("stillpoint"));
    for path in [&by_restic, &by_us] {
        fs::create_dir_all(path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    }
    let theirs = with_restic(access, point, &by_restic)?;
    let ours = with_stillpoint(site, point, &by_us)?;
    if theirs.len() != ours.len() || theirs.is_empty() {
        return Err(format!(
            "restic gives {} disks, stillpoint {}",
            theirs.len(),
            ours.len()
        ));
    }
    let told = [check(site, "restic", &theirs)?, check(site, "stillpoint", &ours)?];
    if told[0] != told[1] {
        return Err(format!(
            "restic gives generation {}, stillpoint {}",
            told[0], told[1]
        ));
    }
    let recorded = site.generation_of(text(&point["evidence"], "attempt"));
    if recorded != Some(told[0]) {
        return Err(format!(
            "holds generation {}, the lab recorded {recorded:?} at the checkpoint",
            told[0]
        ));
    }
    for (theirs, ours) in theirs.iter().zip(&ours) {
        finish(
            Command::new("qemu-img")
                .args(["compare", "-f", "raw", "-F", "vhdx"])
                .arg(theirs)
                .arg(ours),
        )?;
    }
    Ok(())
}

/// Raw disks in order.
fn with_restic(access: &Access, point: &Value, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let tree = folder.join("tree");
    let mut restic = Command::new("restic");
    restic
        .args([
            "-r",
            &access.repository,
            "--no-lock",
            "restore",
            text(point, "snapshot"),
            "--target",
        ])
        .arg(&tree);
    finish(
        restic
            .env("RESTIC_PASSWORD_FILE", &access.password_file)
            .env("RESTIC_CACHE_DIR", folder.join("cache")),
    )?;
    let mut found = Vec::new();
    disk_folders(&tree, &mut found).map_err(|e| format!("cannot read {}: {e}", tree.display()))?;
    found.sort();
    let mut raw = Vec::new();
    for (number, disk) in &found {
        let path = folder.join(format!("disk-{number}.raw"));
        finish(Command::new("sh").arg(&access.join_script).arg(disk).arg(&path))?;
        raw.push(path);
    }
    let _ = fs::remove_dir_all(tree);
    Ok(raw)
}

/// Folders `disk-<n>` below `folder`.
fn disk_folders(folder: &Path, found: &mut Vec<(u32, PathBuf)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !path.is_dir() {
            continue;
        }
        match name.strip_prefix("disk-").and_then(|number| number.parse().ok()) {
            Some(number) => found.push((number, path)),
            None => disk_folders(&path, found)?,
        }
    }
    Ok(())
}

/// VHDX disks in order.
fn with_stillpoint(site: &Site, point: &Value, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let disks = point["disks"].as_array().map_or(0, Vec::len);
    let mut files = Vec::new();
    for number in 0..disks {
        let path = folder.join(format!("disk-{number}.vhdx"));
        let number = number.to_string();
        let args = [
            "restore",
            text(point, "id"),
            "--disk",
            &number,
            "--format",
            "vhdx",
            "--to",
        ];
        finish(site.command().args(args).arg(&path))?;
        files.push(path);
    }
    Ok(files)
}

/// The oracle's generation, or where the disks are torn.
fn check(site: &Site, by: &str, files: &[PathBuf]) -> Result<u64, String> {
    let told = json_however(site.command().args(["lab", "check", "--json"]).args(files))
        .map_err(|why| format!("the oracle cannot judge what {by} restored: {why}"))?;
    if told["consistent"].as_bool() != Some(true) {
        let torn = told["torn_at"].as_array().map_or(&[][..], Vec::as_slice);
        return Err(format!(
            "TORN as {by} restored it: {} blocks, the first {}, problems {}",
            torn.len(),
            torn.first().unwrap_or(&Value::Null),
            told["problems"]
        ));
    }
    told["generation"]
        .as_u64()
        .ok_or_else(|| format!("the oracle names no generation: {told}"))
}
