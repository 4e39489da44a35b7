//! Pauses of primaries: durable before the pause, over only when seen to be.

use super::owed::{more, told};
use super::rows::{SITE, attempt_id};
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::pauses::{Pause, PauseState};
use crate::records::Replica;
use crate::traits::{Scope, StoreError};
use chrono::TimeDelta;
use domain::ids::{AttemptId, ReplicaId};
use serde_json::json;
use uuid::Uuid;

fn intent(seed: &Seed, number: u128, replica: &Replica, hours: i64) -> Pause {
    Pause {
        attempt: attempt_id(number),
        replica: replica.id,
        tenant: replica.tenant.clone(),
        vm: replica.vm,
        primary: "hv-p-01".to_owned(),
        intended: seed.hour(hours),
        until: seed.hour(hours) + TimeDelta::seconds(60),
        state: PauseState::Intended,
        paused: None,
        resumed: None,
        trouble: None,
    }
}

async fn only(store: &impl Store) -> Result<Pause, Box<dyn std::error::Error + Send + Sync>> {
    let pauses = store.pauses_unresumed().await?;
    assert_eq!(pauses.len(), 1);
    Ok(pauses.into_iter().next().ok_or("one pause")?)
}

async fn attempts(store: &impl Store) -> Result<Vec<AttemptId>, StoreError> {
    let pauses = store.pauses_unresumed().await?;
    Ok(pauses.into_iter().map(|pause| pause.attempt).collect())
}

pub async fn an_intent_is_recorded_before_anything_else(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let pause = intent(&seed, 1, &seed.ours, 0);
    let fine = Pause {
        intended: pause.intended + TimeDelta::nanoseconds(1),
        until: pause.until + TimeDelta::nanoseconds(1),
        ..pause.clone()
    };
    store.pause_intend(&fine).await?;
    store.pause_intend(&pause).await?;
    assert_eq!(only(store).await?, pause);
    let payload =
        json!({ "attempt": pause.attempt, "state": "intended", "until": pause.until, "troubled": false });
    let expected = [("pause".to_owned(), seed.ours.id.to_string(), payload)];
    assert_eq!(told(store, &seed.scope(), before).await?, expected);
    assert!(told(store, &seed.other(), before).await?.is_empty());

    let stranger = Pause {
        replica: ReplicaId(Uuid::from_u128(404)),
        ..intent(&seed, 2, &seed.theirs, 0)
    };
    assert!(is_missing(&store.pause_intend(&stranger).await));
    let stolen = Pause {
        tenant: seed.ours.tenant.clone(),
        ..intent(&seed, 2, &seed.theirs, 0)
    };
    assert!(is_conflict(&store.pause_intend(&stolen).await));
    for state in &PauseState::ALL[1..] {
        let begun = Pause {
            state: *state,
            ..intent(&seed, 2, &seed.theirs, 0)
        };
        assert!(is_conflict(&store.pause_intend(&begun).await));
    }
    assert_eq!(only(store).await?, pause);
    Ok(())
}

pub async fn a_pause_only_goes_forward(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let id = attempt_id(1);
    let step = async |state, hours| store.pause_step(id, state, seed.hour(hours), None).await;
    assert!(is_missing(&step(PauseState::Paused, 1).await));
    let first = intent(&seed, 1, &seed.ours, 0);
    store.pause_intend(&first).await?;
    let before = store.event_newest().await?;
    let fine = seed.hour(1) + TimeDelta::nanoseconds(1);
    store.pause_step(id, PauseState::Paused, fine, None).await?;
    step(PauseState::Paused, 2).await?;
    assert!(is_conflict(&step(PauseState::Intended, 2).await));
    assert!(is_conflict(&store.pause_intend(&first).await), "it has gone on");
    step(PauseState::Resuming, 3).await?;
    assert_eq!(only(store).await?.resumed, None, "asked for is not seen");
    step(PauseState::Resumed, 4).await?;
    step(PauseState::Resumed, 5).await?;
    for state in &PauseState::ALL[..3] {
        assert!(is_conflict(&step(*state, 6).await));
    }
    assert!(store.pauses_unresumed().await?.is_empty());
    let expected = Pause {
        state: PauseState::Resumed,
        paused: Some(seed.hour(1)),
        resumed: Some(seed.hour(4)),
        ..first
    };
    assert_eq!(store.pauses_of(&SITE, seed.ours.id, 10).await?, [expected]);
    let states: Vec<_> = told(store, &seed.scope(), before).await?;
    let states: Vec<_> = states.iter().map(|(.., payload)| &payload["state"]).collect();
    assert_eq!(
        states,
        ["paused", "resuming", "resumed"],
        "the same step again is no news"
    );

    // The primary was found to replicate: nobody ever paused it.
    store.pause_intend(&intent(&seed, 2, &seed.ours, 5)).await?;
    store
        .pause_step(attempt_id(2), PauseState::Resumed, seed.hour(6), None)
        .await?;
    let newest = store.pauses_of(&SITE, seed.ours.id, 1).await?;
    assert_eq!((newest[0].paused, newest[0].resumed), (None, Some(seed.hour(6))));
    Ok(())
}

