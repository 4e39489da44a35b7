//! Orders, pages and roundings that hold for every list.

use super::rows::{LEASE_MS, NOW_MS, SITE, attempt_id, polled, replica, status};
use super::{Checked, Seed, Store};
use crate::records::{Point, Replica};
use crate::traits::PollWrite;
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Step};
use domain::verdict::Verdict;
use serde_json::json;

pub async fn lists_are_in_one_order_everywhere(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let named = |number, tenant, name: &str| {
        replica(number, tenant, seed.at).map(|replica| Replica {
            name: name.to_owned(),
            ..replica
        })
    };
    // Bytes, not a language's alphabet: every machine sorts them alike.
    let replicas = vec![
        named(9, "contoso", "b")?,
        named(8, "contoso", "\u{e4}")?,
        named(7, "contoso", "B")?,
        named(6, "contoso", "b")?,
        named(5, "adatum", "z")?,
    ];
    let statuses = replicas
        .iter()
        .map(|replica| status(replica, seed.at, Verdict::Clear))
        .collect();
    let findings = ["b", "a", "B"].map(|key| seed.finding(key, 5)).into_iter();
    let write = PollWrite {
        replicas: replicas.clone(),
        statuses,
        findings: findings.chain([seed.finding("z", 4)]).collect(),
        ..PollWrite::default()
    };
    polled(store, write).await?;
    let names = |replicas: &[Replica]| replicas.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let listed = store.replicas(&SITE).await?;
    assert_eq!(names(&listed), ["z", "B", "b", "b", "vm-1", "\u{e4}", "vm-2"]);
    assert!(listed[2].id < listed[3].id, "of one name by id");
    assert_eq!(store.replicas(&seed.scope()).await?, listed[1..6]);
    let keys: Vec<_> = store
        .findings(&SITE)
        .await?
        .into_iter()
        .map(|it| it.key)
        .collect();
    assert_eq!(keys, ["z", "B", "a", "b"], "longest standing first, then by key");

    let renamed = Replica {
        name: "A".to_owned(),
        ..replicas[0].clone()
    };
    polled(
        store,
        PollWrite {
            replicas: vec![renamed],
            ..PollWrite::default()
        },
    )
    .await?;
    assert_eq!(
        names(&store.replicas(&seed.scope()).await?),
        ["A", "B", "b", "vm-1", "\u{e4}"]
    );

    for (number, replica) in (1..).zip(&replicas) {
        let attempt = store
            .claim(
                attempt_id(number),
                replica.id,
                "worker",
                seed.at,
                NOW_MS,
                LEASE_MS,
            )
            .await?;
        let point = Point {
            tenant: replica.tenant.clone(),
            ..seed.point(&attempt, 0)
        };
        store.seal(attempt.token, point).await?;
    }
    let mut ids: Vec<_> = replicas.iter().map(|replica| replica.id).collect();
    ids.sort_unstable();
    let heads = store.point_heads_newest(&SITE).await?;
    assert_eq!(
        heads.iter().map(|(head, _)| head.replica).collect::<Vec<_>>(),
        ids
    );
    let attempts = store.attempts_newest(&SITE).await?;
    assert_eq!(
        attempts.iter().map(|attempt| attempt.replica).collect::<Vec<_>>(),
        ids
    );
    let statuses = store.statuses(&SITE).await?;
    assert!(statuses.is_sorted_by(|a, b| a.replica < b.replica));
    assert_eq!(statuses.len(), 7);
    Ok(())
}

