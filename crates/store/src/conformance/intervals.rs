//! Blockers over time.

use super::rows::{SITE, polled, unhealthy};
use super::{Checked, Seed, Store};
use crate::records::{BlockerInterval, Replica};
use crate::traits::{PollWrite, Scope};
use chrono::{DateTime, TimeDelta, Utc};

pub(super) fn interval(
    replica: &Replica,
    code: &str,
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
) -> BlockerInterval {
    let detail = Some(unhealthy(20));
    BlockerInterval {
        replica: replica.id,
        code: code.to_owned(),
        detail,
        from,
        to,
    }
}

pub(super) async fn spans(
    store: &impl Store,
    seed: &Seed,
    from: i64,
    to: i64,
) -> Result<Vec<(String, i64, Option<i64>)>, crate::traits::StoreError> {
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let secs = |time: DateTime<Utc>| (time - seed.at).num_seconds();
    let intervals = store
        .blocker_intervals(&SITE, seed.ours.id, at(from), at(to))
        .await?;
    Ok(intervals
        .into_iter()
        .map(|it| (it.code, secs(it.from), it.to.map(secs)))
        .collect())
}

pub async fn intervals_are_half_open_and_at_most_one_is_open(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let open = |secs| PollWrite {
        open: vec![interval(&seed.ours, "B4", at(secs), None)],
        ..PollWrite::default()
    };
    polled(store, open(10)).await?;
    polled(store, open(15)).await?;
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        [("B4".to_owned(), 10, None)],
        "it keeps its beginning"
    );
    let close = vec![(seed.ours.id, "B4".to_owned(), at(20))];
    polled(
        store,
        PollWrite {
            close: close.clone(),
            ..PollWrite::default()
        },
    )
    .await?;
    let closed = [("B4".to_owned(), 10, Some(20))];
    assert_eq!(spans(store, &seed, 0, 100).await?, closed);
    polled(
        store,
        PollWrite {
            close,
            ..PollWrite::default()
        },
    )
    .await?;
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        closed,
        "closing nothing is nothing"
    );

    assert_eq!(spans(store, &seed, 19, 30).await?, closed);
    assert!(
        spans(store, &seed, 20, 30).await?.is_empty(),
        "its end is the first instant without it"
    );
    assert!(
        spans(store, &seed, 0, 10).await?.is_empty(),
        "and a question's end is not asked for"
    );
    assert_eq!(spans(store, &seed, 0, 11).await?, closed);
    let other = Scope::Tenant(seed.theirs.tenant.clone());
    assert!(
        store
            .blocker_intervals(&other, seed.theirs.id, at(0), at(100))
            .await?
            .is_empty()
    );
    Ok(())
}

pub async fn a_code_may_end_and_begin_in_one_poll(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let first = interval(&seed.ours, "B3", at(10), None);
    polled(
        store,
        PollWrite {
            open: vec![first],
            ..PollWrite::default()
        },
    )
    .await?;
    let write = PollWrite {
        close: vec![(seed.ours.id, "B3".to_owned(), at(20))],
        open: vec![interval(&seed.ours, "B3", at(20), None)],
        ..PollWrite::default()
    };
    let expected = [("B3".to_owned(), 10, Some(20)), ("B3".to_owned(), 20, None)];
    polled(store, write.clone()).await?;
    assert_eq!(spans(store, &seed, 0, 100).await?, expected);
    polled(store, write).await?;
    assert_eq!(spans(store, &seed, 0, 100).await?, expected);
    Ok(())
}

pub async fn intervals_are_found_however_long_ago_they_began(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let closed = |code, from, to| interval(&seed.ours, code, at(from), Some(at(to)));
    let write = PollWrite {
        open: vec![
            interval(&seed.ours, "UN", at(1), None),
            closed("B4", 0, 1_000),
            closed("B6", 900, 901),
            closed("B3", 910, 920),
            closed("B2", 910, 911),
            interval(&seed.ours, "B5", at(905), None),
        ],
        ..PollWrite::default()
    };
    polled(store, write).await?;
    let codes = async |from, to| {
        let found = spans(store, &seed, from, to).await;
        found.map(|found| found.into_iter().map(|(code, ..)| code).collect::<Vec<_>>())
    };
    assert_eq!(
        codes(0, 2_000).await?,
        ["B4", "UN", "B6", "B5", "B2", "B3"],
        "by beginning, then by code"
    );
    assert_eq!(codes(915, 918).await?, ["B4", "UN", "B5", "B3"]);
    assert_eq!(codes(5_000, 6_000).await?, ["UN", "B5"]);
    assert_eq!(codes(950, 950).await?, ["B4", "UN", "B5"], "at an instant");
    assert!(codes(-10, 0).await?.is_empty());
    Ok(())
}

pub async fn an_interval_keeps_its_end_and_takes_the_newer_detail(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let at = |secs| seed.at + TimeDelta::seconds(secs);
    let write = |detail, from: i64, to: Option<i64>| PollWrite {
        open: vec![BlockerInterval {
            detail,
            ..interval(&seed.ours, "NR", at(from), to.map(at))
        }],
        ..PollWrite::default()
    };
    let details = async || {
        let found = store.blocker_intervals(&SITE, seed.ours.id, at(0), at(100)).await;
        found.map(|found| found.into_iter().map(|it| it.detail).collect::<Vec<_>>())
    };
    polled(store, write(Some(unhealthy(20)), 10, None)).await?;
    polled(store, write(Some(unhealthy(25)), 12, None)).await?;
    assert_eq!(details().await?, [Some(unhealthy(25))]);
    polled(store, write(None, 10, Some(20))).await?;
    assert_eq!(details().await?, [None]);
    let ended = [("NR".to_owned(), 10, Some(20))];
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        ended,
        "an end given with the beginning is an end"
    );
    polled(store, write(None, 10, None)).await?;
    polled(store, write(None, 10, Some(30))).await?;
    assert_eq!(spans(store, &seed, 0, 100).await?, ended, "and stays");
    polled(store, write(None, 40, None)).await?;
    let close = |secs| PollWrite {
        close: vec![(seed.ours.id, "NR".to_owned(), at(secs))],
        ..PollWrite::default()
    };
    polled(store, close(39)).await?;
    polled(store, close(40)).await?;
    let open = [ended[0].clone(), ("NR".to_owned(), 40, None)];
    assert_eq!(
        spans(store, &seed, 0, 100).await?,
        open,
        "no interval ends before it began"
    );
    Ok(())
}