pub async fn trouble_may_change_while_the_state_stays(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let id = attempt_id(1);
    store.pause_intend(&intent(&seed, 1, &seed.ours, 0)).await?;
    let before = store.event_newest().await?;
    let (resuming, resumed) = (PauseState::Resuming, PauseState::Resumed);
    for (state, trouble) in [
        (resuming, None),
        (resuming, Some("no route")),
        (resuming, Some("no route")),
        (resuming, Some("refused")),
    ] {
        store.pause_step(id, state, seed.hour(1), trouble).await?;
        assert_eq!(only(store).await?.trouble.as_deref(), trouble);
    }
    store.pause_step(id, resumed, seed.hour(2), None).await?;
    let all = store.pauses_of(&SITE, seed.ours.id, 10).await?;
    assert_eq!((all[0].state, &all[0].trouble), (resumed, &None));
    let said = told(store, &SITE, before).await?;
    let troubled: Vec<_> = said
        .iter()
        .map(|(.., payload)| payload["troubled"] == json!(true))
        .collect();
    assert_eq!(troubled, [false, true, true, false]);
    Ok(())
}

pub async fn one_pause_of_a_replica_at_a_time(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    store.pause_intend(&intent(&seed, 1, &seed.ours, 1)).await?;
    let second = intent(&seed, 2, &seed.ours, 2);
    for state in &PauseState::ALL[..3] {
        store
            .pause_step(attempt_id(1), *state, seed.hour(1), None)
            .await?;
        assert!(is_conflict(&store.pause_intend(&second).await));
    }
    store.pause_intend(&intent(&seed, 3, &seed.theirs, 0)).await?;
    assert_eq!(
        attempts(store).await?,
        [attempt_id(3), attempt_id(1)],
        "oldest first"
    );
    store
        .pause_step(attempt_id(1), PauseState::Resumed, seed.hour(1), None)
        .await?;
    store.pause_intend(&second).await?;
    assert_eq!(attempts(store).await?, [attempt_id(3), attempt_id(2)]);
    Ok(())
}

pub async fn a_budget_counts_what_was_intended_since(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, _) = more(store, &seed).await?;
    store.pause_intend(&intent(&seed, 1, &seed.ours, 1)).await?;
    store.pause_intend(&intent(&seed, 2, &ours, 2)).await?;
    store.pause_intend(&intent(&seed, 3, &seed.theirs, 2)).await?;
    store
        .pause_step(attempt_id(1), PauseState::Resumed, seed.hour(3), None)
        .await?;
    let fine = TimeDelta::nanoseconds(1);
    for (hours, spent) in [(0, 2), (1, 2), (2, 1), (3, 0)] {
        let from = seed.hour(hours) + fine;
        assert_eq!(store.pauses_since(&seed.ours.tenant, from).await?, spent);
    }
    assert_eq!(store.pauses_since(&seed.theirs.tenant, seed.at).await?, 1);
    assert_eq!(store.pauses_since(&"nobody".parse()?, seed.at).await?, 0);
    Ok(())
}

pub async fn pauses_of_a_replica_are_the_scopes_own(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    for (number, hours) in [(1, 1), (2, 3), (3, 2)] {
        store
            .pause_intend(&intent(&seed, number, &seed.ours, hours))
            .await?;
        store
            .pause_step(attempt_id(number), PauseState::Resumed, seed.hour(4), None)
            .await?;
    }
    let of = async |scope: Scope, limit| -> Result<Vec<AttemptId>, StoreError> {
        let pauses = store.pauses_of(&scope, seed.ours.id, limit).await?;
        Ok(pauses.into_iter().map(|pause| pause.attempt).collect())
    };
    let newest_first = [2, 3, 1].map(attempt_id);
    assert_eq!(of(SITE, 10).await?, newest_first);
    assert_eq!(of(seed.scope(), 2).await?, newest_first[..2]);
    assert!(of(seed.other(), 10).await?.is_empty());
    assert!(of(SITE, 0).await?.is_empty());
    Ok(())
}
