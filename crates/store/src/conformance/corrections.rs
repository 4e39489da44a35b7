//! Corrections: appended, visible, and the original stays.

use super::owed::{missed, told};
use super::rows::SITE;
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::obligations::DayHead;
use domain::obligation::{Change, Correction, ObligationKey, OutcomeKind, Owner};
use serde_json::json;

const EXCUSE: Change = Change::Excuse { owner: Owner::Tenant };

pub async fn corrections_are_appended_one_by_one_and_the_original_stays(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    store
        .obligation_close(key, &missed(Owner::Provider), seed.hour(24))
        .await?;
    let before = store.event_newest().await?;
    let one = seed.correction(key, 1, EXCUSE);
    for seq in [0, 2, u32::MAX] {
        let wrong = Correction { seq, ..one.clone() };
        assert!(is_conflict(&store.correction_append(&wrong).await), "{seq}");
    }
    store.correction_append(&one).await?;
    assert!(
        is_conflict(&store.correction_append(&one).await),
        "somebody else was faster"
    );
    let two = seed.correction(key, 2, Change::Restore);
    store.correction_append(&two).await?;
    let row = store.obligation(&seed.scope(), key).await?;
    assert_eq!(row.corrections, [one, two]);
    assert_eq!(row.outcome, missed(Owner::Provider));
    assert_eq!(row.closed_at, Some(seed.hour(24)));
    let closed = store
        .obligation_close(key, &missed(Owner::Provider), seed.hour(30))
        .await;
    assert!(closed.is_ok(), "the same outcome again, whatever was corrected");

    let line = |seq, counts_as: &str| {
        let payload = json!({ "day": key.day, "seq": seq, "counts_as": counts_as });
        ("correction".to_owned(), key.replica.to_string(), payload)
    };
    assert_eq!(
        told(store, &seed.scope(), before).await?,
        [line(1, "excused"), line(2, "missed")]
    );
    assert!(told(store, &seed.other(), before).await?.is_empty());
    Ok(())
}

pub async fn a_day_counts_as_its_newest_correction_says(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let head = async |key: ObligationKey| -> Result<DayHead, super::owed::Odd> {
        let heads = store.day_heads(&SITE, None, key.day, key.day).await?;
        Ok(heads.first().cloned().ok_or("a day was opened")?)
    };
    let attribute = Change::Attribute {
        owner: Owner::External,
    };
    let missed_key = seed.open(store, &seed.ours, 0).await?;
    store
        .obligation_close(missed_key, &missed(Owner::Provider), seed.hour(24))
        .await?;
    let late_key = seed.open(store, &seed.ours, 1).await?;
    store
        .obligation_close(late_key, &seed.late(Owner::Provider), seed.hour(24))
        .await?;
    for (key, plain) in [
        (missed_key, OutcomeKind::Missed),
        (late_key, OutcomeKind::MetLate),
    ] {
        let taken = head(key).await?.taken;
        assert_eq!(taken.is_some(), plain == OutcomeKind::MetLate);
        let changes = [
            (EXCUSE, OutcomeKind::Excused, Owner::Tenant),
            (attribute.clone(), plain, Owner::External),
            (Change::Restore, plain, Owner::Provider),
        ];
        for (seq, (change, kind, owner)) in (1..).zip(changes) {
            store
                .correction_append(&seed.correction(key, seq, change))
                .await?;
            let now = head(key).await?;
            assert_eq!(
                (now.kind, now.owner, now.corrected),
                (kind, Some(owner), true),
                "{seq}"
            );
            assert_eq!(now.taken, taken, "when it was taken stays a fact");
        }
    }
    Ok(())
}

pub async fn an_open_day_cannot_be_corrected(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let one = seed.correction(key, 1, EXCUSE);
    assert!(is_conflict(&store.correction_append(&one).await));
    let nothing = ObligationKey {
        day: seed.day(1),
        ..key
    };
    let unknown = Correction { key: nothing, ..one };
    assert!(is_missing(&store.correction_append(&unknown).await));
    assert!(store.obligation(&SITE, key).await?.corrections.is_empty());
    Ok(())
}

pub async fn corrections_are_listed_oldest_first_within_scope_and_days(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let mut all = Vec::new();
    for (more, replica, secs) in [
        (0, &seed.ours, 30),
        (1, &seed.theirs, 20),
        (2, &seed.ours, 10),
        (2, &seed.theirs, 10),
    ] {
        let key = seed.open(store, replica, more).await?;
        store
            .obligation_close(key, &missed(Owner::Provider), seed.hour(24))
            .await?;
        let fine = chrono::TimeDelta::seconds(secs) + chrono::TimeDelta::nanoseconds(1);
        let correction = Correction {
            at: seed.at + fine,
            ..seed.correction(key, 1, EXCUSE)
        };
        store.correction_append(&correction).await?;
        all.push(Correction {
            at: seed.at + chrono::TimeDelta::seconds(secs),
            ..correction
        });
    }
    let [a, b, c, d] = all.try_into().map_err(|_| "four were made")?;
    let days = (seed.day(0), seed.day(2));
    let listed = store.corrections(&SITE, days.0, days.1).await?;
    assert_eq!(listed, [c.clone(), d.clone(), b.clone(), a.clone()]);
    assert_eq!(
        store.corrections(&seed.scope(), days.0, days.1).await?,
        [c.clone(), a.clone()]
    );
    assert_eq!(store.corrections(&seed.other(), days.0, days.1).await?, [d, b]);
    assert_eq!(store.corrections(&SITE, seed.day(0), seed.day(0)).await?, [a]);
    let later = store.corrections(&seed.scope(), seed.day(1), seed.day(2)).await?;
    assert_eq!(later, [c]);
    Ok(())
}
