//! A lab on free ports whose clock stands still until a test moves it, and a host of it as the engine would reach it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::VmGuid;
use domain::job::{Job, JobState};
use hyperv::Trust;
use hyperv::connect::{HostConnection, WsmanHost};
use hyperv::host::{HostError, ReplicaHost, Started};
use lab::control::{LabConfig, LabHandle, Ports};
use lab::model::{Release, World};
use lab::scenario::{Op, Operation};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The world's time, moved by hand.
#[derive(Clone)]
pub struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Hand {
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    pub fn forward(&self, secs: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(secs);
    }
}

pub struct Site {
    pub lab: LabHandle,
    pub hand: Hand,
    pub host: WsmanHost,
    data: TempDir,
}

/// The UNC path that hosts export to.
pub const SHARE: &str = r"\\stage\exports";

pub fn world(begins_at: DateTime<Utc>) -> World {
    World {
        hosts: 2,
        tenants: 2,
        disk_mib_max: 4,
        stays_blocked: 0,
        interval_secs: Some(300),
        ..World::demo(7, begins_at, 4)
    }
}

impl Site {
    pub async fn start() -> Self {
        Self::of(|_| {}, None).await
    }

    /// A lab whose world was changed before it began, all hosts of one release if given.
    pub async fn of(change: impl FnOnce(&mut World), release: Option<Release>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let hand = Hand(Arc::new(Mutex::new("2026-11-22T18:00:00Z".parse().unwrap())));
        let mut world = world(hand.now());
        change(&mut world);
        let staging = data.path().join("staging");
        std::fs::create_dir_all(&staging).unwrap();
        let world = world.staged(SHARE, staging);
        if let Some(release) = release {
            let mut spec = world.generate();
            spec.hosts.iter_mut().for_each(|host| host.release = release);
            let home = data.path().join("lab");
            std::fs::create_dir_all(&home).unwrap();
            std::fs::write(home.join("lab.json"), serde_json::to_string(&spec).unwrap()).unwrap();
        }
        let clock = hand.clone();
        let config = LabConfig::new(data.path(), world, Arc::new(move || clock.now()));
        let lab = lab::control::start(LabConfig {
            ports: Ports::Free,
            ..config
        })
        .await
        .unwrap();
        let host = connect(&lab, 0);
        Self {
            lab,
            hand,
            host,
            data,
        }
    }

    pub fn staging(&self) -> PathBuf {
        self.data.path().join("staging")
    }

    pub fn host_name(&self) -> String {
        self.lab.running.hosts[0].name.clone()
    }

    pub fn operate(&self, vm: VmGuid, op: Op) {
        let operation = Operation::on_replica(vm.0.to_string(), op);
        self.lab.lab().with(|site| site.operate(&operation)).unwrap();
    }

    pub fn operate_host(&self, op: Op) {
        let operation = Operation::on_host(self.host_name(), op);
        self.lab.lab().with(|site| site.operate(&operation)).unwrap();
    }

    /// A VM of the host, at a moment at which nothing works on it and no log is due.
    pub fn vm_at_rest(&self) -> VmGuid {
        self.hand.forward(1000);
        for _ in 0..600 {
            self.hand.forward(1);
            let rest = self.lab.lab().with(|site| {
                let host = self.host_name();
                let jobs = site.jobs(&host);
                let at_rest = |vm| !jobs.iter().any(|job| job.vm == vm && job.state == 4);
                site.vms(&host)
                    .into_iter()
                    .find(|vm| vm.relationships[0].state == 3 && at_rest(vm.vm))
            });
            if let Some(vm) = rest {
                return VmGuid(vm.vm);
            }
        }
        panic!("no replica comes to rest");
    }

    /// Moves time until a job that was started has ended, and gives it as it ended.
    pub async fn finished(&self, started: Started) -> Job {
        let Started::Job { class, id } = started else {
            panic!("no job: {started:?}")
        };
        for _ in 0..600 {
            let job = self.host.job(&class, &id).await.unwrap();
            if !job.state.is_running() {
                return job;
            }
            self.hand.forward(1);
        }
        panic!("job {id} does not end");
    }

    /// As [`Site::finished`], for jobs that must end well.
    pub async fn completed(&self, started: Result<Started, HostError>) -> Job {
        let job = self.finished(started.unwrap()).await;
        assert_eq!(job.state, JobState::Completed, "{job:?}");
        job
    }
}

pub fn connect(lab: &LabHandle, n: usize) -> WsmanHost {
    connect_as(
        lab,
        n,
        std::fs::read_to_string(&lab.files.password).unwrap().trim(),
    )
}

pub fn connect_as(lab: &LabHandle, n: usize, password: &str) -> WsmanHost {
    let host = &lab.running.hosts[n];
    WsmanHost::new(HostConnection {
        id: host.name.parse().unwrap(),
        address: host.address.ip().to_string(),
        port: host.address.port(),
        trust: Trust::ca_file(&lab.files.ca).unwrap(),
        user: lab.user.to_owned(),
        password: SecretString::from(password),
        timeouts: hyperv::Timeouts::default(),
    })
    .unwrap()
}
