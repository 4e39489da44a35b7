//! A primary of the lab, paused over the wire by the binary, and a kill at each step of the pause: the next start resumes it.

use crate::binary::{self, Server};
use crate::site::{SITE, Site, begins_at, small};
use crate::waiting::until;
use domain::ids::ReplicaId;
use domain::policy::{PauseTerms, Terms};
use lab::model::World;
use lab::scenario::{Op, Operation};
use serde_json::Value;
use store::SqliteStore;
use store::pauses::{Pause, PauseState, PauseStore};
use store::policies::{Assignee, PolicyStore};
use store::records::Replica;
use tokio::process::Child;

/// A site whose steps take long enough to be cut off in, with a replica whose primary may be paused.
async fn site(seed: u64) -> (Site, Replica) {
    let world = World {
        primaries: 1,
        ..small(seed, 1, 1)
    };
    let site = Site::edited(world, 20.0, |spec| {
        spec.settings.replication_change_ms = 20_000;
        spec.settings.snapshot_ms = 20_000;
    })
    .await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let replica = site.replica(&works.store, 0).await;
    let terms = Terms {
        pause: PauseTerms::Allowed {
            secs_max: 1_800,
            per_night_max: 100,
        },
        ..Terms::standard()
    };
    let id = "paused".parse().unwrap();
    let put = works.store.policy_put(&id, &terms, "test", begins_at());
    put.await.unwrap();
    let site_wide = works
        .store
        .policy_assign(&Assignee::Site, Some(&id), "test", begins_at());
    site_wide.await.unwrap();
    works.stop().await;
    (site, replica)
}

/// Starts the command while a log is being applied that does not end by itself, and waits until the primary was asked to pause.
async fn asked_to_pause(site: &Site, replica: &Replica) -> Child {
    site.operate(replica, Op::ApplyLong { secs: 100_000 });
    until("a log is being applied", 60, || async {
        let (_, applying) = site.lab.lab().with(|lab| {
            let id = lab.spec().replicas[0].id;
            lab.generation(id).unwrap()
        });
        applying.map(drop)
    })
    .await;
    let before = site.asked("primary-pause-asked");
    let id = replica.id.to_string();
    let child = binary::spawn(site.data(), &["backup", &id, "--pause-primary", "--json"]);
    until("the primary is asked to pause", 120, || async {
        (site.asked("primary-pause-asked") > before).then_some(())
    })
    .await;
    child
}

async fn pauses(store: &SqliteStore, replica: ReplicaId) -> Vec<Pause> {
    store.pauses_of(&SITE, replica, 10).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_pauses_the_primary_until_the_checkpoint_is_accepted() {
    let (site, replica) = site(41).await;
    let child = asked_to_pause(&site, &replica).await;
    site.clear(&replica);
    let ran = child.wait_with_output().await.unwrap();
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["outcome"]["state"], "sealed", "{ran:?}");
    site.nothing_left();
    let order = [
        "primary-paused",
        "checkpoint-asked",
        "primary-resume-asked",
        "export-started",
    ];
    let seen: Vec<String> = site.lab.lab().with(|lab| {
        let told = lab.log().iter().map(|entry| entry.event.clone());
        told.filter(|event| order.contains(&event.as_str())).collect()
    });
    assert_eq!(seen, order);
    let store = site.store("state").await;
    let pause = pauses(&store, replica.id).await.remove(0);
    assert_eq!(pause.state, PauseState::Resumed);
    let evidence = evidence(&store, &replica).await;
    assert_eq!(evidence["pause"]["primary"], "contoso-hv1", "{evidence}");
    // Asked for on the tenant's host, and never on the replica's.
    assert_eq!(
        (
            site.asked("primary-pause-asked"),
            site.asked("replica-pause-asked")
        ),
        (1, 0)
    );
}

async fn evidence(store: &SqliteStore, replica: &Replica) -> Value {
    use store::traits::AttemptStore as _;
    let point = store.point_newest(&SITE, replica.id).await.unwrap().unwrap();
    serde_json::to_value(point.evidence).unwrap()
}

/// Each is told by the lab as soon as it has happened; the next is about a second away.
const PLACES: [&str; 5] = [
    "primary-pause-asked",
    "primary-paused",
    "checkpoint-asked",
    "primary-resume-asked",
    "primary-resumed",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_each_step_of_the_pause_leaves_a_primary_that_the_next_start_resumes() {
    let seeds = 50..;
    futures::future::join_all(
        PLACES
            .into_iter()
            .zip(seeds)
            .map(|(place, seed)| killed_at(place, seed)),
    )
    .await;
}

async fn killed_at(place: &str, seed: u64) {
    let (site, replica) = site(seed).await;
    let store = site.store("state").await;
    let mut child = asked_to_pause(&site, &replica).await;
    if place != PLACES[0] {
        site.clear(&replica);
        until(place, 120, || async { (site.asked(place) > 0).then_some(()) }).await;
    }
    child.kill().await.unwrap();
    site.clear(&replica);
    let killed = pauses(&store, replica.id).await;
    assert_eq!(killed.len(), 1, "{place}");
    if place != "primary-resumed" {
        assert_ne!(
            killed[0].state,
            PauseState::Resumed,
            "{place}: killed too late to mean anything"
        );
    }
    let _server = Server::start(site.data()).await;
    until("the primary is seen to replicate", 120, || async {
        store.pauses_unresumed().await.unwrap().is_empty().then_some(())
    })
    .await;
    let (left, state) = site.lab.lab().with(|lab| {
        let primary = lab.primaries().remove(0);
        let vm = lab.vm(&primary.name, replica.vm.0).unwrap();
        (lab.left(), vm.relationships[0].state)
    });
    assert_eq!((left.pauses, state), (vec![], 3), "{place}");
    until("what was begun is undone", 120, || async {
        let left = site.lab.lab().with(|lab| lab.left());
        left.is_empty().then_some(())
    })
    .await;
    assert_eq!(site.asked("replica-pause-asked"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_does_not_answer_is_resumed_once_it_does() {
    let (site, replica) = site(43).await;
    let store = site.store("state").await;
    let mut child = asked_to_pause(&site, &replica).await;
    until("primary-paused", 120, || async {
        (site.asked("primary-paused") > 0).then_some(())
    })
    .await;
    child.kill().await.unwrap();
    let away = |secs| Operation::on_host("contoso-hv1", Op::HostUnreachable).lasting(secs);
    site.lab.lab().with(|lab| lab.operate(&away(100_000))).unwrap();
    let _server = Server::start(site.data()).await;
    until("the trouble is told", 60, || async {
        let pause = pauses(&store, replica.id).await.remove(0);
        pause.trouble.map(drop)
    })
    .await;
    assert_eq!(site.lab.lab().with(|lab| lab.left()).pauses.len(), 1);
    site.lab.lab().with(|lab| lab.operate(&away(0))).unwrap();
    until("the primary is seen to replicate", 60, || async {
        store.pauses_unresumed().await.unwrap().is_empty().then_some(())
    })
    .await;
    assert_eq!(site.lab.lab().with(|lab| lab.left()).pauses, []);
}
