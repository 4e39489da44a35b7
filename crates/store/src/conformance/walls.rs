//! Tenants are walls.

use super::rows::{SITE, attempt_id};
use super::{Checked, Seed, Store, is_missing};
use crate::cancels::CancelRequest;
use crate::holds::{Acknowledgement, HoldTarget, OperatorHold};
use crate::policies::{Assignee, POLICY_FIRST};
use crate::traits::PollWrite;
use domain::ids::{HostId, PointId, PolicyId, ReplicaId};
use uuid::Uuid;

pub async fn another_tenants_things_are_not_found(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let point = seed.seal(store, 1, 0).await?;
    let (replica, attempt) = (seed.ours.id, point.evidence.attempt);
    let (from, to) = (seed.at, seed.at + chrono::TimeDelta::hours(1));

    let scope = seed.scope();
    assert_eq!(store.replica(&scope, replica).await?.id, replica);
    assert!(store.status(&scope, replica).await?.is_some());
    assert_eq!(store.attempt(&scope, attempt).await?.id, attempt);
    assert_eq!(store.point(&scope, point.id).await?.id, point.id);
    store.blocker_intervals(&scope, replica, from, to).await?;

    let other = seed.other();
    assert!(is_missing(&store.replica(&other, replica).await));
    assert!(is_missing(&store.status(&other, replica).await));
    assert!(is_missing(
        &store.blocker_intervals(&other, replica, from, to).await
    ));
    assert!(is_missing(&store.attempt(&other, attempt).await));
    assert!(is_missing(&store.point(&other, point.id).await));
    assert!(is_missing(&store.evidence(&other, point.id).await));
    assert!(store.attempts(&other, Some(replica), None, 10).await?.is_empty());
    assert!(store.points(&other, Some(replica)).await?.is_empty());
    assert_eq!(store.replica_of(&seed.theirs.tenant, seed.ours.vm).await?, None);

    let nothing = Uuid::from_u128(404);
    assert!(
        is_missing(&store.replica(&SITE, ReplicaId(nothing)).await),
        "unknown to the site as well"
    );
    assert!(is_missing(&store.attempt(&SITE, attempt_id(404)).await));
    assert!(is_missing(&store.point(&SITE, PointId(nothing)).await));
    Ok(())
}

/// What the hoster laid on the plan is seen as far as it touches one's own: never another tenant's.
pub async fn what_the_hoster_laid_down_is_seen_by_whom_it_touches(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, theirs) = (&seed.ours, &seed.theirs);
    let (at, until) = (seed.at, seed.hour(4));
    // The replicas of the seed share a host: this one carries nobody's.
    let elsewhere: HostId = "hv-of-nobody".parse().map_err(|_| "a host's name")?;
    let targets = [
        HoldTarget::Host {
            host: ours.host.clone(),
        },
        HoldTarget::Tenant {
            tenant: ours.tenant.clone(),
        },
        HoldTarget::Replica { replica: ours.id },
        HoldTarget::Tenant {
            tenant: theirs.tenant.clone(),
        },
        HoldTarget::Replica { replica: theirs.id },
        HoldTarget::Host { host: elsewhere },
    ];
    for target in &targets {
        store.hold_begin(target, at, until, "maintenance", "ada").await?;
    }
    let now = seed.hour(1);
    let theirs_too = ours.host == theirs.host;
    let expected_of_theirs: Vec<i64> = if theirs_too { vec![5, 4, 1] } else { vec![5, 4] };
    for (scope, expected) in [
        (SITE, vec![6, 5, 4, 3, 2, 1]),
        (seed.scope(), vec![3, 2, 1]),
        (seed.other(), expected_of_theirs),
    ] {
        let ids = |holds: Vec<OperatorHold>| holds.iter().map(|hold| hold.id).collect::<Vec<_>>();
        assert_eq!(ids(store.holds_active(&scope, now).await?), expected, "{scope:?}");
        assert_eq!(ids(store.holds(&scope, 100).await?), expected, "{scope:?}");
        let newest: Vec<i64> = expected.iter().take(1).copied().collect();
        assert_eq!(
            ids(store.holds(&scope, 1).await?),
            newest,
            "the limit counts what is seen"
        );
    }

    let causes = [
        format!("host:{}:B5", ours.host),
        format!("tenant:{}:B5", ours.tenant),
        format!("tenant:{}-too:B5", ours.tenant),
        format!("tenant:{}:B5", theirs.tenant),
    ];
    for cause in &causes {
        let acknowledgement = Acknowledgement {
            cause: cause.clone(),
            at,
            until,
            note: "ticket 4711".to_owned(),
            author: "ada".to_owned(),
        };
        store.acknowledge(&acknowledgement).await?;
    }
    for (scope, expected) in [(seed.scope(), &causes[1]), (seed.other(), &causes[3])] {
        let seen = store.acknowledgements(&scope, now).await?;
        let seen: Vec<&String> = seen.iter().map(|it| &it.cause).collect();
        assert_eq!(seen, [expected], "{scope:?}");
    }
    assert_eq!(store.acknowledgements(&SITE, now).await?.len(), causes.len());

    let policy: PolicyId = POLICY_FIRST.parse().map_err(|_| "a policy's name")?;
    for replica in [ours, theirs] {
        let tenant = replica.tenant.clone();
        let replica = replica.id;
        for assignee in [Assignee::Tenant { tenant }, Assignee::Replica { replica }] {
            store.policy_assign(&assignee, Some(&policy), "ada", at).await?;
        }
    }
    for (scope, own) in [(seed.scope(), ours), (seed.other(), theirs)] {
        let seen = store.assignments(&scope).await?;
        let seen: Vec<Assignee> = seen.into_iter().map(|it| it.assignee).collect();
        let tenant = own.tenant.clone();
        let expected = [
            Assignee::Site,
            Assignee::Tenant { tenant },
            Assignee::Replica { replica: own.id },
        ];
        assert_eq!(seen, expected, "{scope:?}");
    }
    assert_eq!(store.assignments(&SITE).await?.len(), 5);

    let point = seed.seal(store, 1, 0).await?;
    let attempt = seed.claim(store, 2).await?;
    let request = CancelRequest {
        at: now,
        author: "ada".to_owned(),
        reason: "the host needs a restart".to_owned(),
    };
    store.cancel_request(&SITE, attempt.id, &request).await?;
    for (scope, sees) in [(SITE, true), (seed.scope(), true), (seed.other(), false)] {
        let newest = store.point_newest(&scope, ours.id).await?;
        assert_eq!(newest.map(|it| it.id), sees.then_some(point.id), "{scope:?}");
        let asked = store.cancel_of(&scope, attempt.id).await?;
        assert_eq!(asked.is_some(), sees, "{scope:?}");
    }
    Ok(())
}

