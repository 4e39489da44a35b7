//! Goal: whatever becomes of an attempt that paused a primary, the primary is seen to replicate again, and nobody else's pause is touched.
//! Method: a replica whose applies leave hardly a gap, its tenant's host, and a cut at every place of the pause.

use crate::fake_host::Ev;
use crate::fake_primary::FakePrimary;
use crate::world::{SITE, Script, World};
use domain::attempt::{AttemptState, Deferral};
use domain::blocker::Blocker;
use domain::job::JobState;
use domain::policy::{PauseTerms, Terms};
use engine::Outcome;
use std::sync::Arc;
use std::time::Duration;
use store::pauses::{Pause, PauseState, PauseStore};
use store::policies::{Assignee, PolicyStore};
use store::traits::AttemptStore;

/// A replica that an apply is just running on, with a log every 30 s that takes 25 s to apply, whose primary may be paused.
async fn busy() -> World {
    let mut world = World::new().await;
    allow(&world, 120, 3).await;
    world.primary = Some(FakePrimary::new(&world.host));
    world.restart(Script::default()).await;
    world.host.cycle(25);
    world.clock.advance(Duration::from_secs(10));
    world
}

async fn allow(world: &World, secs_max: u32, per_night_max: u32) {
    let terms = Terms {
        pause: PauseTerms::Allowed {
            secs_max,
            per_night_max,
        },
        ..Terms::standard()
    };
    let (id, now) = ("paused".parse().unwrap(), world.clock_now());
    world.store.policy_put(&id, &terms, "test", now).await.unwrap();
    let assign = world.store.policy_assign(&Assignee::Site, Some(&id), "test", now);
    assign.await.unwrap();
}

