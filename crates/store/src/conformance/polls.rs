//! What a poll writes.

use super::intervals::{interval, spans};
use super::rows::{SITE, polled, replica, status, unhealthy};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::records::Replica;
use crate::traits::PollWrite;
use chrono::TimeDelta;
use domain::ids::{ReplicaId, VmGuid};
use domain::verdict::Verdict;
use uuid::Uuid;

pub async fn a_poll_written_twice_is_written_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = seed.at + TimeDelta::seconds(30);
    let blocked = Verdict::Blocked {
        blockers: vec![unhealthy(20)],
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
