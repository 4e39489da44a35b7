//! Obligations: opened once, closed once.

use super::owed::{missed, more, told};
use super::rows::{SITE, polled};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::obligations::Tally;
use crate::records::Replica;
use crate::traits::PollWrite;
use chrono::TimeDelta;
use domain::ids::ReplicaId;
use domain::obligation::{Exclusion, Obligation, ObligationKey, Outcome, OutcomeKind, Owner};
use domain::policy::BasisPoints;
use serde_json::json;
use uuid::Uuid;

pub async fn an_obligation_is_opened_once_and_stays_as_it_was(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let mut first = seed.owed(&seed.ours, 0)?;
    first.terms.target_bp = BasisPoints::new(9_000).ok_or("a share")?;
    first.excluded = Some(Exclusion::Agreed {
        reason: "a day off".to_owned(),
        author: "ada".to_owned(),
    });
    let second = seed.owed(&seed.ours, 1)?;
    assert_eq!(
        store.obligations_open(std::slice::from_ref(&first)).await?,
        [first.key]
    );
    let changed = Obligation {
        policy_version: 7,
        opened_at: seed.hour(5),
        ..seed.owed(&seed.ours, 0)?
    };
    assert_eq!(
        store
            .obligations_open(&[second.clone(), changed, second.clone()])
            .await?,
        [second.key],
        "only what is new, and once"
    );
    let row = store.obligation(&SITE, first.key).await?;
    assert_eq!(row.obligation, first);
    assert_eq!(
        (row.outcome, row.closed_at, row.tally),
        (Outcome::Open, None, Tally::default())
    );
    assert!(row.corrections.is_empty());
    assert_eq!(store.obligation(&SITE, second.key).await?.obligation, second);
    let events = store.events_after(&SITE, before, 9).await?;
    let told: Vec<_> = events.iter().map(|it| (it.kind.as_str(), &it.payload)).collect();
    let one = json!({ "opened": 1 });
    assert_eq!(
        told,
        [("days", &one), ("days", &one)],
        "one for each batch and tenant"
    );
    assert_eq!(store.events_after(&seed.other(), before, 9).await?, []);

    let fine = TimeDelta::nanoseconds(999);
    let mut third = seed.owed(&seed.ours, 2)?;
    let whole = third.clone();
    third.window.open += fine;
    third.window.due += fine;
    third.window.next_open += fine;
    third.opened_at += fine;
    store.obligations_open(&[third]).await?;
    assert_eq!(store.obligation(&SITE, whole.key).await?.obligation, whole);
    Ok(())
}

pub async fn obligations_are_opened_together_or_not_at_all(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let good = seed.owed(&seed.ours, 0)?;
    let mut stranger = seed.owed(&seed.ours, 0)?;
    stranger.key.replica = ReplicaId(Uuid::from_u128(404));
    let opened = store.obligations_open(&[good.clone(), stranger]).await;
    assert!(is_missing(&opened));
    let stolen = Obligation {
        tenant: seed.theirs.tenant.clone(),
        ..seed.owed(&seed.ours, 1)?
    };
    assert!(is_conflict(
        &store.obligations_open(&[good.clone(), stolen]).await
    ));
    assert!(is_missing(&store.obligation(&SITE, good.key).await));
    assert!(store.obligations_live().await?.is_empty());
    assert!(store.obligations_open(&[]).await?.is_empty());
    Ok(())
}

pub async fn live_obligations_come_by_due_time_and_with_the_host(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let mut tomorrow = seed.owed(&seed.ours, 1)?;
    tomorrow.window.due = seed.hour(13);
    let today = seed.owed(&seed.ours, 0)?;
    let theirs = seed.owed(&seed.theirs, 0)?;
    store
        .obligations_open(&[tomorrow.clone(), theirs.clone(), today.clone()])
        .await?;
    let moved = Replica {
        host: "hv-r-02".parse()?,
        ..seed.ours.clone()
    };
    polled(
        store,
        PollWrite {
            replicas: vec![moved.clone()],
            ..PollWrite::default()
        },
    )
    .await?;
    let live = store.obligations_live().await?;
    let seen: Vec<_> = live.iter().map(|it| (&it.obligation, &it.host)).collect();
    assert_eq!(
        seen,
        [
            (&today, &moved.host),
            (&theirs, &seed.theirs.host),
            (&tomorrow, &moved.host)
        ],
        "by due time, then by replica; where the replica is now"
    );
    store
        .obligation_close(today.key, &seed.met(), seed.hour(2))
        .await?;
    let live = store.obligations_live().await?;
    let keys: Vec<_> = live.iter().map(|it| it.obligation.key).collect();
    assert_eq!(keys, [theirs.key, tomorrow.key]);
    Ok(())
}

