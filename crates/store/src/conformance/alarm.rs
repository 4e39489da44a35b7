//! What the alarm remembers.

use super::{Checked, Seed, Store, is_missing};
use crate::alarm::BreachRow;
use chrono::TimeDelta;
use domain::causes::CauseKind;
use domain::code::Code;
use domain::obligation::ObligationKey;
use serde_json::json;

pub async fn what_kept_an_obligation_when_it_became_due_is_written_down_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let key = seed.open(store, &seed.ours, 0).await?;
    let later = seed.open(store, &seed.theirs, 1).await?;
    let first = BreachRow {
        key,
        tenant: seed.ours.tenant.clone(),
        due: seed.hour(12),
        cause: Some((
            "host:hv-r-01:B5".to_owned(),
            CauseKind::Blocked { code: Code::B5 },
        )),
    };
    let other = BreachRow {
        key: later,
        tenant: seed.theirs.tenant.clone(),
        due: seed.hour(36),
        cause: None,
    };
    let fine = BreachRow {
        due: first.due + TimeDelta::nanoseconds(1),
        ..first.clone()
    };
    store.breaches_put(&[other.clone(), fine]).await?;
    let again = BreachRow {
        cause: None,
        ..first.clone()
    };
    store.breaches_put(&[again]).await?;
    assert_eq!(
        store.breaches_since(seed.at).await?,
        [first.clone(), other.clone()]
    );
    assert_eq!(store.breaches_since(seed.hour(36)).await?, [other]);
    assert!(store.breaches_since(seed.hour(37)).await?.is_empty());
    let day = seed.day(9);
    let stranger = BreachRow {
        key: ObligationKey { day, ..key },
        ..first.clone()
    };
    let new = BreachRow {
        key: seed.open(store, &seed.ours, 2).await?,
        ..first
    };
    assert!(is_missing(&store.breaches_put(&[new, stranger]).await));
    assert_eq!(store.breaches_since(seed.at).await?.len(), 2, "all or nothing");
    Ok(())
}

pub async fn a_sign_of_life_only_goes_forward(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    assert!(store.signs().await?.is_empty());
    let fine = seed.hour(2) + TimeDelta::nanoseconds(1);
    for (watcher, at) in [
        ("planner", seed.hour(1)),
        ("planner", fine),
        ("host:hv-r-01", seed.hour(3)),
        ("planner", seed.at),
    ] {
        store.sign_put(watcher, at).await?;
    }
    let expected = [("host:hv-r-01", seed.hour(3)), ("planner", seed.hour(2))];
    assert_eq!(
        store.signs().await?,
        expected.map(|(watcher, at)| (watcher.to_owned(), at))
    );
    Ok(())
}

pub async fn the_keys_of_all_notices_are_known(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    for key in ["b", "a", "b"] {
        store.notice_put(key, "stuck", &json!({}), seed.at).await?;
    }
    store.notice_delivered(1, seed.hour(1)).await?;
    assert_eq!(store.notice_keys().await?, ["a", "b"]);
    Ok(())
}
