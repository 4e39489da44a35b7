//! Tenants are walls.

use super::rows::{SITE, attempt_id};
use super::{Checked, Seed, Store, is_missing};
use crate::traits::PollWrite;
use domain::ids::{PointId, ReplicaId};
use uuid::Uuid;

pub async fn another_tenants_things_are_not_found(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let point = seed.seal(store, 1, 0).await?;
    let (replica, attempt) = (seed.ours.id, point.evidence.attempt);
    let (from, to) = (seed.at, seed.at + chrono::TimeDelta::hours(1));

    let scope = seed.scope();
    assert_eq!(store.replica(&scope, replica).await?.id, replica);
    assert!(store.status(&scope, replica).await?.is_some());
    assert_eq!(store.attempt(&scope, attempt).await?.id, attempt);
    assert_eq!(store.point(&scope, point.id).await?.id, point.id);
    store.blocker_intervals(&scope, replica, from, to).await?;

    let other = seed.other();
    assert!(is_missing(&store.replica(&other, replica).await));
    assert!(is_missing(&store.status(&other, replica).await));
    assert!(is_missing(
        &store.blocker_intervals(&other, replica, from, to).await
    ));
    assert!(is_missing(&store.attempt(&other, attempt).await));
    assert!(is_missing(&store.point(&other, point.id).await));
    assert!(is_missing(&store.evidence(&other, point.id).await));
    assert!(store.attempts(&other, Some(replica), None, 10).await?.is_empty());
    assert!(store.points(&other, Some(replica)).await?.is_empty());
    assert_eq!(store.replica_of(&seed.theirs.tenant, seed.ours.vm).await?, None);

    let nothing = Uuid::from_u128(404);
    assert!(
        is_missing(&store.replica(&SITE, ReplicaId(nothing)).await),
        "unknown to the site as well"
    );
    assert!(is_missing(&store.attempt(&SITE, attempt_id(404)).await));
    assert!(is_missing(&store.point(&SITE, PointId(nothing)).await));
    Ok(())
}

pub async fn lists_hold_only_the_scopes_things(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let point = seed.seal(store, 1, 0).await?;
    let ours = seed.finding("ours", 0);
    let site = crate::records::Finding {
        key: "site".to_owned(),
        replica: None,
        ..ours.clone()
    };
    store
        .poll_write(PollWrite {
            findings: vec![ours.clone(), site],
            ..PollWrite::default()
        })
        .await?;

    let (scope, other) = (seed.scope(), seed.other());
    assert_eq!(store.replicas(&SITE).await?.len(), 2);
    assert_eq!(store.replicas(&scope).await?, std::slice::from_ref(&seed.ours));
    assert_eq!(store.replicas(&other).await?, std::slice::from_ref(&seed.theirs));
    assert_eq!(store.statuses(&SITE).await?.len(), 2);
    let statuses = store.statuses(&scope).await?;
    assert_eq!(
        statuses.iter().map(|status| status.replica).collect::<Vec<_>>(),
        [seed.ours.id]
    );
    assert_eq!(store.attempts(&scope, None, None, 10).await?.len(), 1);
    assert!(store.attempts(&other, None, None, 10).await?.is_empty());
    assert_eq!(store.points(&scope, None).await?, [point]);
    assert!(store.points(&other, None).await?.is_empty());
    assert_eq!(store.point_heads(&scope, None, None, 10).await?.len(), 1);
    assert!(
        store
            .point_heads(&other, Some(seed.ours.id), None, 10)
            .await?
            .is_empty()
    );
    assert!(store.point_heads_newest(&other).await?.is_empty());
    assert_eq!(store.point_count(&other, None).await?, 0);
    assert!(store.point_times(&other, seed.at).await?.is_empty());
    let later = seed.at + chrono::TimeDelta::days(9);
    assert_eq!(store.point_bytes(&other, seed.at, later).await?, 0);
    assert!(store.point_bytes(&scope, seed.at, later).await? > 0);
    assert!(store.attempts_newest(&other).await?.is_empty());
    assert!(store.attempts_since(&other, None, seed.at).await?.is_empty());
    assert_eq!(store.findings(&SITE).await?.len(), 2);
    assert_eq!(store.findings(&scope).await?, [ours]);
    assert!(store.findings(&other).await?.is_empty());
    Ok(())
}
