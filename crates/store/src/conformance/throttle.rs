//! Tries to log in.

use super::door::{Doors, person_id, secret};
use super::rows::SITE;
use super::{Checked, Store, is_missing};
use crate::throttle::DEVICES_MAX;
use domain::door::throttle::{FORGET_SECS_MAX, Gate, LogInTry};
use futures::future::join_all;

fn attempt(account: &str, address: &str, device: Option<u128>) -> Result<LogInTry, super::door::Odd> {
    Ok(LogInTry {
        account: account.parse()?,
        address: address.parse()?,
        device: device.map(secret),
    })
}

pub async fn tries_are_counted_before_they_are_looked_at(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let guess = attempt("ada@contoso.example", "192.0.2.66", None)?;
    let tries = join_all((0..40).map(|_| store.log_in_try(&SITE, &guess, doors.at))).await;
    let gates = tries.into_iter().collect::<Result<Vec<_>, _>>()?;
    let open = gates.iter().filter(|gate| **gate == Gate::Open).count();
    assert_eq!(open, 11, "forty at once are not forty guesses");
    assert_eq!(
        store.log_in_try(&SITE, &guess, doors.at).await?,
        Gate::WaitUntil(doors.after(1))
    );
    assert_eq!(store.log_in_try(&SITE, &guess, doors.after(1)).await?, Gate::Open);
    assert_eq!(
        store.log_in_try(&SITE, &guess, doors.after(2)).await?,
        Gate::WaitUntil(doors.after(3))
    );
    let known = attempt("ada@contoso.example", "198.51.100.1", Some(1))?;
    assert_eq!(
        store.log_in_try(&SITE, &known, doors.after(2)).await?,
        Gate::Open,
        "a known browser"
    );
    let elsewhere = attempt("ada@contoso.example", "198.51.100.2", None)?;
    assert_eq!(
        store.log_in_try(&SITE, &elsewhere, doors.after(2)).await?,
        Gate::WaitUntil(doors.after(3))
    );
    Ok(())
}

pub async fn a_right_try_is_forgiven_and_an_address_only_that_one(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for number in 0..20 {
        let guess = attempt(&format!("name{number}"), "192.0.2.66", None)?;
        assert_eq!(store.log_in_try(&SITE, &guess, doors.at).await?, Gate::Open);
    }
    let ada = attempt("ada@contoso.example", "192.0.2.66", None)?;
    for _ in 0..3 {
        assert_eq!(store.log_in_try(&SITE, &ada, doors.at).await?, Gate::Open);
        store.log_in_forgive(&SITE, &ada).await?;
    }
    let next = attempt("another", "192.0.2.66", None)?;
    assert_eq!(store.log_in_try(&SITE, &next, doors.at).await?, Gate::Open);
    assert!(matches!(
        store.log_in_try(&SITE, &ada, doors.at).await?,
        Gate::WaitUntil(_)
    ));
    // An account that was logged in begins anew.
    let guess = attempt("fay@fabrikam.example", "203.0.113.1", None)?;
    for round in 0..2 {
        for _ in 0..10 {
            assert_eq!(
                store.log_in_try(&SITE, &guess, doors.at).await?,
                Gate::Open,
                "{round}"
            );
        }
        store.log_in_forgive(&SITE, &guess).await?;
    }
    store
        .log_in_forgive(&SITE, &attempt("nobody", "203.0.113.9", None)?)
        .await?;
    Ok(())
}

pub async fn tallies_that_nothing_remembers_are_removed(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for number in 0..3 {
        let guess = attempt(&format!("name{number}"), &format!("192.0.2.{number}"), None)?;
        store.log_in_try(&SITE, &guess, doors.after(number)).await?;
    }
    let now = doors.after(FORGET_SECS_MAX + 1);
    assert_eq!(store.log_in_purge(&SITE, now, 3).await?, 3);
    assert_eq!(store.log_in_purge(&SITE, now, 9).await?, 1);
    assert_eq!(store.log_in_purge(&SITE, now, 9).await?, 0);
    Ok(())
}

pub async fn a_browser_is_known_of_its_person_and_the_oldest_is_forgotten(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (ours, theirs) = (&doors.ours, &doors.theirs);
    store
        .device_remember(&SITE, ours.id, &secret(0), doors.after(900))
        .await?;
    store
        .device_remember(&SITE, ours.id, &secret(0), doors.at)
        .await?;
    assert!(store.device_known(&SITE, &ours.login, &secret(0)).await?);
    assert!(!store.device_known(&SITE, &theirs.login, &secret(0)).await?);
    assert!(!store.device_known(&SITE, &"nobody".parse()?, &secret(0)).await?);
    for number in 1..=DEVICES_MAX as u128 {
        store
            .device_remember(
                &SITE,
                ours.id,
                &secret(number),
                doors.after(i64::try_from(number)?),
            )
            .await?;
    }
    assert!(
        store.device_known(&SITE, &ours.login, &secret(0)).await?,
        "seen last of all"
    );
    assert!(
        !store.device_known(&SITE, &ours.login, &secret(1)).await?,
        "made room"
    );
    assert!(store.device_known(&SITE, &ours.login, &secret(2)).await?);
    assert!(is_missing(
        &store
            .device_remember(&SITE, person_id(404), &secret(1), doors.at)
            .await
    ));
    Ok(())
}

pub async fn the_throttle_is_the_sites_alone(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let scope = doors.scope();
    let guess = attempt("ada@contoso.example", "192.0.2.1", None)?;
    assert!(is_missing(&store.log_in_try(&scope, &guess, doors.at).await));
    assert!(is_missing(&store.log_in_forgive(&scope, &guess).await));
    assert!(is_missing(&store.log_in_purge(&scope, doors.at, 9).await));
    assert!(is_missing(
        &store
            .device_remember(&scope, doors.ours.id, &secret(1), doors.at)
            .await
    ));
    assert!(is_missing(
        &store.device_known(&scope, &doors.ours.login, &secret(1)).await
    ));
    Ok(())
}
