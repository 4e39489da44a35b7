//! What ended, by when it ended.

use super::rows::SITE;
use super::{Checked, Seed, Store};
use crate::history::{PastBlocker, PastDay};
use crate::records::BlockerInterval;
use crate::traits::PollWrite;
use chrono::TimeDelta;
use domain::code::Code;
use domain::obligation::{Change, Correction, Outcome, OutcomeKind, Owner};

pub async fn closed_days_come_by_when_they_were_closed_and_as_they_were(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let ours = seed.open(store, &seed.ours, 0).await?;
    let theirs = seed.open(store, &seed.theirs, 0).await?;
    seed.open(store, &seed.ours, 1).await?;
    let late = seed.late(Owner::Tenant);
    store.obligation_close(theirs, &seed.met(), seed.hour(30)).await?;
    store.obligation_close(ours, &late, seed.hour(24)).await?;
    let Outcome::MetLate {
        taken,
        sealed,
        attribution,
        ..
    } = &late
    else {
        return Err("late is late".into());
    };
    let excuse = Correction {
        key: ours,
        seq: 1,
        at: seed.hour(31),
        author: "ada".to_owned(),
        reason: "their link".to_owned(),
        change: Change::Excuse { owner: Owner::Tenant },
    };
    store.correction_append(&excuse).await?;
    let all = store.days_closed(seed.at, seed.hour(99)).await?;
    let expected = PastDay {
        key: ours,
        tenant: seed.ours.tenant.clone(),
        window: seed.owed(&seed.ours, 0)?.window,
        closed_at: seed.hour(24),
        kind: OutcomeKind::MetLate,
        point: Some((*taken, *sealed)),
        cause: attribution.cause,
        apply_deferrals: 0,
    };
    assert_eq!(all[0], expected, "as it was closed, whatever was corrected");
    let brief: Vec<_> = all.iter().map(|day| (day.key, day.kind)).collect();
    assert_eq!(brief, [(ours, OutcomeKind::MetLate), (theirs, OutcomeKind::Met)]);
    let between = store.days_closed(seed.hour(24), seed.hour(30)).await?;
    assert_eq!(between, [expected], "the end is not part of it");
    assert!(store.days_closed(seed.hour(31), seed.hour(30)).await?.is_empty());
    Ok(())
}

pub async fn ended_blockers_come_by_their_end_and_log_applies_are_left_out(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let interval = |replica, code: &str, from: i64, to: Option<i64>| BlockerInterval {
        replica,
        code: code.to_owned(),
        detail: None,
        from: seed.hour(from),
        to: to.map(|to| seed.hour(to)),
    };
    let (ours, theirs) = (seed.ours.id, seed.theirs.id);
    let mut write = PollWrite {
        open: vec![
            interval(ours, "B5", 1, None),
            interval(ours, "B1", 1, Some(2)),
            interval(theirs, "B4", 0, Some(3)),
            interval(ours, "B4", 2, Some(3)),
            interval(theirs, "B7", 1, None),
        ],
        at: Some(seed.hour(1)),
        ..PollWrite::default()
    };
    store.poll_write(write.clone()).await?;
    let ended = |replica, code, from, to| PastBlocker {
        replica,
        code,
        from: seed.hour(from),
        to: seed.hour(to),
    };
    write.open.clear();
    let fine = seed.hour(9) + TimeDelta::nanoseconds(1);
    write.close = vec![(ours, "B5".to_owned(), fine)];
    for _ in 0..2 {
        store.poll_write(write.clone()).await?;
        let mut expected = vec![ended(ours, Code::B4, 2, 3), ended(theirs, Code::B4, 0, 3)];
        expected.sort_by_key(|it| it.replica);
        expected.push(ended(ours, Code::B5, 1, 9));
        assert_eq!(store.blockers_ended(seed.at, seed.hour(99)).await?, expected);
    }
    let later = store.blockers_ended(seed.hour(4), seed.hour(9)).await?;
    assert_eq!(later, [], "the end is not part of it");
    assert_eq!(store.blockers_ended(seed.hour(9), seed.hour(10)).await?.len(), 1);
    let whole = store
        .blocker_intervals(&SITE, ours, seed.at, seed.hour(99))
        .await?;
    assert_eq!(whole.len(), 3);
    Ok(())
}
