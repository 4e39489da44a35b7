//! `cargo xtask soak`: the whole product against the emulated site, killed again and again, judged by others.
//!
//! Lab and server run as separate processes. A season of blockers and kills follows a seed; then every restore
//! point is restored twice, by stock restic and by Stillpoint, and the lab's oracle judges both.

mod account;
mod dice;
mod judge;
mod plan;
mod process;
mod reasons;
mod season;
mod site;
mod web;

use crate::run::{call, target_dir};
use plan::Plan;
use site::Site;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Instant;

/// Runs the soak. A failed one keeps its data and logs, and the error says where.
pub fn run(args: &[String]) -> Result<(), String> {
    let plan = Plan::parse(args)?;
    let binary = match &plan.binary {
        Some(binary) => binary.clone(),
        None => {
            call("cargo", &["build", "--locked", "-p", "stillpoint"])?;
            target_dir().join("debug/stillpoint")
        }
    };
    let folder = target_dir().join("soak").join(plan.name());
    let _lock = lock(&folder)?;
    fresh(&folder)?;
    let began = Instant::now();
    eprintln!("soak: {plan}; in {}", folder.display());
    match soak(&plan, &binary, &folder) {
        Ok(told) => {
            eprintln!(
                "soak: good in {:.1} min: {told}",
                began.elapsed().as_secs_f64() / 60.0
            );
            std::fs::remove_dir_all(&folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))
        }
        // Logs before the reason: of a long output only the end is looked at, and often only the end is kept.
        Err(why) => Err(format!(
            "the soak failed after {:.1} min\n{}{}\n  data and logs are kept in {}\n  the same again: cargo xtask soak{} --seed {}\n\n  the reason: {why}",
            began.elapsed().as_secs_f64() / 60.0,
            log_end(&folder, "lab"),
            log_end(&folder, "serve"),
            folder.display(),
            if plan.short { " --short" } else { "" },
            plan.seed
        )),
    }
}

fn log_end(folder: &Path, name: &str) -> String {
    let log = folder.join(format!("{name}.log"));
    format!("  the end of {}:\n{}", log.display(), process::tail(&log))
}

/// One soak at a time works in a folder; the system lets go of the lock when this process ends, however it ends.
fn lock(folder: &Path) -> Result<File, String> {
    let path = folder.with_extension("lock");
    let fail = |e: std::io::Error| format!("cannot lock {}: {e}", path.display());
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above).map_err(fail)?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another soak runs in {}; wait for it, or choose another --seed or CARGO_TARGET_DIR",
            folder.display()
        )),
        Err(TryLockError::Error(e)) => Err(fail(e)),
    }
}

fn soak(plan: &Plan, binary: &Path, folder: &Path) -> Result<String, String> {
    let mut site = Site::start(plan, binary, folder)?;
    let season = season::run(plan, &mut site)?;
    let protected = account::settle(plan, &mut site, &season)?;
    let left = account::quiet(plan, &mut site)?;
    site.start_server()?;
    let attempts = site.attempts()?;
    eprintln!(
        "soak: {} attempts:{}",
        attempts.len(),
        account::outcomes(&attempts)
    );
    let points = site.points()?;
    site.kill_server()?;

    // Everything is looked at before anything is said: one failed check must not hide another.
    let mut wrong = Vec::new();
    wrong.extend(left);
    wrong.extend(account::never_two_at_once(&site));
    let (explained, unexplained) = reasons::right_blockers(&site, &season, &attempts);
    eprintln!("soak: deferrals and what explains them:{explained}");
    wrong.extend(unexplained);
    let unguarded = account::on_unguarded_hosts(&site, &attempts, &points);
    eprintln!("soak: {unguarded}");
    let judged = judge::every_point(plan, &site, &points, &mut wrong);
    site.stop()?;
    if !wrong.is_empty() {
        let shown: Vec<String> = wrong
            .iter()
            .take(40)
            .map(|line| format!("\n  - {line}"))
            .collect();
        return Err(format!("{} things are wrong:{}", wrong.len(), shown.concat()));
    }
    if judged == 0 {
        return Err("no restore point was made: nothing was proved".to_owned());
    }
    Ok(format!(
        "{judged} points whole and equal by both ways, {protected}; {unguarded}; {} attempts, {} kills, {} blockers",
        attempts.len(),
        season.kills,
        season.spells.len()
    ))
}

/// An empty folder of our own; what an earlier run left there goes.
fn fresh(folder: &Path) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("cannot prepare {}: {e}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(fail)?;
    }
    std::fs::create_dir_all(folder).map_err(fail)
}
