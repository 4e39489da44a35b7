//! Restore points, their chain, and what screens read of them.

use super::rows::{SITE, attempt_id, failed};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::records::Point;
use crate::states::StateName;
use chrono::TimeDelta;
use domain::attempt::AttemptState;
use domain::ids::PointId;
use serde_json::json;
use uuid::Uuid;

pub async fn a_seal_needs_its_own_attempt_and_happens_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let point = seed.point(&attempt, 0);
    let theirs = Point {
        replica: seed.theirs.id,
        ..point.clone()
    };
    assert!(
        is_conflict(&store.seal(attempt.token, theirs).await),
        "of another replica"
    );
    let theirs = Point {
        tenant: seed.theirs.tenant.clone(),
        ..point.clone()
    };
    assert!(
        is_conflict(&store.seal(attempt.token, theirs).await),
        "for another tenant"
    );
    let mut unknown = point.clone();
    unknown.evidence.attempt = attempt_id(77);
    assert!(
        is_missing(&store.seal(attempt.token, unknown).await),
        "of no attempt"
    );
    assert!(
        store.points(&SITE, None).await?.is_empty(),
        "none of these left anything"
    );

    store.seal(attempt.token, point.clone()).await?;
    let state = store.attempt(&SITE, attempt.id).await?.state;
    assert_eq!(
        state,
        AttemptState::Sealed {
            point: point.id,
            at: point.sealed
        }
    );
    let second = Point {
        id: PointId(Uuid::from_u128(7)),
        snapshot: "another".to_owned(),
        ..point.clone()
    };
    assert!(
        is_conflict(&store.seal(attempt.token, second).await),
        "a second point of one attempt"
    );
    assert_eq!(store.points(&SITE, None).await?, [point]);
    Ok(())
}

pub async fn points_come_newest_first_and_whole(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let old = seed.seal(store, 1, 100).await?;
    let new = seed.seal(store, 2, 200).await?;
    let late = seed.seal(store, 3, 50).await?;
    assert_eq!(
        store.points(&SITE, Some(seed.ours.id)).await?,
        [new.clone(), old, late]
    );
    assert_eq!(store.point_newest(&SITE, seed.ours.id).await?, Some(new.clone()));
    assert_eq!(store.point_newest(&SITE, seed.theirs.id).await?, None);
    assert_eq!(store.point(&seed.scope(), new.id).await?, new);
    assert_eq!(store.evidence(&seed.scope(), new.id).await?, new.evidence);
    Ok(())
}

pub async fn overviews_say_the_same_as_the_rows(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    seed.seal(store, 1, 100).await?;
    let newest = seed.seal(store, 2, 200).await?;
    let heads = store.point_heads(&SITE, Some(seed.ours.id), None, 10).await?;
    assert_eq!(
        heads.iter().map(|head| head.taken).collect::<Vec<_>>(),
        [
            seed.at + TimeDelta::seconds(200),
            seed.at + TimeDelta::seconds(100)
        ]
    );
    assert_eq!(
        (heads[0].id, heads[0].looks, heads[0].disks.clone()),
        (newest.id, 1, newest.disks)
    );
    assert_eq!(
        store.point_heads(&SITE, None, Some(heads[0].taken), 10).await?,
        heads[1..]
    );
    assert_eq!(store.point_heads_newest(&SITE).await?, [(heads[0].clone(), 2)]);
    assert_eq!(store.point_count(&seed.scope(), Some(seed.ours.id)).await?, 2);
    let times = store.point_times(&SITE, heads[1].taken).await?;
    assert_eq!(
        times.iter().map(|time| time.taken).collect::<Vec<_>>(),
        [heads[1].taken, heads[0].taken]
    );
    assert_eq!(store.point_times(&SITE, heads[0].taken).await?.len(), 1);

    let (older, newer) = (&heads[1], &heads[0]);
    let later = newer.taken + TimeDelta::seconds(1);
    let read = async |from, to| store.point_bytes(&SITE, from, to).await;
    assert_eq!(
        read(older.taken, later).await?,
        older.read_bytes + newer.read_bytes
    );
    assert_eq!(
        read(older.taken, newer.taken).await?,
        older.read_bytes,
        "the end is not in it"
    );
    assert_eq!(read(later, seed.at).await?, 0);

    // Both attempts began at the same instant: the newer token is the newer attempt.
    let newest = store.attempts_newest(&SITE).await?;
    assert_eq!(
        newest.iter().map(|attempt| attempt.id).collect::<Vec<_>>(),
        [attempt_id(2)]
    );
    let since = store.attempts_since(&SITE, None, seed.at).await?;
    assert_eq!(
        since.iter().map(|attempt| attempt.id).collect::<Vec<_>>(),
        [attempt_id(2), attempt_id(1)]
    );
    assert!(
        store
            .attempts_since(&SITE, None, seed.at + TimeDelta::seconds(1))
            .await?
            .is_empty()
    );
    Ok(())
}

