//! Wishes: counted in the transaction that takes them.

use super::rows::SITE;
use super::{Checked, Seed, Store, is_missing};
use crate::wishes::Wish;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::wish::{WISHES_OF_REPLICA_MAX, WishRefused};
use domain::ids::ReplicaId;

fn wish(replica: ReplicaId, at: DateTime<Utc>) -> Wish {
    Wish {
        replica,
        author: "ada@contoso.example".to_owned(),
        at,
    }
}

pub async fn wishes_are_taken_up_to_the_limit_and_again_when_they_are_old(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (scope, replica) = (seed.scope(), seed.ours.id);
    let mut at = seed.at;
    for _ in 0..WISHES_OF_REPLICA_MAX {
        assert_eq!(store.wish_make(&scope, &wish(replica, at)).await?, Ok(()));
        let next = at + TimeDelta::minutes(15);
        let again = store.wish_make(&scope, &wish(replica, at)).await?;
        assert_eq!(again, Err(WishRefused::TooSoon { next }));
        at = next;
    }
    let refused = store.wish_make(&scope, &wish(replica, at)).await?;
    let next = seed.at + TimeDelta::hours(24);
    assert_eq!(refused, Err(WishRefused::OfReplica { next }));
    let counted = store.wishes(&scope, replica, at).await?;
    assert_eq!(counted.len(), WISHES_OF_REPLICA_MAX);
    assert!(
        counted.windows(2).all(|pair| pair[0].at > pair[1].at),
        "newest first"
    );
    assert_eq!(store.wish_make(&scope, &wish(replica, next)).await?, Ok(()));
    assert_eq!(
        store.wishes(&scope, replica, next).await?.len(),
        WISHES_OF_REPLICA_MAX
    );
    Ok(())
}

pub async fn of_many_wishes_at_once_one_is_taken(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (scope, one) = (seed.scope(), wish(seed.ours.id, seed.at));
    let all = futures::future::try_join_all((0..8).map(|_| store.wish_make(&scope, &one))).await?;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1);
    Ok(())
}

pub async fn another_tenants_replica_cannot_be_wished_for(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let theirs = wish(seed.theirs.id, seed.at);
    assert!(is_missing(&store.wish_make(&seed.scope(), &theirs).await));
    assert!(is_missing(
        &store.wishes(&seed.scope(), seed.theirs.id, seed.at).await
    ));
    assert_eq!(store.wish_make(&SITE, &theirs).await?, Ok(()));
    assert_eq!(
        store.wishes(&seed.other(), seed.theirs.id, seed.at).await?,
        [theirs]
    );
    assert_eq!(store.wishes(&seed.scope(), seed.ours.id, seed.at).await?, []);
    Ok(())
}
