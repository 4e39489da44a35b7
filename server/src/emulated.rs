//! What `lab` and `demo` have in common: a seeded site in the data directory and the configuration that goes with it.

use crate::config::Config;
use crate::data::DataDir;
use crate::telling::{Failure, chain};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use engine::{MachineClock, SpedClock, SystemMachineClock, WorldClock};
use lab::control::{LabConfig, LabHandle, Ports};
use lab::model::{TENANTS, World};
use lab::scenario::Operation;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The share by which emulated hosts know the staging folder.
const UNC: &str = r"\\stage\exports";
/// How often the world's time is written down while a demo runs.
const NOTED_EVERY: Duration = Duration::from_secs(5);

/// What a site is made from.
#[derive(Debug, Clone)]
pub struct Making {
    pub kind: Kind,
    pub seed: u64,
    pub replicas: usize,
    pub speed: f64,
    pub scenario: Vec<Operation>,
    pub ports: Ports,
    /// Go on from the world's time that was noted last, instead of letting it run while nobody looked.
    pub pausing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// 3 hosts, 4 tenants, mixed intervals; some replicas stay blocked
    Demo,
    /// Every 30 s a log, busy half of the time; `protect` takes a host its guard
    Soak,
}

/// A running site and the clock of its world.
pub struct Emulated {
    pub lab: LabHandle,
    pub clock: SpedClock,
}

/// Starts the site of a data directory, making it the first time, and writes `config.toml`.
pub async fn start(
    data: &DataDir,
    making: Making,
    on_disk: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
) -> Result<Emulated, Failure> {
    if !(making.speed.is_finite() && (0.1..=1000.0).contains(&making.speed)) {
        return Err(Failure::usage(format!(
            "--speed {} is not between 0.1 and 1000",
            making.speed
        )));
    }
    if !(1..=2000).contains(&making.replicas) {
        return Err(Failure::usage(format!(
            "--replicas {} is not between 1 and 2000",
            making.replicas
        )));
    }
    let clock = world(data, &making)?;
    let staging = data.root().join("staging");
    let begins_at = clock.epoch_world;
    let world = match making.kind {
        Kind::Demo => World::demo(making.seed, begins_at, making.replicas),
        Kind::Soak => World::soak(making.seed, begins_at, making.replicas),
    }
    .staged(UNC, staging);
    let config = LabConfig {
        scenario: making.scenario,
        ports: making.ports,
        on_disk,
        ..LabConfig::new(data.root(), world, Arc::new(move || clock.now()))
    };
    let lab = lab::control::start(config).await?;
    write_config(data, &clock, &lab)?;
    Ok(Emulated { lab, clock })
}

/// The clock of the configuration that is there, or one that begins now.
fn world(data: &DataDir, making: &Making) -> Result<SpedClock, Failure> {
    let now = DateTime::from_timestamp_millis(SystemMachineClock.unix_ms()).unwrap_or(DateTime::UNIX_EPOCH);
    if !data.config().exists() {
        return Ok(SpedClock {
            epoch_world: now,
            epoch_real: now,
            speed: making.speed,
        });
    }
    let config = Config::load(&data.config()).map_err(|e| Failure::usage(chain(&e)))?;
    let before = SpedClock {
        epoch_world: config.world.epoch_world,
        epoch_real: config.world.epoch_real,
        speed: config.world.speed,
    };
    if !making.pausing {
        if (before.speed - making.speed).abs() > f64::EPSILON {
            return Err(Failure::usage(format!(
                "the site in {} runs at --speed {}; choose that, or another data directory",
                data.root().display(),
                before.speed
            )));
        }
        return Ok(before);
    }
    let noted = std::fs::read_to_string(noted_file(data))
        .ok()
        .and_then(|text| text.trim().parse::<DateTime<Utc>>().ok());
    // The note may be one interval old: twice that is never in the past of what the state remembers.
    let margin = TimeDelta::milliseconds(scaled_ms(NOTED_EVERY * 2, before.speed));
    let epoch_world = noted.map_or_else(
        || before.world_at(now),
        |noted| (noted + margin).min(before.world_at(now)),
    );
    Ok(SpedClock {
        epoch_world,
        epoch_real: now,
        speed: making.speed,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "seconds times at most 1000"
)]
fn scaled_ms(real: Duration, speed: f64) -> i64 {
    (real.as_millis() as f64 * speed) as i64
}

fn noted_file(data: &DataDir) -> std::path::PathBuf {
    data.lab().join("world-time")
}

/// Notes the world's time until dropped, so that a stopped demo goes on where it was.
pub fn note_time(data: &DataDir, clock: SpedClock) -> tokio::task::JoinHandle<()> {
    let file = noted_file(data);
    tokio::spawn(async move {
        loop {
            let text = clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
            if let Err(error) = std::fs::write(&file, text) {
                tracing::warn!(%error, file = %file.display(), "the world's time cannot be noted");
            }
            tokio::time::sleep(NOTED_EVERY).await;
        }
    })
}

fn write_config(data: &DataDir, clock: &SpedClock, lab: &LabHandle) -> Result<(), Failure> {
    // A person's own terms survive: only what the emulation knows better is written anew.
    let kept = std::fs::read_to_string(data.config())
        .ok()
        .map(|text| kept_sections(&text))
        .unwrap_or_default();
    let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut text = format!(
        "# Written by `stillpoint lab` or `stillpoint demo`; [policy] and [limits] may be changed.\n\n\
         [world]\nepoch_world = \"{}\"\nepoch_real = \"{}\"\nspeed = {:?}\n\n\
         [staging]\npath = \"staging\"\nunc = '{UNC}'\n\n{kept}",
        time(clock.epoch_world),
        time(clock.epoch_real),
        clock.speed,
    );
    let relative = |path: &Path| {
        path.strip_prefix(data.root())
            .unwrap_or(path)
            .display()
            .to_string()
    };
    for host in &lab.running.hosts {
        let _ = write!(
            text,
            "[[host]]\nid = \"{}\"\naddress = \"localhost\"\nport = {}\nca_file = \"{}\"\nuser = \"{}\"\npassword_file = \"{}\"\n\n",
            host.name,
            host.address.port(),
            relative(&lab.files.ca),
            lab.user,
            relative(&lab.files.password),
        );
    }
    for tenant in TENANTS.iter().take(4).chain(&["canary"]) {
        let mut name = (*tenant).to_owned();
        name[..1].make_ascii_uppercase();
        let _ = write!(
            text,
            "[[tenant]]\nid = \"{tenant}\"\nname = \"{name}\"\ntrust_groups = [\"{tenant}\"]\nprimaries = [\"*.{tenant}.example\"]\n\n"
        );
    }
    DataDir::write_private(&data.config(), text.as_bytes())?;
    Ok(())
}

/// `[policy]`, `[limits]` and `[vault]` as they stand.
fn kept_sections(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = matches!(line.trim(), "[policy]" | "[limits]" | "[vault]");
        }
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_terms_survive_a_restart_of_the_lab() {
        let text = "[world]\nspeed = 1.0\n\n[policy]\npoll_secs = 20\n\n[[host]]\nid = \"x\"\n[limits]\nattempts_max = 3\n";
        assert_eq!(
            kept_sections(text),
            "[policy]\npoll_secs = 20\n\n[limits]\nattempts_max = 3\n"
        );
    }
}
