//! What happens to the disks between checkpoint and end of export decides whether there is a point.

use crate::fake_host::{Ev, OTHER};
use crate::world::World;
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::blocker::{Blocker, NotReady, Room};
use domain::evidence::ProofBreak;
use domain::job::JobState;
use domain::observation::{ReplicationHealth, ReplicationState};
use domain::verdict::Verdict;
use engine::Outcome;
use std::sync::atomic::Ordering;
use store::traits::ReplicaStore;

/// The export lasts from about second 2 to second 62 of an attempt; looks come every 10 s.
async fn broken_by(events: &[(i64, Ev)]) -> Vec<ProofBreak> {
    let world = World::new().await;
    world.host.model().protected = false;
    for (at, event) in events {
        world.host.model().plan(*at, event.clone());
    }
    let Failure::Unproven { breaks } = world.failure().await else {
        panic!("not unproven")
    };
    world.assert_clean().await;
    assert!(world.points().await.is_empty());
    breaks
}

#[tokio::test]
async fn a_clear_replica_is_sealed_with_complete_evidence_and_nothing_is_left_behind() {
    let world = World::new().await;
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    world.assert_clean().await;
    let [point] = &world.points().await[..] else {
        panic!("not one point")
    };
    assert_eq!(
        (&point.evidence.verdict_before, &point.evidence.verdict_at),
        (&Verdict::Clear, &Verdict::Clear)
    );
    assert!(point.evidence.hold.looks.len() >= 6 && point.evidence.held_secs >= 60);
    assert_eq!(domain::proof::prove(&point.evidence.hold), Ok(()));
    assert_eq!(world.host.model().log, ["create", "export", "destroy"]);
}

#[tokio::test]
async fn an_apply_that_completes_inside_the_export_leaves_no_point() {
    let breaks = broken_by(&[(
        20,
        Ev::Apply {
            secs: 5,
            state: JobState::Completed,
        },
    )])
    .await;
    assert!(
        breaks
            .iter()
            .any(|b| matches!(b, ProofBreak::LastApplyMoved { .. }))
    );
}

#[tokio::test]
async fn an_apply_that_aborts_inside_the_export_leaves_no_point_though_last_apply_stood_still() {
    let breaks = broken_by(&[(
        20,
        Ev::Apply {
            secs: 5,
            state: JobState::Terminated,
        },
    )])
    .await;
    assert!(matches!(&breaks[..], [ProofBreak::ApplyInWindow { job }] if job.state == JobState::Terminated));
}

#[tokio::test]
async fn an_apply_that_runs_wholly_between_two_looks_leaves_no_point() {
    let breaks = broken_by(&[(
        36,
        Ev::Apply {
            secs: 2,
            state: JobState::Killed,
        },
    )])
    .await;
    assert!(matches!(&breaks[..], [ProofBreak::ApplyInWindow { job }] if job.elapsed_ms == Some(2000)));
}

#[tokio::test]
async fn a_service_restart_that_empties_the_job_list_leaves_no_point() {
    let breaks = broken_by(&[
        (
            30,
            Ev::Apply {
                secs: 3,
                state: JobState::Terminated,
            },
        ),
        (35, Ev::RestartService),
    ])
    .await;
    assert!(breaks.iter().any(|b| matches!(b, ProofBreak::Restarted { .. })));
}

#[tokio::test]
async fn an_apply_that_still_runs_at_the_end_of_the_export_leaves_no_point() {
    let breaks = broken_by(&[(
        58,
        Ev::Apply {
            secs: 500,
            state: JobState::Completed,
        },
    )])
    .await;
    assert!(matches!(&breaks[..], [ProofBreak::ApplyInWindow { job }] if job.state.is_running()));
}

#[tokio::test]
async fn an_apply_that_begins_while_the_checkpoint_is_made_is_seen_by_the_second_gate() {
    let world = World::new().await;
    world.host.model().protected = false;
    world.host.model().plan(
        1,
        Ev::Apply {
            secs: 30,
            state: JobState::Completed,
        },
    );
    let Deferral::Blocked {
        blocker: Blocker::LogBeingApplied { .. },
    } = world.deferral().await
    else {
        panic!()
    };
    world.assert_clean().await;
}

