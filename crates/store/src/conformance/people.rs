//! People, and what they prove themselves with.

use super::door::{Doors, Odd, newcomer, person_id, seat, secret, won};
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::people::Person;
use chrono::TimeDelta;
use domain::door::seat::Role;
use domain::door::totp::TotpStep;
use futures::future::join_all;

fn role(code: &str) -> Result<Role, Odd> {
    Role::of_code(code).ok_or_else(|| "no such role".into())
}

pub async fn a_log_in_name_is_one_persons_over_all_tenants(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let viewer = seat("viewer", Some(&doors.contoso))?;
    let new = newcomer(
        10,
        "Vic@Contoso.example",
        viewer.clone(),
        doors.at + TimeDelta::nanoseconds(1),
    )?;
    let made = store.person_create(&doors.scope(), &new).await?;
    let expected = Person {
        id: new.id,
        login: "vic@contoso.example".parse()?,
        name: new.name.clone(),
        seat: viewer.clone(),
        created: doors.at,
        disabled: None,
        second_factor: false,
    };
    assert_eq!(made, expected);
    assert_eq!(store.person(&doors.scope(), new.id).await?, expected);
    let taken = newcomer(
        11,
        "vic@contoso.example",
        seat("admin", Some(&doors.fabrikam))?,
        doors.at,
    )?;
    assert!(is_conflict(&store.person_create(&doors.other(), &taken).await));
    let unnamed = crate::people::NewPerson {
        name: String::new(),
        ..newcomer(12, "una", viewer, doors.at)?
    };
    assert!(is_conflict(&store.person_create(&SITE, &unnamed).await));
    let all = store
        .credentials(&SITE, &made.login)
        .await?
        .ok_or("no credentials")?;
    assert_eq!(
        (all.person, all.password.as_str(), all.totp),
        (expected, new.password.as_str(), None)
    );
    assert_eq!(store.credentials(&SITE, &"nobody".parse()?).await?, None);
    Ok(())
}

pub async fn a_tenants_scope_neither_sees_nor_makes_people_elsewhere(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, other) = (doors.scope(), doors.other());
    for to in [seat("viewer", Some(&doors.fabrikam))?, seat("auditor", None)?] {
        let new = newcomer(10, "eve", to, doors.at)?;
        assert!(is_missing(&store.person_create(&scope, &new).await));
    }
    let nowhere = newcomer(10, "eve", seat("viewer", Some(&"nobody".parse()?))?, doors.at)?;
    assert!(
        is_missing(&store.person_create(&SITE, &nowhere).await),
        "no such tenant"
    );
    for person in [doors.ours.id, doors.owner.id, person_id(404)] {
        assert!(is_missing(&store.person(&other, person).await));
        assert!(is_missing(
            &store
                .person_role(&other, person, role("admin")?, role("viewer")?)
                .await
        ));
        assert!(is_missing(&store.person_disable(&other, person, doors.at).await));
        assert!(is_missing(&store.person_enable(&other, person).await));
        assert!(is_missing(
            &store.password_change(&other, person, "a", "b", None).await
        ));
        assert!(is_missing(&store.totp_put(&other, person, b"x").await));
        assert!(is_missing(&store.totp_use(&other, person, TotpStep(1)).await));
        assert!(is_missing(&store.totp_clear(&other, person, None).await));
        assert!(is_missing(&store.recovery_put(&other, person, &[]).await));
        assert!(is_missing(
            &store.recovery_use(&other, person, &secret(1), doors.at).await
        ));
        assert!(is_missing(&store.recovery_left(&other, person).await));
    }
    assert_eq!(store.credentials(&other, &doors.ours.login).await?, None);
    assert!(is_missing(&store.owners(&scope).await));
    assert_eq!(
        store.persons(&scope, None, 9).await?,
        std::slice::from_ref(&doors.ours)
    );
    assert_eq!(
        store.persons(&other, None, 9).await?,
        std::slice::from_ref(&doors.theirs)
    );
    let all = [doors.ours.clone(), doors.theirs.clone(), doors.owner.clone()];
    assert_eq!(store.persons(&SITE, None, 9).await?, all);
    assert_eq!(store.persons(&SITE, Some(&doors.ours.login), 1).await?, all[1..2]);
    assert!(
        store
            .persons(&scope, Some(&doors.ours.login), 9)
            .await?
            .is_empty()
    );
    assert!(store.persons(&SITE, None, 0).await?.is_empty());
    Ok(())
}

pub async fn a_role_changes_from_what_it_was_and_at_the_same_place(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (admin, viewer) = (role("admin")?, role("viewer")?);
    let changed = store
        .person_role(&doors.scope(), doors.ours.id, admin, viewer)
        .await?;
    assert_eq!(changed.seat, seat("viewer", Some(&doors.contoso))?);
    assert_eq!(store.person(&SITE, doors.ours.id).await?, changed);
    assert!(
        is_conflict(&store.person_role(&SITE, doors.ours.id, admin, viewer).await),
        "it is not that"
    );
    assert!(is_conflict(
        &store
            .person_role(&SITE, doors.ours.id, viewer, role("owner")?)
            .await
    ));
    assert!(is_conflict(
        &store
            .person_role(&SITE, doors.owner.id, role("owner")?, admin)
            .await
    ));
    Ok(())
}

