//! What is owed: days open, are tried for, and are closed as what they were.

use crate::fake_host::Ev;
use crate::world::{SITE, Script, World};
use domain::attempt::AttemptState;
use domain::calendar::{SlaDay, WindowRule};
use domain::code::Code;
use domain::door::window::WindowFrame;
use domain::job::JobState;
use domain::obligation::{Exclusion, ObligationKey, Outcome, OutcomeKind, Owner};
use domain::observation::ReplicationState;
use domain::planner::{Move, Wait};
use engine::Purpose;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::holds::{HoldStore, HoldTarget};
use store::obligations::{AttemptEnd, ObligationRow, ObligationStore, Tally};
use store::tenants::TenantStore;
use store::traits::StoreError;

const HOUR: u64 = 3_600;

fn day(text: &str) -> SlaDay {
    text.parse().unwrap()
}

impl World {
    async fn row(&self, text: &str) -> ObligationRow {
        let key = ObligationKey {
            replica: self.replica().await,
            day: day(text),
        };
        self.store.obligation(&SITE, key).await.unwrap()
    }
    async fn kinds(&self) -> Vec<(String, OutcomeKind)> {
        let all = self
            .store
            .day_heads(&SITE, None, day("2027-01-01"), day("2027-12-31"));
        let kinds = all
            .await
            .unwrap()
            .into_iter()
            .map(|it| (it.day.to_string(), it.kind));
        kinds.collect()
    }
    /// Some hours on, looked at all the time.
    async fn watched(&self, hours: u64) {
        for _ in 0..hours * 30 {
            self.clock.advance(Duration::from_secs(120));
            self.engine.survey().await.unwrap();
        }
        self.engine.night().await.unwrap();
    }
    /// Some hours on, with a survey and a round of the night at the end. An apply that completes in between ends the hole in what is known
    /// of the jobs.
    async fn hours(&self, hours: u64) {
        self.engine.night().await.unwrap();
        self.clock.advance(Duration::from_secs(hours * HOUR));
        self.engine.survey().await.unwrap();
        let apply = Ev::Apply {
            secs: 5,
            state: JobState::Completed,
        };
        self.host.model().plan(1, apply);
        self.clock.advance(Duration::from_secs(30));
        self.engine.survey().await.unwrap();
        self.engine.night().await.unwrap();
    }
}

fn kinds(expected: &[(&str, OutcomeKind)]) -> Vec<(String, OutcomeKind)> {
    expected
        .iter()
        .map(|(day, kind)| ((*day).to_owned(), *kind))
        .collect()
}

/// The world begins at 08:00 UTC on 2027-01-15; the standard window is 20:00 to 08:00.
#[tokio::test]
async fn a_day_is_opened_tried_for_and_closed_with_the_point_that_met_it() {
    let world = World::new().await;
    world.engine.night().await.unwrap();
    assert_eq!(
        world.kinds().await,
        kinds(&[("2027-01-14", OutcomeKind::Excluded)])
    );
    let first = world.row("2027-01-14").await;
    assert!(matches!(
        first.outcome,
        Outcome::Excluded {
            exclusion: Exclusion::Appeared { .. }
        }
    ));
    world.hours(12).await;
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    world.engine.night().await.unwrap();
    let met = world.row("2027-01-15").await;
    let Outcome::Met { point, taken, .. } = met.outcome else {
        panic!("{:?}", met.outcome)
    };
    assert_eq!(world.points().await[0].id, point);
    assert!(met.obligation.window.covers(taken));
    assert_eq!((met.tally.attempts, met.tally.failures), (1, 0));
    let tried = world.store.attempts_of(&SITE, met.obligation.key).await.unwrap();
    assert_eq!(tried[0].end, Some(AttemptEnd::Sealed));
}

