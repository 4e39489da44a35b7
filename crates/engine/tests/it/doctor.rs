//! Trust in a host is earned.

use crate::fake_host::Ev;
use crate::world::World;
use domain::attempt::AttemptState;
use domain::observation::HostTrust;
use engine::doctor::MidApply;
use engine::{DoctorFailure, DoctorRequest};
use hyperv::host::ReplicaHost;
use store::traits::ReplicaStore;

async fn cycling(protected: bool) -> World {
    let world = World::unproven().await;
    let mut model = world.host.model();
    model.protected = protected;
    model.refused_code = Some(32775);
    model.cycle_secs = Some(30);
    model.export_secs = 12;
    model.plan(20, Ev::Receive);
    drop(model);
    world
}

async fn examine(world: &World) -> Result<engine::DoctorReport, DoctorFailure> {
    let (host, canary) = (world.host.id().clone(), world.replica().await);
    world
        .engine
        .doctor(DoctorRequest {
            host,
            canary,
            patience_secs: 600,
        })
        .await
}

#[tokio::test]
async fn a_host_that_refuses_and_holds_is_enrolled_and_can_be_used_from_then_on() {
    let world = cycling(true).await;
    let report = examine(&world).await.unwrap();
    assert_eq!(
        (report.known_refusals, report.mid_apply),
        (vec![32775], MidApply::Refused)
    );
    let host = world.store.hosts().await.unwrap().remove(0);
    assert!(matches!(host.trust, Some(HostTrust::Enrolled { .. })));
    assert!(world.points().await.is_empty(), "a doctor's run makes no point");
    world.assert_clean().await;
    let deadline = world.clock_now() + chrono::TimeDelta::seconds(600);
    let outcome = world
        .engine
        .backup_until(world.replica().await, deadline, |_| ())
        .await
        .unwrap();
    assert!(
        matches!(outcome, engine::Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. }))
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn an_unprotected_host_is_never_enrolled() {
    let world = cycling(false).await;
    let failure = examine(&world).await.unwrap_err();
    assert!(matches!(failure, DoctorFailure::NotHeld { .. }), "{failure}");
    assert!(!matches!(
        world.store.hosts().await.unwrap().remove(0).trust,
        Some(HostTrust::Enrolled { .. })
    ));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_canary_at_rest_proves_nothing() {
    let world = World::unproven().await;
    assert!(matches!(
        examine(&world).await.unwrap_err(),
        DoctorFailure::NoLog { .. }
    ));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_checkpoint_that_lost_the_race_with_an_apply_is_asked_for_again() {
    let world = cycling(true).await;
    world.host.model().races = vec![4, 4];
    examine(&world).await.unwrap();
    assert!(world.host.model().races.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn an_apply_that_ended_before_the_checkpoint_was_there_does_not_speak_against_the_host() {
    let world = cycling(true).await;
    world.host.model().races = vec![3];
    world.host.model().stalls = vec![("CreateSnapshot", 6)];
    examine(&world).await.unwrap();
    assert!(world.host.model().stalls.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_gap_in_our_own_watching_begins_the_examination_anew() {
    let world = cycling(true).await;
    world.host.model().stalls = vec![("ExportSystemDefinition", 70); 3];
    let report = examine(&world).await.unwrap();
    assert_eq!(report.known_refusals, [32775]);
    let created = || world.host.model().log.iter().filter(|l| *l == "create").count();
    assert!(created() >= 4, "three were let go");
    world.assert_clean().await;
}

#[tokio::test]
async fn a_watch_that_never_gets_whole_says_nothing_of_the_host_and_comes_to_an_end() {
    let world = cycling(true).await;
    world.host.model().stalls = vec![("ExportSystemDefinition", 70); 9];
    let failure = examine(&world).await.unwrap_err();
    assert!(matches!(failure, DoctorFailure::Interrupted { .. }), "{failure}");
    assert!(!failure.is_final());
    assert_eq!(
        world.host.model().stalls.len(),
        5,
        "one examination and three more"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn an_apply_within_the_hold_speaks_against_the_host_even_when_the_watch_has_a_gap() {
    let world = cycling(false).await;
    world.host.model().stalls = vec![("ExportSystemDefinition", 70)];
    let failure = examine(&world).await.unwrap_err();
    assert!(matches!(failure, DoctorFailure::NotHeld { .. }), "{failure}");
    assert!(failure.is_final());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_leaves_no_lease_on_the_canary() {
    let world = cycling(true).await;
    world.host.model().down = true;
    assert!(matches!(
        examine(&world).await,
        Err(DoctorFailure::Interrupted { .. })
    ));
    world.assert_clean().await;
}
