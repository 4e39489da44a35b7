//! A lab in this process and everything that a server needs around it, in one data directory that the binary can use as well.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::binding::TenantRule;
use domain::ids::{ReplicaId, VmGuid};
use domain::observation::HostTrust;
use engine::{
    DoctorRequest, Engine, EngineConfig, Ports, SpedClock, Staging, SystemMachineClock, WorldClock,
};
use engine::{MachineClock, Outcome};
use hyperv::Trust;
use hyperv::connect::{HostConnection, WsmanHost};
use hyperv::host::ReplicaHost;
use lab::control::run::PRIMARY_USER;
use lab::control::{LabConfig, LabHandle};
use lab::model::{SiteSpec, World};
use lab::scenario::{Op, Operation};
use secrecy::SecretString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stillpoint::keys::SealedRecords;
use store::records::{Attempt, Replica};
use store::sqlite::SqliteStore;
use store::traits::{ReplicaStore, Scope};
use tempfile::TempDir;
use uuid::Uuid;
use vault::{KekSource, Vault};

use crate::waiting::until;

pub const SITE: Scope = Scope::Site { reason: "test" };
const SHARE: &str = r"\\stage\exports";

/// A running lab and its data directory.
pub struct Site {
    pub lab: LabHandle,
    pub clock: SpedClock,
    data: TempDir,
}

/// An engine with its store and vault on a site.
pub struct Works {
    pub engine: Engine,
    pub store: SqliteStore,
    pub vault: Arc<Vault>,
}

/// The world's instant at which every site begins.
pub fn begins_at() -> DateTime<Utc> {
    "2026-11-22T18:00:00Z".parse().unwrap()
}

/// Every replica at 30 s on small disks, nothing blocked.
pub fn small(seed: u64, hosts: usize, replicas: usize) -> World {
    World {
        hosts,
        interval_secs: Some(30),
        stays_blocked: 0,
        mixed_releases: false,
        disk_mib_max: 4,
        ..World::demo(seed, begins_at(), replicas)
    }
}

impl Site {
    pub async fn start(world: World, speed: f64) -> Self {
        Self::edited(world, speed, |_| {}).await
    }