#[tokio::test]
async fn a_day_is_not_met_by_a_point_that_nobody_could_restore_until_its_file_is_written() {
    let world = World::new().await;
    world.engine.night().await.unwrap();
    world.vault.fail_seal.store(true, Ordering::Relaxed);
    world.hours(12).await;
    assert!(matches!(world.backup().await, engine::Outcome::Abandoned { .. }));
    world.engine.night().await.unwrap();
    assert_eq!(world.row("2027-01-15").await.outcome, Outcome::Open);
    world.vault.fail_seal.store(false, Ordering::Relaxed);
    world.rescued().await;
    world.engine.night().await.unwrap();
    let met = world.row("2027-01-15").await.outcome;
    assert!(matches!(met, Outcome::Met { .. }), "{met:?}");
}

#[tokio::test]
async fn a_day_is_missed_whose_only_point_was_never_written() {
    let world = World::new().await;
    world.engine.night().await.unwrap();
    world.vault.fail_seal.store(true, Ordering::Relaxed);
    world.hours(12).await;
    assert!(matches!(world.backup().await, engine::Outcome::Abandoned { .. }));
    world.hours(24).await;
    let missed = world.row("2027-01-15").await.outcome;
    assert_eq!(missed.kind(), OutcomeKind::Missed, "{missed:?}");
}

