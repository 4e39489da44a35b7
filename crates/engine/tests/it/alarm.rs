//! The alarm: what is told, once, whatever happens in between.

use crate::fake_host::Ev;
use crate::world::{SITE, Script, World};
use async_trait::async_trait;
use domain::attempt::AttemptState;
use domain::job::JobState;
use domain::observation::ReplicationState;
use engine::{Messenger, NotTold};
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;
use store::holds::{Acknowledgement, HoldStore};
use store::notices::NoticeStore;
use store::pauses::{Pause, PauseState, PauseStore};
use store::traits::AttemptStore;

const HOUR: u64 = 3_600;

/// Takes what it is told, or refuses for as long as it is told to.
#[derive(Debug, Default)]
pub struct Post {
    pub refuses: Mutex<Option<String>>,
    pub asked: Mutex<u32>,
    pub told: Mutex<Vec<Value>>,
}

#[async_trait]
impl Messenger for Post {
    async fn tell(&self, document: &Value) -> Result<(), NotTold> {
        *self.asked.lock().unwrap() += 1;
        if let Some(why) = self.refuses.lock().unwrap().clone() {
            return Err(NotTold(why));
        }
        self.told.lock().unwrap().push(document.clone());
        Ok(())
    }
}

impl World {
    /// Some time on: every host looked at, the night planned and foreseen, the alarm asked.
    async fn later(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.engine.survey().await.unwrap();
        self.engine.foresight().await.unwrap();
        self.engine.alarm().await.unwrap();
    }
    fn told_kinds(&self) -> Vec<String> {
        let told = self.post.told.lock().unwrap();
        let kind = |it: &Value| it["kind"].as_str().unwrap().to_owned();
        told.iter().map(kind).collect()
    }
    fn told(&self) -> Vec<Value> {
        std::mem::take(&mut self.post.told.lock().unwrap())
    }
    fn refuse(&self, why: Option<&str>) {
        *self.post.refuses.lock().unwrap() = why.map(str::to_owned);
    }
    /// Half an hour at a time, so that nobody is silent for longer than the alarm allows here.
    async fn half_hours(&self, hours: u64) {
        for _ in 0..hours * 2 {
            self.later(HOUR / 2).await;
        }
    }
}

/// As [`blocked`], ten minutes before it is due: less than an attempt takes. Until two hours before, nothing is said.
async fn late() -> World {
    let world = blocked().await;
    world.refuse(Some("not yet"));
    world.half_hours(10).await;
    assert!(world.store.notices(9).await.unwrap().is_empty());
    world.refuse(None);
    world.half_hours(1).await;
    world.later(1_500).await;
    world.later(1_500).await;
    world
}

/// Surveys and plans half an hour apart are no silence.
async fn world() -> World {
    let mut world = World::new().await;
    world.config.silence_secs = 2_000;
    world.restart(Script::default()).await;
    world.later(0).await;
    world
}

/// A resync from before the window of 20:00 to 08:00; it is 20:00.
async fn blocked() -> World {
    let world = world().await;
    world.half_hours(11).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.half_hours(1).await;
    world
}

#[tokio::test]
async fn a_day_that_is_not_met_is_at_risk_before_it_is_due_and_breached_after_it_each_once() {
    let world = late().await;
    world.half_hours(3).await;
    let told = world.told();
    assert_eq!(told.len(), 2, "{told:?}");
    let [at_risk, breached] = &told[..] else {
        unreachable!()
    };
    assert_eq!(at_risk["kind"], "at-risk");
    assert_eq!(at_risk["cause"], "host:hv-r-01:B5");
    assert_eq!(at_risk["due"], "2027-01-16T08:00:00Z");
    assert_eq!(breached["kind"], "breached");
    assert_eq!(breached["key"], "breached:host:hv-r-01:B5:2027-01-15#0");
    assert_eq!(
        breached["subject"],
        "1 replica of contoso not met by due: Resynchronization on hv-r-01"
    );
    assert_eq!(breached["site"], "stillpoint");
    let as_of = breached["as_of"].as_str().unwrap();
    assert!(as_of >= "2027-01-16T08:01:00Z", "{as_of}");
}

