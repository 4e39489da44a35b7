//! What a poll writes.

use super::rows::{SITE, polled, replica, status};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::records::{BlockerInterval, Replica};
use crate::traits::{PollWrite, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use domain::blocker::{Blocker, NotReady};
use domain::ids::{ReplicaId, VmGuid};
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use uuid::Uuid;

fn interval(
    replica: &Replica,
    code: &str,
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
) -> BlockerInterval {
    let detail = Some(Blocker::NotReady {
        reason: NotReady::VmHealth { health_state: 20 },
    });
    BlockerInterval {
        replica: replica.id,
        code: code.to_owned(),
        detail,
        from,
        to,
    }
}

async fn spans(
    store: &impl Store,
    seed: &Seed,
    from: i64,
    to: i64,
) -> Result<Vec<(String, i64, Option<i64>)>, crate::traits::StoreError> {
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let secs = |time: DateTime<Utc>| (time - seed.at).num_seconds();
    let intervals = store
        .blocker_intervals(&SITE, seed.ours.id, at(from), at(to))
        .await?;
    Ok(intervals
        .into_iter()
        .map(|it| (it.code, secs(it.from), it.to.map(secs)))
        .collect())
}

pub async fn a_poll_written_twice_is_written_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = seed.at + TimeDelta::seconds(30);
    let blocked = Verdict::Blocked {
        blockers: vec![Blocker::NotReady {
            reason: NotReady::VmHealth { health_state: 20 },
        }],
    };
    let write = PollWrite {
        replicas: vec![seed.ours.clone()],
        statuses: vec![status(&seed.ours, at, blocked)],
        open: vec![
            interval(&seed.ours, "NR", at, None),
            interval(&seed.ours, "B1", seed.at, Some(at)),
        ],
        close: vec![(seed.ours.id, "B4".to_owned(), at)],
        findings: vec![seed.finding("twice", 30)],
        host: Some(seed.host(None, Some("no route"))),
        at: Some(at),
    };
    store.poll_write(write.clone()).await?;
    let events = store.event_newest().await?;
    let status = store.status(&SITE, seed.ours.id).await?;
    let intervals = spans(store, &seed, 0, 100).await?;
    let (findings, hosts) = (store.findings(&SITE).await?, store.hosts().await?);
    assert_eq!(
        intervals,
        [("B1".to_owned(), 0, Some(30)), ("NR".to_owned(), 30, None)]
    );
    assert_eq!((findings.len(), hosts.len()), (1, 1));

    store.poll_write(write).await?;
    assert_eq!(
        store.event_newest().await?,
        events,
        "nothing changed, so nothing is told"
    );
    assert_eq!(store.status(&SITE, seed.ours.id).await?, status);
    assert_eq!(spans(store, &seed, 0, 100).await?, intervals);
    assert_eq!(
        (store.findings(&SITE).await?, store.hosts().await?),
        (findings, hosts)
    );
    Ok(())
}

pub async fn a_poll_is_written_whole_or_not_at_all(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let events = store.event_newest().await?;
    let renamed = Replica {
        name: "renamed".to_owned(),
        ..seed.ours.clone()
    };
    let unknown = Replica {
        id: ReplicaId(Uuid::from_u128(404)),
        ..seed.ours.clone()
    };
    let write = PollWrite {
        replicas: vec![renamed],
        statuses: vec![status(&unknown, seed.at, Verdict::Clear)],
        ..PollWrite::default()
    };
    assert!(is_missing(&store.poll_write(write).await));
    assert_eq!(store.replica(&SITE, seed.ours.id).await?, seed.ours);
    assert_eq!(store.event_newest().await?, events);
    Ok(())
}

pub async fn the_same_guid_under_two_tenants_is_two_replicas(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let twin = Replica {
        vm: seed.ours.vm,
        ..replica(3, "fabrikam", seed.at)?
    };
    polled(
        store,
        PollWrite {
            replicas: vec![twin.clone()],
            ..PollWrite::default()
        },
    )
    .await?;
    assert_eq!(
        store.replica_of(&seed.ours.tenant, seed.ours.vm).await?,
        Some(seed.ours.clone())
    );
    assert_eq!(
        store.replica_of(&seed.theirs.tenant, seed.ours.vm).await?,
        Some(twin)
    );
    assert_eq!(
        store
            .replica_of(&seed.ours.tenant, VmGuid(Uuid::from_u128(404)))
            .await?,
        None
    );
    Ok(())
}

pub async fn a_replica_never_changes_its_tenant(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let moved = Replica {
        tenant: seed.theirs.tenant.clone(),
        ..seed.ours.clone()
    };
    assert!(is_conflict(
        &store
            .poll_write(PollWrite {
                replicas: vec![moved],
                ..PollWrite::default()
            })
            .await
    ));
    let again = Replica {
        id: ReplicaId(Uuid::from_u128(404)),
        ..seed.ours.clone()
    };
    assert!(
        is_conflict(
            &store
                .poll_write(PollWrite {
                    replicas: vec![again],
                    ..PollWrite::default()
                })
                .await
        ),
        "the same VM of the same tenant under another id"
    );
    let later = seed.at + TimeDelta::minutes(1);
    let host = "hv-r-02".parse()?;
    let migrated = Replica {
        host,
        last_seen: later,
        first_seen: later,
        ..seed.ours.clone()
    };
    polled(
        store,
        PollWrite {
            replicas: vec![migrated.clone()],
            ..PollWrite::default()
        },
    )
    .await?;
    let expected = Replica {
        first_seen: seed.at,
        ..migrated
    };
    assert_eq!(
        store.replica(&SITE, seed.ours.id).await?,
        expected,
        "the host is an observed attribute"
    );
    Ok(())
}

