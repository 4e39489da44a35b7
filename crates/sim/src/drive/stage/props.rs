//! What a seed's processes are given: configuration, ports, policies, a folder for exports.

use super::Stage;
use crate::drive::DriveError;
use crate::drive::dice::Dice;
use crate::drive::host::{ModelHost, UNC};
use crate::drive::primary::ModelPrimary;
use crate::drive::promises::SITE;
use crate::drive::site::{BUILD, Breach, LOCKED, Scene, Site, TENANTS};
use crate::{Ms, World, WorldSpec};
use domain::binding::TenantRule;
use domain::calendar::{WallTime, WindowRule};
use domain::ids::{PrimaryId, TenantId};
use domain::observation::HostTrust;
use domain::policy::{PauseTerms, Terms};
use engine::{EngineConfig, Ids, Ports, Staging, TenantPrimary};
use futures::FutureExt as _;
use hyperv::host::ReplicaHost;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::pauses::PauseStore as _;
use store::policies::PolicyStore as _;
use store::traits::{AttemptStore as _, ReplicaStore as _};

/// A folder of its own in the system's place for temporary ones; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn make(seed: u64) -> std::io::Result<Self> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("stillpoint-sim-{}-{seed}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind it is the system's to sweep.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

struct SeededIds(Mutex<Dice>);

impl Ids for SeededIds {
    fn uuid(&self) -> uuid::Uuid {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (high, low) = (u128::from(dice.bits()), u128::from(dice.bits()));
        uuid::Builder::from_random_bytes((high << 64 | low).to_be_bytes()).into_uuid()
    }
}

/// See the module.
pub(super) struct Props {
    folder: Folder,
    ids: Arc<SeededIds>,
    pub freshness_secs: u32,
    pub pause_secs_max: u32,
    pub hold_secs_max: u32,
    backup_every_secs: Option<u32>,
    attempts_max: u32,
    close_watch_max: usize,
    poll_secs: u32,
}

impl Props {
    pub fn of(seed: u64, start: Ms, dice: &mut Dice) -> Result<(Self, Site), DriveError> {
        let folder = Folder::make(seed)?;
        let props = Self {
            ids: Arc::new(SeededIds(Mutex::new(Dice::new(seed, 4)))),
            freshness_secs: small(dice.between(100, 200)),
            pause_secs_max: small(dice.between(60, 300)),
            hold_secs_max: small(dice.between(120, 600)),
            backup_every_secs: dice.chance(0.7).then(|| small(dice.between(300, 2_400))),
            attempts_max: small(dice.between(2, 8)),
            // Without close watches the days go by faster.
            close_watch_max: dice.index(12),
            poll_secs: small(dice.between(15, 60)),
            folder,
        };
        let scene = Scene::of(dice);
        let spec = WorldSpec {
            seed,
            replicas: small(scene.machines as i64),
            days: 30,
            duty: dice.between(10, 85) as f64 / 100.0,
        };
        let world = Arc::new(World::new(spec)?);
        let staging = props.staging().to_owned();
        let mut site = Site::new(&world, scene, start, staging, Dice::new(seed, 5));
        site.hold_max = Ms::from(props.hold_secs_max) * 1000;
        Ok((props, site))
    }

    pub fn staging(&self) -> &Path {
        &self.folder.0
    }

    pub fn config(&self, owner: &str, automatic: bool) -> EngineConfig {
        let staging = Staging {
            local: self.staging().to_owned(),
            unc: UNC.to_owned(),
        };
        let rules = (0..TENANTS)
            .filter_map(tenant)
            .enumerate()
            .map(|(n, tenant)| TenantRule {
                tenant,
                trust_groups: Vec::new(),
                storage_paths: Vec::new(),
                primaries: vec![format!("*.tenant-{n}.example")],
            });
        EngineConfig {
            automatic,
            backup_every_secs: self.backup_every_secs,
            hold_secs_max: self.hold_secs_max,
            freshness_secs: self.freshness_secs,
            attempts_max: self.attempts_max,
            close_watch_max: self.close_watch_max,
            poll_secs: self.poll_secs,
            ..EngineConfig::new(owner, staging, rules.collect())
        }
    }

    pub fn ports(&self, stage: &Stage) -> Ports {
        let ids: Vec<_> = stage
            .shared
            .site()
            .hosts
            .iter()
            .map(|host| host.id.clone())
            .collect();
        let hosts = ids.into_iter().enumerate().map(|(n, id)| {
            let host: Arc<dyn ReplicaHost> = Arc::new(ModelHost::new(stage.shared.clone(), n, id));
            host
        });
        let primaries = (0..TENANTS).filter_map(|n| {
            let id: PrimaryId = format!("tenant-{n}-hv").parse().ok()?;
            let host = ModelPrimary::new(stage.shared.clone(), stage.store.clone(), id, n);
            Some(TenantPrimary {
                tenant: tenant(n)?,
                names: vec![format!("hv.tenant-{n}.example")],
                host: Arc::new(host),
            })
        });
        let store = Arc::new(stage.store.clone());
        let (world, machine) = (stage.clock.clone(), stage.clock.clone());
        Ports {
            primaries: primaries.collect(),
            failpoints: stage.chaos.clone(),
            judge: stage.judge.clone(),
            ids: self.ids.clone(),
            ..Ports::new(hosts.collect(), store, stage.depot.clone(), world, machine)
        }
    }

