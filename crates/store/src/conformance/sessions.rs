//! Sessions.

use super::door::{Doors, seat, secret, won};
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::sessions::{NewSession, SESSION_SECS_MAX, SESSIONS_MAX};
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::session::{SessionRule, SessionStage};
use domain::ids::{PersonId, SessionId};
use futures::future::join_all;
use uuid::Uuid;

fn new(number: u128, person: PersonId, at: DateTime<Utc>) -> NewSession {
    NewSession {
        id: SessionId(Uuid::from_u128(number)),
        hash: secret(number),
        person,
        stage: SessionStage::Open,
        at,
        from: "192.0.2.1".to_owned(),
        agent: "a browser".to_owned(),
    }
}

pub async fn a_session_is_found_by_its_secret_until_it_is_over(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let id = doors.ours.id;
    let opening = NewSession {
        agent: "\u{e4}".repeat(300),
        ..new(1, id, doors.at + TimeDelta::nanoseconds(1))
    };
    let session = store.session_open(&SITE, &opening).await?;
    assert_eq!((session.created, session.last_seen), (doors.at, doors.at));
    assert_eq!(session.agent, "\u{e4}".repeat(100), "what a client says is cut");
    let found = async |hash, secs| store.session_of(&SITE, &hash, doors.after(secs)).await;
    assert_eq!(
        found(secret(1), 5).await?,
        Some((session.clone(), doors.ours.clone()))
    );
    assert_eq!(found(secret(2), 5).await?, None);
    assert_eq!(
        store.session_of(&doors.other(), &secret(1), doors.at).await?,
        None
    );
    let rule = SessionRule::of(SessionStage::Open, &doors.ours.seat);
    assert!(found(secret(1), rule.idle_secs - 1).await?.is_some());
    assert_eq!(found(secret(1), rule.idle_secs).await?, None, "idle");
    for secs in (0..rule.absolute_secs).step_by(3_600) {
        store.session_touch(&SITE, session.id, doors.after(secs)).await?;
    }
    assert!(found(secret(1), rule.absolute_secs - 1).await?.is_some());
    assert_eq!(
        found(secret(1), rule.absolute_secs).await?,
        None,
        "old, however busy"
    );
    store.session_touch(&SITE, session.id, doors.at).await?;
    let seen = store.sessions(&SITE, id).await?[0].last_seen;
    assert_eq!(
        seen,
        doors.after(rule.absolute_secs - 3_600),
        "never earlier than it was"
    );
    assert!(
        is_conflict(&store.session_open(&SITE, &new(1, id, doors.at)).await),
        "a name is given once"
    );
    let same = NewSession {
        hash: secret(1),
        ..new(2, id, doors.at)
    };
    assert!(
        is_conflict(&store.session_open(&SITE, &same).await),
        "so is a secret"
    );
    Ok(())
}

pub async fn a_secret_is_exchanged_once(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let half = NewSession {
        stage: SessionStage::SecondFactor,
        ..new(1, doors.ours.id, doors.at)
    };
    let id = store.session_open(&SITE, &half).await?.id;
    let later = doors.after(200);
    let rotate = async |from, to, stage| {
        store
            .session_rotate(&SITE, id, &secret(from), &secret(to), stage, later)
            .await
    };
    let tries = join_all((10..18).map(|to| rotate(1, to, SessionStage::Open))).await;
    assert_eq!(won(tries)?, 1, "of eight that exchange one secret");
    assert_eq!(
        store.session_of(&SITE, &secret(1), later).await?,
        None,
        "the old one opens nothing"
    );
    let row = store.sessions(&SITE, doors.ours.id).await?.remove(0);
    assert_eq!(
        (row.stage, row.created, row.last_seen),
        (SessionStage::Open, later, later)
    );
    let mut open = 0;
    for to in 10..18 {
        open += usize::from(store.session_of(&SITE, &secret(to), later).await?.is_some());
    }
    assert_eq!(open, 1);
    store
        .session_open(&SITE, &new(2, doors.theirs.id, doors.at))
        .await?;
    let theirs = SessionId(Uuid::from_u128(2));
    let taken = store
        .session_rotate(&SITE, theirs, &secret(2), &secret(2), SessionStage::Open, later)
        .await;
    assert!(taken.is_ok(), "its own secret again is no other's");
    for to in 10..18 {
        if store.session_of(&SITE, &secret(to), later).await?.is_some() {
            let odd = store
                .session_rotate(&SITE, theirs, &secret(2), &secret(to), SessionStage::Open, later)
                .await;
            assert!(is_conflict(&odd), "a secret is one session's");
        }
    }
    Ok(())
}