pub async fn the_last_owner_stays(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (owner, operator) = (role("owner")?, role("operator")?);
    assert_eq!(store.owners(&SITE).await?, 1);
    assert!(is_conflict(
        &store.person_disable(&SITE, doors.owner.id, doors.at).await
    ));
    assert!(is_conflict(
        &store.person_role(&SITE, doors.owner.id, owner, operator).await
    ));
    store.person_role(&SITE, doors.owner.id, owner, owner).await?;
    let second = newcomer(10, "otto", seat("owner", None)?, doors.at)?;
    store.person_create(&SITE, &second).await?;
    // Two that put each other out at the same time: one of them stays.
    let both =
        join_all([doors.owner.id, second.id].map(|id| store.person_disable(&SITE, id, doors.at))).await;
    assert_eq!(won(both)?, 1);
    assert_eq!(store.owners(&SITE).await?, 1);
    Ok(())
}

pub async fn somebody_is_put_out_and_let_in_once(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), doors.ours.id);
    assert!(is_conflict(&store.person_enable(&scope, id).await));
    let out = store
        .person_disable(&scope, id, doors.after(5) + TimeDelta::nanoseconds(1))
        .await?;
    assert_eq!(out.disabled, Some(doors.after(5)));
    assert!(is_conflict(
        &store.person_disable(&scope, id, doors.after(9)).await
    ));
    assert_eq!(store.person(&scope, id).await?, out);
    assert!(
        store.credentials(&SITE, &out.login).await?.is_some(),
        "compared and refused like any other"
    );
    assert_eq!(store.person_enable(&scope, id).await?, doors.ours);
    assert_eq!(store.person(&scope, id).await?, doors.ours);
    Ok(())
}

pub async fn a_password_changes_from_what_it_was(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), doors.ours.id);
    let before = store
        .credentials(&scope, &doors.ours.login)
        .await?
        .ok_or("none")?
        .password;
    assert!(is_conflict(
        &store.password_change(&scope, id, "another", "new", None).await
    ));
    let tries =
        join_all(["b", "c", "d", "e"].map(|to| store.password_change(&scope, id, &before, to, None))).await;
    assert_eq!(won(tries)?, 1, "of several at once");
    let theirs = store
        .credentials(&SITE, &doors.theirs.login)
        .await?
        .ok_or("none")?;
    assert_ne!(
        theirs.password,
        store
            .credentials(&scope, &doors.ours.login)
            .await?
            .ok_or("none")?
            .password
    );
    Ok(())
}

pub async fn a_code_of_an_authenticator_is_good_once(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), doors.ours.id);
    assert!(
        is_conflict(&store.totp_use(&scope, id, TotpStep(5)).await),
        "there is none"
    );
    assert!(is_conflict(&store.totp_clear(&scope, id, None).await));
    store.totp_put(&scope, id, b"first").await?;
    store.totp_put(&scope, id, b"sealed").await?;
    assert!(!store.person(&scope, id).await?.second_factor, "not proven yet");
    let tries = join_all((0..8).map(|_| store.totp_use(&scope, id, TotpStep(5)))).await;
    assert_eq!(won(tries)?, 1, "of eight tries with one code");
    assert!(store.person(&scope, id).await?.second_factor);
    assert!(
        is_conflict(&store.totp_put(&scope, id, b"mine").await),
        "one is in use"
    );
    for old in [5, 4, i64::MIN] {
        assert!(is_conflict(&store.totp_use(&scope, id, TotpStep(old)).await));
    }
    store.totp_use(&scope, id, TotpStep(6)).await?;
    let totp = store
        .credentials(&SITE, &doors.ours.login)
        .await?
        .and_then(|all| all.totp)
        .ok_or("none")?;
    assert_eq!(
        (totp.sealed.as_slice(), totp.last),
        (&b"sealed"[..], Some(TotpStep(6)))
    );
    store.recovery_put(&scope, id, &[secret(1)]).await?;
    store.totp_clear(&scope, id, None).await?;
    assert!(!store.person(&scope, id).await?.second_factor);
    assert_eq!(store.recovery_left(&scope, id).await?, 0, "they go with it");
    assert_eq!(
        store
            .credentials(&SITE, &doors.ours.login)
            .await?
            .and_then(|all| all.totp),
        None
    );
    Ok(())
}

pub async fn a_recovery_code_is_good_once_and_in_its_set(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), doors.ours.id);
    let codes: Vec<_> = (0..10).map(secret).collect();
    store.recovery_put(&scope, id, &codes).await?;
    store
        .recovery_put(&doors.other(), doors.theirs.id, &codes[..1])
        .await?;
    let tries = join_all((0..8).map(|_| store.recovery_use(&scope, id, &codes[0], doors.at))).await;
    assert_eq!(won(tries)?, 1);
    assert_eq!(store.recovery_left(&scope, id).await?, 9);
    assert_eq!(
        store.recovery_left(&doors.other(), doors.theirs.id).await?,
        1,
        "everybody's own"
    );
    assert!(is_conflict(
        &store.recovery_use(&scope, id, &secret(77), doors.at).await
    ));
    store.recovery_put(&scope, id, &[secret(50)]).await?;
    assert!(
        is_conflict(&store.recovery_use(&scope, id, &codes[1], doors.at).await),
        "of the old set"
    );
    assert_eq!(store.recovery_left(&scope, id).await?, 1);
    let many: Vec<_> = (0..11).map(secret).collect();
    assert!(is_conflict(&store.recovery_put(&scope, id, &many).await));
    Ok(())
}
