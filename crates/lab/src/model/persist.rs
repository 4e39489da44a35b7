//! Opening a site, and what is kept so that it can be opened again: one small file per replica beside its disks.
//!
//! The state is written before the first block of an apply and after its end. A site that was killed in the middle of an
//! apply finds `begun` ahead of `applied` and writes those generations again: which blocks, and what, is a pure function.

use super::hosts::Host;
use super::log::Journal;
use super::primary::Primary;
use super::queue::{Event, Queue};
use super::{Replica, Site, SiteError, SiteSpec, Suspension, backup::Checkpoint};
use crate::disks::{DiskBank, NoDisks, VhdxBank, Write, identity};
use crate::oracle::{mix, written};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    host: String,
    received: u64,
    applied: u64,
    begun: u64,
    last_replication: Option<DateTime<Utc>>,
    last_apply: Option<DateTime<Utc>>,
    last_backup: Option<DateTime<Utc>>,
    checkpoints: Vec<Checkpoint>,
    #[serde(default)]
    suspended: Option<Suspension>,
    #[serde(default)]
    backlog: u64,
}

fn trouble(path: &Path) -> impl FnOnce(std::io::Error) -> SiteError {
    let path = path.display().to_string();
    |source| SiteError::State { path, source }
}

fn write_whole(path: &Path, text: &str) -> Result<(), SiteError> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(trouble(path))
}

impl Site {
    /// Opens the site in `home`, making what is not there yet, at the world instant `now`. `on_disk` hears after each replica how
    /// many of all are ready; making the disks takes a moment the first time.
    ///
    /// # Errors
    /// When the description is wrong or a file can not be used.
    pub fn open(
        spec: SiteSpec,
        home: &Path,
        now: DateTime<Utc>,
        mut on_disk: impl FnMut(usize, usize),
    ) -> Result<Self, SiteError> {
        let mut site = Self::build(
            spec,
            Box::new(VhdxBank::new(home.join("replicas"))),
            Some(home.to_owned()),
            now,
        )?;
        fs::create_dir_all(home).map_err(trouble(home))?;
        site.count_start(home)?;
        let open = |name: &str| {
            let path = home.join(name);
            let file = fs::OpenOptions::new().create(true).append(true).open(&path);
            file.map_err(trouble(&path))
        };
        site.journal.file = Some(open("lab.log")?);
        if site.spec.settings.record_applies {
            site.journal.applies = Some(open("applies.log")?);
        }
        let all = site.replicas.len();
        for r in 0..all {
            site.bank.prepare(site.spec.seed, &site.replicas[r].spec)?;
            site.load_replica(r)?;
            on_disk(r + 1, all);
        }
        site.begin();
        Ok(site)
    }

    /// A site without disks and files, for worlds of thousands of replicas.
    ///
    /// # Errors
    /// When the description is wrong.
    pub fn in_memory(spec: SiteSpec, now: DateTime<Utc>) -> Result<Self, SiteError> {
        let mut site = Self::build(spec, Box::new(NoDisks), None, now)?;
        site.begin();
        Ok(site)
    }

    fn build(
        spec: SiteSpec,
        bank: Box<dyn DiskBank>,
        home: Option<PathBuf>,
        now: DateTime<Utc>,
    ) -> Result<Self, SiteError> {
        spec.validate()?;
        let booted = |n: usize| now - TimeDelta::hours(24 * 20 + 7 * i64::try_from(n).unwrap_or(0));
        let hosts: Vec<Host> = spec
            .hosts
            .iter()
            .enumerate()
            .map(|(n, h)| Host::new(h.clone(), booted(n)))
            .collect();
        let primaries = spec.primaries.iter().map(|p| Primary::new(p.clone(), booted(0)));
        let primaries = primaries.collect();
        let host_of = |name: &str| spec.hosts.iter().position(|host| host.name == name).unwrap_or(0);
        let replica = |replica: &super::ReplicaSpec| {
            // Where the beat was before the site began, so nothing looks as if it had never been replicated.
            let ago =
                i64::try_from(mix(spec.seed, &[replica.id.as_u64_pair().1, 0xa90]) % 20_000).unwrap_or(0);
            let last = now - TimeDelta::milliseconds(1_000 + ago);
            Replica {
                host: host_of(&replica.host),
                spec: replica.clone(),
                received: 0,
                applied: 0,
                begun: 0,
                last_replication: Some(last),
                last_apply: Some(last + TimeDelta::milliseconds(900)),
                applying: None,
                bad_apply: None,
                queued: false,
                checkpoints: Vec::new(),
                locks: 0,
                conditions: Vec::new(),
                last_backup: None,
                suspended: None,
                backlog: 0,
            }
        };
        let replicas = spec.replicas.iter().map(replica).collect();
        Ok(Self {
            now,
            hosts,
            primaries,
            replicas,
            jobs: BTreeMap::new(),
            exports: BTreeMap::new(),
            queue: Queue::default(),
            bank,
            journal: Journal::default(),
            home,
            incarnation: 1,
            ids: 0,
            conditions: 0,
            spec,
        })
    }

