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