pub async fn a_closed_day_stays_closed(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let before = store.event_newest().await?;
    let fine = seed.hour(2) + TimeDelta::nanoseconds(1);
    store.obligation_close(key, &seed.met(), fine).await?;
    store.obligation_close(key, &seed.met(), seed.hour(3)).await?;
    for other in [missed(Owner::Provider), Outcome::Open] {
        let closed = store.obligation_close(key, &other, seed.hour(3)).await;
        assert!(is_conflict(&closed), "{other:?}");
    }
    let row = store.obligation(&SITE, key).await?;
    assert_eq!((row.outcome, row.closed_at), (seed.met(), Some(seed.hour(2))));
    let again = Obligation {
        policy_version: 9,
        ..seed.owed(&seed.ours, 0)?
    };
    assert!(store.obligations_open(&[again]).await?.is_empty());
    assert_eq!(store.obligation(&SITE, key).await?.obligation.policy_version, 1);

    let payload = json!({ "day": key.day, "outcome": "met", "owner": null });
    let expected = [("obligation".to_owned(), key.replica.to_string(), payload)];
    assert_eq!(told(store, &seed.scope(), before).await?, expected, "told once");
    assert!(told(store, &seed.other(), before).await?.is_empty());
    Ok(())
}

pub async fn an_obligation_is_closed_only_as_something(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let closed = store.obligation_close(key, &Outcome::Open, seed.at).await;
    assert!(is_conflict(&closed));
    let nothing = ObligationKey {
        day: seed.day(1),
        ..key
    };
    assert!(is_missing(
        &store.obligation_close(nothing, &seed.met(), seed.at).await
    ));
    assert_eq!(store.obligations_live().await?.len(), 1);

    let kinds = [
        (seed.met(), OutcomeKind::Met, None),
        (
            seed.late(Owner::Tenant),
            OutcomeKind::MetLate,
            Some(Owner::Tenant),
        ),
        (
            missed(Owner::External),
            OutcomeKind::Missed,
            Some(Owner::External),
        ),
        (
            Outcome::Excused {
                owner: Owner::Tenant,
                why: "B5 left no gap".to_owned(),
                attribution: match missed(Owner::Tenant) {
                    Outcome::Missed { attribution } => attribution,
                    _ => return Err("a miss is a miss".into()),
                },
            },
            OutcomeKind::Excused,
            Some(Owner::Tenant),
        ),
        (
            Outcome::Excluded {
                exclusion: Exclusion::NoWindow,
            },
            OutcomeKind::Excluded,
            None,
        ),
    ];
    for (more, (outcome, kind, owner)) in (10..).zip(kinds) {
        let key = seed.open(store, &seed.ours, more).await?;
        store.obligation_close(key, &outcome, seed.hour(1)).await?;
        assert_eq!(store.obligation(&SITE, key).await?.outcome, outcome);
        let heads = store
            .day_heads(&SITE, Some(key.replica), key.day, key.day)
            .await?;
        let told: Vec<_> = heads.iter().map(|head| (head.kind, head.owner)).collect();
        assert_eq!(told, [(kind, owner)]);
    }
    Ok(())
}

pub async fn another_tenants_obligations_are_not_there(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    more(store, &seed).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    store
        .obligation_close(key, &missed(Owner::Provider), seed.hour(30))
        .await?;
    let change = domain::obligation::Change::Restore;
    store.correction_append(&seed.correction(key, 1, change)).await?;
    let (scope, other) = (seed.scope(), seed.other());
    let (from, to) = (seed.day(-1), seed.day(1));
    for (scope, count) in [(&SITE, 1), (&scope, 1), (&other, 0)] {
        assert_eq!(store.day_heads(scope, None, from, to).await?.len(), count);
        let of = store.day_heads(scope, Some(key.replica), from, to).await?;
        assert_eq!(of.len(), count);
        assert_eq!(store.corrections(scope, from, to).await?.len(), count);
    }
    store.obligation(&scope, key).await?;
    store.attempts_of(&scope, key).await?;
    assert!(is_missing(&store.obligation(&other, key).await));
    assert!(is_missing(&store.attempts_of(&other, key).await));
    let unknown = ObligationKey {
        day: seed.day(5),
        ..key
    };
    assert!(is_missing(&store.obligation(&SITE, unknown).await));
    assert!(is_missing(&store.attempts_of(&SITE, unknown).await));
    Ok(())
}
