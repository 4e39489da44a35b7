//! The outbox.

use super::{Checked, Seed, Store, is_missing};
use crate::notices::Notice;
use chrono::TimeDelta;
use serde_json::json;

pub async fn a_notice_is_made_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let body = json!({ "replica": "vm-1", "text": "\u{e4}\n" });
    let fine = seed.at + TimeDelta::nanoseconds(1);
    assert!(store.notice_put("breached:a", "breached", &body, fine).await?);
    let again = store
        .notice_put("breached:a", "stuck", &json!(null), seed.hour(1))
        .await?;
    assert!(!again);
    let expected = Notice {
        id: 1,
        key: "breached:a".to_owned(),
        kind: "breached".to_owned(),
        at: seed.at,
        body,
        tries: 0,
        next: Some(seed.at),
        delivered: None,
        last_error: None,
    };
    assert_eq!(store.notices(10).await?, [expected]);
    store.notice_delivered(1, seed.hour(1)).await?;
    let again = store
        .notice_put("breached:a", "breached", &json!(1), seed.hour(2))
        .await?;
    assert!(!again, "also when it was delivered long ago");
    assert!(
        store
            .notice_put("b", "stuck", &json!([1.5]), seed.hour(2))
            .await?
    );
    assert_eq!(store.notices(1).await?[0].id, 2, "a refused one costs no number");
    assert_eq!(store.event_newest().await?, before);
    Ok(())
}

pub async fn a_notice_is_tried_until_it_is_delivered(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    store.notice_put("a", "stuck", &json!({}), seed.at).await?;
    assert!(is_missing(&store.notice_delivered(404, seed.at).await));
    assert!(is_missing(&store.notice_failed(404, "?", Some(seed.at)).await));
    let newest = async || store.notices(1).await.map(|mut notices| notices.remove(0));
    let fine = TimeDelta::nanoseconds(1);
    for (tries, error) in [(1, "no route"), (2, "503")] {
        let next = seed.hour(tries.into());
        store.notice_failed(1, error, Some(next + fine)).await?;
        let notice = newest().await?;
        assert_eq!((notice.tries, notice.next), (tries, Some(next)));
        assert_eq!(notice.last_error.as_deref(), Some(error));
        let early = next - TimeDelta::microseconds(1);
        assert!(store.notices_due(early, 10).await?.is_empty());
        assert_eq!(store.notices_due(next + fine, 10).await?, [notice]);
    }
    store.notice_delivered(1, seed.hour(3) + fine).await?;
    let delivered = newest().await?;
    assert_eq!(
        (delivered.tries, delivered.next, delivered.delivered),
        (3, None, Some(seed.hour(3)))
    );
    assert_eq!(delivered.last_error.as_deref(), Some("503"));
    store.notice_delivered(1, seed.hour(4)).await?;
    store.notice_failed(1, "too late", Some(seed.hour(5))).await?;
    assert_eq!(newest().await?, delivered);
    assert!(store.notices_due(seed.hour(99), 10).await?.is_empty());
    Ok(())
}

pub async fn a_notice_that_is_given_up_is_tried_no_more(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    store.notice_put("a", "stuck", &json!({}), seed.at).await?;
    store.notice_failed(1, "410", None).await?;
    assert!(store.notices_due(seed.hour(99), 10).await?.is_empty());
    let given_up = &store.notices(1).await?[0];
    assert_eq!(
        (given_up.tries, given_up.next, given_up.delivered),
        (1, None, None)
    );
    assert_eq!(given_up.last_error.as_deref(), Some("410"));
    assert!(!store.notice_put("a", "stuck", &json!({}), seed.hour(1)).await?);
    Ok(())
}

pub async fn notices_are_due_oldest_first_and_listed_newest_first(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    for (key, hours) in [("a", 3), ("b", 1), ("c", 2)] {
        store
            .notice_put(key, "at-risk", &json!({}), seed.hour(hours))
            .await?;
    }
    let keys = |notices: Vec<Notice>| notices.into_iter().map(|it| it.key).collect::<Vec<_>>();
    assert_eq!(keys(store.notices_due(seed.hour(2), 10).await?), ["b", "c"]);
    assert_eq!(keys(store.notices_due(seed.hour(3), 2).await?), ["a", "b"]);
    assert!(store.notices_due(seed.hour(9), 0).await?.is_empty());
    assert_eq!(keys(store.notices(2).await?), ["c", "b"]);
    assert!(store.notices(0).await?.is_empty());
    Ok(())
}
