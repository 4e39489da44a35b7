//! Attempts that a person wants stopped.

use super::rows::{SITE, attempt_id, failed};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::cancels::CancelRequest;
use chrono::TimeDelta;

pub async fn a_request_to_stop_is_kept_as_it_was_asked_first(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?.id;
    assert_eq!(store.cancel_of(&SITE, attempt).await?, None);
    let asked = |author: &str| CancelRequest {
        at: seed.at + TimeDelta::nanoseconds(1),
        author: author.to_owned(),
        reason: "the host is needed".to_owned(),
    };
    store
        .cancel_request(&seed.scope(), attempt, &asked("ada"))
        .await?;
    store.cancel_request(&SITE, attempt, &asked("bob")).await?;
    let kept = CancelRequest {
        at: seed.at,
        ..asked("ada")
    };
    assert_eq!(store.cancel_of(&SITE, attempt).await?, Some(kept));
    Ok(())
}

pub async fn only_a_running_attempt_in_scope_can_be_asked_to_stop(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let asked = CancelRequest {
        at: seed.at,
        author: "ada".to_owned(),
        reason: "the host is needed".to_owned(),
    };
    let theirs = store.cancel_request(&seed.other(), attempt.id, &asked).await;
    assert!(is_missing(&theirs));
    assert!(is_missing(
        &store.cancel_request(&SITE, attempt_id(9), &asked).await
    ));
    store.finish(attempt.id, attempt.token, failed(&seed)).await?;
    assert!(is_conflict(
        &store.cancel_request(&SITE, attempt.id, &asked).await
    ));
    assert_eq!(store.cancel_of(&SITE, attempt.id).await?, None);
    Ok(())
}
