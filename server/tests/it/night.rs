//! A whole SLA day at a site where everything happens that may: every blocker, applies without a gap, a held host, a breach that somebody is told.

use crate::binary::{self, Server};
use crate::blockers::{Case, eight};
use crate::receiver::{self, Receiver};
use crate::site::{SITE, Site, begins_at, small};
use crate::waiting::until;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{DayWindow, SlaDay, Zone};
use domain::obligation::{Obligation, ObligationKey, Outcome};
use domain::policy::{PauseTerms, Terms};
use engine::WorldClock as _;
use lab::model::World;
use lab::scenario::Op;
use serde_json::{Value, json};
use store::SqliteStore;
use store::obligations::ObligationStore as _;
use store::pauses::{PauseState, PauseStore as _};
use store::records::Replica;
use store::traits::AttemptStore as _;

const HELD: &str = "hv-r-03";

fn day() -> SlaDay {
    SlaDay(begins_at().date_naive().pred_opt().unwrap())
}

/// Who plays which part.
struct Parts {
    blocked: Vec<(Replica, Case)>,
    /// Its applies never leave a gap, and its primary may be paused.
    gapless: Replica,
    /// Resynchronizes until after it was due.
    lost: Replica,
    held: Vec<Replica>,
}

async fn parts(site: &Site, store: &SqliteStore) -> Parts {
    let (mut held, mut free) = (Vec::new(), Vec::new());
    for n in 0..15 {
        let replica = site.replica(store, n).await;
        if replica.host.as_str() == HELD {
            held.push(replica);
        } else {
            free.push(replica);
        }
    }
    let contoso = free
        .iter()
        .position(|it| it.tenant.as_str() == "contoso")
        .unwrap();
    let gapless = free.remove(contoso);
    let lost = free.remove(0);
    assert!(free.len() >= 8 && held.len() >= 2);
    let blocked = free.into_iter().zip(eight()).collect();
    Parts {
        blocked,
        gapless,
        lost,
        held,
    }
}

async fn owes(site: &Site, store: &SqliteStore, replica: &Replica, minutes: i64, pause: PauseTerms) {
    let now = site.clock.now();
    let owed = Obligation {
        key: key(replica),
        tenant: replica.tenant.clone(),
        zone: Zone::UTC,
        policy: "standard".parse().unwrap(),
        policy_version: if pause == PauseTerms::Never { 1 } else { 2 },
        terms: Terms {
            pause,
            ..Terms::standard()
        },
        window: DayWindow {
            open: now - TimeDelta::minutes(1),
            due: now + TimeDelta::minutes(minutes),
            next_open: now + TimeDelta::hours(18),
        },
        opened_at: now,
        excluded: None,
    };
    store.obligations_open(&[owed]).await.unwrap();
}

fn key(replica: &Replica) -> ObligationKey {
    ObligationKey {
        replica: replica.id,
        day: day(),
    }
}

async fn explained(site: &Site, replica: &Replica) -> Value {
    let id = replica.id.to_string();
    let ran = binary::run(site.data(), &["plan", "--explain", &id, "--json"]).await;
    ran.good().json()
}

/// When the checkpoint was accepted that met the day.
async fn met(store: &SqliteStore, replica: &Replica) -> DateTime<Utc> {
    let what = format!("{}/{} has met its day", replica.tenant, replica.name);
    until(&what, 120, || async {
        match store.obligation(&SITE, key(replica)).await.unwrap().outcome {
            Outcome::Open => None,
            Outcome::Met { taken, .. } => Some(taken),
            other => panic!("{what}: {other:?}"),
        }
    })
    .await
}

/// How often a host was asked for a checkpoint of it before `at`, by the lab's own record.
fn checkpoints_before(site: &Site, replica: &Replica, at: DateTime<Utc>) -> usize {
    site.lab.lab().with(|lab| {
        let mine = lab.log().iter().filter(|it| it.vm == Some(replica.vm.0));
        mine.filter(|it| it.event == "checkpoint-created" && it.at < at)
            .count()
    })
}

/// Named by the plan with its code, without a point while it lasts; met when it is over.
async fn blocked(site: &Site, store: &SqliteStore, replica: &Replica, case: &Case) {
    let whose = format!("{} on {}/{}", case.code, replica.tenant, replica.name);
    until(&whose, 90, || async {
        let told = explained(site, replica).await;
        (told["what"] == "wait" && told["code"] == case.code && told["since"].is_string()).then_some(())
    })
    .await;
    assert_eq!(
        store.points(&SITE, Some(replica.id)).await.unwrap(),
        [],
        "{whose}"
    );
    let cleared = site.clock.now();
    site.clear(replica);
    assert!(met(store, replica).await >= cleared, "{whose}");
    assert_eq!(checkpoints_before(site, replica, cleared), 0, "{whose}");
}

