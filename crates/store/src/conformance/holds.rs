//! Holds, and causes that somebody has taken note of.

use super::owed::told;
use super::rows::SITE;
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::holds::{Acknowledgement, HoldTarget, OperatorHold};
use chrono::TimeDelta;
use domain::ids::ReplicaId;
use serde_json::json;
use uuid::Uuid;

fn ids(holds: &[OperatorHold]) -> Vec<i64> {
    holds.iter().map(|hold| hold.id).collect()
}

pub async fn a_hold_holds_from_its_beginning_to_its_end(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let targets = [
        HoldTarget::Host {
            host: seed.ours.host.clone(),
        },
        HoldTarget::Tenant {
            tenant: seed.ours.tenant.clone(),
        },
        HoldTarget::Replica {
            replica: seed.theirs.id,
        },
    ];
    let fine = TimeDelta::nanoseconds(1);
    for (number, target) in (1..).zip(&targets) {
        let (from, until) = (seed.hour(number), seed.hour(4));
        let hold = store
            .hold_begin(target, from + fine, until + fine, "maintenance", "ada")
            .await?;
        let expected = OperatorHold {
            id: number,
            target: target.clone(),
            from,
            until,
            reason: "maintenance".to_owned(),
            author: "ada".to_owned(),
            lifted: None,
        };
        assert_eq!(hold, expected);
        assert_eq!(store.holds(&SITE, 1).await?, [expected]);
    }
    for (hour, active) in [(0, vec![]), (1, vec![1]), (3, vec![3, 2, 1]), (4, vec![])] {
        let at = seed.hour(hour) + fine;
        assert_eq!(ids(&store.holds_active(&SITE, at).await?), active, "at {hour}");
    }
    assert_eq!(ids(&store.holds(&SITE, 2).await?), [3, 2]);
    assert!(store.holds(&SITE, 0).await?.is_empty());

    let line = |id: i64, on: &str, subject: String| {
        let payload = json!({ "id": id, "on": on, "until": seed.hour(4), "lifted": false });
        ("hold".to_owned(), subject, payload)
    };
    let (one, two, three) = (
        line(1, "host", seed.ours.host.to_string()),
        line(2, "tenant", seed.ours.tenant.to_string()),
        line(3, "replica", seed.theirs.id.to_string()),
    );
    assert_eq!(
        told(store, &seed.scope(), before).await?,
        std::slice::from_ref(&two)
    );
    assert_eq!(
        told(store, &seed.other(), before).await?,
        std::slice::from_ref(&three)
    );
    assert_eq!(told(store, &SITE, before).await?, [one, two, three]);
    Ok(())
}

pub async fn a_hold_is_lifted_once_and_while_it_lasts(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let target = HoldTarget::Tenant {
        tenant: seed.ours.tenant.clone(),
    };
    let one = store
        .hold_begin(&target, seed.hour(1), seed.hour(9), "why", "ada")
        .await?;
    let two = store
        .hold_begin(&target, seed.hour(1), seed.hour(2), "why", "ada")
        .await?;
    let before = store.event_newest().await?;
    assert!(is_missing(&store.hold_lift(404, seed.hour(3), "grace").await));
    let over = store.hold_lift(two.id, seed.hour(2), "grace").await;
    assert!(is_conflict(&over), "its end is the first instant without it");
    let fine = seed.hour(3) + TimeDelta::nanoseconds(1);
    let lifted = store.hold_lift(one.id, fine, "grace").await?;
    let expected = OperatorHold {
        lifted: Some((seed.hour(3), "grace".to_owned())),
        ..one.clone()
    };
    assert_eq!(lifted, expected);
    let again = store.hold_lift(one.id, seed.hour(2), "ada").await;
    assert!(is_conflict(&again));
    assert_eq!(
        store.holds(&SITE, 10).await?,
        [two, expected],
        "nothing is deleted"
    );
    assert_eq!(ids(&store.holds_active(&SITE, seed.hour(2)).await?), [one.id]);
    assert!(store.holds_active(&SITE, seed.hour(3)).await?.is_empty());
    let payload = json!({ "id": one.id, "on": "tenant", "until": seed.hour(9), "lifted": true });
    assert_eq!(
        told(store, &seed.scope(), before).await?,
        [("hold".to_owned(), "contoso".to_owned(), payload)]
    );
    Ok(())
}

pub async fn a_hold_that_cannot_be_is_refused(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let host = HoldTarget::Host {
        host: "hv-r-99".parse()?,
    };
    for until in [seed.at, seed.hour(-1), seed.at + TimeDelta::nanoseconds(1)] {
        let hold = store.hold_begin(&host, seed.at, until, "why", "ada").await;
        assert!(is_conflict(&hold));
    }
    let stranger = HoldTarget::Replica {
        replica: ReplicaId(Uuid::from_u128(404)),
    };
    let hold = store
        .hold_begin(&stranger, seed.at, seed.hour(1), "why", "ada")
        .await;
    assert!(is_missing(&hold));
    assert!(store.holds(&SITE, 10).await?.is_empty());
    assert_eq!(store.event_newest().await?, before);
    let hold = store
        .hold_begin(&host, seed.at, seed.hour(1), "why", "ada")
        .await?;
    assert_eq!(hold.id, 1, "a host nobody has polled, and no number is lost");
    Ok(())
}

pub async fn the_newest_acknowledgement_of_a_cause_counts(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let note = |cause: &str, from, until, note: &str| Acknowledgement {
        cause: cause.to_owned(),
        at: seed.hour(from),
        until: seed.hour(until),
        note: note.to_owned(),
        author: "ada".to_owned(),
    };
    let first = note("host:hv-r-01:B5", 0, 9, "first");
    let second = note("host:hv-r-01:B5", 2, 4, "second");
    let other = note("host:hv-r-01:B4", 1, 3, "other");
    store.acknowledge(&first).await?;
    let fine = Acknowledgement {
        at: other.at + TimeDelta::nanoseconds(1),
        ..other.clone()
    };
    store.acknowledge(&fine).await?;
    assert_eq!(
        store.acknowledgements(&SITE, seed.hour(2)).await?,
        [other.clone(), first],
        "by cause"
    );
    store.acknowledge(&second).await?;
    let valid = async |hours| store.acknowledgements(&SITE, seed.hour(hours)).await;
    assert_eq!(valid(2).await?, [other, second.clone()]);
    assert_eq!(valid(3).await?, [second]);
    assert!(
        valid(4).await?.is_empty(),
        "the earlier one does not come back when the later ends"
    );
    assert!(valid(0).await?.is_empty());
    Ok(())
}
