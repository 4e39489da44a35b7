//! Surveys: what is written, what becomes unknown, what becomes a finding.

use crate::fake_host::{Ev, VM};
use crate::world::{SITE, Script, World};
use chrono::{DateTime, TimeDelta, Utc};
use domain::binding::BindingError;
use domain::blocker::Unknown;
use domain::ids::VmGuid;
use domain::job::JobState;
use domain::observation::ReplicationState;
use domain::verdict::Verdict;
use engine::Tenancy;
use engine::observe::Surveyed;
use hyperv::host::AuthorizationEntry;
use std::time::Duration;
use store::traits::ReplicaStore;

async fn verdict(world: &World) -> Verdict {
    world
        .store
        .status(&SITE, world.replica().await)
        .await
        .unwrap()
        .unwrap()
        .verdict
}

async fn codes(world: &World) -> Vec<(String, bool)> {
    let now = world.clock_now();
    let all = world.store.blocker_intervals(
        &SITE,
        world.replica().await,
        now - TimeDelta::days(1),
        now + TimeDelta::days(1),
    );
    let mut codes: Vec<_> = all
        .await
        .unwrap()
        .into_iter()
        .map(|i| (i.code, i.to.is_none()))
        .collect();
    codes.sort();
    codes
}

async fn findings(world: &World) -> Vec<String> {
    let mut kinds: Vec<_> = world
        .store
        .findings(&SITE)
        .await
        .unwrap()
        .into_iter()
        .map(|f| f.kind)
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn a_blocker_opens_an_interval_and_its_end_closes_it() {
    let world = World::new().await;
    assert_eq!(verdict(&world).await, Verdict::Clear);
    world.host.model().state = ReplicationState::Resynchronizing;
    world.clock.advance(Duration::from_secs(30));
    world.engine.survey().await.unwrap();
    assert!(codes(&world).await.contains(&("B5".to_owned(), true)));
    world.host.model().state = ReplicationState::Replicating;
    world.clock.advance(Duration::from_secs(30));
    world.engine.survey().await.unwrap();
    assert!(codes(&world).await.contains(&("B5".to_owned(), false)));
}

#[tokio::test]
async fn a_running_apply_is_judged_but_kept_as_no_interval() {
    let world = World::new().await;
    world.host.model().plan(
        1,
        Ev::Apply {
            secs: 20,
            state: JobState::Completed,
        },
    );
    world.clock.advance(Duration::from_secs(5));
    world.engine.survey().await.unwrap();
    assert_eq!(verdict(&world).await.code(), Some("B1"));
    assert!(!codes(&world).await.iter().any(|(code, _)| code == "B1"));
}

#[tokio::test]
async fn an_unreachable_host_makes_its_replicas_unknown_once_they_are_stale() {
    let world = World::new().await;
    world.host.model().down = true;
    world.clock.advance(Duration::from_secs(60));
    let surveyed = world.engine.survey().await.unwrap();
    assert!(matches!(&surveyed[..], [Surveyed::Failed { .. }]));
    assert_eq!(verdict(&world).await, Verdict::Clear, "still fresh");
    world.clock.advance(Duration::from_secs(200));
    world.engine.survey().await.unwrap();
    assert!(matches!(
        verdict(&world).await,
        Verdict::Unknown {
            why: Unknown::Stale { .. }
        }
    ));
    assert!(codes(&world).await.contains(&("UN".to_owned(), true)));
    let host = world.store.hosts().await.unwrap().remove(0);
    assert!(host.last_error.is_some());
}

#[tokio::test]
async fn a_replica_without_a_tenant_is_a_finding_and_no_replica() {
    let world = World::new().await;
    let other = VmGuid(uuid::Uuid::from_u128(7));
    world.host.model().vms = vec![other];
    world.host.model().primary = Some("hv1.nobody.example".to_owned());
    world.engine.survey().await.unwrap();
    assert_eq!(findings(&world).await, ["unmapped-replica"]);
    assert_eq!(world.store.replicas(&SITE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_replica_that_two_tenants_claim_is_a_finding_of_its_own() {
    let mut world = World::new().await;
    let twice = domain::binding::TenantRule {
        tenant: "fabrikam".parse().unwrap(),
        ..world.config.tenants[0].clone()
    };
    let rules = [world.config.tenants[0].clone(), twice];
    world.config.tenants = rules.to_vec();
    let zones = std::collections::BTreeMap::new();
    let tenancy = |rules: &[_]| Tenancy {
        rules: rules.to_vec(),
        zones: zones.clone(),
    };
    world.engine.tenancy_set(tenancy(&rules));
    world.engine.survey().await.unwrap();
    assert_eq!(findings(&world).await, ["doubly-claimed"]);
    let seen = world.engine.sighted();
    assert_eq!(seen.len(), 1);
    assert!(matches!(
        seen[0].whose(&rules),
        Err(BindingError::Ambiguous { .. })
    ));
    assert!(seen[0].whose(&rules[..1]).is_ok());
    // Exchanged while the engine runs: the next look binds by it, and the finding is gone.
    world.engine.tenancy_set(tenancy(&rules[..1]));
    world.engine.survey().await.unwrap();
    assert!(findings(&world).await.is_empty());
    // Nobody's by group and name: where its disks are decides.
    world.host.model().primary = Some("hv1.nobody.example".to_owned());
    let stored = domain::binding::TenantRule {
        trust_groups: Vec::new(),
        primaries: Vec::new(),
        storage_paths: vec![r"C:\Replica".to_owned()],
        ..rules[1].clone()
    };
    assert!(
        world.engine.sighted()[0]
            .whose(std::slice::from_ref(&stored))
            .is_ok()
    );
    world.engine.tenancy_set(tenancy(&[stored]));
    world.engine.survey().await.unwrap();
    let replicas = world.store.replicas(&SITE).await.unwrap();
    let tenants: Vec<_> = replicas.iter().map(|it| it.tenant.as_str()).collect();
    assert!(tenants.contains(&"fabrikam"), "{tenants:?}");
}

#[tokio::test]
async fn an_entry_without_a_trust_group_is_a_finding() {
    let world = World::new().await;
    world.host.model().authorization = vec![AuthorizationEntry {
        allowed_primary: "*.contoso.example".to_owned(),
        trust_group: " ".to_owned(),
        storage_location: r"C:\Replica".to_owned(),
    }];
    world.engine.survey().await.unwrap();
    assert_eq!(findings(&world).await, ["no-trust-group"]);
}

#[tokio::test]
async fn a_host_that_accepts_anyone_and_a_foreign_checkpoint_are_findings() {
    let world = World::new().await;
    world.host.model().authorization = vec![AuthorizationEntry {
        allowed_primary: "*".to_owned(),
        trust_group: "x".to_owned(),
        storage_location: r"C:\Replica".to_owned(),
    }];
    let foreign = hyperv::host::Checkpoint {
        instance_id: "Microsoft:F".to_owned(),
        vm: VM,
        name: "Veeam-1".to_owned(),
        created: None,
    };
    world.host.model().checkpoints.push(foreign);
    world.engine.survey().await.unwrap();
    assert_eq!(findings(&world).await, ["any-primary", "foreign-checkpoint"]);
    assert_eq!(verdict(&world).await.code(), Some("BE"));
}

#[tokio::test]
async fn more_than_five_minutes_without_a_look_is_a_hole_until_an_apply_completes() {
    let mut world = World::new().await;
    world.clock.advance(Duration::from_secs(301));
    world.restart(crate::world::Script::default()).await;
    world.engine.survey().await.unwrap();
    assert!(matches!(
        verdict(&world).await,
        Verdict::Unknown {
            why: Unknown::JobHole { .. }
        }
    ));
    world.host.model().plan(
        1,
        Ev::Apply {
            secs: 3,
            state: JobState::Completed,
        },
    );
    world.clock.advance(Duration::from_secs(30));
    world.engine.survey().await.unwrap();
    assert_eq!(verdict(&world).await, Verdict::Clear);
}

/// Code, beginning and end in minutes since `from`.
async fn minutes(world: &World, from: DateTime<Utc>) -> Vec<(String, i64, Option<i64>)> {
    let all = world
        .store
        .blocker_intervals(&SITE, world.replica().await, from, from + TimeDelta::days(1));
    let minute = |at: DateTime<Utc>| (at - from).num_minutes();
    let mut spans: Vec<_> = all
        .await
        .unwrap()
        .into_iter()
        .filter(|it| it.code != "NR")
        .map(|it| (it.code, minute(it.from), it.to.map(minute)))
        .collect();
    spans.sort_by_key(|it| it.1);
    spans
}

#[tokio::test]
async fn while_nobody_looks_nothing_is_known_to_last() {
    let mut world = World::new().await;
    world.host.model().state = ReplicationState::Resynchronizing;
    let from = world.clock_now();
    world.engine.survey().await.unwrap();
    world.clock.advance(Duration::from_secs(2 * 3_600));
    world.restart(Script::default()).await;
    world.engine.survey().await.unwrap();
    let (b5, un) = ("B5".to_owned(), "UN".to_owned());
    let known = [
        (b5.clone(), 0, Some(3)),
        (un.clone(), 3, Some(120)),
        (b5.clone(), 120, None),
    ];
    assert_eq!(minutes(&world, from).await, known);
    // The same where the next look fails: unknown since the last one grew old, not since the failure.
    world.clock.advance(Duration::from_secs(3_600));
    world.restart(Script::default()).await;
    world.host.model().down = true;
    world.engine.survey().await.unwrap();
    let known = [
        (b5.clone(), 0, Some(3)),
        (un.clone(), 3, Some(120)),
        (b5, 120, Some(123)),
        (un, 123, None),
    ];
    assert_eq!(minutes(&world, from).await, known);
}

#[tokio::test]
async fn a_replica_whose_rows_make_no_sense_is_unknown_and_never_keeps_its_last_verdict() {
    let world = World::new().await;
    let reason = "Msvm_ReplicationRelationship.ReplicationState is `three`".to_owned();
    world.host.model().vms = vec![];
    world.host.model().unreadable = vec![hyperv::host::UnreadableVm {
        vm: VM,
        reason: reason.clone(),
    }];
    world.engine.survey().await.unwrap();
    assert_eq!(
        verdict(&world).await,
        Verdict::Unknown {
            why: Unknown::Unreadable { what: reason }
        }
    );
}

#[tokio::test]
async fn what_began_on_one_host_ends_on_the_next_when_the_vm_has_moved() {
    let world = World::new().await;
    let staging = world.config.staging.local.clone();
    let next = crate::fake_host::FakeHost::new("hv-r-02", world.clock.clone(), staging);
    let next = std::sync::Arc::new(next);
    let ports = engine::Ports::new(
        vec![world.host.clone(), next.clone()],
        std::sync::Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    let vms = std::mem::take(&mut next.model().vms);
    let engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    world.host.model().state = ReplicationState::Resynchronizing;
    let from = world.clock_now();
    engine.survey().await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    world.host.model().vms.clear();
    next.model().vms = vms;
    engine.survey().await.unwrap();
    let known = minutes(&world, from).await;
    assert!(known.contains(&("B5".to_owned(), 0, Some(1))), "{known:?}");
}

#[tokio::test]
async fn a_vm_that_two_hosts_show_stays_on_its_host_until_that_shows_it_no_more() {
    let world = World::new().await;
    let staging = world.config.staging.local.clone();
    // Surveyed before and after the first host, in the order of their names.
    let [before, after] = ["hv-r-00", "hv-r-02"].map(|id| {
        std::sync::Arc::new(crate::fake_host::FakeHost::new(
            id,
            world.clock.clone(),
            staging.clone(),
        ))
    });
    let ports = engine::Ports::new(
        vec![world.host.clone(), before.clone(), after.clone()],
        std::sync::Arc::new(world.store.clone()),
        world.vault.clone(),
        world.clock.clone(),
        world.clock.clone(),
    );
    before.model().vms.clear();
    let engine = engine::Engine::prepare(world.config.clone(), ports)
        .await
        .unwrap();
    let lives_on = async || {
        world
            .store
            .replicas(&SITE)
            .await
            .unwrap()
            .remove(0)
            .host
            .to_string()
    };
    for _ in 0..3 {
        engine.survey().await.unwrap();
        assert_eq!(lives_on().await, "hv-r-01");
    }
    assert_eq!(findings(&world).await, ["same-guid"]);
    world.host.model().vms.clear();
    engine.survey().await.unwrap();
    assert_eq!(lives_on().await, "hv-r-02");
    // A host that does not answer shows nothing: the VM may have been moved away from it.
    before.model().vms.push(VM);
    after.model().down = true;
    engine.survey().await.unwrap();
    engine.survey().await.unwrap();
    assert_eq!(lives_on().await, "hv-r-00");
    assert_eq!(world.store.replicas(&SITE).await.unwrap().len(), 1);
}