/// The plan itself asks for the pause; the primary is seen to replicate again.
async fn gapless(site: &Site, store: &SqliteStore, replica: &Replica) {
    until("the plan has the primary paused", 120, || async {
        (site.asked("primary-paused") > 0).then_some(())
    })
    .await;
    // What was received is applied at last, and nothing more comes.
    site.clear(replica);
    met(store, replica).await;
    until("nothing stays paused", 60, || async {
        store.pauses_unresumed().await.unwrap().is_empty().then_some(())
    })
    .await;
    let pauses = store.pauses_of(&SITE, replica.id, 10).await.unwrap();
    assert!(
        pauses.iter().all(|it| it.state == PauseState::Resumed) && !pauses.is_empty(),
        "{pauses:?}"
    );
    assert_eq!(site.asked("replica-pause-asked"), 0);
    assert_eq!(site.lab.lab().with(|lab| lab.left()).pauses, []);
}

/// Due, and not done: somebody is told with a signature, which the receiver checks.
async fn lost(receiver: &Receiver, replica: &Replica) {
    let notice = until("the breach is told", 120, || async {
        let taken = receiver.taken();
        taken.into_iter().find(|it| it["kind"] == "breached")
    })
    .await;
    assert_eq!(notice["cause"], format!("host:{}:B5", replica.host), "{notice:#}");
}

async fn night(site: &Site) -> Value {
    binary::run(site.data(), &["night", "--json"]).await.good().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_every_blocker_a_pause_a_held_host_and_a_breach_is_kept_where_it_can_be_and_told_as_it_was()
 {
    let world = World {
        primaries: 1,
        ..small(61, 3, 15)
    };
    let site = Site::start(world, 40.0).await;
    let receiver = Receiver::start(&[], None).await;
    receiver::secret(site.data());
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let parts = parts(&site, &works.store).await;
    works.stop().await;
    let store = site.store("state").await;

    for (replica, case) in &parts.blocked {
        site.operate(replica, case.op.clone());
        owes(&site, &store, replica, 180, PauseTerms::Never).await;
    }
    site.operate(&parts.gapless, Op::ApplyLong { secs: 1_000_000 });
    let pause = PauseTerms::Allowed {
        secs_max: 1_800,
        per_night_max: 5,
    };
    owes(&site, &store, &parts.gapless, 58, pause).await;
    site.operate(&parts.lost, Op::Resyncing);
    owes(&site, &store, &parts.lost, 10, PauseTerms::Never).await;
    for replica in &parts.held {
        owes(&site, &store, replica, 180, PauseTerms::Never).await;
    }
    let hold = [
        "hold",
        "host",
        HELD,
        "--for",
        "12h",
        "--reason",
        "new storage",
        "--json",
    ];
    let hold = binary::run(site.data(), &hold).await.good().json()["id"].to_string();
    let url = &receiver.url;
    site.write_config(&format!(
        "[alarm]\nsite = \"dc-1\"\nwebhook_url = \"{url}/hook?key=s3cret\"\nsecret_file = \"webhook-secret\"\nsilence_secs = 86400\n"
    ));
    let server = Server::start(site.data()).await;

    let blockers = parts
        .blocked
        .iter()
        .map(|(replica, case)| blocked(&site, &store, replica, case));
    tokio::join!(
        futures::future::join_all(blockers),
        gapless(&site, &store, &parts.gapless),
        lost(&receiver, &parts.lost),
    );

    // Held: nothing was begun, everything is owed and seen.
    for replica in &parts.held {
        assert_eq!(
            store.attempts_of(&SITE, key(replica)).await.unwrap(),
            [],
            "{}",
            replica.name
        );
        assert_eq!(checkpoints_before(&site, replica, site.clock.now()), 0);
        let told = explained(&site, replica).await;
        assert_eq!(
            (&told["what"], &told["title"]),
            (&json!("wait"), &json!("Held by a person")),
            "{told:#}"
        );
    }
    let told = night(&site).await;
    let causes = told["causes"].as_array().unwrap();
    let by_hand = causes.iter().find(|it| it["title"] == "Held by a person");
    let by_hand = by_hand.unwrap_or_else(|| panic!("the hold is no cause: {told:#}"));
    assert_eq!(by_hand["replicas"], parts.held.len());
    assert_eq!(told["holds"][0]["reason"], "new storage");
    assert_eq!(told["counts"]["overdue"], 1, "{told:#}");

    binary::run(site.data(), &["hold", "lift", &hold]).await.good();
    let lifted = site.clock.now();
    for replica in &parts.held {
        assert!(met(&store, replica).await >= lifted - TimeDelta::minutes(1));
    }

    // The figures are those of the lab's record: one export for each day that was met, none for the one that was lost.
    let owed = parts.blocked.len() + parts.held.len() + 2;
    let date = day().0.to_string();
    let sla = ["sla", "--from", &date, "--to", &date, "--json"];
    let sla = binary::run(site.data(), &sla).await.good().json();
    let all = json!({ "met": owed - 1, "of": owed - 1, "pct": 100.0 });
    assert_eq!(sla["raw"], all, "{sla:#}");
    assert_eq!(
        checkpoints_before(&site, &parts.lost, site.clock.now()),
        0,
        "a torn point"
    );
    assert_eq!(store.points(&SITE, Some(parts.lost.id)).await.unwrap(), []);
    let told = night(&site).await;
    assert_eq!(
        (&told["counts"]["overdue"], &told["pauses"]),
        (&json!(1), &json!([])),
        "{told:#}"
    );
    drop(server);
}