pub async fn lists_hold_only_the_scopes_things(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let point = seed.seal(store, 1, 0).await?;
    let ours = seed.finding("ours", 0);
    let site = crate::records::Finding {
        key: "site".to_owned(),
        replica: None,
        ..ours.clone()
    };
    store
        .poll_write(PollWrite {
            findings: vec![ours.clone(), site],
            ..PollWrite::default()
        })
        .await?;

    let (scope, other) = (seed.scope(), seed.other());
    assert_eq!(store.replicas(&SITE).await?.len(), 2);
    assert_eq!(store.replicas(&scope).await?, std::slice::from_ref(&seed.ours));
    assert_eq!(store.replicas(&other).await?, std::slice::from_ref(&seed.theirs));
    assert_eq!(store.statuses(&SITE).await?.len(), 2);
    let statuses = store.statuses(&scope).await?;
    assert_eq!(
        statuses.iter().map(|status| status.replica).collect::<Vec<_>>(),
        [seed.ours.id]
    );
    assert_eq!(store.attempts(&scope, None, None, 10).await?.len(), 1);
    assert!(store.attempts(&other, None, None, 10).await?.is_empty());
    assert_eq!(store.points(&scope, None).await?, [point]);
    assert!(store.points(&other, None).await?.is_empty());
    assert_eq!(store.point_heads(&scope, None, None, 10).await?.len(), 1);
    assert!(
        store
            .point_heads(&other, Some(seed.ours.id), None, 10)
            .await?
            .is_empty()
    );
    assert!(store.point_heads_newest(&other).await?.is_empty());
    assert_eq!(store.point_count(&other, None).await?, 0);
    assert!(store.point_times(&other, seed.at).await?.is_empty());
    let later = seed.at + chrono::TimeDelta::days(9);
    assert_eq!(store.point_bytes(&other, seed.at, later).await?, 0);
    assert!(store.point_bytes(&scope, seed.at, later).await? > 0);
    assert!(store.attempts_newest(&other).await?.is_empty());
    assert!(store.attempts_since(&other, None, seed.at).await?.is_empty());
    assert_eq!(store.findings(&SITE).await?.len(), 2);
    assert_eq!(store.findings(&scope).await?, [ours]);
    assert!(store.findings(&other).await?.is_empty());
    Ok(())
}