impl World {
    async fn backup_pausing(&self) -> Outcome {
        self.engine.backup_pausing(self.replica().await).await.unwrap()
    }
    async fn ended_pausing(&self) -> AttemptState {
        match self.backup_pausing().await {
            Outcome::Ended { attempt } => attempt.state,
            other => panic!("the attempt did not end: {other:?}"),
        }
    }
    /// Put off by a log apply, as without a pause.
    async fn put_off(&self) {
        let state = self.ended_pausing().await;
        let by_apply = matches!(
            &state,
            AttemptState::Deferred {
                reason: Deferral::Blocked {
                    blocker: Blocker::LogBeingApplied { .. }
                },
                ..
            }
        );
        assert!(by_apply, "{state:?}");
    }
    async fn pauses(&self) -> Vec<Pause> {
        self.store
            .pauses_of(&SITE, self.replica().await, 10)
            .await
            .unwrap()
    }
    fn asked(&self) -> Vec<&'static str> {
        self.host.model().primary_host.log.clone()
    }
    /// What the journal says about why the newest attempt paused nothing.
    async fn not_paused(&self) -> String {
        let newest = self.attempts().await.remove(0);
        let journal = self.store.journal_of(newest.id).await.unwrap();
        let why = journal.iter().find_map(|e| e.payload.get("not_paused"));
        why.and_then(|why| why.as_str()).unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn a_replica_without_a_gap_is_backed_up_while_its_primary_is_paused_as_briefly_as_can_be() {
    let world = busy().await;
    assert!(matches!(world.ended_pausing().await, AttemptState::Sealed { .. }));
    world.assert_clean().await;
    assert_eq!(world.asked(), ["pause", "resume"]);
    let pause = world.pauses().await.remove(0);
    let point = world.points().await.remove(0);
    let record = point.evidence.pause.unwrap();
    assert_eq!(
        (
            record.primary.as_str(),
            record.asked,
            record.paused,
            record.resumed
        ),
        ("contoso-hv1", pause.intended, pause.paused, pause.resumed)
    );
    let paused_secs = (pause.resumed.unwrap() - pause.intended).num_seconds();
    // The rest of one apply, the two changes and the checkpoint; the export of 60 s is not part of it.
    assert!((20..60).contains(&paused_secs), "{paused_secs}");
    assert!(pause.resumed.unwrap() < point.evidence.hold.export_ended);
}

#[tokio::test]
async fn nothing_is_paused_where_the_gate_is_clear_by_itself() {
    let world = busy().await;
    world.clock.advance(Duration::from_secs(22));
    assert!(matches!(world.ended_pausing().await, AttemptState::Sealed { .. }));
    assert_eq!(world.asked(), [""; 0]);
    assert_eq!(
        (
            world.pauses().await,
            world.points().await.remove(0).evidence.pause
        ),
        (vec![], None)
    );
}

#[tokio::test]
async fn nothing_is_paused_without_leave_credentials_or_budget_and_the_journal_says_why() {
    let mut world = busy().await;
    let standard = "standard".parse().unwrap();
    let now = world.clock_now();
    let assign = world
        .store
        .policy_assign(&Assignee::Site, Some(&standard), "test", now);
    assign.await.unwrap();
    world.put_off().await;
    assert!(world.not_paused().await.contains("policy does not allow"));

    allow(&world, 120, 1).await;
    let configured = world.primary.take();
    world.restart(Script::default()).await;
    world.put_off().await;
    assert!(world.not_paused().await.contains("[[primary]]"));

    world.primary = configured;
    world.restart(Script::default()).await;
    assert!(matches!(world.ended_pausing().await, AttemptState::Sealed { .. }));
    let asked = world.asked();
    while !world.host.model().is_running(108) {
        world.clock.advance(Duration::from_secs(1));
    }
    world.put_off().await;
    assert!(
        world.not_paused().await.contains("1 of 1 pauses"),
        "{}",
        world.not_paused().await
    );
    assert_eq!(world.asked(), asked);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_pause_of_the_tenants_own_is_neither_used_nor_ended() {
    let world = busy().await;
    world.host.model().tenant_pauses();
    world.put_off().await;
    assert!(
        world.not_paused().await.contains("state 7"),
        "{}",
        world.not_paused().await
    );
    assert_eq!((world.pauses().await, world.asked()), (vec![], vec![]));
    world.engine.rescue().await.unwrap();
    assert!(world.host.model().primary_host.paused);
}

#[tokio::test]
async fn what_is_no_primary_there_is_never_asked() {
    let world = busy().await;
    world.host.model().primary_host.mode = Some(2);
    world.put_off().await;
    assert!(
        world.not_paused().await.contains("replication mode is 2"),
        "{}",
        world.not_paused().await
    );
    assert_eq!((world.pauses().await, world.asked()), (vec![], vec![]));
}

#[tokio::test]
async fn a_primary_that_refuses_is_not_taken_for_paused_by_us() {
    let world = busy().await;
    world.host.model().primary_host.refuses = Some(32769);
    world.put_off().await;
    assert!(world.not_paused().await.contains("32769"));
    let pause = world.pauses().await.remove(0);
    assert_eq!((pause.state, pause.paused), (PauseState::Resumed, None));
    assert_eq!(world.asked(), ["pause"]);
}

#[tokio::test]
async fn a_pause_whose_answer_was_lost_is_resumed_though_it_comes_late() {
    for late_secs in [0, 1, 20, 50] {
        let world = busy().await;
        world.host.model().primary_host.loses_answer = Some(late_secs);
        world.put_off().await;
        world.rescued().await;
        world.assert_clean().await;
        assert!(!world.host.model().primary_host.paused, "{late_secs}");
        assert_eq!(world.pauses().await[0].state, PauseState::Resumed);
    }
}

#[tokio::test]
async fn a_pause_ends_at_its_bound_though_the_replica_does_not_come_to_rest() {
    let world = busy().await;
    let long = Ev::Apply {
        secs: 4_000,
        state: JobState::Completed,
    };
    world.host.model().plan(0, long);
    world.put_off().await;
    assert!(world.not_paused().await.contains("120 s"));
    let pause = world.pauses().await.remove(0);
    let paused_secs = (pause.resumed.unwrap() - pause.intended).num_seconds();
    assert!((118..=130).contains(&paused_secs), "{paused_secs}");
    world.assert_clean().await;
}

#[tokio::test]
async fn a_failure_after_the_pause_resumes_before_the_attempt_ends() {
    let world = busy().await;
    world.host.model().takes_names = false;
    world.host.model().renames = false;
    assert!(matches!(world.ended_pausing().await, AttemptState::Failed { .. }));
    world.assert_clean().await;
    assert_eq!(world.asked(), ["pause", "resume"]);
}

#[tokio::test]
async fn a_primary_that_does_not_answer_is_tried_until_it_does_and_says_what_is_the_matter() {
    let mut world = busy().await;
    let cut = Some("pause-primary.paused".to_owned());
    world
        .restart(Script {
            abort_at: cut,
            ..Script::default()
        })
        .await;
    assert!(matches!(world.backup_pausing().await, Outcome::Abandoned { .. }));
    world.host.model().primary_host.down = true;
    world.restart(Script::default()).await;
    for _ in 0..3 {
        let rescued = world.engine.rescue().await.unwrap();
        assert!(rescued.waiting[0].contains("no route"), "{rescued:?}");
        world.clock.advance(Duration::from_secs(600));
    }
    let pause = world.store.pauses_unresumed().await.unwrap().remove(0);
    assert_eq!(pause.state, PauseState::Resuming);
    assert!(pause.trouble.unwrap().contains("no route"));
    // Nobody pauses it again meanwhile.
    world.host.model().primary_host.down = false;
    world.host.model().primary_host.refuses = Some(32768);
    let rescued = world.engine.rescue().await.unwrap();
    assert!(rescued.waiting[0].contains("32768"), "{rescued:?}");
    world.host.model().primary_host.refuses = None;
    assert_eq!(world.engine.rescue().await.unwrap().resumed, 1);
    world.assert_clean().await;
    assert_eq!(world.pauses().await[0].trouble, None);
}

#[tokio::test]
async fn a_primary_that_its_tenant_resumed_meanwhile_is_fine() {
    let mut world = busy().await;
    world
        .restart(Script {
            abort_at: Some("pause-primary.paused".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup_pausing().await;
    world.host.model().primary_changes(false);
    world.restart(Script::default()).await;
    world.rescued().await;
    world.assert_clean().await;
    assert_eq!(world.asked(), ["pause"]);
}

#[tokio::test]
async fn a_primary_taken_out_of_the_configuration_is_not_forgotten() {
    let mut world = busy().await;
    world
        .restart(Script {
            abort_at: Some("pause-primary.paused".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup_pausing().await;
    let configured = world.primary.take();
    world.restart(Script::default()).await;
    let rescued = world.engine.rescue().await.unwrap();
    assert!(
        rescued.waiting[0].contains("not in the configuration"),
        "{rescued:?}"
    );
    world.primary = configured;
    world.restart(Script::default()).await;
    world.rescued().await;
    world.assert_clean().await;
}

#[tokio::test]
async fn another_workers_pause_is_left_alone_while_its_lease_lives_and_no_longer_than_it_may_last() {
    let mut world = busy().await;
    world.config.lease_ms = 1_000_000;
    world
        .restart(Script {
            abort_at: Some("pause-primary.paused".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup_pausing().await;
    world.config.owner = "worker-2".to_owned();
    world.restart(Script::default()).await;
    world.engine.rescue().await.unwrap();
    assert_eq!(world.pauses().await[0].state, PauseState::Paused);
    assert!(world.host.model().primary_host.paused);
    world.clock.advance(Duration::from_secs(130));
    assert_eq!(world.engine.rescue().await.unwrap().resumed, 1);
    assert!(!world.host.model().primary_host.paused);
}

const PLACES: [&str; 14] = [
    "before:pause-primary",
    "pause-primary.intended",
    "pause-primary.asked",
    "pause-primary.paused",
    "after:pause-primary",
    "before:checkpoint",
    "checkpoint.intent",
    "checkpoint.asked",
    "after:checkpoint",
    "before:resume-primary",
    "resume-primary.intent",
    "after:resume-primary",
    "resume.intended",
    "resume.asked",
];

#[tokio::test]
async fn an_attempt_cut_off_anywhere_around_its_pause_leaves_a_primary_that_replicates() {
    for place in PLACES {
        let mut world = busy().await;
        world
            .restart(Script {
                abort_at: Some(place.to_owned()),
                ..Script::default()
            })
            .await;
        let outcome = world.backup_pausing().await;
        // These two cut off only the task that resumes; the attempt goes on.
        let resuming = matches!(place, "resume.intended" | "resume.asked");
        assert_eq!(
            matches!(outcome, Outcome::Abandoned { .. }),
            !resuming,
            "{place}: {outcome:?}"
        );
        world.clock.advance(Duration::from_secs(4));
        world.restart(Script::default()).await;
        world.rescued().await;
        world.assert_clean().await;
        assert!(!world.host.model().primary_host.paused, "{place}");
        let again = world.engine.rescue().await.unwrap();
        assert_eq!(
            (again.resumed, again.undone, again.waiting.len()),
            (0, 0, 0),
            "{place}"
        );
        assert!(
            world.asked().iter().filter(|asked| **asked == "pause").count() <= 1,
            "{place}"
        );
    }
}

#[tokio::test]
async fn every_place_of_a_pause_is_cut_at() {
    let mut world = busy().await;
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
    ports.primaries = world.primary.iter().map(|it| it.clone().configured()).collect();
    ports.failpoints = Arc::new(Recorder(script.clone()));
    world.engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    world.ended_pausing().await;
    let passed = script.passed.lock().unwrap().clone();
    let mut of_a_pause: Vec<_> = passed
        .iter()
        .filter(|name| !name.starts_with("twice:") && (name.contains("pause") || name.contains("resume")))
        .map(String::as_str)
        .collect();
    let mut cut: Vec<_> = PLACES
        .into_iter()
        .filter(|name| !name.contains("checkpoint"))
        .collect();
    of_a_pause.sort_unstable();
    cut.sort_unstable();
    assert_eq!(of_a_pause, cut);
}

#[tokio::test]
async fn every_step_run_twice_pauses_and_resumes_once() {
    let mut world = busy().await;
    world
        .restart(Script {
            twice: true,
            ..Script::default()
        })
        .await;
    assert!(matches!(world.ended_pausing().await, AttemptState::Sealed { .. }));
    world.assert_clean().await;
    assert_eq!(world.asked(), ["pause", "resume"]);
    assert_eq!(world.pauses().await.len(), 1);
}

#[tokio::test]
async fn the_running_watchdog_resumes_what_a_killed_process_had_paused() {
    let mut world = busy().await;
    world
        .restart(Script {
            abort_at: Some("after:pause-primary".to_owned()),
            ..Script::default()
        })
        .await;
    world.backup_pausing().await;
    let mut ports = engine::Ports::new(
        vec![world.host.clone()],
        Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    ports.primaries = world.primary.iter().map(|it| it.clone().configured()).collect();
    world.config.automatic = false;
    let running = engine::Engine::start(world.config.clone(), ports).await.unwrap();
    for _ in 0..10_000 {
        if world.store.pauses_unresumed().await.unwrap().is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(world.store.pauses_unresumed().await.unwrap(), []);
    assert!(!world.host.model().primary_host.paused);
    running.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn the_plan_thinks_of_a_pause_only_while_one_is_possible() {
    let mut world = World::new().await;
    allow(&world, 120, 1).await;
    world.primary = Some(FakePrimary::new(&world.host));
    world.restart(Script::default()).await;
    // Into the night: the standard window opens at 20:00.
    world.engine.night().await.unwrap();
    world.clock.advance(Duration::from_secs(13 * 3_600));
    world.engine.survey().await.unwrap();
    world.engine.night().await.unwrap();
    let can_pause = async |world: &World| {
        let planned = world.engine.plan_now().await.unwrap();
        let now = world.clock_now();
        let open = planned.world.owed.iter().filter(|owed| owed.window.open <= now);
        let open: Vec<_> = open.map(|owed| owed.can_pause).collect();
        assert_eq!(open.len(), 1, "one day is open");
        open[0]
    };
    assert!(can_pause(&world).await);
    // One that came to nothing is not tried again at once, budget or not.
    world.host.cycle(25);
    world.clock.advance(Duration::from_secs(10));
    world.host.model().primary_host.down = true;
    world.put_off().await;
    assert!(!can_pause(&world).await);
    world.host.model().primary_host.down = false;
    world.clock.advance(Duration::from_secs(601));
    assert!(can_pause(&world).await);
    while !world.host.model().is_running(108) {
        world.clock.advance(Duration::from_secs(1));
    }
    // The budget of one is spent by a pause whose attempt failed later.
    world.host.model().export_fails = true;
    assert!(matches!(world.ended_pausing().await, AttemptState::Failed { .. }));
    assert_eq!(world.pauses().await[0].state, PauseState::Resumed);
    assert!(!can_pause(&world).await);
}
