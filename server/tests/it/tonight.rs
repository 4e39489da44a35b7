//! `stillpoint night`, `plan` and `cancel`: what is owed now, by what the store says and without asking a host.

use crate::binary::run;
use crate::kept::{Day, Kept, now};
use crate::site::SITE;
use chrono::TimeDelta;
use domain::blocker::Blocker;
use domain::ids::AttemptId;
use domain::observation::{ReplicationHealth, ReplicationState};
use domain::verdict::Verdict;
use serde_json::json;
use store::cancels::CancelStore as _;
use store::conformance::status;
use store::holds::{Acknowledgement, HoldStore as _, HoldTarget};
use store::obligations::ObligationStore as _;
use store::records::Replica;
use store::traits::{AttemptStore as _, PollWrite, ReplicaStore as _};
use uuid::Uuid;

/// Two replicas owe the day of the 22nd, one of them not before the evening; a third has met its own.
async fn noon() -> Kept {
    let kept = Kept::new().await;
    let critical = Blocker::HealthCritical {
        relationship: 0,
        state: ReplicationState::Replicating,
        health: ReplicationHealth::Critical,
    };
    let blocked = Verdict::Blocked {
        blockers: vec![critical],
    };
    for (number, name, verdict) in [(1, "sql-01", blocked), (2, "web-01", Verdict::Clear)] {
        let replica = kept.replica(number, "contoso", name).await;
        kept.owes_now(&replica, "2026-11-22").await;
        let statuses = vec![status(&replica, now(), verdict)];
        let write = PollWrite {
            statuses,
            at: Some(now()),
            ..PollWrite::default()
        };
        kept.store.poll_write(write).await.unwrap();
    }
    let met = kept.replica(3, "fabrikam", "dc-01").await;
    kept.days(&met, "2026-11-20", &[Day::Met]).await;
    // Where nobody looks: without a point it would be protected at once.
    let elsewhere = Replica {
        host: "hv-r-09".parse().unwrap(),
        ..met
    };
    let write = PollWrite {
        replicas: vec![elsewhere],
        at: Some(now()),
        ..PollWrite::default()
    };
    kept.store.poll_write(write).await.unwrap();
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_counts_what_its_window_covers_and_groups_the_rest_by_cause() {
    let kept = noon().await;
    let target = HoldTarget::Host {
        host: "hv-r-01".parse().unwrap(),
    };
    let until = now() + TimeDelta::hours(3);
    kept.store
        .hold_begin(&target, now(), until, "new storage", "ann")
        .await
        .unwrap();
    let night = run(kept.data(), &["night", "--json"]).await.good().json();
    let counts =
        json!({ "owed": 2, "met": 0, "open": 2, "running": 0, "at_risk": 0, "excluded": 0, "overdue": 0 });
    assert_eq!(night["counts"], counts, "{night:#}");
    let cause = &night["causes"][0];
    assert_eq!(
        (&cause["title"], &cause["replicas"]),
        (&json!("Held by a person"), &json!(2))
    );
    assert_eq!(
        (&cause["whose"], &cause["acknowledged"]),
        (&json!("operator"), &json!(null))
    );
    assert_eq!(night["holds"][0]["reason"], "new storage");

    let acknowledgement = Acknowledgement {
        cause: cause["key"].as_str().unwrap().to_owned(),
        at: now(),
        until,
        note: "known".to_owned(),
        author: "ann".to_owned(),
    };
    kept.store.acknowledge(&acknowledgement).await.unwrap();
    let words = run(kept.data(), &["night"]).await.good().out;
    for word in [
        "2 owed: 0 met, 2 open",
        "2 replicas of 1 tenant",
        "by ann until",
        "1 hold",
    ] {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_explains_one_replica_with_turn_slack_and_next_look() {
    let kept = noon().await;
    let explain = ["plan", "--explain", "contoso/sql-01", "--json"];
    let plan = run(kept.data(), &explain).await.good().json();
    assert_eq!(
        (&plan["what"], &plan["day"], &plan["for"]),
        (&json!("wait"), &json!("2026-11-22"), &json!("obligation"))
    );
    assert_eq!(
        (&plan["due"], &plan["owes"]),
        (&json!("2026-11-22T18:00:00.000Z"), &json!(true))
    );
    assert!(
        plan["slack_secs"].as_i64().unwrap() > 0 && plan["sentence"].is_string(),
        "{plan:#}"
    );
    let words = run(kept.data(), &explain[..3]).await.good().out;
    for word in [
        "contoso/sql-01, day 2026-11-22: Replication health critical",
        "since    2026-11-22 12:00Z",
        "turn     none: it does not wait for room",
        "to spare",
    ] {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
    let clear = run(kept.data(), &["plan", "--explain", "contoso/web-01", "--json"])
        .await
        .good()
        .json();
    assert_eq!(
        (&clear["what"], &clear["turn"], &clear["of"]),
        (&json!("start"), &json!(1), &json!(1)),
        "{clear:#}"
    );
    let whole = run(kept.data(), &["plan", "--limit", "1"]).await.good().out;
    assert!(whole.contains("and 1 more"), "{whole}");
    let met = run(kept.data(), &["plan", "--explain", "fabrikam/dc-01"])
        .await
        .good()
        .out;
    assert!(
        met.contains("nothing is planned") && met.contains("2026-11-20: Met"),
        "{met}"
    );
    run(kept.data(), &["plan", "--explain", "contoso/none"])
        .await
        .refused(2, &["none"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_attempt_is_asked_to_stop_once_and_with_a_reason() {
    let kept = noon().await;
    let data = kept.data();
    run(data, &["cancel", "contoso/sql-01", "--reason", "x"])
        .await
        .refused(2, &["no attempt runs"]);
    let replica = kept.replica(1, "contoso", "sql-01").await;
    let attempt = AttemptId(Uuid::from_u128(77));
    kept.store
        .claim(attempt, replica.id, "worker", now(), 1_000, 30_000)
        .await
        .unwrap();
    run(data, &["cancel", "contoso/sql-01", "--reason", " "])
        .await
        .refused(2, &["reason"]);
    assert_eq!(kept.store.cancel_of(&SITE, attempt).await.unwrap(), None);
    let asked = [
        "cancel",
        "contoso/sql-01",
        "--reason",
        "the line is needed",
        "--json",
    ];
    assert_eq!(
        run(data, &asked).await.good().json()["attempt"],
        attempt.to_string()
    );
    let wish = kept.store.cancel_of(&SITE, attempt).await.unwrap().unwrap();
    assert_eq!(wish.reason, "the line is needed");
    run(data, &["cancel", &attempt.to_string(), "--reason", "again"])
        .await
        .good();
    let first = kept.store.cancel_of(&SITE, attempt).await.unwrap().unwrap();
    assert_eq!(first.reason, "the line is needed", "the first request stays");
    run(data, &["cancel", "nonsense", "--reason", "x"])
        .await
        .refused(2, &["nonsense", "tenant/name"]);
    assert_eq!(
        kept.store.obligations_live().await.unwrap().len(),
        2,
        "the obligation stays open"
    );
}