pub async fn a_page_is_never_longer_than_its_limit(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    seed.seal(store, 1, 0).await?;
    assert!(store.attempts(&SITE, None, None, 0).await?.is_empty());
    assert!(store.point_heads(&SITE, None, None, 0).await?.is_empty());
    assert!(store.events_after(&SITE, 0, 0).await?.is_empty());

    let before = store.event_newest().await?;
    let findings = (0..1_001)
        .map(|number| seed.finding(&number.to_string(), 0))
        .collect();
    polled(
        store,
        PollWrite {
            findings,
            ..PollWrite::default()
        },
    )
    .await?;
    for scope in [SITE, seed.scope()] {
        let page = store.events_after(&scope, before, u32::MAX).await?;
        assert_eq!(page.len(), 1_000, "whatever was asked for");
        let last = page.last().map_or(0, |event| event.seq);
        assert_eq!(store.events_after(&scope, last, 10).await?.len(), 1);
    }
    assert!(store.events_after(&seed.other(), before, 10).await?.is_empty());
    assert!(store.events_after(&SITE, i64::MAX, 10).await?.is_empty());
    assert_eq!(
        store.events_after(&seed.other(), i64::MIN, 1).await?.len(),
        1,
        "a limit counts what is seen"
    );
    Ok(())
}

pub async fn instants_are_kept_to_the_microsecond(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let whole = seed.at + TimeDelta::microseconds(1);
    let fine = whole + TimeDelta::nanoseconds(999);
    let claimed = store
        .claim(attempt_id(1), seed.ours.id, "worker", fine, NOW_MS, LEASE_MS)
        .await?;
    let running = |step| AttemptState::Running { step, since: whole };
    assert_eq!((claimed.started, &claimed.state), (whole, &running(Step::Claim)));
    assert_eq!(
        store.attempt(&SITE, claimed.id).await?,
        claimed,
        "what a write answers is what is read"
    );
    let line = store
        .journal(claimed.id, claimed.token, Step::Export, "intent", fine, json!({}))
        .await?;
    assert_eq!(store.journal_of(claimed.id).await?, [line]);
    assert_eq!(
        store.attempt(&SITE, claimed.id).await?.state,
        running(Step::Export)
    );
    let point = Point {
        taken: fine,
        sealed: fine,
        read_bytes: u64::MAX,
        ..seed.point(&claimed, 0)
    };
    store.seal(claimed.token, point.clone()).await?;
    let read = store.point(&SITE, point.id).await?;
    let read_bytes = i64::MAX.unsigned_abs();
    assert_eq!(
        read,
        Point {
            taken: whole,
            sealed: whole,
            read_bytes,
            ..point
        }
    );
    let state = store.attempt(&SITE, claimed.id).await?.state;
    assert_eq!(
        state,
        AttemptState::Sealed {
            point: read.id,
            at: whole
        }
    );

    // A question is rounded as an answer is: the instant that was read finds its row, and pages go on after it.
    assert_eq!(store.attempts_since(&SITE, None, fine).await?.len(), 1);
    assert!(store.attempts(&SITE, None, Some(fine), 10).await?.is_empty());
    assert_eq!(store.point_times(&SITE, fine).await?.len(), 1);
    assert!(store.point_heads(&SITE, None, Some(fine), 10).await?.is_empty());

    let write = PollWrite {
        replicas: vec![Replica {
            last_seen: fine,
            ..seed.ours.clone()
        }],
        statuses: vec![status(&seed.ours, fine, Verdict::Clear)],
        findings: vec![crate::records::Finding {
            since: fine,
            last_seen: fine,
            ..seed.finding("fine", 0)
        }],
        open: vec![super::intervals::interval(&seed.ours, "B4", fine, None)],
        ..PollWrite::default()
    };
    polled(store, write).await?;
    assert_eq!(store.replica(&SITE, seed.ours.id).await?.last_seen, whole);
    assert_eq!(store.findings(&SITE).await?[0].since, whole);
    let read = store.status(&SITE, seed.ours.id).await?;
    let read = read.ok_or("a status was written")?;
    assert_eq!(
        (read.since, read.observation.seen_at),
        (whole, fine),
        "a document stays as given"
    );
    let intervals = store
        .blocker_intervals(&SITE, seed.ours.id, fine, fine + TimeDelta::seconds(1))
        .await?;
    assert_eq!(intervals.iter().map(|it| it.from).collect::<Vec<_>>(), [whole]);
    Ok(())
}