pub async fn the_seals_of_a_tenant_are_one_chain(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    assert_eq!(store.seal_newest(&seed.ours.tenant).await?, None);
    for (number, sequence, fits) in [
        (1, 2, false),
        (2, 1, true),
        (3, 1, false),
        (4, 3, false),
        (5, 2, true),
    ] {
        let attempt = seed.claim(store, number).await?;
        let seal = json!({ "sequence": sequence, "signature": "c2ln" });
        let point = Point {
            seal: seal.clone(),
            ..seed.point(&attempt, 0)
        };
        let outcome = store.seal(attempt.token, point).await;
        if fits {
            outcome?;
            assert_eq!(store.seal_newest(&seed.ours.tenant).await?, Some(seal));
        } else {
            assert!(
                matches!(outcome, Err(crate::traits::StoreError::ChainMoved { .. })),
                "{outcome:?}"
            );
            let state = store.attempt(&SITE, attempt.id).await?.state;
            assert_eq!(
                StateName::of(&state),
                StateName::Running,
                "it may be signed again"
            );
            store.finish(attempt.id, attempt.token, failed(&seed)).await?;
        }
        store.lease_release(seed.ours.id, attempt.token).await?;
    }
    assert_eq!(
        store.seal_newest(&seed.theirs.tenant).await?,
        None,
        "each tenant has its own"
    );
    Ok(())
}

pub async fn a_point_and_its_snapshot_are_named_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let first = seed.seal(store, 1, 0).await?;
    let attempt = seed.claim(store, 2).await?;
    let (events, point) = (store.event_newest().await?, seed.point(&attempt, 5));
    let same_id = Point {
        id: first.id,
        ..point.clone()
    };
    let same_snapshot = Point {
        snapshot: first.snapshot.clone(),
        ..point
    };
    for refused in [same_id, same_snapshot] {
        assert!(is_conflict(&store.seal(attempt.token, refused).await));
        assert_eq!(
            store.attempt(&SITE, attempt.id).await?,
            attempt,
            "it may still be sealed"
        );
    }
    assert_eq!(store.event_newest().await?, events);
    assert_eq!(store.points(&SITE, None).await?, std::slice::from_ref(&first));

    let theirs = store
        .claim(attempt_id(3), seed.theirs.id, "worker", seed.at, 0, 1)
        .await?;
    let same_snapshot = Point {
        snapshot: first.snapshot,
        ..seed.point(&theirs, 0)
    };
    store.seal(theirs.token, same_snapshot).await?;
    Ok(())
}

pub async fn a_seal_without_a_place_is_in_no_chain(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let chained = json!({ "sequence": 1, "signature": "c2ln" });
    for (number, seal) in [
        (1, json!({ "sequence": null })),
        (2, chained.clone()),
        (3, json!({ "sequence": "2" })),
        (4, json!({ "signature": "c2ln" })),
    ] {
        let attempt = seed.claim(store, number).await?;
        let point = Point {
            seal,
            ..seed.point(&attempt, 0)
        };
        store.seal(attempt.token, point).await?;
        store.lease_release(seed.ours.id, attempt.token).await?;
    }
    assert_eq!(store.seal_newest(&seed.ours.tenant).await?, Some(chained));
    Ok(())
}

pub async fn points_of_one_instant_have_one_order(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    for number in [5, 9, 1] {
        seed.seal(store, number, 0).await?;
    }
    let points = store.points(&SITE, None).await?;
    assert!(
        points.is_sorted_by(|a, b| a.id > b.id),
        "by id, the highest first"
    );
    let ids: Vec<_> = points.iter().map(|point| point.id).collect();
    let heads = store
        .point_heads(&seed.scope(), Some(seed.ours.id), None, 10)
        .await?;
    assert_eq!(heads.iter().map(|head| head.id).collect::<Vec<_>>(), ids);
    assert_eq!(store.point_heads(&SITE, None, None, 2).await?, heads[..2]);
    assert_eq!(
        store
            .point_newest(&SITE, seed.ours.id)
            .await?
            .map(|point| point.id),
        Some(ids[0])
    );
    assert_eq!(store.point_heads_newest(&SITE).await?, [(heads[0].clone(), 3)]);
    Ok(())
}
