//! Leases, tokens, the journal, the ends of an attempt.

use super::rows::{LEASE_MS, NOW_MS, SITE, attempt_id};
use super::{Checked, Seed, Store, is_conflict, is_leased, is_missing};
use crate::states::StateName;
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Deferral, Failure, Step};
use domain::blocker::Unknown;
use domain::ids::{FencingToken, PointId};
use serde_json::json;
use uuid::Uuid;

fn failed(seed: &Seed) -> AttemptState {
    AttemptState::Failed {
        failure: Failure::Cancelled,
        at: seed.at,
    }
}

fn deferred(seed: &Seed) -> AttemptState {
    AttemptState::Deferred {
        reason: Deferral::Unknown {
            why: Unknown::NeverObserved,
        },
        at: seed.at,
    }
}

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
    let second = store
        .claim(attempt_id(2), seed.ours.id, "two", seed.at, later, LEASE_MS)
        .await?;
    assert!(
        second.token > taken.token,
        "an ended attempt's expired lease is free"
    );
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

pub async fn a_seal_needs_its_own_attempt_and_happens_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let attempt = seed.claim(store, 1).await?;
    let point = seed.point(&attempt, 0);
    let theirs = crate::records::Point {
        replica: seed.theirs.id,
        ..point.clone()
    };
    assert!(
        is_conflict(&store.seal(attempt.token, theirs).await),
        "of another replica"
    );
    let theirs = crate::records::Point {
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
    let second = crate::records::Point {
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

pub async fn points_come_newest_first_and_whole(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let old = seed.seal(store, 1, 100).await?;
    let new = seed.seal(store, 2, 200).await?;
    let late = seed.seal(store, 3, 50).await?;
    assert_eq!(
        store.points(&SITE, Some(seed.ours.id)).await?,
        [new.clone(), old, late]
    );
    assert_eq!(store.point_newest(seed.ours.id).await?, Some(new.clone()));
    assert_eq!(store.point_newest(seed.theirs.id).await?, None);
    assert_eq!(store.point(&seed.scope(), new.id).await?, new);
    assert_eq!(store.evidence(&seed.scope(), new.id).await?, new.evidence);
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
        let point = crate::records::Point {
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
