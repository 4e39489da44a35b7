//! What was tried within an obligation.

use super::owed::missed;
use super::rows::{SITE, attempt_id};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::obligations::{AttemptEnd, ObligationAttempt, Tally};
use chrono::TimeDelta;
use domain::code::Code;
use domain::obligation::{ObligationKey, Owner};

pub async fn an_attempt_counts_once_for_its_obligation(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    assert!(store.attempts_of(&SITE, key).await?.is_empty());
    let ends = [
        Some(AttemptEnd::Deferred { code: Code::B1 }),
        Some(AttemptEnd::Deferred { code: Code::B4 }),
        Some(AttemptEnd::Failed { counts: true }),
        Some(AttemptEnd::Failed { counts: false }),
        Some(AttemptEnd::Sealed),
        None,
    ];
    let mut expected = Vec::new();
    // Later ones have smaller ids and earlier instants: what counts is the order they were told in.
    for (number, end) in (0..).zip(ends) {
        let attempt = attempt_id(100 - number);
        let began = seed.hour(100 - i64::try_from(number)?);
        for _ in 0..2 {
            let fine = began + TimeDelta::nanoseconds(1);
            store.attempt_began(key, attempt, fine).await?;
        }
        for end in [end, end].into_iter().flatten() {
            store.attempt_ended(key, attempt, end).await?;
        }
        expected.push(ObligationAttempt { attempt, began, end });
    }
    // The first one told again is not the newest.
    store.attempt_began(key, attempt_id(100), seed.at).await?;
    assert_eq!(store.attempts_of(&seed.scope(), key).await?, expected);
    let tally = Tally {
        attempts: 6,
        deferrals: 2,
        apply_deferrals: 1,
        failures: 1,
        newest: Some(attempt_id(95)),
    };
    assert_eq!(store.obligation(&SITE, key).await?.tally, tally);
    assert_eq!(store.obligations_live().await?[0].tally, tally);
    let heads = store.day_heads(&SITE, None, key.day, key.day).await?;
    assert_eq!((heads[0].attempts, heads[0].deferrals), (6, 2));
    Ok(())
}

pub async fn an_attempt_ends_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let attempt = attempt_id(1);
    let deferred = AttemptEnd::Deferred { code: Code::B1 };
    assert!(is_missing(&store.attempt_ended(key, attempt, deferred).await));
    store.attempt_began(key, attempt, seed.at).await?;
    store.attempt_ended(key, attempt, deferred).await?;
    for other in [
        AttemptEnd::Deferred { code: Code::B2 },
        AttemptEnd::Failed { counts: true },
        AttemptEnd::Sealed,
    ] {
        assert!(is_conflict(&store.attempt_ended(key, attempt, other).await));
    }
    store.attempt_began(key, attempt, seed.hour(1)).await?;
    let listed = store.attempts_of(&SITE, key).await?;
    assert_eq!((listed[0].began, listed[0].end), (seed.at, Some(deferred)));
    assert_eq!(store.obligation(&SITE, key).await?.tally.deferrals, 1);
    Ok(())
}

pub async fn an_attempt_is_for_one_obligation(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let next = seed.open(store, &seed.ours, 1).await?;
    let attempt = attempt_id(1);
    store.attempt_began(key, attempt, seed.at).await?;
    assert!(is_conflict(&store.attempt_began(next, attempt, seed.at).await));
    let end = AttemptEnd::Sealed;
    assert!(is_missing(&store.attempt_ended(next, attempt, end).await));
    let nothing = ObligationKey {
        day: seed.day(9),
        ..key
    };
    assert!(is_missing(&store.attempt_began(nothing, attempt, seed.at).await));
    assert!(is_missing(&store.attempt_ended(nothing, attempt, end).await));
    assert!(store.attempts_of(&SITE, next).await?.is_empty());
    assert_eq!(store.obligation(&SITE, next).await?.tally, Tally::default());
    Ok(())
}

pub async fn nothing_new_is_tried_for_a_closed_day(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let running = attempt_id(1);
    store.attempt_began(key, running, seed.at).await?;
    store
        .obligation_close(key, &missed(Owner::Provider), seed.hour(24))
        .await?;
    let new = store.attempt_began(key, attempt_id(2), seed.hour(25)).await;
    assert!(is_conflict(&new));
    store.attempt_began(key, running, seed.at).await?;
    let end = AttemptEnd::Failed { counts: true };
    store.attempt_ended(key, running, end).await?;
    let tally = store.obligation(&SITE, key).await?.tally;
    assert_eq!((tally.attempts, tally.failures), (1, 1), "its end is still noted");
    Ok(())
}

pub async fn attempts_without_an_end_are_listed_until_they_have_one(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let later = seed.open(store, &seed.ours, 1).await?;
    store.attempt_began(later, attempt_id(1), seed.hour(2)).await?;
    store.attempt_began(key, attempt_id(2), seed.hour(1)).await?;
    assert_eq!(
        store.attempts_unended().await?,
        [(key, attempt_id(2)), (later, attempt_id(1))]
    );
    store
        .obligation_close(key, &missed(Owner::Provider), seed.hour(24))
        .await?;
    assert_eq!(
        store.attempts_unended().await?.len(),
        2,
        "also for a day that is over"
    );
    store
        .attempt_ended(key, attempt_id(2), AttemptEnd::Sealed)
        .await?;
    assert_eq!(store.attempts_unended().await?, [(later, attempt_id(1))]);
    Ok(())
}