pub async fn intervals_are_half_open_and_at_most_one_is_open(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let open = |secs| PollWrite {
        open: vec![interval(&seed.ours, "B4", at(secs), None)],
        ..PollWrite::default()
    };
    polled(store, open(10)).await?;
    polled(store, open(15)).await?;
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        [("B4".to_owned(), 10, None)],
        "it keeps its beginning"
    );
    let close = vec![(seed.ours.id, "B4".to_owned(), at(20))];
    polled(
        store,
        PollWrite {
            close: close.clone(),
            ..PollWrite::default()
        },
    )
    .await?;
    let closed = [("B4".to_owned(), 10, Some(20))];
    assert_eq!(spans(store, &seed, 0, 100).await?, closed);
    polled(
        store,
        PollWrite {
            close,
            ..PollWrite::default()
        },
    )
    .await?;
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        closed,
        "closing nothing is nothing"
    );

    assert_eq!(spans(store, &seed, 19, 30).await?, closed);
    assert!(
        spans(store, &seed, 20, 30).await?.is_empty(),
        "its end is the first instant without it"
    );
    assert!(
        spans(store, &seed, 0, 10).await?.is_empty(),
        "and a question's end is not asked for"
    );
    assert_eq!(spans(store, &seed, 0, 11).await?, closed);
    let other = Scope::Tenant(seed.theirs.tenant.clone());
    assert!(
        store
            .blocker_intervals(&other, seed.theirs.id, at(0), at(100))
            .await?
            .is_empty()
    );
    Ok(())
}

pub async fn a_code_may_end_and_begin_in_one_poll(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let first = interval(&seed.ours, "B3", at(10), None);
    polled(
        store,
        PollWrite {
            open: vec![first],
            ..PollWrite::default()
        },
    )
    .await?;
    let write = PollWrite {
        close: vec![(seed.ours.id, "B3".to_owned(), at(20))],
        open: vec![interval(&seed.ours, "B3", at(20), None)],
        ..PollWrite::default()
    };
    let expected = [("B3".to_owned(), 10, Some(20)), ("B3".to_owned(), 20, None)];
    polled(store, write.clone()).await?;
    assert_eq!(spans(store, &seed, 0, 100).await?, expected);
    polled(store, write).await?;
    assert_eq!(spans(store, &seed, 0, 100).await?, expected);
    Ok(())
}

pub async fn findings_keep_their_since_until_resolved(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let write = |secs| PollWrite {
        findings: vec![seed.finding("checkpoint", secs)],
        ..PollWrite::default()
    };
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    polled(store, write(1)).await?;
    polled(store, write(5)).await?;
    let found = store.findings(&SITE).await?;
    assert_eq!(
        found
            .iter()
            .map(|it| (it.since, it.last_seen))
            .collect::<Vec<_>>(),
        [(at(1), at(5))]
    );

    store.finding_resolve("checkpoint", at(6)).await?;
    store.finding_resolve("checkpoint", at(7)).await?;
    assert!(store.findings(&SITE).await?.is_empty());
    polled(store, write(5)).await?;
    assert!(
        store.findings(&SITE).await?.is_empty(),
        "a look from before the resolution says nothing"
    );
    polled(store, write(9)).await?;
    let found = store.findings(&SITE).await?;
    assert_eq!(
        found
            .iter()
            .map(|it| (it.since, it.last_seen))
            .collect::<Vec<_>>(),
        [(at(9), at(9))]
    );
    assert!(is_missing(&store.finding_resolve("never", at(9)).await));
    Ok(())
}

pub async fn a_late_poll_does_not_undo_an_enrolment(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let host = |trust| PollWrite {
        host: Some(seed.host(trust, None)),
        ..PollWrite::default()
    };
    let unproven = |build: &str| HostTrust::Unproven {
        build: build.to_owned(),
    };
    let too_old = HostTrust::TooOld {
        build: "6.3.9600".to_owned(),
    };
    let enrolled: HostTrust = serde_json::from_value(serde_json::json!({
        "trust": "enrolled", "build": "10.0.20348", "canary": Uuid::from_u128(1), "enrolled_at": seed.at, "run": "r",
        "known_refusals": [],
    }))?;
    let trust = async || {
        store
            .hosts()
            .await
            .map(|hosts| hosts.into_iter().next().and_then(|host| host.trust))
    };

    polled(store, host(Some(unproven("10.0.20348")))).await?;
    store.host_trust_set(&seed.ours.host, &enrolled).await?;
    polled(store, host(Some(unproven("10.0.20348")))).await?;
    assert_eq!(trust().await?, Some(enrolled), "the poll had read before");
    polled(store, host(None)).await?;
    assert!(trust().await?.is_some(), "a poll that does not know says nothing");
    polled(store, host(Some(unproven("10.0.26100")))).await?;
    assert_eq!(
        trust().await?,
        Some(unproven("10.0.26100")),
        "another build has to earn it again"
    );
    store.host_trust_set(&seed.ours.host, &too_old).await?;
    assert_eq!(trust().await?, Some(too_old));
    Ok(())
}
