//! Goal: wherever an attempt is cut off, a rescue ends it, nothing of it is left, and there are never two seals.
//! Method: record every failpoint of a whole run, then cut one run at each of them; and run every step twice.

use crate::fake_host::{Ev, FakeHost, VM};
use crate::world::{SITE, Script, World};
use domain::attempt::{AttemptState, Failure, Step};
use domain::job::JobState;
use engine::Outcome;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use store::traits::{AttemptStore, ReplicaStore};

fn all_places(doomed: bool) -> Vec<String> {
    let steps = [
        "claim",
        "gate-before",
        "checkpoint",
        "gate-at",
        "export",
        "prove",
        "release",
        "ingest",
        "seal",
        "clean-up",
    ];
    let mut places: Vec<String> = steps
        .iter()
        .flat_map(|s| [format!("before:{s}"), format!("after:{s}")])
        .collect();
    let inside = [
        "checkpoint.intent",
        "checkpoint.asked",
        "export.intent",
        "export.asked",
        "release.intent",
        "release.destroyed",
        "seal.intent",
        "seal.stored",
        "seal.written",
        "clean-up.folder",
    ];
    places.extend(inside.map(str::to_owned));
    if doomed {
        places = ["undo.outcome", "undo.done", "undo.finished"]
            .map(str::to_owned)
            .to_vec();
    }
    places
}

async fn cut_at(place: &str, doomed: bool, takes_names: bool) {
    let mut world = World::new().await;
    world.host.model().takes_names = takes_names;
    if doomed {
        world.host.model().protected = false;
        world.host.model().plan(
            20,
            Ev::Apply {
                secs: 5,
                state: JobState::Terminated,
            },
        );
    }
    world
        .restart(Script {
            abort_at: Some(place.to_owned()),
            ..Script::default()
        })
        .await;
    let outcome = world.backup().await;
    assert!(
        matches!(outcome, Outcome::Abandoned { .. }),
        "{place}: {outcome:?}"
    );
    // The requests that were on their way when we were killed arrive.
    world.clock.advance(Duration::from_secs(4));
    world.restart(Script::default()).await;
    world.rescued().await;
    world.assert_clean().await;
    // Once more: the rescuer finds nothing to do.
    let again = world.engine.rescue().await.unwrap();
    assert_eq!(
        (again.finished, again.undone, again.waiting.len()),
        (0, 0, 0),
        "{place}"
    );
    let points = world.points().await.len();
    let sealed_before_cut = [
        "seal.stored",
        "seal.written",
        "after:seal",
        "before:clean-up",
        "clean-up.folder",
        "after:clean-up",
    ];
    assert_eq!(points, usize::from(sealed_before_cut.contains(&place)), "{place}");
    for attempt in world.attempts().await {
        assert!(!matches!(attempt.state, AttemptState::Running { .. }), "{place}");
    }
    if doomed {
        assert!(
            matches!(
                &world.attempts().await[0].state,
                AttemptState::Failed {
                    failure: Failure::Unproven { .. },
                    ..
                }
            ),
            "{place}"
        );
        return;
    }
    world.engine.survey().await.unwrap();
    assert!(
        matches!(world.ended().await, AttemptState::Sealed { .. }),
        "{place}"
    );
    world.assert_clean().await;
    assert_eq!(world.points().await.len(), points + 1, "{place}");
}

#[tokio::test]
async fn an_attempt_cut_off_anywhere_is_ended_by_a_rescue_and_leaves_nothing() {
    for place in all_places(false) {
        cut_at(&place, false, true).await;
    }
}

