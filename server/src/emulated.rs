//! What `lab` and `demo` have in common: a seeded site in the data directory and the configuration that goes with it.

use crate::config::Config;
use crate::data::DataDir;
use crate::telling::{Failure, chain};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::calendar::{self, WindowRule, Zone};
use engine::{MachineClock, SpedClock, SystemMachineClock, WorldClock};
use lab::control::run::PRIMARY_USER;
use lab::control::{LabConfig, LabHandle, Ports};
use lab::model::{TENANTS, World};
use lab::scenario::Operation;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use toml::{Table, Value};

/// The share by which emulated hosts know the staging folder.
const UNC: &str = r"\\stage\exports";
/// How a configuration of the emulation begins.
const MARK: &str = "# Written by `stillpoint lab` or `stillpoint demo`";
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
    refuse_a_persons_config(data)?;
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
    if !data.config().try_exists()? {
        return Ok(SpedClock {
            epoch_world: match making.kind {
                Kind::Demo => evening_of(now),
                Kind::Soak => now,
            },
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

/// Shortly before the first of the emulated tenants' windows opens: whoever looks at the demo sees a night begin.
fn evening_of(now: DateTime<Utc>) -> DateTime<Utc> {
    let opens = |zone: &str| {
        let zone: Zone = zone.parse().ok()?;
        Some(calendar::window(zone, WindowRule::NIGHT, zone.date(now))?.open)
    };
    let first = ZONES.iter().filter_map(|zone| opens(zone)).min();
    first.map_or(now, |first| first - BEFORE_THE_NIGHT)
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

const BEFORE_THE_NIGHT: TimeDelta = TimeDelta::minutes(20);

/// Where the emulated tenants sit: their days open and close at different instants.
const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "Europe/Berlin",
];

/// A configuration that nobody but the emulation wrote may be written anew: its hosts and tenants would be lost.
fn refuse_a_persons_config(data: &DataDir) -> Result<(), Failure> {
    let path = data.config();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
    };
    if text.starts_with(MARK) || data.lab().join("lab.json").is_file() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} was written by somebody else, and an emulated site would replace its hosts and tenants; name another data directory with --data",
        path.display()
    )))
}

fn write_config(data: &DataDir, clock: &SpedClock, lab: &LabHandle) -> Result<(), Failure> {
    let path = data.config();
    // A person's own terms survive: only what the emulation knows better is written anew.
    let mut document = match std::fs::read_to_string(&path) {
        Ok(text) => {
            kept(&text).map_err(|e| Failure::usage(format!("{}: {}", path.display(), e.trim_end())))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Table::new(),
        Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
    };
    let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Micros, true);
    document.insert(
        "world".to_owned(),
        table([
            ("epoch_world", time(clock.epoch_world).into()),
            ("epoch_real", time(clock.epoch_real).into()),
            ("speed", clock.speed.into()),
        ]),
    );
    document.insert(
        "staging".to_owned(),
        table([("path", "staging".into()), ("unc", UNC.into())]),
    );
    let relative = |path: &Path| {
        let path = path.strip_prefix(data.root()).unwrap_or(path);
        Value::from(path.display().to_string())
    };
    let hosts = lab.running.hosts.iter().map(|host| {
        table([
            ("id", host.name.as_str().into()),
            ("address", "localhost".into()),
            ("port", i64::from(host.address.port()).into()),
            ("ca_file", relative(&lab.files.ca)),
            ("user", lab.user.into()),
            ("password_file", relative(&lab.files.password)),
        ])
    });
    document.insert("host".to_owned(), Value::Array(hosts.collect()));
    let primaries = lab.running.primaries.iter().map(|primary| {
        table([
            ("id", primary.name.as_str().into()),
            ("tenant", primary.tenant.as_str().into()),
            ("names", vec![primary.fqdn.as_str()].into()),
            ("address", "localhost".into()),
            ("port", i64::from(primary.address.port()).into()),
            ("ca_file", relative(&lab.files.ca)),
            ("user", PRIMARY_USER.into()),
            (
                "password_file",
                relative(&lab.files.primary_password(&primary.tenant)),
            ),
        ])
    });
    document.insert("primary".to_owned(), Value::Array(primaries.collect()));
    let tenants = TENANTS
        .iter()
        .take(4)
        .chain(&["canary"])
        .zip(ZONES)
        .map(|(tenant, zone)| {
            let mut name = (*tenant).to_owned();
            name[..1].make_ascii_uppercase();
            table([
                ("id", (*tenant).into()),
                ("name", name.into()),
                ("zone", zone.into()),
                ("trust_groups", vec![*tenant].into()),
                ("primaries", vec![format!("*.{tenant}.example")].into()),
            ])
        });
    document.insert("tenant".to_owned(), Value::Array(tenants.collect()));
    let text = format!(
        "{MARK}; [policy], [limits] and [vault] may be changed.\n\n{}",
        toml::to_string(&document)?
    );
    DataDir::write_private(&path, text.as_bytes())?;
    Ok(())
}

fn table<const N: usize>(rows: [(&str, Value); N]) -> Value {
    Value::Table(
        rows.into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// `[policy]`, `[limits]` and `[vault]` as they stand, or what is wrong with the text.
fn kept(text: &str) -> Result<Table, String> {
    let mut document: Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    document.retain(|key, _| matches!(key, "policy" | "limits" | "vault"));
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_terms_survive_a_restart_of_the_lab_however_they_are_written() {
        let text = "policy = { poll_secs = 20 }\n[world]\nspeed = 1.0\n[[host]]\nid = \"[policy]\"\n  [ limits ] # ours\nattempts_max = 3\n\
            [vault]\npath = \"[[host]]\"\n";
        let mut kept = kept(text).unwrap();
        let vault = kept.remove("vault").unwrap();
        assert_eq!(vault["path"].as_str(), Some("[[host]]"));
        assert_eq!(
            kept,
            "[policy]\npoll_secs = 20\n[limits]\nattempts_max = 3\n"
                .parse()
                .unwrap()
        );
    }

    #[test]
    fn only_the_emulations_own_configuration_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        refuse_a_persons_config(&data).unwrap();
        std::fs::write(data.config(), format!("{MARK}; ...\n")).unwrap();
        refuse_a_persons_config(&data).unwrap();
        std::fs::write(data.config(), "[staging]\n").unwrap();
        let refused = refuse_a_persons_config(&data).unwrap_err().to_string();
        assert!(
            refused.contains("config.toml") && refused.contains("--data"),
            "{refused}"
        );
        std::fs::create_dir_all(data.lab()).unwrap();
        std::fs::write(data.lab().join("lab.json"), "{}").unwrap();
        refuse_a_persons_config(&data).unwrap();
    }
}
