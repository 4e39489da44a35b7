//! Attempts: the journal, their ends, their lists.

use super::rows::{LEASE_MS, NOW_MS, SITE, attempt_id, deferred, failed};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::states::StateName;
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Deferral, Failure, Step};
use domain::blocker::Unknown;
use domain::ids::PointId;
use serde_json::json;
use uuid::Uuid;

pub async fn an_attempt_moves_only_along_the_diagram(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    for (number, from) in (0..).zip(StateName::ALL) {
        for (offset, to) in (0..).zip(StateName::ALL) {
            let attempt = seed.claim(store, number * 8 + offset).await?;
            let point = seed.point(&attempt, 0);
            match from {
                StateName::Running => {}
                StateName::Deferred => store.finish(attempt.id, attempt.token, deferred(&seed)).await?,
                StateName::Failed => store.finish(attempt.id, attempt.token, failed(&seed)).await?,
                StateName::Sealed => store.seal(attempt.token, point.clone()).await?,
            }
            // Other words for the same end, so that a repetition is not mistaken for a transition.
            let later = seed.at + TimeDelta::seconds(9);
            let outcome = match to {
                StateName::Running => {
                    let step = Step::GateBefore;
                    store
                        .journal(attempt.id, attempt.token, step, "intent", later, json!({}))
                        .await
                        .map(|_| ())
                }
                StateName::Deferred => {
                    let reason = Deferral::Unknown {
                        why: Unknown::NeverObserved,
                    };
                    let state = AttemptState::Deferred { reason, at: later };
                    store.finish(attempt.id, attempt.token, state).await
                }
                StateName::Failed => {
                    let state = AttemptState::Failed {
                        failure: Failure::LeaseLost,
                        at: later,
                    };
                    store.finish(attempt.id, attempt.token, state).await
                }
                StateName::Sealed => {
                    let id = PointId(Uuid::from_u128(point.id.0.as_u128() ^ 1 << 96));
                    let snapshot = format!("again-{}", point.snapshot);
                    store
                        .seal(
                            attempt.token,
                            crate::records::Point {
                                id,
                                snapshot,
                                ..point
                            },
                        )
                        .await
                }
            };
            let now = StateName::of(&store.attempt(&SITE, attempt.id).await?.state);
            let expected = if from.may_become(to) { to } else { from };
            assert_eq!(now, expected, "{} --> {}", from.as_str(), to.as_str());
            // A journal line after the end is clean-up: written, and no transition.
            assert_eq!(outcome.is_ok(), from.may_become(to) || to == StateName::Running);
            if now == StateName::Running {
                store.finish(attempt.id, attempt.token, failed(&seed)).await?;
            }
            store.lease_release(attempt.replica, attempt.token).await?;
        }
    }
    let attempt = seed.claim(store, 100).await?;
    let sealed = AttemptState::Sealed {
        point: PointId(Uuid::nil()),
        at: seed.at,
    };
    let outcome = store.finish(attempt.id, attempt.token, sealed).await;
    assert!(is_conflict(&outcome), "sealed without a point: {outcome:?}");
    store.finish(attempt.id, attempt.token, failed(&seed)).await?;
    store.finish(attempt.id, attempt.token, failed(&seed)).await?;
    Ok(())
}

pub async fn a_journal_is_in_order_and_moves_the_step(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let lines = [
        (
            Step::Checkpoint,
            "intent",
            at(1),
            json!({ "tag": "stillpoint-1" }),
        ),
        (
            Step::Checkpoint,
            "done",
            at(2),
            json!({ "checkpoint": "Microsoft:1" }),
        ),
        (Step::Export, "intent", at(3), json!(null)),
    ];
    for (step, phase, at, payload) in &lines {
        store
            .journal(attempt.id, attempt.token, *step, phase, *at, payload.clone())
            .await?;
    }
    let read = store.journal_of(attempt.id).await?;
    assert_eq!(read.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let read: Vec<_> = read
        .into_iter()
        .map(|line| (line.step, line.phase, line.at, line.payload))
        .collect();
    let lines: Vec<_> = lines
        .into_iter()
        .map(|(s, phase, at, p)| (s, phase.to_owned(), at, p))
        .collect();
    assert_eq!(read, lines);
    let state = store.attempt(&SITE, attempt.id).await?.state;
    assert_eq!(
        state,
        AttemptState::Running {
            step: Step::Export,
            since: at(3)
        }
    );
    let odd = store
        .journal(attempt.id, attempt.token, Step::Export, "maybe", at(4), json!({}))
        .await;
    assert!(odd.is_err(), "a phase that is none");
    let nobody = store
        .journal(
            attempt_id(99),
            attempt.token,
            Step::Export,
            "done",
            at(4),
            json!({}),
        )
        .await;
    assert!(is_missing(&nobody));
    Ok(())
}

pub async fn clean_up_after_the_end_is_journaled_and_changes_no_state(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    store.seal(attempt.token, seed.point(&attempt, 0)).await?;
    assert!(store.attempts_unfinished().await?.is_empty());
    store
        .journal(
            attempt.id,
            attempt.token,
            Step::CleanUp,
            "done",
            seed.at,
            json!({}),
        )
        .await?;
    let state = store.attempt(&SITE, attempt.id).await?.state;
    assert_eq!(StateName::of(&state), StateName::Sealed);
    assert_eq!(store.journal_of(attempt.id).await?.len(), 1);
    Ok(())
}

pub async fn attempts_are_paged_by_their_start(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let mut ids = Vec::new();
    for number in 0..4 {
        let start = seed.at + TimeDelta::seconds(number);
        let id = attempt_id(number.unsigned_abs().into());
        let attempt = store
            .claim(id, seed.ours.id, "worker", start, NOW_MS, LEASE_MS)
            .await?;
        store.finish(id, attempt.token, failed(&seed)).await?;
        store.lease_release(seed.ours.id, attempt.token).await?;
        ids.insert(0, id);
    }
    let page = store.attempts(&SITE, Some(seed.ours.id), None, 3).await?;
    assert_eq!(
        page.iter().map(|attempt| attempt.id).collect::<Vec<_>>(),
        ids[..3]
    );
    let before = page.last().map(|attempt| attempt.started);
    let page = store.attempts(&SITE, Some(seed.ours.id), before, 3).await?;
    assert_eq!(
        page.iter().map(|attempt| attempt.id).collect::<Vec<_>>(),
        ids[3..]
    );
    Ok(())
}

pub async fn attempts_of_one_instant_are_in_the_order_of_their_tokens(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    // Ids say nothing about the order.
    for number in [5, 9, 1] {
        let attempt = seed.claim(store, number).await?;
        let unfinished = store.attempts_unfinished().await?;
        assert_eq!(unfinished, std::slice::from_ref(&attempt));
        store.finish(attempt.id, attempt.token, failed(&seed)).await?;
        store.lease_release(seed.ours.id, attempt.token).await?;
    }
    let expected = [attempt_id(1), attempt_id(9), attempt_id(5)];
    for replica in [None, Some(seed.ours.id)] {
        for scope in [SITE, seed.scope()] {
            let page = store.attempts(&scope, replica, None, 10).await?;
            assert_eq!(page.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
            assert_eq!(store.attempts_since(&scope, replica, seed.at).await?, page);
            assert_eq!(store.attempts(&scope, replica, None, 2).await?, page[..2]);
            assert_eq!(store.attempts_newest(&scope).await?, page[..1]);
        }
    }
    Ok(())
}
