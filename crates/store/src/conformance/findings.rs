//! Things a person should look at.

use super::rows::{SITE, polled};
use super::{Checked, Seed, Store, is_missing};
use crate::records::Finding;
use crate::traits::PollWrite;
use chrono::TimeDelta;

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

pub async fn a_finding_takes_the_newer_words_and_is_told_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let write = |text: &str, replica, secs| PollWrite {
        findings: vec![Finding {
            text: text.to_owned(),
            replica,
            ..seed.finding("key", secs)
        }],
        ..PollWrite::default()
    };
    let planted = store.event_newest().await?;
    let told = async || store.event_newest().await.map(|newest| newest - planted);
    polled(store, write("one", Some(seed.ours.id), 5)).await?;
    assert_eq!(told().await?, 1);
    polled(store, write("two", Some(seed.theirs.id), 4)).await?;
    assert_eq!(told().await?, 1);
    let found = store.findings(&seed.other()).await?;
    assert_eq!(
        (found[0].text.as_str(), found[0].since, found[0].last_seen),
        ("two", at(5), at(5))
    );
    assert!(
        store.findings(&seed.scope()).await?.is_empty(),
        "it turned out to be somebody else's"
    );

    store.finding_resolve("key", at(6)).await?;
    store.finding_resolve("key", at(7)).await?;
    assert_eq!(told().await?, 2);
    polled(store, write("three", None, 6)).await?;
    assert_eq!(told().await?, 2, "the instant of the resolution is not after it");
    polled(store, write("four", None, 7)).await?;
    assert_eq!(told().await?, 3);
    let events = store.events_after(&SITE, planted, 10).await?;
    let tenants: Vec<_> = events.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, [Some(seed.ours.tenant), Some(seed.theirs.tenant), None]);
    Ok(())
}

pub async fn an_unknown_replica_in_a_poll_is_named(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let stranger = domain::ids::ReplicaId(uuid::Uuid::from_u128(404));
    let finding = Finding {
        replica: Some(stranger),
        ..seed.finding("stranger", 0)
    };
    let interval = super::intervals::interval(&seed.ours, "B4", seed.at, None);
    let interval = crate::records::BlockerInterval {
        replica: stranger,
        ..interval
    };
    for write in [
        PollWrite {
            findings: vec![finding.clone()],
            ..PollWrite::default()
        },
        PollWrite {
            open: vec![interval.clone()],
            ..PollWrite::default()
        },
    ] {
        assert!(is_missing(&store.poll_write(write).await));
    }
    assert!(store.findings(&SITE).await?.is_empty());
    let close = vec![(stranger, "B4".to_owned(), seed.at)];
    polled(
        store,
        PollWrite {
            close,
            ..PollWrite::default()
        },
    )
    .await?;

    let found = crate::records::Replica {
        id: stranger,
        vm: domain::ids::VmGuid(uuid::Uuid::from_u128(404)),
        ..seed.ours.clone()
    };
    let write = PollWrite {
        replicas: vec![found],
        findings: vec![finding],
        open: vec![interval],
        ..PollWrite::default()
    };
    polled(store, write).await?;
    assert_eq!(
        store.findings(&seed.scope()).await?.len(),
        1,
        "first seen and used in one poll"
    );
    Ok(())
}
