//! Invitations.

use super::door::{Doors, newcomer, seat, secret, won};
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::invitations::{Invitation, NewInvitation};
use domain::door::invitation::InvitationState;
use domain::door::seat::Seat;
use domain::ids::InvitationId;
use futures::future::join_all;
use uuid::Uuid;

const HOUR: i64 = 3_600;

fn new(doors: &Doors, number: u128, seat: Seat) -> NewInvitation {
    NewInvitation {
        id: InvitationId(Uuid::from_u128(number)),
        hash: secret(number),
        seat,
        author: "ada@contoso.example".to_owned(),
        at: doors.at,
        expires: doors.after(HOUR),
    }
}

pub async fn an_invitation_gives_its_seat_once(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let viewer = seat("viewer", Some(&doors.contoso))?;
    let made = store
        .invite(&doors.scope(), &new(&doors, 1, viewer.clone()))
        .await?;
    let expected = Invitation {
        id: InvitationId(Uuid::from_u128(1)),
        seat: viewer.clone(),
        author: "ada@contoso.example".to_owned(),
        created: doors.at,
        state: InvitationState {
            expires: doors.after(HOUR),
            used: None,
            revoked: None,
        },
        person: None,
    };
    assert_eq!(made, expected);
    assert_eq!(
        store.invitation_of(&SITE, &secret(1), doors.at).await?,
        Some(expected)
    );
    assert_eq!(
        store.invitation_of(&doors.other(), &secret(1), doors.at).await?,
        None
    );
    let other = newcomer(10, "vic", seat("admin", Some(&doors.contoso))?, doors.at)?;
    assert!(
        is_conflict(&store.invitation_accept(&SITE, &secret(1), &other).await),
        "another seat"
    );
    let taken = newcomer(10, doors.theirs.login.as_str(), viewer.clone(), doors.at)?;
    assert!(is_conflict(
        &store.invitation_accept(&SITE, &secret(1), &taken).await
    ));
    assert!(
        store.invitation_of(&SITE, &secret(1), doors.at).await?.is_some(),
        "it stays good"
    );
    let people =
        (10..18).map(|number| newcomer(number, &format!("vic{number}"), viewer.clone(), doors.after(9)));
    let people = people.collect::<Result<Vec<_>, _>>()?;
    let link = secret(1);
    let tries = join_all(
        people
            .iter()
            .map(|person| store.invitation_accept(&SITE, &link, person)),
    )
    .await;
    assert_eq!(won(tries)?, 1, "of eight at once");
    assert_eq!(
        store.persons(&doors.scope(), None, 99).await?.len(),
        2,
        "and one person came of it"
    );
    assert_eq!(store.invitation_of(&SITE, &secret(1), doors.at).await?, None);
    let used = store.invitations(&doors.scope(), None, 9).await?.remove(0);
    assert_eq!(used.state.used, Some(doors.after(9)));
    assert!(people.iter().any(|person| Some(person.id) == used.person));
    assert!(is_conflict(
        &store.invitation_revoke(&SITE, used.id, doors.at).await
    ));
    Ok(())
}

pub async fn an_invitation_that_is_over_gives_nothing(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let viewer = seat("viewer", Some(&doors.contoso))?;
    let id = store.invite(&SITE, &new(&doors, 1, viewer.clone())).await?.id;
    let late = newcomer(10, "late", viewer.clone(), doors.after(HOUR))?;
    assert!(is_missing(
        &store.invitation_accept(&SITE, &secret(1), &late).await
    ));
    assert_eq!(
        store.invitation_of(&SITE, &secret(1), doors.after(HOUR)).await?,
        None
    );
    let vic = newcomer(11, "vic", viewer.clone(), doors.at)?;
    assert!(is_missing(
        &store.invitation_accept(&SITE, &secret(9), &vic).await
    ));
    assert!(is_missing(
        &store.invitation_accept(&doors.other(), &secret(1), &vic).await
    ));
    assert_eq!(
        store
            .invitation_revoke(&SITE, id, doors.after(2))
            .await?
            .state
            .revoked,
        Some(doors.after(2))
    );
    assert!(is_conflict(
        &store.invitation_revoke(&SITE, id, doors.after(3)).await
    ));
    assert!(is_missing(
        &store.invitation_accept(&SITE, &secret(1), &vic).await
    ));
    assert_eq!(
        store.persons(&doors.scope(), None, 9).await?.len(),
        1,
        "nobody came in"
    );
    Ok(())
}

pub async fn a_tenant_invites_to_itself_only(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, other) = (doors.scope(), doors.other());
    let viewer = seat("viewer", Some(&doors.contoso))?;
    for elsewhere in [seat("viewer", Some(&doors.fabrikam))?, seat("owner", None)?] {
        assert!(is_missing(
            &store.invite(&scope, &new(&doors, 1, elsewhere)).await
        ));
    }
    let nowhere = seat("viewer", Some(&"nobody".parse()?))?;
    assert!(is_missing(&store.invite(&SITE, &new(&doors, 1, nowhere)).await));
    for number in 1..=3 {
        store.invite(&scope, &new(&doors, number, viewer.clone())).await?;
    }
    store.invite(&SITE, &new(&doors, 4, seat("owner", None)?)).await?;
    assert!(is_conflict(
        &store.invite(&SITE, &new(&doors, 4, viewer.clone())).await
    ));
    let same = NewInvitation {
        hash: secret(4),
        ..new(&doors, 5, viewer)
    };
    assert!(is_conflict(&store.invite(&SITE, &same).await));
    let page = async |scope: &_, before, limit| {
        let rows = store.invitations(scope, before, limit).await?;
        Ok::<_, super::StoreError>(rows.iter().map(|row| row.id.0.as_u128()).collect::<Vec<_>>())
    };
    let before = Some((doors.at, InvitationId(Uuid::from_u128(3))));
    assert_eq!(page(&SITE, None, 2).await?, [4, 3]);
    assert_eq!(page(&SITE, before, 9).await?, [2, 1]);
    assert_eq!(page(&scope, before, 1).await?, [2]);
    assert_eq!(page(&other, None, 9).await?, [0; 0]);
    for number in [1, 4, 404] {
        let id = InvitationId(Uuid::from_u128(number));
        assert!(is_missing(&store.invitation_revoke(&other, id, doors.at).await));
    }
    Ok(())
}
