//! Leases and fencing tokens.

use super::rows::{LEASE_MS, NOW_MS, SITE, attempt_id, deferred, failed};
use super::{Checked, Seed, Store, is_conflict, is_leased, is_missing};
use crate::records::Replica;
use crate::traits::PollWrite;
use domain::attempt::Step;
use domain::ids::{FencingToken, ReplicaId};
use serde_json::json;
use uuid::Uuid;

pub async fn tokens_only_grow(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let mut tokens = Vec::new();
    for number in 0..3 {
        let attempt = seed.claim(store, number).await?;
        tokens.push(attempt.token);
        let taken = store
            .lease_take_over(seed.ours.id, "worker", NOW_MS, LEASE_MS)
            .await?;
        tokens.push(taken.token);
        store.finish(attempt.id, taken.token, failed(&seed)).await?;
        store.lease_release(seed.ours.id, taken.token).await?;
    }
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
    let theirs = store
        .claim(attempt_id(9), seed.theirs.id, "worker", seed.at, NOW_MS, LEASE_MS)
        .await?;
    assert_eq!(theirs.token, tokens[0], "each replica counts for itself");
    Ok(())
}

pub async fn of_two_workers_that_race_one_wins(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (one, two) = futures::join!(
        store.claim(attempt_id(1), seed.ours.id, "one", seed.at, NOW_MS, LEASE_MS),
        store.claim(attempt_id(2), seed.ours.id, "two", seed.at, NOW_MS, LEASE_MS),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert!(is_leased(&one) || is_leased(&two));
    assert_eq!(
        store.attempts(&SITE, None, None, 10).await?.len(),
        1,
        "the loser leaves no attempt"
    );
    Ok(())
}

pub async fn an_expired_lease_of_a_running_attempt_is_not_claimed_but_taken_over(
    store: &impl Store,
) -> Checked {
    let seed = Seed::plant(store).await?;
    let first = seed.claim(store, 1).await?;
    let late = NOW_MS + LEASE_MS;
    let early = store
        .lease_take_over(seed.ours.id, "rescuer", late - 1, LEASE_MS)
        .await;
    assert!(is_leased(&early), "not before it has expired: {early:?}");
    let claimed = store
        .claim(attempt_id(2), seed.ours.id, "two", seed.at, late, LEASE_MS)
        .await;
    assert!(
        is_leased(&claimed),
        "what the first left on the host is not cleaned up yet: {claimed:?}"
    );
    assert_eq!(
        store
            .leases_expired(late)
            .await?
            .iter()
            .map(|lease| lease.attempt)
            .collect::<Vec<_>>(),
        [first.id]
    );

    let taken = store
        .lease_take_over(seed.ours.id, "rescuer", late, LEASE_MS)
        .await?;
    assert_eq!((taken.attempt, taken.owner.as_str()), (first.id, "rescuer"));
    assert!(taken.token > first.token);
    assert!(store.leases_expired(late).await?.is_empty());

    store.finish(first.id, taken.token, failed(&seed)).await?;
    let later = late + LEASE_MS;
    let cut_off = store
        .claim(attempt_id(2), seed.ours.id, "two", seed.at, later, LEASE_MS)
        .await;
    assert!(
        is_leased(&cut_off),
        "an attempt that has ended may still have something to finish: {cut_off:?}"
    );
    store.lease_release(seed.ours.id, taken.token).await?;
    let second = store
        .claim(attempt_id(2), seed.ours.id, "two", seed.at, later, LEASE_MS)
        .await?;
    assert!(second.token > taken.token, "a lease that was given back is free");
    Ok(())
}

pub async fn a_claim_repeated_by_its_owner_is_the_same_claim(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let first = seed.claim(store, 1).await?;
    let again = store
        .claim(first.id, seed.ours.id, "worker", seed.at, NOW_MS + 5, LEASE_MS)
        .await?;
    assert_eq!(first, again);
    let lease = store.lease(seed.ours.id).await?;
    assert_eq!(
        lease.map(|lease| lease.expires_unix_ms),
        Some(NOW_MS + 5 + LEASE_MS)
    );
    let other = seed.claim(store, 2).await;
    assert!(
        is_leased(&other),
        "the owner has one attempt at a time: {other:?}"
    );
    Ok(())
}

pub async fn a_stale_token_can_do_nothing(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let stale = attempt.token;
    store
        .heartbeat(seed.ours.id, "worker", stale, NOW_MS + 1, LEASE_MS)
        .await?;
    let lease = store.lease(seed.ours.id).await?;
    assert_eq!(
        lease.map(|lease| lease.expires_unix_ms),
        Some(NOW_MS + 1 + LEASE_MS)
    );
    let foreign = store
        .heartbeat(seed.ours.id, "other", stale, NOW_MS, LEASE_MS)
        .await;
    assert!(is_conflict(&foreign), "a token without its owner: {foreign:?}");

    let taken = store
        .lease_take_over(seed.ours.id, "rescuer", NOW_MS + 1 + LEASE_MS, LEASE_MS)
        .await?;
    let journal = || store.journal(attempt.id, stale, Step::Export, "intent", seed.at, json!({}));
    assert!(is_conflict(
        &store
            .heartbeat(seed.ours.id, "worker", stale, NOW_MS, LEASE_MS)
            .await
    ));
    assert!(is_conflict(&journal().await));
    assert!(is_conflict(&store.finish(attempt.id, stale, failed(&seed)).await));
    assert!(is_conflict(&store.seal(stale, seed.point(&attempt, 0)).await));
    assert!(is_conflict(&store.lease_release(seed.ours.id, stale).await));
    let future = FencingToken(taken.token.0 + 1);
    assert!(
        is_conflict(&store.seal(future, seed.point(&attempt, 0)).await),
        "no token but the newest"
    );

    assert!(store.points(&SITE, None).await?.is_empty());
    assert!(store.journal_of(attempt.id).await?.is_empty());
    assert_eq!(store.attempt(&SITE, attempt.id).await?, attempt, "nothing moved");
    Ok(())
}

pub async fn a_lease_is_not_released_while_its_attempt_runs(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    assert!(is_conflict(
        &store.lease_release(seed.ours.id, attempt.token).await
    ));
    assert_eq!(store.attempts_unfinished().await?, std::slice::from_ref(&attempt));
    store.finish(attempt.id, attempt.token, deferred(&seed)).await?;
    store.lease_release(seed.ours.id, attempt.token).await?;
    assert_eq!(store.lease(seed.ours.id).await?, None);
    Ok(())
}

pub async fn a_refused_claim_costs_no_token(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let first = seed.claim(store, 1).await?;
    assert!(is_leased(&seed.claim(store, 2).await));
    store.finish(first.id, first.token, failed(&seed)).await?;
    assert!(
        is_leased(&seed.claim(store, 2).await),
        "it ended and still holds the lease"
    );
    store.lease_release(seed.ours.id, first.token).await?;
    let events = store.event_newest().await?;
    assert!(is_conflict(&seed.claim(store, 1).await), "an id is used once");
    let unknown = ReplicaId(Uuid::from_u128(404));
    let nowhere = store
        .claim(attempt_id(3), unknown, "worker", seed.at, NOW_MS, LEASE_MS)
        .await;
    assert!(is_missing(&nowhere));
    assert_eq!(store.event_newest().await?, events);
    assert_eq!(store.lease(seed.ours.id).await?, None);
    let second = seed.claim(store, 2).await?;
    assert_eq!(second.token.0, first.token.0 + 1);
    Ok(())
}

pub async fn a_lease_is_renewed_as_long_as_nobody_took_it(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let none = store
        .heartbeat(seed.ours.id, "worker", FencingToken(0), NOW_MS, LEASE_MS)
        .await;
    assert!(is_conflict(&none), "there is no lease: {none:?}");
    assert!(is_missing(
        &store
            .lease_take_over(seed.ours.id, "worker", NOW_MS, LEASE_MS)
            .await
    ));
    assert!(is_conflict(
        &store.lease_release(seed.ours.id, FencingToken(0)).await
    ));

    let attempt = seed.claim(store, 1).await?;
    let late = NOW_MS + 2 * LEASE_MS;
    store
        .heartbeat(seed.ours.id, "worker", attempt.token, late, LEASE_MS)
        .await?;
    assert!(
        store.leases_expired(late + LEASE_MS - 1).await?.is_empty(),
        "late, and nobody was faster"
    );
    assert_eq!(
        store.leases_expired(late + LEASE_MS).await?.len(),
        1,
        "its end is the first instant without it"
    );
    let own = store
        .lease_take_over(seed.ours.id, "worker", late, LEASE_MS)
        .await?;
    assert!(
        own.token > attempt.token,
        "from before a crash of its own, without waiting"
    );
    assert_eq!(store.lease(seed.ours.id).await?, Some(own.clone()));
    store.finish(attempt.id, own.token, deferred(&seed)).await?;
    store
        .lease_take_over(seed.ours.id, "worker", late, LEASE_MS)
        .await?;
    Ok(())
}

pub async fn expired_leases_come_in_the_order_of_their_ends(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let claim = |number, replica, now_ms| {
        store.claim(attempt_id(number), replica, "worker", seed.at, now_ms, LEASE_MS)
    };
    claim(1, seed.theirs.id, NOW_MS).await?;
    claim(2, seed.ours.id, NOW_MS + 1).await?;
    let order = async |now_ms| {
        let leases = store.leases_expired(now_ms).await;
        leases.map(|leases| leases.iter().map(|lease| lease.replica).collect::<Vec<_>>())
    };
    assert_eq!(
        order(NOW_MS + 2 * LEASE_MS).await?,
        [seed.theirs.id, seed.ours.id]
    );
    let taken = store
        .lease_take_over(seed.theirs.id, "worker", NOW_MS + 1, LEASE_MS)
        .await?;
    assert_eq!(taken.replica, seed.theirs.id);
    assert_eq!(
        order(NOW_MS + 2 * LEASE_MS).await?,
        [seed.ours.id, seed.theirs.id],
        "of one instant by replica"
    );
    Ok(())
}

pub async fn an_attempt_is_of_the_host_where_the_replica_was(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let migrated = Replica {
        host: "hv-r-02".parse()?,
        ..seed.ours.clone()
    };
    let write = PollWrite {
        replicas: vec![migrated.clone()],
        ..PollWrite::default()
    };
    store.poll_write(write).await?;
    assert_eq!(store.attempt(&SITE, attempt.id).await?.host, seed.ours.host);
    store.finish(attempt.id, attempt.token, failed(&seed)).await?;
    store.lease_release(seed.ours.id, attempt.token).await?;
    let next = seed.claim(store, 2).await?;
    assert_eq!(next.host, migrated.host);
    assert!(next.token > attempt.token, "a poll does not forget the tokens");
    Ok(())
}
