//! The alarm as the binary runs it: a receiver on this machine is told what happens, once, and can check who has told it.

use crate::binary::{self, Server};
use crate::kept::Kept;
use crate::receiver::{self, Receiver, Reply};
use crate::site::{Site, small};
use crate::waiting::until;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{DayWindow, SlaDay, Zone};
use domain::obligation::{Obligation, ObligationKey};
use domain::policy::Terms;
use engine::WorldClock as _;
use lab::scenario::Op;
use serde_json::Value;
use std::collections::BTreeSet;
use store::obligations::ObligationStore as _;
use store::records::Replica;
use store::sqlite::SqliteStore;

fn configured(receiver: &Receiver, more: &str) -> String {
    let url = &receiver.url;
    format!(
        "[alarm]\nsite = \"dc-1\"\nwebhook_url = \"{url}/hook?key=s3cret\"\nsecret_file = \"webhook-secret\"\n{more}\n"
    )
}

/// A day that is due in ten minutes of the world.
async fn owes(site: &Site, store: &SqliteStore, replica: &Replica) {
    let now = site.clock.now();
    let owed = Obligation {
        key: ObligationKey {
            replica: replica.id,
            day: SlaDay(now.date_naive().pred_opt().unwrap()),
        },
        tenant: replica.tenant.clone(),
        zone: Zone::UTC,
        policy: "standard".parse().unwrap(),
        policy_version: 1,
        terms: Terms::standard(),
        window: DayWindow {
            open: now - TimeDelta::hours(6),
            due: now + TimeDelta::minutes(10),
            next_open: now + TimeDelta::hours(18),
        },
        opened_at: now - TimeDelta::hours(6),
        excluded: None,
    };
    store.obligations_open(&[owed]).await.unwrap();
}

fn of_kind<'a>(taken: &'a [Value], kind: &str) -> Vec<&'a Value> {
    taken.iter().filter(|it| it["kind"] == kind).collect()
}

