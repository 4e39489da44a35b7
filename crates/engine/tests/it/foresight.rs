//! The forecast: from the store's history to what is foreseen of tonight.

use crate::fake_host::Ev;
use crate::world::{Script, World};
use domain::attempt::AttemptState;
use domain::code::Code;
use domain::forecast::{Estimate, Reason};
use domain::job::JobState;
use domain::observation::ReplicationState;
use engine::Foreseen;
use std::sync::Arc;
use std::time::Duration;

const HOUR: u64 = 3_600;

impl World {
    /// So many nights, each with a backup at 20:00; it is 20:00 afterwards.
    async fn nights(&self, nights: u64) {
        self.engine.night().await.unwrap();
        self.clock.advance(Duration::from_secs(12 * HOUR));
        for _ in 0..nights {
            self.look().await;
            self.engine.night().await.unwrap();
            assert!(matches!(self.ended().await, AttemptState::Sealed { .. }));
            self.clock.advance(Duration::from_secs(12 * HOUR));
            self.engine.night().await.unwrap();
            self.clock.advance(Duration::from_secs(12 * HOUR));
        }
        self.look().await;
    }
    /// A survey, an apply that ends the hole in what is known of the jobs, and another survey.
    async fn look(&self) {
        self.engine.survey().await.unwrap();
        let apply = Ev::Apply {
            secs: 5,
            state: JobState::Completed,
        };
        self.host.model().plan(1, apply);
        self.clock.advance(Duration::from_secs(30));
        self.engine.survey().await.unwrap();
    }
    async fn now_foreseen(&self) -> Arc<Foreseen> {
        self.engine.foresight().await.unwrap();
        self.engine.foreseen().unwrap()
    }
}

#[tokio::test]
async fn a_week_of_history_is_enough_and_six_days_are_not() {
    let world = World::new().await;
    world.nights(6).await;
    let foreseen = world.now_foreseen().await;
    let one = foreseen.each.values().next().unwrap();
    let none = Estimate::None {
        days_seen: 6,
        days_needed: 7,
    };
    assert_eq!((one.estimate, one.is_at_risk), (none, false));
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    world.clock.advance(Duration::from_secs(24 * HOUR));
    world.look().await;
    let foreseen = world.now_foreseen().await;
    assert_eq!(foreseen.days_learnt, 7);
    let one = foreseen.each.values().next().unwrap();
    let Estimate::Risk { probability_bp, .. } = one.estimate else {
        panic!("{one:?}")
    };
    assert!(probability_bp.get() < 1_000, "{one:?}");
}

#[tokio::test]
async fn a_resync_late_in_the_window_is_foreseen_with_its_reason_and_cause_also_by_another_process() {
    let mut world = World::new().await;
    world.nights(8).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    for _ in 0..11 * 30 {
        world.clock.advance(Duration::from_secs(120));
        world.engine.survey().await.unwrap();
    }
    let foreseen = world.now_foreseen().await;
    let one = foreseen.each.values().next().unwrap().clone();
    assert!(one.is_at_risk, "{one:?}");
    let Estimate::Risk { reason, .. } = one.estimate else {
        panic!("{one:?}")
    };
    assert!(
        matches!(reason, Reason::Blocked { code: Code::B5, .. }),
        "{reason:?}"
    );
    assert_eq!(one.cause.as_ref().unwrap().1, "host:hv-r-01:B5");
    assert_eq!(foreseen.causes.len(), 1);
    assert_eq!((foreseen.causes[0].replicas, foreseen.causes[0].at_risk), (1, 1));

    world.restart(Script::default()).await;
    world.engine.survey().await.unwrap();
    let planned = world.engine.plan_now().await.unwrap();
    let again = world.engine.foresee(&planned).await.unwrap();
    assert_eq!(again.days_learnt, foreseen.days_learnt);
    assert_eq!(again.causes[0].key, foreseen.causes[0].key);
    assert!(again.each[&one.key].is_at_risk);
}

#[tokio::test]
async fn a_day_that_is_met_is_foreseen_no_more() {
    let world = World::new().await;
    world.nights(7).await;
    assert_eq!(world.now_foreseen().await.each.len(), 1);
    assert!(matches!(world.ended().await, AttemptState::Sealed { .. }));
    assert!(world.now_foreseen().await.each.is_empty());
}
