//! The event stream.

use super::rows::{SITE, failed, polled, status, unhealthy};
use super::{Checked, Seed, Store, is_conflict};
use crate::records::Replica;
use crate::traits::PollWrite;
use chrono::TimeDelta;
use domain::attempt::Step;
use domain::blocker::Unknown;
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use serde_json::{Value, json};

pub async fn events_are_in_order_and_scoped(store: &impl Store) -> Checked {
    assert_eq!(store.event_newest().await?, 0);
    let seed = Seed::plant(store).await?;
    let planted = store.event_newest().await?;
    let point = seed.seal(store, 1, 0).await?;

    let all = store.events_after(&SITE, 0, 100).await?;
    assert!(all.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(
        all.last().map(|event| event.seq),
        Some(store.event_newest().await?)
    );
    let sealed = store.events_after(&SITE, planted, 100).await?;
    let kinds: Vec<_> = sealed.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["attempt", "attempt", "point"]);
    let subjects: Vec<_> = sealed.iter().map(|event| event.subject.clone()).collect();
    let attempt = point.evidence.attempt.to_string();
    assert_eq!(subjects, [attempt.clone(), attempt, point.id.to_string()]);

    let scoped = store.events_after(&seed.other(), 0, 100).await?;
    assert!(
        !scoped.is_empty()
            && scoped
                .iter()
                .all(|event| event.tenant == Some(seed.theirs.tenant.clone()))
    );
    assert_eq!(store.events_after(&SITE, planted, 1).await?, sealed[..1]);

    let refused = seed.claim(store, 1).await;
    assert!(is_conflict(&refused), "an attempt's id is used once: {refused:?}");
    assert_eq!(
        store.events_after(&SITE, 0, 100).await?.len(),
        all.len(),
        "what was rolled back left no event"
    );
    Ok(())
}

/// Whoever reads the stream reads these words, whichever database wrote them.
pub async fn events_say_what_changed(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let planted = store.event_newest().await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let blocked = |number| Verdict::Blocked {
        blockers: vec![unhealthy(number)],
    };
    let stale = Verdict::Unknown {
        why: Unknown::NeverObserved,
    };
    let trust = HostTrust::Unproven {
        build: "10.0.20348".to_owned(),
    };
    let looks = [(10, blocked(20)), (20, blocked(25)), (30, stale)];
    for (secs, verdict) in looks {
        let write = PollWrite {
            statuses: vec![status(&seed.ours, at(secs), verdict)],
            ..PollWrite::default()
        };
        polled(store, write).await?;
    }
    let write = PollWrite {
        replicas: vec![Replica {
            name: "renamed".to_owned(),
            last_seen: at(40),
            ..seed.ours.clone()
        }],
        findings: vec![seed.finding("found", 41)],
        host: Some(seed.host(Some(trust.clone()), Some("no route"))),
        at: Some(at(42)),
        ..PollWrite::default()
    };
    polled(store, write).await?;
    store.finding_resolve("found", at(43)).await?;
    let attempt = seed.claim(store, 1).await?;
    for (step, secs) in [(Step::Checkpoint, 44), (Step::Checkpoint, 45)] {
        store
            .journal(attempt.id, attempt.token, step, "intent", at(secs), json!({}))
            .await?;
    }
    store.finish(attempt.id, attempt.token, failed(&seed)).await?;

    let (replica, id) = (seed.ours.id.to_string(), attempt.id.to_string());
    let moved = |state: &str, step: Value| json!({ "replica": replica, "state": state, "step": step });
    let expected = [
        (
            10,
            "replica",
            &*replica,
            json!({ "verdict": "blocked:vm-health", "since": at(10) }),
        ),
        (
            30,
            "replica",
            &*replica,
            json!({ "verdict": "unknown:never-observed", "since": at(30) }),
        ),
        (
            42,
            "replica",
            &*replica,
            json!({ "name": "renamed", "host": "hv-r-01" }),
        ),
        (
            42,
            "finding",
            "found",
            json!({ "kind": "foreign-checkpoint", "resolved": false }),
        ),
        (
            42,
            "host",
            "hv-r-01",
            json!({ "error": "no route", "trust": trust }),
        ),
        (
            43,
            "finding",
            "found",
            json!({ "kind": "foreign-checkpoint", "resolved": true }),
        ),
        (0, "attempt", &*id, moved("running", json!("claim"))),
        (44, "attempt", &*id, moved("running", json!("checkpoint"))),
        (0, "attempt", &*id, moved("failed", json!(null))),
    ];
    let events = store.events_after(&SITE, planted, 100).await?;
    for (event, (secs, kind, subject, payload)) in events.iter().zip(&expected) {
        assert_eq!(
            (event.at, &*event.kind, &*event.subject),
            (at(*secs), *kind, *subject)
        );
        assert_eq!(&event.payload, payload);
        let of_host = *kind == "host";
        assert_eq!(event.tenant.as_ref(), (!of_host).then_some(&seed.ours.tenant));
    }
    assert_eq!(events.len(), expected.len());
    Ok(())
}