    fn begin(&mut self) {
        for r in 0..self.replicas.len() {
            self.queue.plan(self.beat(r, self.now), Event::Receive(r));
            self.queue.plan(self.now, Event::ApplyRetry(r));
        }
        self.scenario_plan();
    }

    fn count_start(&mut self, home: &Path) -> Result<(), SiteError> {
        let path = home.join("starts");
        let before = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(trouble(&path)(error)),
        };
        self.incarnation = before + 1;
        if before > 0 {
            // The hosts were off while nobody ran them.
            for host in &mut self.hosts {
                host.booted_at = self.now - TimeDelta::seconds(60);
                host.service_started_at = self.now - TimeDelta::seconds(30);
            }
        }
        write_whole(&path, &self.incarnation.to_string())
    }

    fn state_file(&self, r: usize) -> Option<PathBuf> {
        let folder = self
            .home
            .as_ref()?
            .join("replicas")
            .join(self.replicas[r].spec.id.to_string());
        Some(folder.join("state.json"))
    }

    pub(super) fn save_replica(&self, r: usize) -> Result<(), SiteError> {
        let Some(path) = self.state_file(r) else {
            return Ok(());
        };
        let replica = &self.replicas[r];
        let kept = Kept {
            host: self.hosts[replica.host].spec.name.clone(),
            received: replica.received,
            applied: replica.applied,
            begun: replica.begun,
            last_replication: replica.last_replication,
            last_apply: replica.last_apply,
            last_backup: replica.last_backup,
            checkpoints: replica.checkpoints.clone(),
            suspended: replica.suspended,
            backlog: replica.backlog,
        };
        let text = serde_json::to_string(&kept).map_err(|error| trouble(&path)(error.into()))?;
        write_whole(&path, &text)
    }

    fn load_replica(&mut self, r: usize) -> Result<(), SiteError> {
        let Some(path) = self.state_file(r) else {
            return Ok(());
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(trouble(&path)(error)),
        };
        let kept: Kept = serde_json::from_str(&text).map_err(|error| trouble(&path)(error.into()))?;
        let host = self.host_index(&kept.host);
        let replica = &mut self.replicas[r];
        replica.host = host.unwrap_or(replica.host);
        replica.received = kept.received.max(kept.begun);
        replica.applied = kept.applied;
        replica.begun = kept.begun;
        replica.last_replication = kept.last_replication.map(|at| at.min(self.now));
        replica.last_apply = kept.last_apply.map(|at| at.min(self.now));
        replica.last_backup = kept.last_backup;
        replica.checkpoints = kept.checkpoints;
        replica.suspended = kept.suspended.and_then(Suspension::settled);
        replica.backlog = kept.backlog;
        self.redo(r)
    }

    /// Writes again what was being written when the site ended.
    fn redo(&mut self, r: usize) -> Result<(), SiteError> {
        let (seed, replica) = (self.spec.seed, &self.replicas[r]);
        if replica.begun == replica.applied {
            return Ok(());
        }
        for generation in replica.applied + 1..=replica.begun {
            for disk in (0..).map_while(|disk| identity(seed, &replica.spec, disk)) {
                for block in written(&disk, generation) {
                    self.bank.write(
                        seed,
                        &replica.spec,
                        Write {
                            disk: disk.disk,
                            block,
                            generation,
                        },
                    )?;
                }
            }
        }
        let now = self.now;
        let replica = &mut self.replicas[r];
        replica.applied = replica.begun;
        replica.last_apply = Some(now);
        self.save_replica(r)
    }
}