#[tokio::test]
async fn what_kept_a_breached_day_is_not_told_again_under_another_name_or_after_a_restart() {
    let mut world = blocked().await;
    world.half_hours(13).await;
    assert_eq!(world.told().last().unwrap()["kind"], "breached");
    // It is over; other things happen to the replica, and the process is another.
    world.host.model().state = ReplicationState::Replicating;
    let apply = Ev::Apply {
        secs: 5,
        state: JobState::Completed,
    };
    world.host.model().plan(1, apply);
    world.half_hours(1).await;
    world.restart(Script::default()).await;
    world.half_hours(8).await;
    world.host.model().down = true;
    world.later(60).await;
    assert_eq!(world.told_kinds(), [""; 0], "{:?}", world.told());
}

#[tokio::test]
async fn a_day_that_became_due_in_a_downtime_is_told_when_it_is_over() {
    let mut world = blocked().await;
    world.clock.advance(Duration::from_secs(26 * HOUR));
    world.restart(Script::default()).await;
    for _ in 0..3 {
        world.later(60).await;
    }
    let told = world.told();
    let breached: Vec<&Value> = told.iter().filter(|it| it["kind"] == "breached").collect();
    assert_eq!(breached.len(), 1, "{told:?}");
    assert_eq!(breached[0]["cause"], "host:hv-r-01:UN");
}

#[tokio::test]
async fn an_acknowledged_cause_is_silent_until_it_ends_and_comes_back() {
    let world = blocked().await;
    let now = world.clock_now();
    let acknowledgement = Acknowledgement {
        cause: "host:hv-r-01:B5".to_owned(),
        at: now,
        until: now + chrono::TimeDelta::days(9),
        note: "their link".to_owned(),
        author: "ada".to_owned(),
    };
    world.store.acknowledge(&acknowledgement).await.unwrap();
    world.half_hours(11).await;
    world.later(1_500).await;
    world.later(1_500).await;
    assert!(world.told_kinds().is_empty(), "{:?}", world.told());
    assert_eq!(
        world.engine.foreseen().unwrap().causes[0].at_risk,
        1,
        "it is seen all the same"
    );
    world.host.model().state = ReplicationState::Replicating;
    world.later(60).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.later(60).await;
    let told = world.told();
    let again = told.iter().find(|it| it["cause"] == "host:hv-r-01:B5");
    assert_eq!(again.unwrap()["kind"], "at-risk", "{told:?}");
}

#[tokio::test]
async fn what_does_not_arrive_is_tried_again_ever_more_rarely_and_arrives_once() {
    let mut world = blocked().await;
    world.refuse(Some("the receiver answered 503"));
    world.half_hours(11).await;
    for _ in 0..20 {
        world.later(60).await;
    }
    let waiting = world.store.notices(9).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        waiting[0].last_error.as_deref(),
        Some("the receiver answered 503")
    );
    let tries = waiting[0].tries;
    assert!((1..12).contains(&tries), "{tries}");
    for _ in 0..20 {
        world.engine.alarm().await.unwrap();
    }
    assert_eq!(
        world.store.notices(9).await.unwrap()[0].tries,
        tries,
        "not before its time"
    );
    world.restart(Script::default()).await;
    world.refuse(None);
    for _ in 0..3 {
        world.later(600).await;
    }
    assert_eq!(world.told_kinds(), ["at-risk"]);
    let delivered = &world.store.notices(9).await.unwrap()[0];
    assert!(delivered.delivered.is_some() && delivered.next.is_none());
}

#[tokio::test]
async fn a_notice_that_nobody_takes_for_days_is_given_up_and_kept() {
    let world = blocked().await;
    world.refuse(Some("no such page"));
    world.half_hours(24 * 4).await;
    let notices = world.store.notices(99).await.unwrap();
    let first = notices.last().unwrap();
    assert_eq!((first.tries, first.next, first.delivered), (60, None, None));
    let asked = *world.post.asked.lock().unwrap();
    world.refuse(None);
    world.later(60).await;
    let told = world.told();
    assert!(
        told.iter().all(|it| it["key"] != first.key.as_str()),
        "{asked} {told:?}"
    );
}