#[tokio::test]
async fn a_window_that_the_tenant_moves_holds_from_the_next_day_without_a_restart() {
    let world = World::new().await;
    world.hours(14).await;
    let tonight = world.row("2027-01-15").await.obligation;
    assert_eq!(tonight.terms.window, WindowRule::NIGHT);
    let (store, now) = (&world.store, world.clock_now());
    let frame = WindowFrame {
        within: WindowRule::new("18:00".parse().unwrap(), "10:00".parse().unwrap(), true).unwrap(),
        minutes_min: 300,
    };
    let tenant = tonight.tenant.clone();
    match store
        .tenant_create(&SITE, &tenant, "Contoso", tonight.zone, now)
        .await
    {
        Ok(_) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    store.tenant_frame(&SITE, &tenant, Some(&frame)).await.unwrap();
    let late = WindowRule::new("22:00".parse().unwrap(), "06:00".parse().unwrap(), true).unwrap();
    store
        .tenant_window(&SITE, &tenant, None, Some(late), now)
        .await
        .unwrap();
    world.hours(23).await;
    world.hours(2).await;
    assert_eq!(
        world.row("2027-01-15").await.obligation,
        tonight,
        "what is open stays as it is"
    );
    let next = world.row("2027-01-16").await.obligation;
    assert_eq!(
        (next.terms.window, next.window.open.to_rfc3339()),
        (late, "2027-01-16T22:00:00+00:00".to_owned())
    );
    // A narrower frame takes the window back; the policy's holds again.
    let narrow = WindowFrame {
        within: WindowRule::new("23:00".parse().unwrap(), "08:00".parse().unwrap(), true).unwrap(),
        ..frame
    };
    store.tenant_frame(&SITE, &tenant, Some(&narrow)).await.unwrap();
    world.hours(22).await;
    assert_eq!(
        world.row("2027-01-17").await.obligation.terms.window,
        WindowRule::NIGHT
    );
}

#[tokio::test]
async fn a_new_replica_is_protected_at_once_though_its_day_does_not_count() {
    let world = World::new().await;
    world.engine.night().await.unwrap();
    let planned = world.engine.plan_now().await.unwrap();
    let entry = planned.of_replica(world.replica().await).unwrap();
    assert_eq!(entry.purpose, Purpose::First);
    assert_eq!(entry.decision.what, Move::Start { pause: false });
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    let planned = world.engine.plan_now().await.unwrap();
    assert!(planned.decisions.is_empty(), "protected, and nothing is owed yet");
}

#[tokio::test]
async fn days_that_passed_in_a_downtime_are_opened_once_and_closed_as_missed() {
    let mut world = World::new().await;
    world.engine.night().await.unwrap();
    world.clock.advance(Duration::from_secs(84 * HOUR));
    world.restart(Script::default()).await;
    for _ in 0..2 {
        world.hours(0).await;
    }
    let expected = [
        ("2027-01-14", OutcomeKind::Excluded),
        ("2027-01-15", OutcomeKind::Missed),
        ("2027-01-16", OutcomeKind::Missed),
        ("2027-01-17", OutcomeKind::Missed),
        ("2027-01-18", OutcomeKind::Open),
    ];
    assert_eq!(world.kinds().await, kinds(&expected));
    let planned = world.engine.plan_now().await.unwrap();
    assert_eq!(planned.decisions.len(), 1, "one of them is still to be met, once");
}

#[tokio::test]
async fn a_blocker_of_the_tenant_over_the_whole_window_excuses_the_day() {
    let world = World::new().await;
    world.hours(11).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.watched(25).await;
    let row = world.row("2027-01-15").await;
    let Outcome::Excused {
        owner, attribution, ..
    } = row.outcome
    else {
        panic!("{:?}", row.outcome)
    };
    assert!(
        owner == Owner::Tenant && attribution.gap_secs < 60,
        "{attribution:?}"
    );
}

#[tokio::test]
async fn a_blocker_of_the_tenant_that_nobody_watched_excuses_nothing() {
    let mut world = World::new().await;
    world.hours(11).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.watched(2).await;
    world.clock.advance(Duration::from_secs(24 * HOUR));
    world.restart(Script::default()).await;
    // Closed before anybody has looked again, or after it: the same.
    world.engine.night().await.unwrap();
    let row = world.row("2027-01-15").await;
    let Outcome::Missed { attribution } = row.outcome else {
        panic!("{:?}", row.outcome)
    };
    assert_eq!(attribution.owner, Owner::Provider);
    let most = &attribution.shares[0];
    assert_eq!((most.code, most.secs / 3_600), (Code::UN, 10), "{attribution:?}");
}

#[tokio::test]
async fn deferrals_are_counted_for_the_day_also_when_a_kill_comes_before_they_are_noted() {
    let mut world = World::new().await;
    world.hours(12).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    for _ in 0..2 {
        world.deferral().await;
    }
    // Nothing is noted yet; another process finds it.
    assert_eq!(world.row("2027-01-15").await.tally.deferrals, 0);
    world.restart(Script::default()).await;
    world.hours(0).await;
    let tally = world.row("2027-01-15").await.tally;
    let expected = Tally {
        attempts: 2,
        deferrals: 2,
        newest: tally.newest,
        ..Tally::default()
    };
    assert_eq!(tally, expected);
    let planned = world.engine.plan_now().await.unwrap();
    let Move::Wait {
        why: Wait::Blocked { code, .. },
        ..
    } = &planned.decisions[0].what
    else {
        panic!("{:?}", planned.decisions)
    };
    assert_eq!(code.as_str(), "B5");
}

#[tokio::test]
async fn what_is_killed_is_noted_and_costs_no_attempt() {
    let mut world = World::new().await;
    world.hours(12).await;
    let script = |at: &str| Script {
        abort_at: Some(at.to_owned()),
        ..Script::default()
    };
    world.restart(script("before:export")).await;
    world.engine.survey().await.unwrap();
    world.backup().await;
    world.restart(Script::default()).await;
    world.rescued().await;
    world.hours(0).await;
    let tally = world.row("2027-01-15").await.tally;
    assert_eq!((tally.attempts, tally.failures), (1, 0));
    let planned = world.engine.plan_now().await.unwrap();
    assert_eq!(planned.decisions[0].what, Move::Start { pause: false });
}

#[tokio::test]
async fn a_held_host_starts_nothing_and_the_day_stays_open() {
    let world = World::new().await;
    world.hours(12).await;
    let host = "hv-r-01".parse().unwrap();
    let (now, until) = (world.clock_now(), world.clock_now() + chrono::TimeDelta::hours(2));
    world
        .store
        .hold_begin(&HoldTarget::Host { host }, now, until, "new fans", "ada")
        .await
        .unwrap();
    world.engine.night().await.unwrap();
    let planned = world.engine.plan_now().await.unwrap();
    let Move::Wait {
        why: Wait::Held(held),
        next,
        ..
    } = &planned.decisions[0].what
    else {
        panic!("{:?}", planned.decisions)
    };
    assert_eq!(
        (held.reason.as_str(), held.author.as_str(), *next),
        ("new fans", "ada", until)
    );
    assert_eq!(world.row("2027-01-15").await.outcome, Outcome::Open);
    world.hours(2).await;
    let planned = world.engine.plan_now().await.unwrap();
    assert_eq!(planned.decisions[0].what, Move::Start { pause: false });
}

#[tokio::test]
async fn a_replica_on_no_host_owes_nothing_more_and_its_absence_is_written_down_when_it_returns() {
    let world = World::new().await;
    world.hours(12).await;
    let vms = std::mem::take(&mut world.host.model().vms);
    // It may be on its way to another host until each was asked again.
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(120));
        world.engine.survey().await.unwrap();
    }
    for _ in 0..3 {
        world.hours(24).await;
    }
    let expected = [
        ("2027-01-14", OutcomeKind::Excluded),
        ("2027-01-15", OutcomeKind::Missed),
    ];
    assert_eq!(world.kinds().await, kinds(&expected));
    world.host.model().vms = vms;
    for _ in 0..2 {
        world.hours(12).await;
    }
    let days = world.kinds().await.split_off(2);
    let expected = [
        ("2027-01-16", OutcomeKind::Excluded),
        ("2027-01-17", OutcomeKind::Excluded),
        ("2027-01-18", OutcomeKind::Excluded),
        ("2027-01-19", OutcomeKind::Open),
    ];
    assert_eq!(days, kinds(&expected));
    let absent = world.row("2027-01-17").await.obligation.excluded;
    assert!(matches!(absent, Some(Exclusion::Absent { .. })));
}

