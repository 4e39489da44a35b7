//! The torn-disk oracle on hosts that guard nothing: a build that always says yes yields torn points there, the real one none.

use crate::site::{SITE, Site, Works, begins_at};
use crate::waiting::within;
use domain::attempt::AttemptState;
use domain::evidence::{HoldRecord, ProofBreak};
use domain::gate::GateFacts;
use domain::verdict::Verdict;
use engine::Judge;
use lab::model::World;
use std::path::PathBuf;
use std::sync::Arc;
use store::records::Point;
use store::traits::{AttemptStore, ReplicaStore};
use vault::{Format, Overwrite, Quiet};

const REPLICAS: usize = 8;
/// How often the build that always says yes backs each replica up.
const ROUNDS: usize = 3;
/// How long the real build tries on each replica, real seconds.
const SECS: u64 = 40;

/// A gate that is always open and a proof that is always given.
#[derive(Debug)]
struct YesMan;

impl Judge for YesMan {
    fn verdict(&self, _facts: &GateFacts<'_>) -> Verdict {
        Verdict::Clear
    }
    fn prove(&self, _hold: &HoldRecord) -> Result<(), Vec<ProofBreak>> {
        Ok(())
    }
}

/// What the oracle says of all points of a store, restored by the vault.
struct Count {
    points: usize,
    torn: usize,
}

async fn judged(site: &Site, works: &Works) -> Count {
    let points = works.store.points(&SITE, None).await.unwrap();
    let mut count = Count {
        points: points.len(),
        torn: 0,
    };
    for point in points {
        let report = restored(site, works, point).await;
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        count.torn += usize::from(!report.consistent);
    }
    count
}

async fn restored(site: &Site, works: &Works, point: Point) -> lab::oracle::Report {
    let folder = site.data().join("restored").join(point.id.to_string());
    let vault = works.vault.clone();
    let work = move || {
        std::fs::create_dir_all(&folder).unwrap();
        let manifest = vault.manifest(&point.tenant, &point.snapshot).unwrap();
        let restore = |disk: &vault::contract::StoredDisk| {
            let to = folder.join(format!("{}.raw", disk.index));
            let (tenant, snapshot) = (&point.tenant, &point.snapshot);
            vault
                .restore_disk(
                    tenant,
                    snapshot,
                    disk.index,
                    &to,
                    Format::Raw,
                    Overwrite::Never,
                    &Quiet,
                )
                .unwrap();
            to
        };
        let disks: Vec<PathBuf> = manifest.disks.iter().map(restore).collect();
        lab::oracle::check(&disks).unwrap()
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_unprotected_hosts_a_yes_man_tears_and_the_real_gate_and_proof_do_not() {
    let world = World {
        hosts: 2,
        unprotected: 2,
        disk_mib_max: 4,
        ..World::soak(41, begins_at(), REPLICAS)
    };
    let site = Site::start(world, 8.0).await;

    let yes = site
        .works("yes", |_| {}, |ports| ports.judge = Arc::new(YesMan))
        .await;
    let replicas = yes.store.replicas(&SITE).await.unwrap();
    for _ in 0..ROUNDS {
        futures::future::join_all(replicas.iter().map(|r| yes.attempt(r.id))).await;
    }
    let careless = judged(&site, &yes).await;
    yes.stop().await;
    println!(
        "always yes: {} of {} points are torn",
        careless.torn, careless.points
    );
    assert!(
        careless.points >= REPLICAS,
        "{} points of {} attempts",
        careless.points,
        ROUNDS * replicas.len()
    );
    assert!(
        careless.torn > 0,
        "no point of {} is torn: this site shows nothing",
        careless.points
    );

    let real = site.works("real", |_| {}, |_| {}).await;
    // As if a doctor had been fooled: gate and proof are what protects, not the missing trust.
    site.believe(&real.store).await;
    let tries = replicas_of(&real).await;
    // Without the plan's patience: as many tries as there is time for, each an occasion to be wrong.
    let sealed = async |id| matches!(real.attempt(id).await.state, AttemptState::Sealed { .. }).then_some(());
    futures::future::join_all(tries.iter().map(|id| within(SECS, || sealed(*id)))).await;
    let careful = judged(&site, &real).await;
    let attempts = real.store.attempts(&SITE, None, None, 10_000).await.unwrap();
    println!(
        "gate and proof: {} of {} points are torn; {} attempts on {} replicas",
        careful.torn,
        careful.points,
        attempts.len(),
        tries.len()
    );
    assert_eq!(careful.torn, 0);
    assert!(
        careful.points * 2 >= tries.len(),
        "only {} of {} replicas were protected",
        careful.points,
        tries.len()
    );
    real.stop().await;
    site.nothing_left();
}

async fn replicas_of(works: &Works) -> Vec<domain::ids::ReplicaId> {
    let all = works.store.replicas(&SITE).await.unwrap();
    all.into_iter().map(|replica| replica.id).collect()
}