pub async fn another_tenants_sessions_are_not_there(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, other) = (doors.scope(), doors.other());
    assert!(is_missing(
        &store.session_open(&other, &new(1, doors.ours.id, doors.at)).await
    ));
    let ours = store
        .session_open(&scope, &new(1, doors.ours.id, doors.at))
        .await?
        .id;
    let site = store
        .session_open(&SITE, &new(2, doors.owner.id, doors.at))
        .await?
        .id;
    for id in [ours, site, SessionId(Uuid::from_u128(404))] {
        assert!(is_missing(&store.session_touch(&other, id, doors.at).await));
        let rotated = store
            .session_rotate(&other, id, &secret(1), &secret(9), SessionStage::Open, doors.at)
            .await;
        assert!(is_missing(&rotated));
        assert!(is_missing(&store.session_end(&other, id).await));
    }
    for person in [doors.ours.id, doors.owner.id] {
        assert!(is_missing(&store.sessions(&other, person).await));
        assert!(is_missing(&store.sessions_end(&other, person, None).await));
    }
    assert!(is_missing(&store.sessions_purge(&other, doors.at, 9).await));
    assert_eq!(
        store.sessions(&scope, doors.ours.id).await?.len(),
        1,
        "nothing was touched"
    );
    assert!(store.session_of(&scope, &secret(1), doors.at).await?.is_some());
    Ok(())
}

pub async fn sessions_are_listed_ended_and_bounded(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, person) = (doors.scope(), doors.ours.id);
    for number in 0..SESSIONS_MAX as u128 {
        let at = doors.after(i64::try_from(number)?);
        store.session_open(&scope, &new(number, person, at)).await?;
    }
    let id = |number| SessionId(Uuid::from_u128(number));
    store.session_touch(&scope, id(0), doors.after(500)).await?;
    store
        .session_open(&SITE, &new(100, doors.theirs.id, doors.at))
        .await?;
    store
        .session_open(&scope, &new(50, person, doors.after(501)))
        .await?;
    let rows = store.sessions(&scope, person).await?;
    assert_eq!(rows.len(), SESSIONS_MAX);
    assert_eq!(
        [rows[0].id, rows[1].id, rows[2].id],
        [id(50), id(0), id(19)],
        "used last first"
    );
    assert!(
        store
            .session_of(&SITE, &secret(1), doors.after(502))
            .await?
            .is_none(),
        "the idlest made room"
    );
    store.session_end(&scope, id(19)).await?;
    assert!(is_missing(&store.session_end(&scope, id(19)).await));
    assert_eq!(
        store.sessions_end(&scope, person, Some(id(0))).await?,
        SESSIONS_MAX as u64 - 2
    );
    assert_eq!(store.sessions(&scope, person).await?.len(), 1);
    assert_eq!(store.sessions_end(&scope, person, None).await?, 1);
    assert_eq!(
        store.sessions(&SITE, doors.theirs.id).await?.len(),
        1,
        "everybody's own"
    );
    Ok(())
}

pub async fn a_change_of_rights_ends_sessions(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, person) = (doors.scope(), doors.ours.id);
    let open = async |from: u128| {
        store.sessions_end(&SITE, person, None).await?;
        for number in from..from + 2 {
            store.session_open(&scope, &new(number, person, doors.at)).await?;
        }
        Ok::<_, super::StoreError>(Some(SessionId(Uuid::from_u128(from))))
    };
    let left = async || Ok::<_, super::StoreError>(store.sessions(&SITE, person).await?.len());
    let password = store
        .credentials(&SITE, &doors.ours.login)
        .await?
        .ok_or("none")?
        .password;
    let keep = open(10).await?;
    assert!(is_conflict(
        &store.password_change(&scope, person, "wrong", "new", keep).await
    ));
    assert_eq!(left().await?, 2, "nothing happened");
    store
        .password_change(&scope, person, &password, "new", keep)
        .await?;
    assert_eq!(
        store
            .sessions(&SITE, person)
            .await?
            .iter()
            .map(|row| Some(row.id))
            .collect::<Vec<_>>(),
        [keep]
    );
    let keep = open(20).await?;
    store.totp_put(&scope, person, b"x").await?;
    store.totp_clear(&scope, person, keep).await?;
    assert_eq!(left().await?, 1);
    open(30).await?;
    let (admin, viewer) = (
        doors.ours.seat.role(),
        seat("viewer", Some(&doors.contoso))?.role(),
    );
    store.person_role(&scope, person, admin, viewer).await?;
    assert_eq!(left().await?, 0);
    open(40).await?;
    store.person_disable(&scope, person, doors.at).await?;
    assert_eq!(left().await?, 0);
    assert!(
        is_conflict(&store.session_open(&scope, &new(50, person, doors.at)).await),
        "who is out stays out"
    );
    Ok(())
}

pub async fn old_sessions_are_removed_oldest_first(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for number in 0..4 {
        let at = doors.after(i64::try_from(number)?);
        store.session_open(&SITE, &new(number, doors.ours.id, at)).await?;
    }
    let now = doors.after(SESSION_SECS_MAX + 2);
    assert_eq!(store.sessions_purge(&SITE, now, 2).await?, 2);
    assert_eq!(store.sessions_purge(&SITE, now, 9).await?, 1);
    assert_eq!(store.sessions_purge(&SITE, now, 9).await?, 0);
    let left = store.sessions(&SITE, doors.ours.id).await?;
    assert_eq!(left.iter().map(|row| row.id.0.as_u128()).collect::<Vec<_>>(), [3]);
    // None that is removed could still be held by any rule.
    for stage in SessionStage::ALL {
        assert!(SessionRule::of(stage, &doors.ours.seat).absolute_secs <= SESSION_SECS_MAX);
        assert!(SessionRule::of(stage, &doors.owner.seat).absolute_secs <= SESSION_SECS_MAX);
    }
    Ok(())
}
