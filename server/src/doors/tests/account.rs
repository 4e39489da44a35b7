//! What is asked for one's password again, and how long a session lasts by itself.

use super::*;
use crate::doors::Use;

fn wrong() -> secrecy::SecretString {
    "not the password at all".to_owned().into()
}

#[tokio::test]
async fn whatever_changes_how_one_comes_in_asks_for_the_password_and_such_tries_are_counted() {
    let site = Site::seeded().await;
    let visitor = site.visitor("operator").await;
    let doors = &site.doors;
    let refused = |fault: DoorFault| {
        matches!(
            fault,
            DoorFault::Field {
                field: "password",
                ..
            }
        )
    };
    assert!(refused(
        doors.second_factor_begin(&visitor, wrong()).await.unwrap_err()
    ));
    let begun = doors.second_factor_begin(&visitor, right()).await.unwrap();
    let secret = TotpSecret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec());
    let totp = totp.with_account_name("x").build().unwrap();
    let now = site.clock.lock().unwrap().timestamp();
    let shown = totp.generate(now.try_into().unwrap()).to_string();
    let codes = doors.second_factor_confirm(&visitor, &shown).await.unwrap();
    assert!(refused(
        doors.recovery_renew(&visitor, wrong()).await.unwrap_err()
    ));
    assert!(refused(
        doors.second_factor_remove(&visitor, wrong()).await.unwrap_err()
    ));
    let new = || "another password of mine".to_owned().into();
    assert!(refused(
        doors.password_change(&visitor, wrong(), new()).await.unwrap_err()
    ));
    assert_eq!(
        doors.own(&visitor).await.unwrap().recovery_left,
        10,
        "nothing was changed"
    );
    let renewed = doors.recovery_renew(&visitor, right()).await.unwrap();
    assert!(renewed.iter().all(|code| !codes.contains(code)));
    let told = site.deeds().await;
    assert_eq!(told.iter().filter(|deed| *deed == "password.confirm").count(), 4);
    let mut waited = false;
    for _ in 0..40 {
        waited |= matches!(
            doors.recovery_renew(&visitor, wrong()).await,
            Err(DoorFault::Wait { .. })
        );
    }
    assert!(waited, "a browser that was left open is no place to guess at");
}

#[tokio::test]
async fn a_page_that_looks_again_by_itself_does_not_keep_its_session() {
    for (used, holds) in [(Use::ByHand, true), (Use::ByItself, false)] {
        let site = Site::seeded().await;
        let given = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
        let mut there = true;
        for _ in 0..13 {
            site.later(300);
            let asked = site
                .doors
                .by_session_used(given.session.reveal(), comer().address, used);
            there = asked.await.unwrap().is_some();
        }
        assert_eq!(there, holds, "{used:?}, after 65 minutes");
    }
}