#[tokio::test]
async fn without_a_receiver_notices_are_made_for_the_screens_and_never_sent_later() {
    let mut world = World::new().await;
    world.config.silence_secs = 2_000;
    world.is_heard = false;
    world.restart(Script::default()).await;
    world.later(0).await;
    world.half_hours(11).await;
    world.host.model().state = ReplicationState::Resynchronizing;
    world.half_hours(15).await;
    let notices = world.store.notices(9).await.unwrap();
    assert!(notices.iter().any(|it| it.kind == "breached"), "{notices:?}");
    for notice in &notices {
        assert_eq!((notice.delivered, notice.next), (None, None), "{notice:?}");
        assert_eq!(notice.last_error.as_deref(), Some("no webhook is configured"));
    }
    world.is_heard = true;
    world.restart(Script::default()).await;
    world.later(HOUR / 2).await;
    assert!(world.told().is_empty(), "old news was sent");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_told_and_so_is_that_it_answers_again() {
    let mut world = world().await;
    world.host.model().down = true;
    for _ in 0..6 {
        world.later(600).await;
    }
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["kind"], "not-watching");
    assert_eq!(told[0]["subject"], "hv-r-01 is not watched");
    // Another process neither tells it again nor forgets to tell the end.
    world.restart(Script::default()).await;
    world.later(600).await;
    assert!(world.told_kinds().is_empty());
    world.host.model().down = false;
    world.later(600).await;
    world.later(600).await;
    assert_eq!(world.told_kinds(), ["watching-again"]);
}

#[tokio::test]
async fn a_planner_that_stands_still_is_told_although_the_hosts_are_watched() {
    let world = world().await;
    for _ in 0..6 {
        world.clock.advance(Duration::from_secs(600));
        world.engine.survey().await.unwrap();
        world.engine.alarm().await.unwrap();
    }
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["subject"], "Stillpoint has stopped planning");
    world.later(60).await;
    assert_eq!(world.told_kinds(), ["watching-again"]);
}

#[tokio::test]
async fn after_a_downtime_it_is_told_how_long_nobody_was_watching() {
    let mut world = world().await;
    let last = world.clock_now();
    world.clock.advance(Duration::from_secs(3 * HOUR));
    world.restart(Script::default()).await;
    // A quick planner: its first round is over before the alarm looks.
    world.engine.survey().await.unwrap();
    world.engine.foresight().await.unwrap();
    world.engine.alarm().await.unwrap();
    world.later(60).await;
    let told = world.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(
        (&told[0]["kind"], &told[1]["kind"]),
        (&"not-watching".into(), &"watching-again".into())
    );
    let since: chrono::DateTime<chrono::Utc> = told[0]["since"].as_str().unwrap().parse().unwrap();
    assert!(last - since < chrono::TimeDelta::seconds(60), "{since} {last}");
    assert!(
        told[0]["sentence"].as_str().unwrap().contains("3 hours"),
        "{}",
        told[0]
    );
}

#[tokio::test]
async fn a_short_downtime_is_no_news() {
    let mut world = world().await;
    world.clock.advance(Duration::from_secs(1_900));
    world.restart(Script::default()).await;
    world.later(0).await;
    world.later(60).await;
    assert!(world.told_kinds().is_empty(), "{:?}", world.told());
}

#[tokio::test]
async fn a_primary_that_is_not_seen_resumed_after_its_time_is_told_once() {
    let world = world().await;
    let replica = world.replica().await;
    let now = world.clock_now();
    let row = crate::world::row(&world).await;
    let pause = Pause {
        attempt: domain::ids::AttemptId(uuid::Uuid::from_u128(7)),
        replica,
        tenant: row.tenant,
        vm: row.vm,
        primary: "hv1".to_owned(),
        intended: now,
        until: now + chrono::TimeDelta::seconds(300),
        state: PauseState::Intended,
        paused: None,
        resumed: None,
        trouble: None,
    };
    world.store.pause_intend(&pause).await.unwrap();
    world.later(300).await;
    assert!(world.told_kinds().is_empty());
    for _ in 0..3 {
        world.later(130).await;
    }
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["subject"], "A primary of contoso is still paused");
}

#[tokio::test]
async fn an_attempt_that_does_not_move_is_told_once() {
    let mut world = world().await;
    let script = Script {
        abort_at: Some("before:export".to_owned()),
        ..Script::default()
    };
    world.restart(script).await;
    world.engine.survey().await.unwrap();
    world.backup().await;
    let unfinished = world.store.attempts_unfinished().await.unwrap();
    assert!(matches!(unfinished[0].state, AttemptState::Running { .. }));
    for _ in 0..6 {
        world.later(1_800).await;
    }
    let stuck: Vec<Value> = world
        .told()
        .into_iter()
        .filter(|it| it["kind"] == "stuck")
        .collect();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert_eq!(stuck[0]["subject"], "An attempt on hv-r-01 does not end");
    assert!(world.store.attempts(&SITE, None, None, 9).await.unwrap().len() == 1);
}
