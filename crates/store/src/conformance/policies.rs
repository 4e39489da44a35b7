//! The hoster's catalogue of policies and who has which.

use super::owed::told;
use super::rows::SITE;
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::policies::{Assignee, Assignment, PolicyVersion};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{PolicyId, ReplicaId};
use domain::policy::{Policy, Terms};
use serde_json::json;
use uuid::Uuid;

pub async fn a_store_begins_with_the_standard_policy_for_everyone(store: &impl Store) -> Checked {
    assert_eq!(store.event_newest().await?, 0, "it has always been so");
    let at = DateTime::<Utc>::UNIX_EPOCH;
    let standard = PolicyVersion {
        policy: Policy {
            id: "standard".parse()?,
            version: 1,
            terms: Terms::standard(),
        },
        author: "stillpoint".to_owned(),
        at,
    };
    assert_eq!(store.policies().await?, std::slice::from_ref(&standard));
    let versions = store.policy_versions(&standard.policy.id).await?;
    assert_eq!(versions, std::slice::from_ref(&standard));
    let everyone = Assignment {
        assignee: Assignee::Site,
        policy: standard.policy.id.clone(),
        author: standard.author.clone(),
        at,
    };
    assert_eq!(store.assignments(&SITE).await?, [everyone]);
    let again = store
        .policy_put(&standard.policy.id, &Terms::standard(), "ada", at)
        .await?;
    assert_eq!(again, standard.policy);
    assert_eq!(store.policies().await?, [standard]);
    Ok(())
}

pub async fn a_policy_gets_a_version_for_each_change(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = store.event_newest().await?;
    let gold: PolicyId = "gold".parse()?;
    assert!(is_missing(&store.policy_versions(&gold).await));
    let named = |name: &str| Terms {
        name: name.to_owned(),
        ..Terms::standard()
    };
    let mut expected = Vec::new();
    for (version, name) in (1..).zip(["One", "Two", "One"]) {
        let at = seed.hour(version.into());
        let fine = at + TimeDelta::nanoseconds(1);
        let policy = Policy {
            id: gold.clone(),
            version,
            terms: named(name),
        };
        for author in ["ada", "grace"] {
            let put = store.policy_put(&gold, &named(name), author, fine).await?;
            assert_eq!(put, policy, "the same terms add no version");
        }
        expected.push(PolicyVersion {
            policy,
            author: "ada".to_owned(),
            at,
        });
    }
    assert_eq!(store.policy_versions(&gold).await?, expected);
    let newest = store.policies().await?;
    let ids: Vec<_> = newest
        .iter()
        .map(|it| (it.policy.id.as_str(), it.policy.version))
        .collect();
    assert_eq!(ids, [("gold", 3), ("standard", 1)]);
    let line = |version| {
        let payload = json!({ "version": version });
        ("policy".to_owned(), "gold".to_owned(), payload)
    };
    assert_eq!(told(store, &SITE, before).await?, [line(1), line(2), line(3)]);
    assert!(told(store, &seed.scope(), before).await?.is_empty());
    Ok(())
}

pub async fn assignments_are_the_newest_of_each(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let gold: PolicyId = "gold".parse()?;
    let standard: PolicyId = "standard".parse()?;
    store
        .policy_put(&gold, &Terms::standard(), "ada", seed.at)
        .await?;
    let replica = Assignee::Replica {
        replica: seed.ours.id,
    };
    let contoso = Assignee::Tenant {
        tenant: seed.ours.tenant.clone(),
    };
    let fabrikam = Assignee::Tenant {
        tenant: seed.theirs.tenant.clone(),
    };
    let before = store.event_newest().await?;
    for (secs, (assignee, policy)) in (0..).zip([
        (&replica, Some(&gold)),
        (&fabrikam, Some(&gold)),
        (&contoso, Some(&standard)),
        (&contoso, Some(&gold)),
        (&Assignee::Site, Some(&gold)),
        (&Assignee::Site, Some(&gold)),
        (&fabrikam, None),
        (&fabrikam, None),
    ]) {
        let at = seed.at + TimeDelta::seconds(secs) + TimeDelta::nanoseconds(1);
        store.policy_assign(assignee, policy, "ada", at).await?;
    }
    let line = |assignee: &Assignee, secs| Assignment {
        assignee: assignee.clone(),
        policy: gold.clone(),
        author: "ada".to_owned(),
        at: seed.at + TimeDelta::seconds(secs),
    };
    let expected = [line(&Assignee::Site, 4), line(&contoso, 3), line(&replica, 0)];
    assert_eq!(store.assignments(&SITE).await?, expected);

    let said = told(store, &SITE, before).await?;
    assert_eq!(said.len(), 6, "what holds already is no news");
    let event = |subject: String, policy: Option<&PolicyId>| {
        ("assignment".to_owned(), subject, json!({ "policy": policy }))
    };
    assert_eq!(
        told(store, &seed.scope(), before).await?,
        [
            event(seed.ours.id.to_string(), Some(&gold)),
            event("contoso".to_owned(), Some(&standard)),
            event("contoso".to_owned(), Some(&gold)),
        ]
    );
    assert_eq!(
        told(store, &seed.other(), before).await?.last(),
        Some(&event("fabrikam".to_owned(), None))
    );
    Ok(())
}

pub async fn an_assignment_that_cannot_be_is_refused(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let before = (store.assignments(&SITE).await?, store.event_newest().await?);
    let (none, standard): (PolicyId, PolicyId) = ("none".parse()?, "standard".parse()?);
    let stranger = Assignee::Replica {
        replica: ReplicaId(Uuid::from_u128(404)),
    };
    let unknown = store
        .policy_assign(&Assignee::Site, Some(&none), "ada", seed.at)
        .await;
    assert!(is_missing(&unknown));
    let nobody = store
        .policy_assign(&stranger, Some(&standard), "ada", seed.at)
        .await;
    assert!(is_missing(&nobody));
    let away = store.policy_assign(&Assignee::Site, None, "ada", seed.at).await;
    assert!(is_conflict(&away));
    assert_eq!(
        (store.assignments(&SITE).await?, store.event_newest().await?),
        before
    );
    Ok(())
}