/// The world runs 60 times as fast: ten minutes are ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_breach_reaches_the_webhook_once_signed_through_refusals_silence_and_a_kill() {
    let site = Site::start(small(31, 1, 2), 60.0).await;
    let replies = [Reply::Status(500), Reply::Hang, Reply::Status(302)];
    let receiver = Receiver::start(&replies, None).await;
    receiver::secret(site.data());
    let works = site.works("", |_| {}, |_| {}).await;
    let replica = site.replica(&works.store, 0).await;
    site.operate(&replica, Op::Resyncing);
    let store = works.store.clone();
    works.stop().await;
    owes(&site, &store, &replica).await;
    let heartbeat = format!("heartbeat_url = \"{}/beat\"\nheartbeat_secs = 1\n", receiver.url);
    // A loaded machine may well be silent for minutes of this world.
    site.write_config(&configured(
        &receiver,
        &format!("silence_secs = 86400\n{heartbeat}"),
    ));

    let server = Server::start(site.data()).await;
    until("the breach is told", 120, || async {
        (!of_kind(&receiver.taken(), "breached").is_empty()).then_some(())
    })
    .await;
    drop(server);
    let taken = receiver.taken();
    let breached = of_kind(&taken, "breached")[0];
    assert_eq!(breached["cause"], format!("host:{}:B5", replica.host));
    assert_eq!(breached["site"], "dc-1");
    for field in ["key", "subject", "sentence"] {
        assert!(
            breached[field].as_str().is_some_and(|it| !it.is_empty()),
            "{breached}"
        );
    }
    for field in ["since", "due", "as_of"] {
        let at: Result<DateTime<Utc>, _> = breached[field].as_str().unwrap().parse();
        assert!(at.is_ok(), "{field}: {breached}");
    }
    assert!(
        receiver.posted() >= taken.len() + replies.len(),
        "the first three were not taken"
    );

    // Another process: it has looked at everything once it gives a sign of life.
    let before = receiver.beats();
    let server = Server::start(site.data()).await;
    until("the new process gives signs of life", 60, || async {
        (receiver.beats() > before + 2).then_some(())
    })
    .await;
    drop(server);
    let taken = receiver.taken();
    let keys: BTreeSet<&str> = taken.iter().filter_map(|it| it["key"].as_str()).collect();
    assert_eq!(keys.len(), taken.len(), "each is taken once: {taken:#?}");
    assert_eq!(of_kind(&taken, "breached").len(), 1);

    let listed = binary::run(site.data(), &["alarm", "list", "--json"])
        .await
        .good()
        .json();
    let first = listed.as_array().unwrap().last().unwrap();
    assert!(
        first["delivered"].is_string() && first["tries"].as_u64().unwrap() > 1,
        "{first}"
    );
    let errors = listed.to_string();
    assert!(
        errors.contains("302") && errors.contains("did not answer"),
        "{listed}"
    );
    assert!(
        !listed.to_string().contains("s3cret"),
        "what the address holds is nobody's business"
    );
    let words = binary::run(site.data(), &["alarm", "list"]).await.good().out;
    assert!(
        words.contains("breached") && words.contains("delivered"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_notice_says_what_came_back_over_verified_tls_only() {
    let kept = Kept::new().await;
    let identity = lab::wire::tls::identity(&kept.data().join("tls")).unwrap();
    let receiver = Receiver::start(
        &[Reply::Status(204), Reply::Status(410), Reply::Status(301)],
        Some(identity.server),
    )
    .await;
    receiver::secret(kept.data());
    let config = std::fs::read_to_string(kept.data().join("config.toml")).unwrap();
    let write =
        |alarm: &str| std::fs::write(kept.data().join("config.toml"), format!("{config}\n{alarm}")).unwrap();
    let test = || binary::run(kept.data(), &["alarm", "test", "--json"]);
    test().await.refused(2, &["no webhook is configured"]);

    write(&configured(&receiver, "ca_file = \"tls/ca.pem\""));
    let answer = test().await.good().json();
    assert_eq!(
        (&answer["delivered"], &answer["status"]),
        (&true.into(), &204.into())
    );
    assert_eq!(receiver.taken()[0]["kind"], "test");
    test().await.refused(1, &["410", "as asked"]);
    test().await.refused(1, &["301", "redirects are not followed"]);
    assert_eq!(receiver.posted(), 3, "and nothing was sent elsewhere");

    // Other authorities than the receiver's.
    let other = lab::wire::tls::identity(&kept.data().join("other")).unwrap();
    assert!(other.ca_file.exists());
    write(&configured(&receiver, "ca_file = \"other/ca.pem\""));
    test().await.refused(1, &["no verified TLS"]);
    assert_eq!(receiver.posted(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_could_not_work_is_refused_before_anything_starts() {
    let kept = Kept::new().await;
    receiver::secret(kept.data());
    let config = std::fs::read_to_string(kept.data().join("config.toml")).unwrap();
    let url = "webhook_url = \"https://hooks.example/s3cret\"\n";
    let secret = "secret_file = \"webhook-secret\"\n";
    let cases = [
        (String::new(), "alarm.webhook_url"),
        (url.to_owned(), "alarm.secret_file"),
        (secret.to_owned(), "alarm.secret_file"),
        (
            "webhook_url = \"http://hooks.example/s3cret\"\n".to_owned() + secret,
            "alarm.webhook_url",
        ),
        (format!("{url}{secret}silence_secs = 10\n"), "alarm.silence_secs"),
        (
            format!("{url}{secret}heartbeat_secs = 10\n"),
            "alarm.heartbeat_secs",
        ),
        (format!("{url}{secret}site = \" \"\n"), "alarm.site"),
        (format!("{url}secret_file = \"nowhere\"\n"), "nowhere"),
        (
            format!("{url}{secret}ca_file = \"config.toml\"\n"),
            "alarm.ca_file",
        ),
        (format!("{url}{secret}insecure = true\n"), "insecure"),
    ];
    for (alarm, named) in cases {
        std::fs::write(
            kept.data().join("config.toml"),
            format!("{config}\n[alarm]\n{alarm}"),
        )
        .unwrap();
        let ran = binary::run(kept.data(), &["config", "check"]).await;
        ran.refused(2, &[named]);
        assert!(!ran.err.contains("s3cret"), "{}", ran.err);
    }
    std::fs::set_permissions(
        kept.data().join("webhook-secret"),
        std::os::unix::fs::PermissionsExt::from_mode(0o640),
    )
    .unwrap();
    std::fs::write(
        kept.data().join("config.toml"),
        format!("{config}\n[alarm]\n{url}{secret}"),
    )
    .unwrap();
    let ran = binary::run(kept.data(), &["config", "check"]).await;
    ran.refused(2, &["chmod 600"]);
}