    /// A site whose description was changed before it began.
    pub async fn edited(world: World, speed: f64, edit: impl FnOnce(&mut SiteSpec)) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let staging = data.path().join("staging");
        std::fs::create_dir_all(&staging).unwrap();
        let world = world.staged(SHARE, staging);
        let mut spec = world.generate();
        edit(&mut spec);
        let home = data.path().join("lab");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("lab.json"), serde_json::to_string(&spec).unwrap()).unwrap();
        let clock = SpedClock {
            epoch_world: begins_at(),
            epoch_real: DateTime::from_timestamp_millis(SystemMachineClock.unix_ms()).unwrap(),
            speed,
        };
        let config = LabConfig {
            ports: lab::control::Ports::Free,
            ..LabConfig::new(data.path(), world, Arc::new(move || clock.now()))
        };
        let lab = lab::control::start(config).await.unwrap();
        let site = Self { lab, clock, data };
        site.write_config("");
        site
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The configuration that goes with the site, and `more` of it.
    pub fn write_config(&self, more: &str) {
        let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Micros, true);
        let SpedClock {
            epoch_world,
            epoch_real,
            speed,
        } = self.clock;
        let mut text = format!(
            "{more}\n[world]\nepoch_world = \"{}\"\nepoch_real = \"{}\"\nspeed = {speed:?}\n\n[staging]\npath = \"staging\"\nunc = '{SHARE}'\n\n",
            time(epoch_world),
            time(epoch_real),
        );
        for host in &self.lab.running.hosts {
            let port = host.address.port();
            let _ = write!(
                text,
                "[[host]]\nid = \"{}\"\naddress = \"localhost\"\nport = {port}\nca_file = \"{}\"\nuser = \"{}\"\npassword_file = \"{}\"\n\n",
                host.name,
                self.lab.files.ca.display(),
                self.lab.user,
                self.lab.files.password.display(),
            );
        }
        for primary in &self.lab.running.primaries {
            let _ = write!(
                text,
                "[[primary]]\nid = \"{}\"\ntenant = \"{}\"\nnames = [\"{}\"]\naddress = \"localhost\"\nport = {}\nca_file = \"{}\"\nuser = \"{PRIMARY_USER}\"\npassword_file = \"{}\"\n\n",
                primary.name,
                primary.tenant,
                primary.fqdn,
                primary.address.port(),
                self.lab.files.ca.display(),
                self.lab.files.primary_password(&primary.tenant).display(),
            );
        }
        for rule in self.tenants() {
            let id = rule.tenant;
            let _ = write!(
                text,
                "[[tenant]]\nid = \"{id}\"\nname = \"{id}\"\ntrust_groups = [\"{id}\"]\nprimaries = [\"*.{id}.example\"]\n\n"
            );
        }
        std::fs::write(self.data().join("config.toml"), text).unwrap();
    }

    pub fn tenants(&self) -> Vec<TenantRule> {
        let tenants = self.lab.lab().with(|site| site.spec().tenants.clone());
        let rule = |tenant: lab::model::TenantSpec| TenantRule {
            tenant: tenant.slug.parse().unwrap(),
            trust_groups: vec![tenant.trust_group],
            storage_paths: Vec::new(),
            primaries: vec![tenant.allowed_primary],
        };
        tenants.into_iter().map(rule).collect()
    }

    fn hosts(&self) -> Vec<Arc<dyn ReplicaHost>> {
        let password = std::fs::read_to_string(&self.lab.files.password).unwrap();
        let connect = |host: &lab::control::RunningHost| {
            let connection = HostConnection {
                id: host.name.parse().unwrap(),
                address: "localhost".to_owned(),
                port: host.address.port(),
                trust: Trust::ca_file(&self.lab.files.ca).unwrap(),
                user: self.lab.user.to_owned(),
                password: SecretString::from(password.trim()),
                timeouts: hyperv::Timeouts::default(),
            };
            Arc::new(WsmanHost::new(connection).unwrap()) as Arc<dyn ReplicaHost>
        };
        self.lab.running.hosts.iter().map(connect).collect()
    }

    /// The state of the data directory, as the binary finds it.
    pub async fn store(&self, room: &str) -> SqliteStore {
        let state = self.data().join(room);
        std::fs::create_dir_all(&state).unwrap();
        SqliteStore::open(state.join("stillpoint.db")).await.unwrap()
    }

    /// Store and vault in rooms of this name: `""` for those that the binary uses.
    pub async fn parts(&self, room: &str) -> (SqliteStore, Arc<Vault>) {
        let at = |name: &str| format!("{room}{name}");
        let store = self.store(&at("state")).await;
        let secrets = self.data().join(at("secrets"));
        let keys = KekSource::File {
            path: secrets.join("kek"),
            make: true,
        };
        let sealed = SealedRecords::on(keys, None, &store).unwrap();
        let vault = sealed.vault(&self.data().join(at("vault")), &secrets).await;
        (store, Arc::new(vault.unwrap()))
    }

    /// An engine that surveys and rescues by itself, and starts only what it is told to.
    pub async fn works(
        &self,
        room: &str,
        change: impl FnOnce(&mut EngineConfig),
        ports: impl FnOnce(&mut Ports),
    ) -> Works {
        let (store, vault) = self.parts(room).await;
        let staging = Staging {
            local: self.data().join("staging"),
            unc: SHARE.to_owned(),
        };
        let mut config = EngineConfig::new(format!("test{room}"), staging, self.tenants());
        config.automatic = false;
        // What is asked for here is asked for at once; the limits have tests of their own.
        for limit in [
            &mut config.attempts_max,
            &mut config.attempts_per_host_max,
            &mut config.attempts_per_tenant_max,
            &mut config.attempts_per_vault_max,
        ] {
            *limit = 64;
        }
        change(&mut config);
        let mut all = Ports::new(
            self.hosts(),
            Arc::new(store.clone()),
            vault.clone(),
            Arc::new(self.clock),
            Arc::new(SystemMachineClock),
        );
        ports(&mut all);
        let engine = Engine::start(config, all).await.unwrap();
        let works = Works { engine, store, vault };
        self.seen(&works.store).await;
        works
    }

    /// Waits until a survey of every host is in the store.
    pub async fn seen(&self, store: &SqliteStore) {
        let replicas = self.lab.lab().with(|site| site.spec().replicas.len());
        until("every replica is seen", 30, || async {
            (store.replicas(&SITE).await.unwrap().len() >= replicas).then_some(())
        })
        .await;
    }

    /// The replica that the site's description lists as the `n`th.
    pub async fn replica(&self, store: &SqliteStore, n: usize) -> Replica {
        let vm = VmGuid(self.spec_vm(n));
        let all = store.replicas(&SITE).await.unwrap();
        all.into_iter().find(|replica| replica.vm == vm).unwrap()
    }

    fn spec_vm(&self, n: usize) -> Uuid {
        self.lab.lab().with(|site| site.spec().replicas[n].vm)
    }

    pub fn operate(&self, replica: &Replica, op: Op) {
        let operation = Operation::on_replica(replica.vm.0.to_string(), op);
        self.lab.lab().with(|site| site.operate(&operation)).unwrap();
    }

    pub fn clear(&self, replica: &Replica) {
        self.operate(replica, Op::Clear { what: None });
    }

    /// Runs the doctor on these hosts, side by side, each on its own canary.
    pub async fn enrol(&self, works: &Works, hosts: &[&str]) {
        let replicas = works.store.replicas(&SITE).await.unwrap();
        let one = |host: &&str| {
            let on_it = |r: &&Replica| r.host.as_str() == *host && r.tenant.as_str() == "canary";
            let request = DoctorRequest {
                host: host.parse().unwrap(),
                canary: replicas.iter().find(on_it).unwrap().id,
                patience_secs: 3_600,
            };
            works.engine.doctor(request)
        };
        for report in futures::future::join_all(hosts.iter().map(one)).await {
            assert!(matches!(report.unwrap().trust, HostTrust::Enrolled { .. }));
        }
    }

    /// Writes down that a doctor passed on every host, without one.
    pub async fn believe(&self, store: &SqliteStore) {
        self.seen(store).await;
        for host in store.hosts().await.unwrap() {
            let trust = HostTrust::Enrolled {
                build: host.build.unwrap(),
                canary: VmGuid(self.spec_vm(0)),
                enrolled_at: self.clock.now(),
                run: "as if a doctor had passed".to_owned(),
                known_refusals: Vec::new(),
            };
            store.host_trust_set(&host.host, &trust).await.unwrap();
        }
    }

    /// Attempts until a point is sealed, for so many seconds of the world.
    pub async fn protect(&self, works: &Works, replica: ReplicaId, secs: i64) -> Outcome {
        let deadline = self.clock.now() + TimeDelta::seconds(secs);
        works
            .engine
            .backup_until(replica, deadline, |_| {})
            .await
            .unwrap()
    }

    /// What the hosts were asked to do so far, by name.
    pub fn asked(&self, event: &str) -> usize {
        self.lab
            .lab()
            .with(|site| site.log().iter().filter(|entry| entry.event == event).count())
    }

    pub fn nothing_left(&self) {
        let left = self.lab.lab().with(|site| site.left());
        assert!(left.is_empty(), "left on the hosts: {left:?}");
        let staged: Vec<PathBuf> = std::fs::read_dir(self.data().join("staging"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(staged.is_empty(), "left in staging: {staged:?}");
    }
}

impl Works {
    /// One attempt now, which must end.
    pub async fn attempt(&self, replica: ReplicaId) -> Attempt {
        match self.engine.backup_now(replica).await.unwrap() {
            Outcome::Ended { attempt } => *attempt,
            other => panic!("the attempt did not end: {other:?}"),
        }
    }

    pub async fn stop(self) {
        self.engine.stop(std::time::Duration::from_secs(1)).await;
    }
}