    /// Hosts are enrolled and a policy stands before the first process starts.
    pub fn begin(&self, stage: &Stage) {
        stage.chaos.revive(true, None);
        let now = stage.shared.clock.ms();
        let hosts: Vec<_> = stage.shared.site().hosts.clone();
        for host in hosts.into_iter().filter(|host| host.enrolled) {
            let known_refusals = host.manner.refuses_with.map(|_| LOCKED).into_iter().collect();
            let trust = HostTrust::Enrolled {
                build: BUILD.to_owned(),
                canary: domain::ids::VmGuid(uuid::Uuid::nil()),
                enrolled_at: crate::drive::clock::instant(now),
                run: "sim".to_owned(),
                known_refusals,
            };
            let _written = stage.store.host_trust_set(&host.id, &trust).now_or_never();
        }
        self.policy(stage);
    }

    /// Now and then somebody changes the policy while nobody runs.
    pub fn between(&self, stage: &Stage) {
        if stage.lock().dice.chance(0.1) {
            stage.chaos.revive(true, None);
            self.policy(stage);
        }
    }

    fn policy(&self, stage: &Stage) {
        let terms = self.terms(&mut stage.lock().dice);
        let at = stage.clock.wall();
        if let Ok(id) = store::policies::POLICY_FIRST.parse() {
            let _written = stage.store.policy_put(&id, &terms, "sim", at).now_or_never();
        }
    }

    pub fn terms(&self, dice: &mut Dice) -> Terms {
        let hour = |n: i64| WallTime::from_hm(u16::try_from(n % 24).unwrap_or(0), 0);
        let open = dice.between(0, 23);
        let due = open + dice.between(4, 12);
        let window = hour(open)
            .zip(hour(due))
            .and_then(|(from, to)| WindowRule::new(from, to, due >= 24).ok());
        let mut terms = Terms::standard();
        terms.window = window.unwrap_or(WindowRule::NIGHT);
        terms.freshness_secs = self.freshness_secs;
        terms.hold_secs_max = self.hold_secs_max;
        terms.pause = PauseTerms::Allowed {
            secs_max: self.pause_secs_max,
            per_night_max: 50,
        };
        terms
    }

    /// After a long calm nothing is left: promises 7 and 8.
    pub fn untidy(&self, stage: &Stage) -> Option<Breach> {
        let store = &stage.store;
        let findings = store.findings(&SITE).now_or_never()?.ok()?;
        let named = |kind: &str| findings.iter().any(|finding| finding.kind == kind);
        let say = |promise, text: String| Some(Breach { promise, text });
        let pauses = store.pauses_unresumed().now_or_never()?.ok()?;
        if let Some(pause) = pauses.first() {
            return say(
                7,
                format!("the pause of attempt {} is never ended", pause.attempt),
            );
        }
        let site = stage.shared.site();
        for machine in &site.machines {
            if machine.paused.is_some() {
                return say(
                    7,
                    format!("the primary of {} is still paused in the end", machine.name),
                );
            }
            for checkpoint in machine.checkpoints.iter().filter(|c| c.ours) {
                let tagged = engine::names::parse(&checkpoint.name).is_some();
                if tagged || !named("foreign-checkpoint") {
                    let text = format!(
                        "checkpoint {} of {} is still there in the end",
                        checkpoint.name, machine.name
                    );
                    return say(8, text);
                }
            }
            if machine.works.iter().any(crate::drive::machine::Work::is_running) {
                return say(8, format!("a job runs on {} in the end", machine.name));
            }
        }
        drop(site);
        let leases = store.leases_expired(i64::MAX).now_or_never()?.ok()?;
        let unfinished = store.attempts_unfinished().now_or_never()?.ok()?;
        if !leases.is_empty() || !unfinished.is_empty() {
            let text = format!(
                "{} leases and {} attempts are open in the end",
                leases.len(),
                unfinished.len()
            );
            return say(8, text);
        }
        let folders = std::fs::read_dir(self.staging())
            .map(Iterator::count)
            .unwrap_or(0);
        if folders > 0 {
            return say(8, format!("{folders} export folders are left in the end"));
        }
        let points = store.points(&SITE, None).now_or_never()?.ok()?;
        let visible = stage.depot.visible();
        let missing = points
            .iter()
            .find(|point| !visible.contains_key(&point.snapshot))?;
        say(
            4,
            format!(
                "point {} is sealed, and its snapshot is not there in the end",
                missing.id
            ),
        )
    }
}

fn tenant(number: usize) -> Option<TenantId> {
    format!("tenant-{number}").parse().ok()
}

fn small(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}
