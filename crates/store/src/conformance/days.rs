//! Days as figures and calendars need them.

use super::owed::more;
use super::rows::SITE;
use super::{Checked, Seed, Store};
use crate::obligations::{AttemptEnd, DayHead, DayKinds, PolicyUsed};
use chrono::NaiveDate;
use domain::calendar::SlaDay;
use domain::code::Code;
use domain::obligation::{OutcomeKind, Owner};

pub async fn days_of_some_replicas_are_listed_without_the_others(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, theirs) = more(store, &seed).await?;
    for more in [1, 0, 2] {
        for replica in [&theirs, &ours, &seed.theirs, &seed.ours] {
            seed.open(store, replica, more).await?;
        }
    }
    // One is asked for twice, and one is not there.
    let nobody = domain::ids::ReplicaId(uuid::Uuid::from_u128(404));
    let asked = [ours.id, theirs.id, ours.id, nobody];
    store
        .obligation_close(seed.owed(&ours, 1)?.key, &seed.met(), seed.hour(25))
        .await?;
    let kinds = |replica: &crate::records::Replica, days: &[(i64, OutcomeKind)]| DayKinds {
        replica: replica.id,
        days: days.iter().map(|(more, kind)| (seed.day(*more), *kind)).collect(),
    };
    let (open, met) = (OutcomeKind::Open, OutcomeKind::Met);
    let site = store
        .day_kinds_of(&SITE, &asked, seed.day(0), seed.day(1))
        .await?;
    let expected = [
        kinds(&ours, &[(0, open), (1, met)]),
        kinds(&theirs, &[(0, open), (1, open)]),
    ];
    assert_eq!(site, expected);
    let own = store
        .day_kinds_of(&seed.scope(), &asked, seed.day(2), seed.day(9))
        .await?;
    assert_eq!(
        own,
        [kinds(&ours, &[(2, open)])],
        "another tenant's are not there"
    );
    let none = store.day_kinds_of(&SITE, &[], seed.day(0), seed.day(9)).await?;
    assert!(none.is_empty());
    Ok(())
}

pub async fn days_are_listed_by_day_and_replica(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, theirs) = more(store, &seed).await?;
    for more in [2, 0, 1] {
        for replica in [&theirs, &ours, &seed.theirs, &seed.ours] {
            seed.open(store, replica, more).await?;
        }
    }
    let places = |heads: &[DayHead]| {
        heads
            .iter()
            .map(|head| (head.day, head.replica))
            .collect::<Vec<_>>()
    };
    let heads = store.day_heads(&SITE, None, seed.day(0), seed.day(1)).await?;
    assert_eq!(heads.len(), 8, "both ends belong to it");
    assert!(places(&heads).is_sorted());
    let heads = store
        .day_heads(&seed.scope(), None, seed.day(1), seed.day(9))
        .await?;
    let expected = [1, 2].map(|more| [(seed.day(more), seed.ours.id), (seed.day(more), ours.id)]);
    assert_eq!(places(&heads), expected.concat());
    let heads = store
        .day_heads(&SITE, Some(theirs.id), seed.day(0), seed.day(0))
        .await?;
    assert_eq!(places(&heads), [(seed.day(0), theirs.id)]);
    let none = store.day_heads(&SITE, None, seed.day(1), seed.day(0)).await?;
    assert!(none.is_empty(), "a range that ends before it begins");

    let terms = seed.owed(&ours, 0)?;
    let used = PolicyUsed {
        policy: terms.policy.clone(),
        version: terms.policy_version,
        target_bp: terms.terms.target_bp,
    };
    for scope in [&SITE, &seed.scope()] {
        let policies = store.days_policies(scope, seed.day(0), seed.day(9)).await?;
        assert_eq!(policies, std::slice::from_ref(&used), "each once");
    }
    let none = store.days_policies(&SITE, seed.day(20), seed.day(30)).await?;
    assert!(none.is_empty(), "on days that nobody owes");

    let key = seed.owed(&ours, 0)?.key;
    let attempt = super::rows::attempt_id(1);
    store.attempt_began(key, attempt, seed.hour(1)).await?;
    let end = AttemptEnd::Deferred { code: Code::B4 };
    store.attempt_ended(key, attempt, end).await?;
    store
        .obligation_close(key, &seed.late(Owner::Provider), seed.hour(14))
        .await?;
    let heads = store
        .day_heads(&seed.scope(), Some(ours.id), key.day, key.day)
        .await?;
    let owed = seed.owed(&ours, 0)?;
    let expected = DayHead {
        replica: ours.id,
        tenant: ours.tenant.clone(),
        day: key.day,
        window: owed.window,
        kind: OutcomeKind::MetLate,
        owner: Some(Owner::Provider),
        corrected: false,
        target_bp: owed.terms.target_bp,
        attempts: 1,
        deferrals: 1,
        taken: Some(seed.hour(13)),
    };
    assert_eq!(heads, [expected]);
    Ok(())
}

pub async fn the_newest_day_of_each_replica_comes_with_its_window(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, _) = more(store, &seed).await?;
    assert!(store.days_newest().await?.is_empty());
    for (replica, days) in [(&ours, vec![0]), (&seed.theirs, vec![3, 1])] {
        for more in days {
            seed.open(store, replica, more).await?;
        }
    }
    let expected = [
        (seed.theirs.id, seed.day(3), seed.owed(&seed.theirs, 3)?.window),
        (ours.id, seed.day(0), seed.owed(&ours, 0)?.window),
    ];
    assert_eq!(store.days_newest().await?, expected);
    Ok(())
}

pub async fn days_reach_to_both_ends_of_the_calendar(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let ends = [NaiveDate::MIN, NaiveDate::MAX].map(SlaDay);
    let mut owed = Vec::new();
    for day in [ends[0], seed.day(0), ends[1]] {
        let mut one = seed.owed(&seed.ours, 0)?;
        one.key.day = day;
        owed.push(one);
    }
    store.obligations_open(&owed).await?;
    let heads = store.day_heads(&SITE, None, ends[0], ends[1]).await?;
    let days: Vec<_> = heads.iter().map(|head| head.day).collect();
    assert_eq!(days, [ends[0], seed.day(0), ends[1]]);
    assert_eq!(store.days_newest().await?[0].1, ends[1]);
    assert_eq!(store.corrections(&SITE, ends[0], ends[1]).await?, []);
    Ok(())
}
