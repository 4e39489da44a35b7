//! The site under the soak: a data directory, the lab's process and the server's, and how they are asked.

mod traces;
mod world;

use super::plan::Plan;
use super::process::{self, Service, finish, json_however};
use super::web;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use world::World;
pub use world::seconds;

/// A start may wait for slow disks and for the clean-up after a kill.
const READY_SECS: u64 = 60;
/// The server gives running attempts 20 s to end, and then undoes them.
const STOP_SECS: u64 = 90;
/// How many times as long exports take on hosts that guard nothing.
const EXPORT_SLOW_FACTOR: u32 = 4;
/// The longest that the policy allows.
const A_WEEK_SECS: u32 = 7 * 86_400;

#[derive(Debug)]
pub struct Site {
    binary: PathBuf,
    folder: PathBuf,
    /// `lab.json`: hosts, replicas, what stays blocked.
    spec: Value,
    world: World,
    /// `tenant/name` of every replica but the canaries.
    replicas: Vec<String>,
    lab: Option<Service>,
    server: Option<Service>,
    url: String,
    /// The owner's session; it outlives every kill.
    cookie: String,
    /// Hosts that guard nothing any more.
    unguarded: Vec<String>,
    /// World seconds of each start of the server.
    starts: Vec<f64>,
}

/// A member as text, empty when it is none.
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