#[tokio::test]
async fn a_replica_that_is_shown_and_cannot_be_read_owes_its_days_whatever_fails_meanwhile() {
    let mut world = World::new().await;
    world.hours(12).await;
    let vms = std::mem::take(&mut world.host.model().vms);
    world.host.model().unreadable = vec![hyperv::host::UnreadableVm {
        vm: vms[0],
        reason: "its row says nothing".to_owned(),
    }];
    world.hours(24).await;
    // One poll is lost, and then the whole process.
    world.host.model().down = true;
    world.hours(1).await;
    world.host.model().down = false;
    world.hours(23).await;
    world.restart(Script::default()).await;
    world.hours(24).await;
    world.host.model().unreadable.clear();
    world.host.model().vms = vms;
    world.hours(12).await;
    let expected = [
        ("2027-01-14", OutcomeKind::Excluded),
        ("2027-01-15", OutcomeKind::Missed),
        ("2027-01-16", OutcomeKind::Missed),
        ("2027-01-17", OutcomeKind::Missed),
    ];
    let days = world.kinds().await;
    assert_eq!(days[..4], kinds(&expected), "{days:?}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_makes_no_replica_gone() {
    let world = World::new().await;
    world.hours(12).await;
    world.host.model().down = true;
    world.hours(24).await;
    let expected = [
        ("2027-01-14", OutcomeKind::Excluded),
        ("2027-01-15", OutcomeKind::Missed),
        ("2027-01-16", OutcomeKind::Open),
    ];
    assert_eq!(world.kinds().await, kinds(&expected));
}

#[tokio::test]
async fn a_backup_by_hand_does_not_seal_again_for_a_day_that_is_met_and_not_closed_yet() {
    let world = World::new().await;
    world.hours(12).await;
    world.engine.night().await.unwrap();
    for _ in 0..2 {
        assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    }
    let row = world.row("2027-01-15").await;
    assert_eq!(row.outcome, Outcome::Open, "nobody has closed it yet");
    let tried = world.store.attempts_of(&SITE, row.obligation.key).await.unwrap();
    assert_eq!(
        tried.len(),
        1,
        "one attempt for the day, and one beside it: {tried:?}"
    );
}
