//! Another password by a link.

use super::*;
use crate::doors::{LINK_HOURS, OWNER_LINK_MINUTES};
use domain::ids::PersonId;

const NEW: &str = "a new one, of many words";

async fn reset(site: &Site, code: &str) -> Result<(), DoorFault> {
    site.doors.reset(&comer(), code, NEW.to_owned().into()).await
}

async fn person(site: &Site, login: &str) -> PersonId {
    let login = login.parse().unwrap();
    let found = site.store.credentials(&BEFORE, &login).await.unwrap();
    found.unwrap().person.id
}

#[tokio::test]
async fn a_link_gives_another_password_once_and_ends_every_session() {
    let site = Site::seeded().await;
    let owner = site.visitor("owner").await;
    let before = site.log_in("tenant-viewer", DEMO_PASSWORD).await.unwrap();
    let viewer = person(&site, "tenant-viewer").await;
    let code = site.doors.reset_link(&owner, viewer, false).await.unwrap();
    let other = site.doors.reset_link(&owner, viewer, false).await.unwrap();
    let short = site.doors.reset(&comer(), &code, "short".to_owned().into()).await;
    assert!(
        matches!(
            short,
            Err(DoorFault::Field {
                field: "password",
                ..
            })
        ),
        "and stays good"
    );
    assert!(site.by(&before).await.is_some());
    reset(&site, &code).await.unwrap();
    assert!(site.by(&before).await.is_none(), "their sessions are over");
    assert_eq!(
        site.log_in("tenant-viewer", DEMO_PASSWORD).await.unwrap_err(),
        DoorFault::Wrong
    );
    site.log_in("tenant-viewer", NEW).await.unwrap();
    for used in [&code, &other] {
        assert_eq!(reset(&site, used).await.unwrap_err(), DoorFault::NoInvitation);
    }
    let told = site.deeds().await;
    assert_eq!(told.iter().filter(|deed| *deed == "password.link").count(), 2);
    assert_eq!(told.iter().filter(|deed| *deed == "password.reset").count(), 1);
}

#[tokio::test]
async fn a_link_that_is_old_edited_or_of_somebody_who_is_out_gives_nothing() {
    let site = Site::seeded().await;
    let owner = site.visitor("owner").await;
    let viewer = person(&site, "tenant-viewer").await;
    let admin = person(&site, "tenant-admin").await;
    let code = site.doors.reset_link(&owner, viewer, false).await.unwrap();
    let mut edited = code.clone();
    let last = edited.pop().unwrap();
    edited.push(if last == '0' { '1' } else { '0' });
    let another = format!("{}{}", admin.0.simple(), &code[32..]);
    for wrong in [
        "",
        "x",
        &edited,
        &another,
        &code[..40],
        &format!("{code}00"),
        &"é".repeat(40),
    ] {
        assert_eq!(
            reset(&site, wrong).await.unwrap_err(),
            DoorFault::NoInvitation,
            "{wrong}"
        );
    }
    site.doors.person_put_out(&owner, viewer).await.unwrap();
    assert_eq!(reset(&site, &code).await.unwrap_err(), DoorFault::NoInvitation);
    assert!(matches!(
        site.doors.reset_link(&owner, viewer, false).await,
        Err(DoorFault::Conflict(_))
    ));
    site.doors.person_let_in(&owner, viewer).await.unwrap();
    site.later(LINK_HOURS * 3_600);
    assert_eq!(
        reset(&site, &code).await.unwrap_err(),
        DoorFault::NoInvitation,
        "too old"
    );
}

#[tokio::test]
async fn nobody_makes_a_link_for_whom_they_may_not_seat_or_for_themselves() {
    let site = Site::seeded().await;
    let (operator, admin) = (site.visitor("operator").await, site.visitor("tenant-admin").await);
    let missing = DoorFault::Missing("person");
    for login in ["owner", "auditor", "operator"] {
        let id = person(&site, login).await;
        assert_eq!(
            site.doors.reset_link(&operator, id, false).await.unwrap_err(),
            missing,
            "{login}"
        );
        assert_eq!(
            site.doors.reset_link(&admin, id, false).await.unwrap_err(),
            missing,
            "{login}"
        );
    }
    assert!(matches!(
        site.doors.reset_link(&admin, admin.person.id, false).await,
        Err(DoorFault::Conflict(_))
    ));
    site.doors
        .reset_link(&operator, admin.person.id, false)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_owner_who_lost_everything_comes_back_by_a_link_of_the_machine() {
    let site = Site::seeded().await;
    let visitor = site.visitor("owner").await;
    let begun = site.doors.second_factor_begin(&visitor, right()).await.unwrap();
    let secret = TotpSecret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec());
    let totp = totp.with_account_name("x").build().unwrap();
    let now = site.clock.lock().unwrap().timestamp();
    let shown = totp.generate(now.try_into().unwrap()).to_string();
    site.doors.second_factor_confirm(&visitor, &shown).await.unwrap();
    let link = async |login: &str, factor| {
        site.doors
            .owner_link(login, factor, "command line, by root")
            .await
    };
    for login in ["operator", "tenant-admin", "nobody-here"] {
        assert_eq!(
            link(login, true).await.unwrap_err(),
            DoorFault::Missing("owner"),
            "{login}"
        );
    }
    let late = link("owner", true).await.unwrap();
    site.later(OWNER_LINK_MINUTES * 60);
    assert_eq!(reset(&site, &late).await.unwrap_err(), DoorFault::NoInvitation);
    // The password alone leaves the authenticator where it is.
    reset(&site, &link("owner", false).await.unwrap()).await.unwrap();
    assert_eq!(site.log_in("owner", NEW).await.unwrap().what, Let::Further);
    let again = link("owner", true).await.unwrap();
    let other = "yet another one, of words".to_owned();
    site.doors
        .reset(&comer(), &again, other.clone().into())
        .await
        .unwrap();
    assert_eq!(site.log_in("owner", &other).await.unwrap().what, Let::In);
    assert!(
        site.deeds()
            .await
            .iter()
            .any(|deed| deed == "second-factor.remove")
    );
}