impl Site {
    /// Starts the lab, enrols its hosts, starts the server.
    pub fn start(plan: &Plan, binary: &Path, folder: &Path) -> Result<Self, String> {
        let data = folder.join("data");
        let mut command = Command::new(binary);
        command
            .arg("lab")
            .arg("--data")
            .arg(&data)
            .args(["--json", "--world", "soak"]);
        for (option, value) in [
            ("--seed", plan.seed),
            ("--replicas", plan.replicas.into()),
            ("--speed", plan.speed.into()),
        ] {
            command.arg(option).arg(value.to_string());
        }
        let (lab, _) = Service::start("lab", &mut command, folder, Duration::from_secs(READY_SECS))?;
        let written = set_policy(&data, plan.backup_every_secs)?;
        let spec = read(&data.join("lab/lab.json"))?;
        let spec: Value = serde_json::from_str(&spec).map_err(|e| format!("lab.json is not JSON: {e}"))?;
        let replicas = spec["replicas"].as_array().into_iter().flatten();
        let replicas = replicas
            .filter(|replica| replica["canary"].as_bool() != Some(true))
            .map(|replica| format!("{}/{}", text(replica, "tenant"), text(replica, "name")))
            .collect();
        let mut site = Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            spec,
            world: World::of(&written)?,
            replicas,
            lab: Some(lab),
            server: None,
            url: String::new(),
            cookie: String::new(),
            unguarded: Vec::new(),
            starts: Vec::new(),
        };
        site.enrol()?;
        site.unguard()?;
        site.start_server()?;
        Ok(site)
    }

    /// `doctor` must pass on every host: all of them still guard their replicas.
    fn enrol(&self) -> Result<(), String> {
        let told = json_however(self.command().args(["doctor", "--json"]))?;
        for host in self.hosts() {
            let mut results = told.as_array().into_iter().flatten();
            let result = results
                .find(|result| text(result, "host") == host)
                .ok_or_else(|| format!("doctor says nothing about {host}: {told}"))?;
            if result["enrolled"].as_bool() != Some(true) {
                return Err(format!("{host} was not enrolled: {}", text(result, "reason")));
            }
        }
        Ok(())
    }

    /// Half of the hosts, rounded up, stop guarding their replicas behind the back of a server that trusts them, as an
    /// update might do that keeps the build number. From here on only gate and proof keep torn points out.
    fn unguard(&mut self) -> Result<(), String> {
        let hosts = self.hosts();
        let guarded = hosts.len() / 2;
        for host in hosts.into_iter().skip(guarded) {
            self.operate(&json!({ "op": "protect", "on": false, "host": host }))?;
            self.unguarded.push(host);
        }
        let state = process::json(self.command().args(["lab", "ctl", "state"]))?;
        for host in state["hosts"].as_array().into_iter().flatten() {
            let expected = if self.guards(text(host, "name")) {
                "protected"
            } else {
                "unprotected"
            };
            if text(host, "protection") != expected {
                return Err(format!(
                    "{} is not {expected}: {}",
                    host["name"], host["protection"]
                ));
            }
        }
        // A small disk is read in a moment that seldom meets an apply: without this, a build whose proof says always yes would
        // pass (it did). Every second one is read slower, so that applies fall into it; the others still yield points.
        let unguarded = self
            .replicas
            .iter()
            .filter(|it| !self.guards(self.first_host(it)));
        for (n, replica) in unguarded.enumerate() {
            if n % 2 == 0 {
                self.operate(
                    &json!({ "op": "export-slow", "factor": EXPORT_SLOW_FACTOR, "replica": replica }),
                )?;
            }
        }
        eprintln!(
            "soak: all hosts enrolled; unprotected from now on: {}",
            self.unguarded.join(", ")
        );
        Ok(())
    }

    /// Names of all hosts.
    fn hosts(&self) -> Vec<String> {
        let hosts = self.spec["hosts"].as_array().into_iter().flatten();
        hosts.map(|host| text(host, "name").to_owned()).collect()
    }

    /// Whether a host guards its replicas.
    pub fn guards(&self, host: &str) -> bool {
        !self.unguarded.iter().any(|name| name == host)
    }

    /// A host that guards, or one that does not.
    pub fn a_host(&self, guarding: bool) -> Option<String> {
        self.hosts()
            .into_iter()
            .find(|host| self.guards(host) == guarding)
    }

    /// Where a replica (`tenant/name`) was at the beginning.
    pub fn first_host(&self, replica: &str) -> &str {
        let mut replicas = self.spec["replicas"].as_array().into_iter().flatten();
        replicas
            .find(|it| format!("{}/{}", text(it, "tenant"), text(it, "name")) == replica)
            .map_or("", |it| text(it, "host"))
    }

    /// World seconds of each start of the server.
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    /// The binary on this data directory; arguments follow.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(self.folder.join("data"));
        command
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn replicas(&self) -> &[String] {
        &self.replicas
    }

    pub fn start_server(&mut self) -> Result<(), String> {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
        self.starts.push(self.world_now());
        let (server, ready) = Service::start(
            "serve",
            &mut command,
            &self.folder,
            Duration::from_secs(READY_SECS),
        )?;
        self.url = text(&ready, "url").to_owned();
        self.server = Some(server);
        if self.url.is_empty() {
            return Err(format!("`serve` is ready without a URL: {ready}"));
        }
        if self.cookie.is_empty() {
            self.cookie = web::enter(&self.url, ready["first_owner"].as_str())?;
        }
        Ok(())
    }

    /// From the next start on, who has a point owes none for a long time.
    pub fn owe_nothing(&self) -> Result<(), String> {
        set_policy(&self.folder.join("data"), A_WEEK_SECS).map(|_| ())
    }

    pub fn kill_server(&mut self) -> Result<(), String> {
        self.server
            .take()
            .map_or_else(|| Err("the server does not run".to_owned()), Service::kill)
    }

    pub fn stop_server(&mut self) -> Result<(), String> {
        self.server
            .take()
            .map_or(Ok(()), |server| server.stop(Duration::from_secs(STOP_SECS)))
    }

    /// Ends the lab; the server has ended before.
    pub fn stop(mut self) -> Result<(), String> {
        self.lab
            .take()
            .map_or(Ok(()), |lab| lab.stop(Duration::from_secs(STOP_SECS)))
    }

    /// World time, seconds since 1970.
    pub fn world_now(&self) -> f64 {
        self.world.now()
    }

    /// One operation as a scenario knows it, now.
    pub fn operate(&self, operation: &Value) -> Result<(), String> {
        finish(
            self.command()
                .args(["lab", "ctl", "op"])
                .arg(operation.to_string()),
        )
        .map(|_| ())
    }

    pub fn points(&self) -> Result<Vec<Value>, String> {
        match process::json(self.command().args(["points", "--json"]))? {
            Value::Array(points) => Ok(points),
            other => Err(format!("`points --json` printed no array: {other}")),
        }
    }

    /// All attempts, newest first.
    pub fn attempts(&self) -> Result<Vec<Value>, String> {
        let mut attempts = Vec::new();
        let mut path = "/api/v1/attempts?limit=500".to_owned();
        loop {
            let mut page = web::get(&self.url, &self.cookie, &path)?;
            match page["rows"].take() {
                Value::Array(rows) => attempts.extend(rows),
                _ => return Err(format!("{path} has no rows")),
            }
            let Some(next) = page["next"].as_str() else {
                return Ok(attempts);
            };
            path = format!("/api/v1/attempts?limit=500&cursor={next}");
        }
    }

    pub fn attempts_running(&self) -> Result<usize, String> {
        Ok(self
            .attempts()?
            .iter()
            .filter(|attempt| text(attempt, "outcome") == "Running")
            .count())
    }

    /// Replicas that are on a protected host now and that nothing keeps blocked for good.
    pub fn protectable(&self) -> Result<Vec<String>, String> {
        // One page has room for all replicas of a soak.
        let mut told = web::get(&self.url, &self.cookie, "/api/v1/replicas?sort=name")?;
        let Value::Array(rows) = told["rows"].take() else {
            return Err("/api/v1/replicas has no rows".to_owned());
        };
        if told["matching"]
            .as_u64()
            .is_none_or(|all| all != rows.len() as u64)
        {
            return Err(format!(
                "/api/v1/replicas shows {} of {} rows",
                rows.len(),
                told["matching"]
            ));
        }
        let named = |row: &Value| format!("{}/{}", text(row, "tenant"), text(row, "name"));
        let on_protected = rows
            .iter()
            .filter(|row| self.guards(text(row, "host")))
            .map(named);
        Ok(on_protected
            .filter(|name| self.replicas.contains(name) && self.stays_blocked(name).is_none())
            .collect())
    }

    /// The code that the scenario keeps on a replica for good.
    pub fn stays_blocked(&self, replica: &str) -> Option<String> {
        let mut stays = self.spec["stays_blocked"].as_array().into_iter().flatten();
        stays
            .find(|stays| text(stays, "replica") == replica)
            .map(|stays| text(stays, "code").to_owned())
    }
}

/// Sets how often a replica owes a point; the configuration as it is then.
fn set_policy(data: &Path, backup_every_secs: u32) -> Result<String, String> {
    let config = data.join("config.toml");
    let written = world::with_policy(
        &read(&config)?,
        &[("backup_every_secs", backup_every_secs.into())],
    );
    fs::write(&config, &written).map_err(|e| format!("cannot write {}: {e}", config.display()))?;
    Ok(written)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}