#[tokio::test]
async fn a_missing_disk_or_configuration_fails_the_attempt_naming_it() {
    for (without, named) in [
        ("erp-1.vhdx", "disk erp-1.vhdx"),
        ("vmcx", "the configuration file (*.vmcx)"),
    ] {
        let world = World::new().await;
        world.host.model().export_without = vec![without.to_owned()];
        assert_eq!(
            world.failure().await,
            Failure::Incomplete {
                missing: vec![named.to_owned()]
            }
        );
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn an_export_that_outlasts_the_hold_is_cancelled_and_deferred() {
    let mut world = World::new().await;
    world.config.hold_secs_max = 120;
    world.restart(crate::world::Script::default()).await;
    world.host.model().export_secs = 9000;
    let reason = world.deferral().await;
    let Deferral::Blocked {
        blocker: Blocker::NotReady {
            reason: NotReady::HoldTooLong { held_secs, .. },
        },
    } = reason
    else {
        panic!("{reason:?}")
    };
    assert!((120..=135).contains(&held_secs), "{held_secs}");
    assert_eq!(world.host.model().log, ["create", "export", "cancel", "destroy"]);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_full_disk_is_no_room_before_the_host_is_asked_for_anything() {
    let world = World::new().await;
    for (place, flag) in [
        (Room::Staging, &world.vault.full_staging),
        (Room::Vault, &world.vault.full_vault),
    ] {
        flag.store(true, Ordering::Relaxed);
        let reason = world.deferral().await;
        let Deferral::Blocked {
            blocker:
                Blocker::NotReady {
                    reason: NotReady::NoRoom { place: told, .. },
                },
        } = reason
        else {
            panic!("{reason:?}")
        };
        assert_eq!(told, place);
        flag.store(false, Ordering::Relaxed);
    }
    assert!(world.host.model().log.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_vault_that_fills_up_during_the_ingest_is_no_room_and_leaves_no_point() {
    let world = World::new().await;
    world.vault.full_later.store(true, Ordering::Relaxed);
    let reason = world.deferral().await;
    assert!(matches!(
        reason,
        Deferral::Blocked {
            blocker: Blocker::NotReady {
                reason: NotReady::NoRoom {
                    place: Room::Vault,
                    ..
                }
            }
        }
    ));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_read_error_in_the_vault_fails_the_attempt() {
    let world = World::new().await;
    world.vault.fail.store(true, Ordering::Relaxed);
    assert!(matches!(world.failure().await, Failure::Vault { .. }));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_blocked_replica_is_deferred_without_touching_the_host() {
    let world = World::new().await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.host.model().health = ReplicationHealth::Critical;
    let reason = world.deferral().await;
    assert!(
        matches!(
            reason,
            Deferral::Blocked {
                blocker: Blocker::Resynchronization { .. }
            }
        ),
        "{reason:?}"
    );
    assert!(world.host.model().log.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn an_unproven_host_is_never_used() {
    let world = World::unproven().await;
    let reason = world.deferral().await;
    let unproven = |b: &Blocker| {
        matches!(
            b,
            Blocker::NotReady {
                reason: NotReady::HostUnproven { .. }
            }
        )
    };
    assert!(
        matches!(&reason, Deferral::Blocked { blocker } if unproven(blocker)),
        "{reason:?}"
    );
}

#[tokio::test]
async fn logs_kept_back_by_our_own_checkpoint_do_not_count_as_failed_applies() {
    let world = World::unproven().await;
    world.enroll(&[32775]).await;
    world.engine.survey().await.unwrap();
    world.host.model().refused_code = Some(32775);
    world.host.model().cycle_secs = Some(30);
    world.host.model().plan(10, Ev::Receive);
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    world.assert_clean().await;
}

#[tokio::test]
async fn the_same_refusals_break_the_proof_on_a_build_that_is_not_known_to_refuse() {
    let world = World::new().await;
    world.host.model().refused_code = Some(32775);
    world.host.model().cycle_secs = Some(30);
    world.host.model().plan(10, Ev::Receive);
    assert!(matches!(world.failure().await, Failure::Unproven { .. }));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_the_gate_defers_the_attempt() {
    let world = World::new().await;
    world.host.model().down = true;
    assert!(matches!(world.deferral().await, Deferral::Unknown { .. }));
}

#[tokio::test]
async fn a_resynchronization_that_begins_during_the_export_leaves_no_point_though_no_apply_ran() {
    let world = World::new().await;
    let state = ReplicationState::Resynchronizing;
    world.host.model().plan(30, Ev::Becomes(state));
    assert!(matches!(
        world.ended().await,
        AttemptState::Deferred {
            reason: Deferral::Blocked {
                blocker: Blocker::Resynchronization { .. }
            },
            ..
        }
    ));
    world.assert_clean().await;
    assert!(world.points().await.is_empty());
}

#[tokio::test]
async fn a_vm_whose_primary_became_another_tenants_is_not_read_into_this_ones_repository() {
    for primary in [Some("hv1.fabrikam.example".to_owned()), None] {
        let world = World::new().await;
        world.host.model().primary = primary.clone();
        let ended = world.ended().await;
        assert!(
            matches!(
                &ended,
                AttemptState::Deferred {
                    reason: Deferral::Blocked { blocker: Blocker::NotReady { reason: NotReady::BoundElsewhere { primary: named } } },
                    ..
                } if *named == primary
            ),
            "{ended:?}"
        );
        assert!(world.host.model().log.is_empty(), "nothing was asked of the host");
    }
}

/// KB2889734 gives one code to a refused apply and to one that died: only a checkpoint that was there tells them apart.
#[tokio::test]
async fn an_apply_that_died_while_our_checkpoint_was_refused_is_a_failed_apply() {
    let world = World::new().await;
    world.enroll(&[32775]).await;
    world.engine.survey().await.unwrap();
    world.host.model().dies_with = 32775;
    world.host.model().races = vec![8];
    assert!(matches!(world.ended().await, AttemptState::Deferred { .. }));
    world.clock.advance(std::time::Duration::from_secs(20));
    let ended = world.ended().await;
    assert!(
        matches!(
            &ended,
            AttemptState::Deferred {
                reason: Deferral::Blocked {
                    blocker: Blocker::ApplyFailed { .. }
                },
                ..
            }
        ),
        "{ended:?}"
    );
}

#[tokio::test]
async fn disks_that_the_export_cannot_tell_apart_are_not_guessed() {
    let world = World::new().await;
    world.host.model().disks = vec!["erp.vhdx".to_owned(), "ERP.vhdx".to_owned()];
    let Failure::Incomplete { missing } = world.failure().await else {
        panic!("not incomplete")
    };
    assert!(
        missing.iter().all(|m| m.contains("several attached disks")),
        "{missing:?}"
    );
    world.assert_clean().await;
}

fn no_room_in_staging(state: &AttemptState) -> bool {
    matches!(
        state,
        AttemptState::Deferred {
            reason: Deferral::Blocked {
                blocker: Blocker::NotReady {
                    reason: NotReady::NoRoom {
                        place: Room::Staging,
                        ..
                    }
                }
            },
            ..
        }
    )
}

#[tokio::test]
async fn staging_that_runs_full_during_the_export_cancels_it_and_is_no_room_not_the_hosts_failure() {
    let world = World::new().await;
    world.vault.full_staging_later.store(true, Ordering::Relaxed);
    let ended = world.ended().await;
    assert!(no_room_in_staging(&ended), "{ended:?}");
    assert_eq!(world.host.model().log, ["create", "export", "cancel", "destroy"]);
    world.assert_clean().await;
}

#[tokio::test]
async fn an_export_that_failed_with_staging_full_is_no_room_and_with_room_left_the_hosts_failure() {
    for full in [true, false] {
        let world = World::new().await;
        world.host.model().export_fails = true;
        world.host.model().export_secs = 0;
        world.vault.full_staging_later.store(full, Ordering::Relaxed);
        let ended = world.ended().await;
        assert_eq!(no_room_in_staging(&ended), full, "{ended:?}");
        world.assert_clean().await;
    }
}

#[tokio::test]
async fn attempts_at_once_do_not_count_the_same_room_twice() {
    let world = World::new().await;
    {
        let mut model = world.host.model();
        model.vms.push(OTHER);
    }
    world.engine.survey().await.unwrap();
    let tenant = "contoso".parse().unwrap();
    let other = world.store.replica_of(&tenant, OTHER).await.unwrap().unwrap();
    // Both have a point, so both are known to need two bytes beside what must stay free.
    for replica in [world.replica().await, other.id] {
        let outcome = world.engine.backup_now(replica).await.unwrap();
        assert!(
            matches!(&outcome, Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. })),
            "{outcome:?}"
        );
    }
    let room = world.config.free_bytes_min + 3;
    world.vault.free.store(room, Ordering::Relaxed);
    let (engine, first) = (world.engine.clone(), world.replica().await);
    let before = world.host.model().log.len();
    let running = tokio::spawn(async move { engine.backup_now(first).await.unwrap() });
    while world.host.model().log.len() < before + 2 && !running.is_finished() {
        tokio::task::yield_now().await;
    }
    let Outcome::Ended { attempt } = world.engine.backup_now(other.id).await.unwrap() else {
        panic!("not ended")
    };
    assert!(no_room_in_staging(&attempt.state), "{:?}", attempt.state);
    let Outcome::Ended { attempt } = running.await.unwrap() else {
        panic!("not ended")
    };
    assert!(
        matches!(attempt.state, AttemptState::Sealed { .. }),
        "{:?}",
        attempt.state
    );
}
