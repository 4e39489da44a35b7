//! Keys of the API.

use super::door::{Doors, seat, secret};
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::people::Person;
use crate::tokens::{NewToken, TOKENS_MAX, Token};
use domain::door::permission::Permission;
use domain::ids::TokenId;
use std::collections::BTreeSet;
use uuid::Uuid;

const HOUR: i64 = 3_600;

fn new(doors: &Doors, number: u128, giver: &Person, scopes: &[Permission]) -> NewToken {
    NewToken {
        id: TokenId(Uuid::from_u128(number)),
        hash: secret(number),
        person: giver.id,
        name: format!("token {number}"),
        scopes: scopes.iter().copied().collect(),
        at: doors.at,
        expires: doors.after(HOUR),
    }
}

pub async fn a_token_opens_what_it_was_given_until_it_ends(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let wanted = [Permission::SeeSla, Permission::BackUpNow];
    let asked = new(&doors, 1, &doors.ours, &wanted);
    let token = store.token_create(&doors.scope(), &asked).await?;
    let expected = Token {
        id: asked.id,
        person: doors.ours.id,
        name: asked.name.clone(),
        scopes: asked.scopes.clone(),
        created: doors.at,
        expires: doors.after(HOUR),
        last_used: None,
        revoked: None,
    };
    assert_eq!(token, expected);
    let open = store
        .token_of(&SITE, &secret(1), doors.after(HOUR - 1))
        .await?
        .ok_or("it is not open")?;
    assert_eq!(
        (open.token, open.giver, open.may),
        (expected, doors.ours.clone(), asked.scopes.clone())
    );
    assert_eq!(store.token_of(&SITE, &secret(1), doors.after(HOUR)).await?, None);
    assert_eq!(store.token_of(&SITE, &secret(2), doors.at).await?, None);
    assert_eq!(store.token_of(&doors.other(), &secret(1), doors.at).await?, None);
    for secs in [7, 5] {
        store
            .token_used(&doors.scope(), token.id, doors.after(secs))
            .await?;
    }
    let used = store.tokens(&doors.scope(), None, 9).await?.remove(0).last_used;
    assert_eq!(used, Some(doors.after(7)));
    assert!(
        is_conflict(&store.token_create(&SITE, &asked).await),
        "a name is given once"
    );
    let same = NewToken {
        hash: secret(1),
        ..new(&doors, 2, &doors.ours, &wanted)
    };
    assert!(
        is_conflict(&store.token_create(&SITE, &same).await),
        "so is a key"
    );
    Ok(())
}

pub async fn a_token_never_exceeds_its_giver(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let scope = doors.scope();
    for beyond in [&[Permission::Correct][..], &[Permission::OwnAccount], &[]] {
        assert!(is_conflict(
            &store
                .token_create(&scope, &new(&doors, 1, &doors.ours, beyond))
                .await
        ));
    }
    let over = NewToken {
        expires: doors.at,
        ..new(&doors, 1, &doors.ours, &[Permission::SeeSla])
    };
    assert!(is_conflict(&store.token_create(&scope, &over).await));
    store
        .token_create(
            &scope,
            &new(
                &doors,
                1,
                &doors.ours,
                &[Permission::SeeSla, Permission::BackUpNow],
            ),
        )
        .await?;
    let may = async || {
        let open = store.token_of(&SITE, &secret(1), doors.at).await?;
        Ok::<_, super::StoreError>(open.map(|open| open.may))
    };
    let (admin, viewer) = (
        doors.ours.seat.role(),
        seat("viewer", Some(&doors.contoso))?.role(),
    );
    store.person_role(&scope, doors.ours.id, admin, viewer).await?;
    assert_eq!(
        may().await?,
        Some(BTreeSet::from([Permission::SeeSla])),
        "what the giver lost, it lost"
    );
    store.person_disable(&scope, doors.ours.id, doors.at).await?;
    assert_eq!(may().await?, None, "who is out has no tokens");
    assert!(is_conflict(
        &store
            .token_create(&scope, &new(&doors, 2, &doors.ours, &[Permission::SeeSla]))
            .await
    ));
    Ok(())
}

pub async fn a_token_is_revoked_once_and_by_its_own(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, other) = (doors.scope(), doors.other());
    let asked = new(&doors, 1, &doors.ours, &[Permission::SeeSla]);
    assert!(is_missing(&store.token_create(&other, &asked).await));
    let id = store.token_create(&scope, &asked).await?.id;
    let site = store
        .token_create(&SITE, &new(&doors, 2, &doors.owner, &[Permission::SeeSla]))
        .await?
        .id;
    for id in [id, site, TokenId(Uuid::from_u128(404))] {
        assert!(is_missing(&store.token_revoke(&other, id, doors.at).await));
        assert!(is_missing(&store.token_used(&other, id, doors.at).await));
    }
    assert_eq!(
        store.token_revoke(&scope, id, doors.after(3)).await?.revoked,
        Some(doors.after(3))
    );
    assert!(is_conflict(&store.token_revoke(&scope, id, doors.after(4)).await));
    assert_eq!(store.token_of(&SITE, &secret(1), doors.after(1)).await?, None);
    assert_eq!(
        store.tokens(&scope, None, 9).await?[0].revoked,
        Some(doors.after(3)),
        "it stays on the list"
    );
    Ok(())
}

pub async fn tokens_are_paged_newest_first_and_bounded(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for number in 1..=5 {
        let giver = if number == 3 { &doors.theirs } else { &doors.ours };
        let at = doors.after(i64::try_from(number / 2)?);
        let token = NewToken {
            at,
            ..new(&doors, number, giver, &[Permission::SeeSla])
        };
        store.token_create(&SITE, &token).await?;
    }
    let page = async |scope: &_, before, limit| {
        let rows = store.tokens(scope, before, limit).await?;
        let last = rows.last().map(|row| (row.created, row.id));
        Ok::<_, super::StoreError>((
            rows.iter().map(|row| row.id.0.as_u128()).collect::<Vec<_>>(),
            last,
        ))
    };
    let (first, last) = page(&SITE, None, 2).await?;
    let (rest, _) = page(&SITE, last, 9).await?;
    assert_eq!((first, rest), (vec![5, 4], vec![3, 2, 1]));
    let (first, last) = page(&doors.scope(), None, 3).await?;
    assert_eq!(
        (first, page(&doors.scope(), last, 9).await?.0),
        (vec![5, 4, 2], vec![1])
    );
    assert_eq!(page(&doors.other(), None, 9).await?.0, [3]);
    for number in 10..10 + TOKENS_MAX as u128 - 4 {
        store
            .token_create(&SITE, &new(&doors, number, &doors.ours, &[Permission::SeeSla]))
            .await?;
    }
    let beyond = new(&doors, 99, &doors.ours, &[Permission::SeeSla]);
    assert!(is_conflict(&store.token_create(&SITE, &beyond).await));
    store
        .token_revoke(&SITE, TokenId(Uuid::from_u128(10)), doors.at)
        .await?;
    store.token_create(&SITE, &beyond).await?;
    Ok(())
}