/// Where we died before we learnt of the job, nothing says beyond doubt that the checkpoint is ours: it is left to a person.
#[tokio::test]
async fn an_attempt_cut_off_on_a_host_that_names_checkpoints_itself_leaves_nothing_either() {
    for place in all_places(false) {
        if place != "checkpoint.asked" {
            cut_at(&place, false, false).await;
        }
    }
    for place in all_places(true) {
        cut_at(&place, true, false).await;
    }
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_named_is_destroyed_and_the_attempt_fails() {
    let world = World::new().await;
    world.host.model().takes_names = false;
    world.host.model().renames = false;
    let Failure::Host { step, text } = world.failure().await else {
        panic!("not the host's failure")
    };
    assert_eq!(step, Step::Checkpoint);
    assert!(text.contains("Backup checkpoint"), "{text}");
    assert_eq!(world.host.model().log, ["create", "destroy"]);
    world.assert_clean().await;
}

#[tokio::test]
async fn an_attempt_cut_off_while_it_unwinds_keeps_the_end_it_had_chosen() {
    for place in all_places(true) {
        cut_at(&place, true, true).await;
    }
}

#[tokio::test]
async fn the_list_of_places_is_complete() {
    let mut world = World::new().await;
    let script = Arc::new(Script::default());
    #[derive(Debug)]
    struct Recorder(Arc<Script>);
    impl engine::failpoint::Failpoints for Recorder {
        fn at(&self, name: &str) -> engine::failpoint::FailAction {
            self.0.at(name)
        }
    }
    let mut ports = engine::Ports::new(
        vec![world.host.clone()],
        Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    ports.failpoints = Arc::new(Recorder(script.clone()));
    world.engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    let mut passed: Vec<_> = script
        .passed
        .lock()
        .unwrap()
        .iter()
        .filter(|n| !n.starts_with("twice:"))
        .cloned()
        .collect();
    let mut listed = all_places(false);
    passed.sort();
    listed.sort();
    assert_eq!(passed, listed);
}

#[tokio::test]
async fn every_step_run_twice_makes_one_point_one_checkpoint_and_one_export() {
    let mut world = World::new().await;
    world
        .restart(Script {
            twice: true,
            ..Script::default()
        })
        .await;
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    world.assert_clean().await;
    assert_eq!(world.points().await.len(), 1);
    assert_eq!(world.host.model().log, ["create", "export", "destroy"]);
}

#[tokio::test]
async fn a_killed_attempt_is_written_down_with_the_step_it_was_killed_in() {
    let mut world = World::new().await;
    world
        .restart(Script {
            abort_at: Some("after:export".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup().await;
    world.restart(Script::default()).await;
    world.engine.rescue().await.unwrap();
    let killed = |s: &AttemptState| {
        matches!(
            s,
            AttemptState::Failed {
                failure: Failure::Killed { step: Step::Export },
                ..
            }
        )
    };
    assert!(killed(&world.attempts().await[0].state));
}

#[tokio::test]
async fn a_rescue_waits_while_the_host_does_not_answer_and_the_replica_stays_claimed() {
    let mut world = World::new().await;
    world
        .restart(Script {
            abort_at: Some("export.asked".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup().await;
    world.host.model().down = true;
    world.restart(Script::default()).await;
    let rescued = world.engine.rescue().await.unwrap();
    assert_eq!(rescued.waiting.len(), 1);
    assert!(matches!(world.backup().await, Outcome::Busy { .. }));
    world.host.model().down = false;
    world.rescued().await;
    world.assert_clean().await;
}

#[tokio::test]
async fn another_worker_does_not_touch_a_live_lease_and_takes_an_expired_one() {
    let mut world = World::new().await;
    world
        .restart(Script {
            abort_at: Some("after:checkpoint".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup().await;
    world.config.owner = "worker-2".to_owned();
    world.restart(Script::default()).await;
    let early = world.engine.rescue().await.unwrap();
    assert_eq!((early.undone, world.host.model().checkpoints.len()), (0, 1));
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.engine.rescue().await.unwrap().undone, 1);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_worker_whose_lease_was_taken_over_does_not_seal() {
    let world = World::new().await;
    let replica = world.replica().await;
    // The lease is taken over in the middle of the export, by a worker whose clock is ahead.
    let (store, vault) = (world.store.clone(), world.vault.clone());
    let engine = world.engine.clone();
    let attempt = tokio::spawn(async move { engine.backup_now(replica).await.unwrap() });
    while world.host.model().log.len() < 2 && !attempt.is_finished() {
        tokio::task::yield_now().await;
    }
    store
        .lease_take_over(replica, "worker-2", i64::MAX - 100_000, 60_000)
        .await
        .unwrap();
    assert_eq!(attempt.await.unwrap(), Outcome::LeaseLost);
    assert!(vault.snapshots().is_empty() && world.points().await.is_empty());
}

#[tokio::test]
async fn a_checkpoint_of_an_attempt_long_over_is_swept_and_a_foreign_one_is_not() {
    let world = World::new().await;
    world.host.model().state = domain::observation::ReplicationState::Critical;
    world.ended().await;
    let attempt = world.attempts().await.remove(0);
    let tag = engine::names::tag(attempt.id, attempt.token);
    for name in [tag.0.as_str(), "Veeam-1"] {
        let checkpoint = hyperv::host::Checkpoint {
            instance_id: format!("Microsoft:{name}"),
            vm: crate::fake_host::VM,
            name: name.to_owned(),
            created: None,
        };
        world.host.model().checkpoints.push(checkpoint);
    }
    world.engine.survey().await.unwrap();
    assert_eq!(world.engine.rescue().await.unwrap().swept, 1);
    let left: Vec<_> = world
        .host
        .model()
        .checkpoints
        .iter()
        .map(|c| c.name.clone())
        .collect();
    assert_eq!(left, ["Veeam-1"]);
}

#[tokio::test]
async fn a_tagged_checkpoint_is_swept_though_the_vm_is_nobodys_now() {
    let world = World::new().await;
    world.host.model().state = domain::observation::ReplicationState::Critical;
    world.ended().await;
    let attempt = world.attempts().await.remove(0);
    {
        let mut model = world.host.model();
        model.checkpoints.push(hyperv::host::Checkpoint {
            instance_id: "Microsoft:late".to_owned(),
            vm: crate::fake_host::VM,
            name: engine::names::tag(attempt.id, attempt.token).0,
            created: None,
        });
        model.primary = Some("hv1.nobody.example".to_owned());
    }
    world.engine.survey().await.unwrap();
    assert_eq!(world.engine.rescue().await.unwrap().swept, 1);
    assert!(world.host.model().checkpoints.is_empty());
}

/// A second host, to which the VM goes after an attempt was cut off on the first.
async fn cut_off_and_moved(world: &World) -> (Arc<FakeHost>, engine::Engine) {
    let staging = world.config.staging.local.clone();
    let second = Arc::new(FakeHost::new("hv-r-02", world.clock.clone(), staging));
    let ports = engine::Ports::new(
        vec![world.host.clone(), second.clone()],
        Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    let engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    let (mut from, mut to) = (world.host.model(), second.model());
    to.checkpoints = std::mem::take(&mut from.checkpoints);
    assert_eq!((to.checkpoints.len(), from.vms.pop()), (1, Some(VM)));
    drop((from, to));
    (second, engine)
}

#[tokio::test]
async fn what_an_attempt_left_on_a_vm_is_removed_where_the_vm_lives_now() {
    let mut world = World::new().await;
    world
        .restart(Script {
            abort_at: Some("after:checkpoint".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup().await;
    let (second, engine) = cut_off_and_moved(&world).await;
    // No survey has told the store yet.
    second.model().down = true;
    let waiting = engine.rescue().await.unwrap();
    assert_eq!((waiting.undone, waiting.waiting.len()), (0, 1), "{waiting:?}");
    assert!(world.store.lease(world.replica().await).await.unwrap().is_some());
    second.model().down = false;
    assert_eq!(engine.rescue().await.unwrap().waiting, Vec::<String>::new());
    assert!(second.model().checkpoints.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn two_replicas_that_are_one_vm_are_not_worked_on_at_once() {
    let mut world = World::new().await;
    let first = world.replica().await;
    world.config.tenants.push(domain::binding::TenantRule {
        tenant: "fabrikam".parse().unwrap(),
        trust_groups: vec![],
        storage_paths: Vec::new(),
        primaries: vec!["*.fabrikam.example".to_owned()],
    });
    world.restart(Script::default()).await;
    world.host.model().primary = Some("hv1.fabrikam.example".to_owned());
    world.engine.survey().await.unwrap();
    let tenant = "fabrikam".parse().unwrap();
    let second = world.store.replica_of(&tenant, VM).await.unwrap().unwrap().id;
    assert_ne!(first, second);
    let engine = world.engine.clone();
    let running = tokio::spawn(async move { engine.backup_now(second).await.unwrap() });
    while world.host.model().log.is_empty() && !running.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        world.engine.backup_now(first).await.unwrap(),
        Outcome::Busy { .. }
    ));
    assert!(matches!(running.await.unwrap(), Outcome::Ended { .. }));
}

#[tokio::test]
async fn a_sealed_point_without_its_snapshot_file_is_finished_or_a_finding() {
    let world = World::new().await;
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    assert_eq!(
        world.engine.audit().await.unwrap(),
        engine::rescue::Audited::default()
    );
    world.vault.sealed.lock().unwrap().clear();
    world.vault.fail_seal.store(true, Ordering::Relaxed);
    let audited = world.engine.audit().await.unwrap();
    assert_eq!((audited.finished, audited.missing.len()), (0, 1), "{audited:?}");
    let kinds = async || {
        let open = world.store.findings(&SITE).await.unwrap();
        open.into_iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["point-without-snapshot"]);
    world.vault.fail_seal.store(false, Ordering::Relaxed);
    assert_eq!(world.engine.audit().await.unwrap().finished, 1);
    assert_eq!(kinds().await, Vec::<String>::new());
    world.assert_clean().await;
}

/// Every look at the wall shows an hour earlier.
#[derive(Debug, Default)]
struct SetBack {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicU64,
}

#[async_trait::async_trait]
impl engine::MachineClock for SetBack {
    fn unix_ms(&self) -> i64 {
        1_800_000_000_000 + self.wall_ms.fetch_sub(3_600_000, Ordering::Relaxed)
    }
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_ms.load(Ordering::Relaxed))
    }
    async fn sleep(&self, real: Duration) {
        let ms = u64::try_from(real.as_millis()).unwrap();
        self.monotonic_ms.fetch_add(ms, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_lease_that_cannot_be_renewed_ends_in_time_though_the_wall_clock_was_set_back() {
    let world = World::new().await;
    world.host.model().export_secs = 3_000;
    let ports = engine::Ports::new(
        vec![world.host.clone()],
        Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        Arc::new(SetBack::default()),
    );
    let engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    let replica = world.replica().await;
    let attempt = tokio::spawn(async move { engine.backup_now(replica).await.unwrap() });
    // Until the export is watched: from then on nothing but the heartbeat needs the store.
    let (mut sent, mut more) = (usize::MAX, 0);
    while more < 2 && !attempt.is_finished() {
        {
            let model = world.host.model();
            if model.log.len() == 2 {
                sent = sent.min(model.sent.len());
                more = model.sent.len() - sent;
            }
        }
        tokio::task::yield_now().await;
    }
    world.store.close().await;
    assert_eq!(attempt.await.unwrap(), Outcome::LeaseLost);
    assert_eq!(world.host.model().log, ["create", "export", "cancel"]);
}
