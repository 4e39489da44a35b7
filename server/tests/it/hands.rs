//! The operator's hands on the command line: holds, acknowledgements, corrections, policies.

use crate::binary::run;
use crate::kept::{Day, Kept, now};
use crate::site::SITE;
use chrono::TimeDelta;
use domain::obligation::Owner;
use serde_json::json;
use store::holds::HoldStore as _;
use store::policies::PolicyStore as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_laid_listed_and_lifted() {
    let kept = Kept::new().await;
    let replica = kept.replica(1, "contoso", "sql-01").await;
    let data = kept.data();
    run(data, &["hold", "list"]).await.good();
    let host = [
        "hold",
        "host",
        "hv-r-01",
        "--for",
        "4h",
        "--reason",
        "new storage",
        "--json",
    ];
    let held = run(data, &host).await.good().json();
    assert_eq!(
        (&held["id"], &held["target"]),
        (&json!(1), &json!({ "on": "host", "host": "hv-r-01" }))
    );
    let until = "2026-12-01T06:00:00Z";
    let one = [
        "hold",
        "replica",
        "contoso/sql-01",
        "--until",
        until,
        "--reason",
        "their audit",
    ];
    let said = run(data, &one).await.good().out;
    assert!(
        said.contains("hold 2: replica contoso/sql-01 until 2026-12-01 06:00Z"),
        "{said}"
    );
    run(
        data,
        &["hold", "tenant", "contoso", "--for", "2d", "--reason", "x"],
    )
    .await
    .good();

    let active = kept
        .store
        .holds_active(&SITE, now() + TimeDelta::hours(1))
        .await
        .unwrap();
    assert_eq!(active.len(), 3);
    assert!(active.iter().all(|hold| !hold.author.is_empty()));
    let list = run(data, &["hold", "list"]).await.good().out;
    for word in [
        "replica contoso/sql-01",
        "host hv-r-01",
        "tenant contoso",
        "new storage",
    ] {
        assert!(list.contains(word), "`{word}` is not in: {list}");
    }
    run(data, &["hold", "lift", "2"]).await.good();
    run(data, &["hold", "lift", "2"])
        .await
        .refused(2, &["hold 2", "lifted before"]);
    run(data, &["hold", "lift", "9"])
        .await
        .refused(2, &["no hold `9`"]);
    let active = run(data, &["hold", "list", "--json"]).await.good().json();
    assert_eq!(active.as_array().unwrap().len(), 2);
    let all = run(data, &["hold", "list", "--all", "--json"])
        .await
        .good()
        .json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(all[1]["target"]["replica"], replica.id.to_string());
    assert!(all[1]["lifted"]["author"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_cannot_be_names_what_is_wrong() {
    let kept = Kept::new().await;
    kept.replica(1, "contoso", "sql-01").await;
    let hold = |args: &'static [&'static str]| {
        let data = kept.data().to_owned();
        async move { run(&data, &[&["hold"], args].concat()).await }
    };
    for (args, words) in [
        (
            &["host", "hv-r-99", "--for", "4h", "--reason", "x"][..],
            &["no host `hv-r-99`"][..],
        ),
        (
            &["tenant", "nobody", "--for", "4h", "--reason", "x"],
            &["no tenant `nobody`"],
        ),
        (
            &["replica", "contoso/none", "--for", "4h", "--reason", "x"],
            &["none"],
        ),
        (&["host", "hv-r-01", "--for", "4h", "--reason", " "], &["reason"]),
        (&["host", "hv-r-01", "--for", "4h"], &["--reason"]),
        (&["host", "hv-r-01", "--reason", "x"], &["--until", "--for"]),
        (
            &["host", "hv-r-01", "--for", "91d", "--reason", "x"],
            &["until", "90 days"],
        ),
        (
            &[
                "host",
                "hv-r-01",
                "--until",
                "2026-11-22T11:00:00Z",
                "--reason",
                "x",
            ],
            &["until", "not ahead"],
        ),
        (
            &["host", "hv-r-01", "--until", "tomorrow", "--reason", "x"],
            &["tomorrow", "2026-"],
        ),
        (
            &["host", "hv-r-01", "--for", "4 hours", "--reason", "x"],
            &["4 hours", "4h"],
        ),
    ] {
        hold(args).await.refused(2, words);
    }
    assert!(
        kept.store.holds(&SITE, 10).await.unwrap().is_empty(),
        "nothing was held"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_is_acknowledged_with_a_note() {
    let kept = Kept::new().await;
    let ack = [
        "ack",
        "host:hv-r-01:B5",
        "--for",
        "6h",
        "--note",
        "ticket 4711",
        "--json",
    ];
    let done = run(kept.data(), &ack).await.good().json();
    assert_eq!(
        (&done["cause"], &done["note"]),
        (&json!("host:hv-r-01:B5"), &json!("ticket 4711"))
    );
    let later = now() + TimeDelta::hours(5);
    assert_eq!(kept.store.acknowledgements(&SITE, later).await.unwrap().len(), 1);
    let wrong = ["ack", "B5", "--for", "6h", "--note", "x"];
    run(kept.data(), &wrong)
        .await
        .refused(2, &["cause", "stillpoint night"]);
    let long = ["ack", "vault:full", "--for", "31d", "--note", "x"];
    run(kept.data(), &long).await.refused(2, &["until", "30 days"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_excused_attributed_and_restored() {
    let kept = Kept::new().await;
    let replica = kept.replica(1, "contoso", "sql-01").await;
    kept.days(&replica, "2026-11-01", &[Day::Missed, Day::Met]).await;
    let correct = |args: &'static [&'static str]| {
        let data = kept.data().to_owned();
        async move { run(&data, &[&["correct"], args].concat()).await }
    };
    const AT: &str = "contoso/sql-01";
    correct(&["restore", AT, "2026-11-01", "--reason", "x"])
        .await
        .refused(2, &["no correction to take back"]);
    correct(&["excuse", AT, "2026-11-01", "--owner", "provider", "--reason", "x"])
        .await
        .refused(2, &["--owner", "tenant"]);
    correct(&["excuse", AT, "2026-11-02", "--owner", "tenant", "--reason", "x"])
        .await
        .refused(2, &["was met"]);
    correct(&["excuse", AT, "2026-11-09", "--owner", "tenant", "--reason", "x"])
        .await
        .refused(2, &["no obligation"]);
    let said = correct(&[
        "attribute",
        AT,
        "2026-11-01",
        "--owner",
        "tenant",
        "--reason",
        "their link",
    ])
    .await;
    assert!(said.good().out.contains("was missed and counts as missed"));
    correct(&[
        "excuse",
        AT,
        "2026-11-01",
        "--owner",
        "tenant",
        "--reason",
        "agreed",
    ])
    .await
    .good();
    correct(&["restore", AT, "2026-11-01", "--reason", "the wrong day"])
        .await
        .good();
    let list = correct(&["list", "--from", "2026-11-01", "--to", "2026-11-30", "--json"]).await;
    let list = list.good().json();
    let changes: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["change"]["change"].clone())
        .collect();
    assert_eq!(changes, ["attribute", "excuse", "restore"]);
    assert_eq!(list[0]["change"]["owner"], json!(Owner::Tenant));
    assert!(
        correct(&["list", "--from", "2026-11-01", "--to", "2026-11-30"])
            .await
            .good()
            .out
            .contains("their link")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_put_assigned_and_taken_away() {
    let kept = Kept::new().await;
    let replica = kept.replica(1, "contoso", "sql-01").await;
    let data = kept.data();
    let file = data.join("gold.toml");
    let path = file.to_str().unwrap();
    let standard = run(data, &["policy", "show", "standard", "--toml"])
        .await
        .good()
        .out;
    let gold = standard
        .replace("name = \"Standard\"", "name = \"Gold\"")
        .replace("target_bp = 9950", "target_bp = 9990");
    assert_ne!(gold, standard);
    std::fs::write(&file, &gold).unwrap();
    let put = ["policy", "put", "gold", "--file", path, "--json"];
    assert_eq!(run(data, &put).await.good().json()["version"], 1);
    let again = run(data, &put[..5]).await.good().out;
    assert!(again.contains("version 1 already"), "{again}");
    std::fs::write(&file, gold.replace("9990", "9995")).unwrap();
    assert_eq!(run(data, &put).await.good().json()["version"], 2);
    let shown = run(data, &["policy", "show", "gold"]).await.good().out;
    assert!(
        shown.contains("Version 2:") && shown.contains("99.90 %"),
        "{shown}"
    );

    run(data, &["policy", "assign", "gold", "--tenant", "contoso"])
        .await
        .good();
    run(data, &["policy", "assign", "gold", "--replica", "contoso/sql-01"])
        .await
        .good();
    let list = run(data, &["policy", "list"]).await.good().out;
    for word in [
        "everyone else",
        "tenant contoso",
        "replica contoso/sql-01",
        "99.95 %",
    ] {
        assert!(list.contains(word), "`{word}` is not in: {list}");
    }
    run(
        data,
        &["policy", "unassign", "--replica", &replica.id.to_string()],
    )
    .await
    .good();
    run(data, &["policy", "unassign", "--replica", "contoso/sql-01"])
        .await
        .refused(2, &["nothing to take away"]);
    run(data, &["policy", "assign", "gold", "--site"]).await.good();
    let assigned = kept.store.assignments(&SITE).await.unwrap();
    assert!(
        assigned.iter().all(|it| it.policy.as_str() == "gold") && assigned.len() == 2,
        "{assigned:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_cannot_be_is_refused_by_its_term() {
    let kept = Kept::new().await;
    let data = kept.data();
    let standard = run(data, &["policy", "show", "standard", "--toml"])
        .await
        .good()
        .out;
    let file = data.join("wrong.toml");
    let path = file.to_str().unwrap();
    for (from, to, words) in [
        (
            "priority = 3",
            "priority = 9",
            &["priority", "1 (last) to 5 (first)"][..],
        ),
        ("target_bp = 9950", "target_bp = 10001", &["target_bp"]),
        ("open = \"20:00\"", "open = \"25:00\"", &["25:00"]),
        ("priority = 3", "priority = 3\ncolour = 1", &["colour"]),
    ] {
        let text = standard.replace(from, to);
        assert_ne!(text, standard, "{from} is not in {standard}");
        std::fs::write(&file, text).unwrap();
        run(data, &["policy", "put", "gold", "--file", path])
            .await
            .refused(2, words);
    }
    run(data, &["policy", "put", "gold", "--file", "/nowhere"])
        .await
        .refused(2, &["/nowhere"]);
    run(data, &["policy", "put", "Gold!", "--file", path])
        .await
        .refused(2, &["policy id"]);
    run(data, &["policy", "assign", "gold", "--tenant", "contoso"])
        .await
        .refused(2, &["no policy `gold`"]);
    run(data, &["policy", "assign", "standard"])
        .await
        .refused(2, &["--tenant"]);
    run(data, &["policy", "assign", "standard", "--tenant", "nobody"])
        .await
        .refused(2, &["no tenant `nobody`"]);
    run(data, &["policy", "unassign"]).await.refused(2, &["--tenant"]);
    run(data, &["policy", "show", "gold"])
        .await
        .refused(2, &["policy list"]);
    assert_eq!(kept.store.policies().await.unwrap().len(), 1);
}
