//! Writes that carry a key.

use super::door::Doors;
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::once::{ONCE_MAX, ONCE_SECS, OnceAnswer, OnceAsk, OnceBy, OnceFound};
use domain::ids::TokenId;
use futures::future::join_all;
use uuid::Uuid;

const LEASE_SECS: i64 = 120;

fn ask(doors: &Doors, key: &str, request: u8, at_secs: i64) -> OnceAsk {
    OnceAsk {
        by: OnceBy {
            person: doors.ours.id,
            token: None,
            key: key.to_owned(),
        },
        request: [request; 32],
        at: doors.after(at_secs),
        lease: doors.after(at_secs + LEASE_SECS),
        again: false,
    }
}

fn done(status: u16) -> OnceAnswer {
    OnceAnswer {
        status,
        sealed: vec![1, 2, 3],
    }
}

pub async fn of_a_write_that_is_sent_many_times_one_is_begun_and_all_get_its_answer(
    store: &impl Store,
) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, first) = (doors.scope(), ask(&doors, "order-66", 1, 0));
    let found = join_all((0..20).map(|_| store.once_begin(&scope, &first))).await;
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let begun = found
        .iter()
        .filter(|it| **it == OnceFound::Begun { run: 1 })
        .count();
    let waits = OnceFound::Runs {
        until: doors.after(LEASE_SECS),
    };
    assert_eq!(begun, 1, "{found:?}");
    assert_eq!(found.iter().filter(|it| **it == waits).count(), 19);
    store.once_answer(&scope, &first.by, 1, &done(201)).await?;
    assert!(is_conflict(
        &store.once_answer(&scope, &first.by, 1, &done(200)).await
    ));
    assert!(is_conflict(&store.once_release(&scope, &first.by, 1).await));
    let later = ask(&doors, "order-66", 1, ONCE_SECS - 1);
    assert_eq!(
        store.once_begin(&scope, &later).await?,
        OnceFound::Answered(done(201))
    );
    let other = ask(&doors, "order-66", 2, 5);
    assert_eq!(store.once_begin(&scope, &other).await?, OnceFound::Another);
    let mut token = ask(&doors, "order-66", 2, 5);
    token.by.token = Some(TokenId(Uuid::from_u128(7)));
    assert_eq!(
        store.once_begin(&scope, &token).await?,
        OnceFound::Begun { run: 1 },
        "a token's key is another"
    );
    Ok(())
}

pub async fn a_write_that_was_broken_off_is_told_or_begun_again_after_its_lease(
    store: &impl Store,
) -> Checked {
    let doors = Doors::plant(store).await?;
    let scope = doors.scope();
    let first = ask(&doors, "order-66", 1, 0);
    store.once_begin(&scope, &first).await?;
    let after = ask(&doors, "order-66", 1, LEASE_SECS);
    assert_eq!(
        store.once_begin(&scope, &after).await?,
        OnceFound::BrokenOff { begun: doors.at }
    );
    let again = OnceAsk { again: true, ..after };
    assert_eq!(
        store.once_begin(&scope, &again).await?,
        OnceFound::Begun { run: 2 }
    );
    assert!(
        is_conflict(&store.once_answer(&scope, &first.by, 1, &done(201)).await),
        "the first run is late"
    );
    store.once_release(&scope, &first.by, 2).await?;
    let free = ask(&doors, "order-66", 2, LEASE_SECS + 1);
    assert_eq!(
        store.once_begin(&scope, &free).await?,
        OnceFound::Begun { run: 1 },
        "what was not done keeps no key"
    );
    Ok(())
}

pub async fn keys_are_their_owners_and_go_when_they_are_over(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let scope = doors.scope();
    let first = ask(&doors, "order-66", 1, 0);
    assert!(is_missing(&store.once_begin(&doors.other(), &first).await));
    store.once_begin(&scope, &first).await?;
    assert!(is_missing(
        &store.once_answer(&doors.other(), &first.by, 1, &done(201)).await
    ));
    assert!(is_missing(
        &store.once_release(&doors.other(), &first.by, 1).await
    ));
    assert!(is_missing(&store.once_purge(&scope, doors.at, 10).await));
    store.once_begin(&scope, &ask(&doors, "order-67", 1, 1)).await?;
    assert_eq!(store.once_purge(&SITE, doors.after(ONCE_SECS - 1), 10).await?, 0);
    assert_eq!(store.once_purge(&SITE, doors.after(ONCE_SECS), 10).await?, 1);
    let anew = ask(&doors, "order-67", 2, ONCE_SECS + 1);
    assert_eq!(
        store.once_begin(&scope, &anew).await?,
        OnceFound::Begun { run: 2 },
        "over, though nobody removed it"
    );
    Ok(())
}

pub async fn keys_of_a_log_in_are_bounded(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let scope = doors.scope();
    for number in 0..=ONCE_MAX {
        let secs = i64::try_from(number)?;
        let key = format!("order-{number}");
        store.once_begin(&scope, &ask(&doors, &key, 1, secs)).await?;
    }
    let oldest = ask(&doors, "order-0", 2, 2_000);
    assert_eq!(
        store.once_begin(&scope, &oldest).await?,
        OnceFound::Begun { run: 1 },
        "forgotten"
    );
    let kept = ask(&doors, "order-2", 2, 2_000);
    assert_eq!(store.once_begin(&scope, &kept).await?, OnceFound::Another);
    Ok(())
}
