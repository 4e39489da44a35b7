//! The client of hosts against the lab's hosts, which share no line of code with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod site;

use chrono::TimeDelta;
use domain::ids::VmGuid;
use domain::job::{Job, JobClass, JobState};
use domain::observation::{EnabledState, ReplicationHealth, ReplicationMode, ReplicationState};
use hyperv::Trust;
use hyperv::host::{HostError, ReplicaHost, Started, Tag};
use lab::model::{Release, job_type};
use lab::scenario::Op;
use lab::wire::knobs::{Trouble, WireTrouble};
use secrecy::SecretString;
use site::{SHARE, Site, connect, connect_as};
use std::sync::Arc;
use uuid::Uuid;

fn tag() -> Tag {
    Tag("stillpoint-3f6e0f0a-0d0c-4b1e-9a55-5b2f0c1d2e3f-7".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_survey_sees_what_the_host_shows_in_few_requests() {
    let site = Site::start().await;
    site.vm_at_rest();
    let seen_at = site.hand.now();
    let survey = site.host.survey(seen_at).await.unwrap();
    let (host, vms) = site
        .lab
        .lab()
        .with(|s| (s.hosts()[0].clone(), s.vms(&site.host_name())));
    assert_eq!(survey.identity.build, "10.0.20348");
    assert_eq!(survey.identity.now, host.now);
    assert_eq!(survey.identity.boot.booted_at, host.booted_at);
    assert_eq!(survey.identity.boot.service_started_at, host.service_started_at);
    assert!(survey.identity.has_reference_points);
    assert!(survey.unreadable.is_empty(), "{:?}", survey.unreadable);
    assert_eq!(survey.replicas.len(), vms.len());
    assert_eq!(
        survey.authorization.len(),
        site.lab.lab().with(|s| s.authorization().len())
    );
    for vm in vms {
        let seen = survey
            .replicas
            .iter()
            .find(|seen| seen.observation.vm.0 == vm.vm)
            .unwrap();
        let observation = &seen.observation;
        assert_eq!((observation.seen_at, observation.host_time), (seen_at, host.now));
        assert_eq!(observation.name, vm.name);
        assert_eq!(
            (observation.mode, observation.enabled),
            (ReplicationMode::Replica, EnabledState::Off)
        );
        assert_eq!(observation.operational_status, vm.operational_status);
        let (read, shown) = (&observation.relationships[0], &vm.relationships[0]);
        assert_eq!(
            (u16::from(read.state), u16::from(read.health)),
            (shown.state, shown.health)
        );
        assert_eq!(
            (read.last_replication, read.last_apply),
            (shown.last_replication, shown.last_apply)
        );
        assert_eq!(read.interval_secs, shown.interval_secs);
        assert_eq!(seen.primary_host.as_deref(), Some(shown.primary_host.as_str()));
        let paths: Vec<_> = seen.disks.iter().map(|disk| disk.path.as_str()).collect();
        assert_eq!(
            paths,
            vm.disks.iter().map(|disk| disk.path.as_str()).collect::<Vec<_>>()
        );
    }
    assert!(
        site.host.requests() <= 14,
        "{} requests for the first survey",
        site.host.requests()
    );
    let before = site.host.requests();
    site.host.survey(seen_at).await.unwrap();
    let again = site.host.requests() - before;
    assert!(again <= 12, "{again} requests for a later survey");
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_cost_what_they_promise_and_agree_with_the_survey() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let now = site.hand.now();
    let survey = site.host.survey(now).await.unwrap();
    let count = site.host.requests();
    let whole = site.host.look(vm, now).await.unwrap();
    assert_eq!(site.host.requests() - count, 11);
    assert_eq!(whole.identity, survey.identity);
    let look = whole.sighting;
    assert_eq!(
        Some(&look),
        survey.replicas.iter().find(|seen| seen.observation.vm == vm)
    );
    let count = site.host.requests();
    let glance = site.host.glance(vm, now).await.unwrap();
    assert_eq!(site.host.requests() - count, 8);
    assert_eq!(
        (&glance.identity, &glance.observation),
        (&survey.identity, &look.observation)
    );
    let count = site.host.requests();
    let job_look = site.host.job_look(vm).await.unwrap();
    assert_eq!(site.host.requests() - count, 5);
    assert_eq!(job_look.host_time, look.observation.host_time);
    assert_eq!(job_look.boot, look.observation.boot);
    let last_apply: Vec<_> = look
        .observation
        .relationships
        .iter()
        .map(|r| r.last_apply)
        .collect();
    assert_eq!(job_look.last_apply, last_apply);
    assert_eq!(job_look.states, [ReplicationState::Replicating]);
    let applies: Vec<_> = look
        .observation
        .jobs
        .iter()
        .filter(|job| job.is_apply())
        .cloned()
        .collect();
    assert_eq!(job_look.applies, applies);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_made_exported_and_released() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let host = &site.host;
    let job = site.completed(host.checkpoint_create(vm, &tag()).await).await;
    let checkpoint = host
        .checkpoint_of_job(vm, &job.id, &tag())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((checkpoint.vm, checkpoint.name.as_str()), (vm, tag().0.as_str()));
    assert!(checkpoint.created.is_some());
    let look = host.look(vm, site.hand.now()).await.unwrap().sighting;
    assert_eq!(
        look.observation.recovery_checkpoints,
        [checkpoint.instance_id.as_str()]
    );
    assert_eq!(look.checkpoints, std::slice::from_ref(&checkpoint));

    let directory = format!("{SHARE}\\{}", tag().0);
    let started = host.export(vm, &checkpoint, &directory).await.unwrap();
    let Started::Job { class, id } = &started else {
        panic!("{started:?}")
    };
    let running = host.job(class, id).await.unwrap();
    assert_eq!(
        (running.class, running.job_type),
        (JobClass::Concrete, job_type::EXPORT)
    );
    assert!(host.jobs_of(vm).await.unwrap().iter().any(|job| job.id == *id));
    let exported = site.finished(started).await;
    assert_eq!((exported.state, exported.error_code), (JobState::Completed, 0));
    assert!(exported.ended().is_some());
    let folder = std::fs::read_dir(site.staging().join(tag().0)).unwrap();
    assert!(folder.count() > 0);

    site.completed(host.checkpoint_destroy(&checkpoint).await).await;
    assert_eq!(host.checkpoints(vm).await.unwrap(), []);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_is_renamed_where_the_host_gave_it_a_name_of_its_own() {
    let site = Site::of(|world| world.settings.honour_checkpoint_name = false, None).await;
    let vm = site.vm_at_rest();
    let job = site
        .completed(site.host.checkpoint_create(vm, &tag()).await)
        .await;
    assert_ne!(site.host.checkpoints(vm).await.unwrap()[0].name, tag().0);
    let found = site
        .host
        .checkpoint_of_job(vm, &job.id, &tag())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.name, tag().0);
    assert_eq!(site.host.checkpoints(vm).await.unwrap(), [found]);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_is_found_by_its_tag_once_its_job_is_forgotten() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let job = site
        .completed(site.host.checkpoint_create(vm, &tag()).await)
        .await;
    site.hand.forward(301);
    let gone = site.host.job("Msvm_ConcreteJob", &job.id).await;
    assert!(matches!(gone, Err(HostError::NotFound { .. })), "{gone:?}");
    let found = site.host.checkpoint_of_job(vm, &job.id, &tag()).await.unwrap();
    assert_eq!(found.unwrap().name, tag().0);
    let other = Tag("stillpoint-another-1".to_owned());
    assert_eq!(
        site.host.checkpoint_of_job(vm, &job.id, &other).await.unwrap(),
        None
    );
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_replica_is_refused_and_the_look_says_why() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    site.operate(vm, Op::Resyncing);
    site.hand.forward(1);
    let look = site.host.look(vm, site.hand.now()).await.unwrap().sighting;
    let relationship = &look.observation.relationships[0];
    assert_eq!(relationship.state, ReplicationState::Resynchronizing);
    assert_eq!(relationship.health, ReplicationHealth::Critical);
    assert!(
        look.observation
            .jobs
            .iter()
            .any(|job| job.job_type == 107 && job.state.is_running())
    );
    let started = site.host.checkpoint_create(vm, &tag()).await.unwrap();
    if !matches!(started, Started::Refused { .. }) {
        let job = site.finished(started).await;
        assert_eq!(job.state, JobState::Exception);
        assert_ne!(job.error_code, 0);
        assert_eq!(
            site.host.checkpoint_of_job(vm, &job.id, &tag()).await.unwrap(),
            None
        );
    }
    assert_eq!(site.host.checkpoints(vm).await.unwrap(), []);

    site.operate(vm, Op::Clear { what: None });
    site.operate(vm, Op::CheckpointRefuse { return_value: 5 });
    let refused = site.host.checkpoint_create(vm, &tag()).await.unwrap();
    assert_eq!(refused, Started::Refused { return_value: 5 });
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_shows_as_a_job_of_its_vm_alone_and_its_end_moves_the_time() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let before = site.host.job_look(vm).await.unwrap();
    site.operate(vm, Op::ApplyLong { secs: 20 });
    site.hand.forward(5);
    let during = site.host.job_look(vm).await.unwrap();
    let running: Vec<_> = during
        .applies
        .iter()
        .filter(|job| job.state.is_running())
        .collect();
    assert_eq!(running.len(), 1, "{during:?}");
    assert_eq!(during.last_apply, before.last_apply);
    let survey = site.host.survey(site.hand.now()).await.unwrap();
    let all: Vec<VmGuid> = survey.replicas.iter().map(|seen| seen.observation.vm).collect();
    let count = site.host.requests();
    let applying = site.host.applying(&all).await.unwrap();
    assert_eq!(site.host.requests() - count, 2, "one enumeration for all of them");
    for seen in &survey.replicas {
        let runs = |job: &Job| job.is_apply() && job.state.is_running();
        let expected = seen.observation.jobs.iter().any(runs);
        assert_eq!(applying.contains(&seen.observation.vm), expected);
    }
    assert!(applying.contains(&vm));
    for seen in &survey.replicas {
        let has = seen.observation.jobs.iter().any(|job| job.id == running[0].id);
        assert_eq!(has, seen.observation.vm == vm);
    }
    site.hand.forward(30);
    let after = site.host.job_look(vm).await.unwrap();
    let ended = after.applies.iter().find(|job| job.id == running[0].id).unwrap();
    assert_eq!(ended.state, JobState::Completed);
    assert!(!site.host.applying(&all).await.unwrap().contains(&vm));
    assert!(after.last_apply > during.last_apply);
    assert_eq!(after.host_time - before.host_time, TimeDelta::seconds(35));
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_management_service_shows_in_the_boot() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let before = site.host.job_look(vm).await.unwrap();
    site.operate_host(Op::ServiceRestart);
    let after = site.host.job_look(vm).await.unwrap();
    assert_eq!(after.boot.booted_at, before.boot.booted_at);
    assert!(after.boot.service_started_at > before.boot.service_started_at);
    assert!(after.applies.is_empty());
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_cancelled_and_what_is_not_there_is_not_found() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let job = site
        .completed(site.host.checkpoint_create(vm, &tag()).await)
        .await;
    let checkpoint = site
        .host
        .checkpoint_of_job(vm, &job.id, &tag())
        .await
        .unwrap()
        .unwrap();
    site.operate(vm, Op::ExportSlow { factor: 1000 });
    let started = site
        .host
        .export(vm, &checkpoint, &format!("{SHARE}\\x"))
        .await
        .unwrap();
    let Started::Job { class, id } = &started else {
        panic!("{started:?}")
    };
    site.host.job_cancel(class, id).await.unwrap();
    assert_eq!(site.finished(started.clone()).await.state, JobState::Terminated);

    let stranger = VmGuid(Uuid::from_u128(1));
    for missing in [
        site.host.look(stranger, site.hand.now()).await.map(drop),
        site.host.glance(stranger, site.hand.now()).await.map(drop),
        site.host.job_look(stranger).await.map(drop),
        site.host.job("Msvm_ConcreteJob", "no-such-job").await.map(drop),
        site.host.job_cancel("Msvm_ConcreteJob", "no-such-job").await,
    ] {
        assert!(matches!(missing, Err(HostError::NotFound { .. })), "{missing:?}");
    }
    assert_eq!(site.host.checkpoints(stranger).await.unwrap(), []);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_nobody_documents_are_kept_as_they_are() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let weird = Op::Weird {
        state: Some(99),
        health: Some(42),
        enabled: Some(77),
        mode: Some(66),
        health_state: Some(25),
        operational: Some(vec![3, 32782]),
    };
    site.operate(vm, weird);
    let survey = site.host.survey(site.hand.now()).await.unwrap();
    let seen = survey
        .replicas
        .iter()
        .find(|seen| seen.observation.vm == vm)
        .unwrap();
    let observation = &seen.observation;
    assert_eq!(observation.relationships[0].state, ReplicationState::Other(99));
    assert_eq!(observation.relationships[0].health, ReplicationHealth::Other(42));
    assert_eq!(observation.enabled, EnabledState::Other(77));
    assert_eq!(observation.mode, ReplicationMode::Other(66));
    assert_eq!(
        (observation.health_state, &observation.operational_status[..]),
        (25, &[3, 32782][..])
    );
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_shows_on_its_vm_and_then_the_vm_is_gone() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    site.operate(vm, Op::Migrate { to: None });
    site.hand.forward(1);
    let look = site.host.look(vm, site.hand.now()).await.unwrap().sighting;
    let migration = look
        .observation
        .jobs
        .iter()
        .find(|job| job.class == JobClass::Migration)
        .unwrap();
    assert!(migration.state.is_running() && (300..=307).contains(&migration.job_type));
    assert_eq!(
        look.observation
            .jobs
            .iter()
            .filter(|job| job.id == migration.id)
            .count(),
        1
    );
    site.operate(vm, Op::Clear { what: None });
    site.hand.forward(3600);
    let survey = connect(&site.lab, 1).survey(site.hand.now()).await.unwrap();
    let moved = survey.replicas.iter().any(|seen| seen.observation.vm == vm);
    let here = site.host.look(vm, site.hand.now()).await;
    assert!(moved != here.is_ok(), "a VM is on exactly one host");
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_glance_needs_no_survey_before_it_and_sees_what_changed_since() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let first = site.host.glance(vm, site.hand.now()).await.unwrap();
    assert_eq!(first.observation.relationships[0].interval_secs, 300);
    site.operate(vm, Op::Resyncing);
    site.operate(vm, Op::Migrate { to: None });
    site.hand.forward(1);
    let seen = site.host.glance(vm, site.hand.now()).await.unwrap().observation;
    let whole = site.host.look(vm, site.hand.now()).await.unwrap();
    assert_eq!(seen.relationships[0].state, ReplicationState::Resynchronizing);
    assert!(seen.jobs.iter().any(|job| job.class == JobClass::Migration));
    assert_eq!(seen, whole.sighting.observation, "a glance and a look agree");
    // A relationship that was not there when the settings were read has them read anew.
    site.operate(vm, Op::Extended { state: 3, health: 1 });
    site.hand.forward(1);
    let seen = site.host.glance(vm, site.hand.now()).await.unwrap().observation;
    assert_eq!(seen.relationships.len(), 2);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_without_reference_points_is_told_by_its_missing_class() {
    let site = Site::of(|_| {}, Some(Release::Server2012R2)).await;
    let identity = site.host.identity().await.unwrap();
    assert!(!identity.has_reference_points);
    assert_eq!(identity.build, "6.3.9600");
    assert!(
        !site
            .host
            .survey(site.hand.now())
            .await
            .unwrap()
            .replicas
            .is_empty()
    );
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_the_wire_is_classified() {
    let site = Site::start().await;
    let vm = site.vm_at_rest();
    let trouble = |trouble| {
        let host = site.host_name();
        let only = Some("Msvm_ReplicationRelationship".to_owned());
        site.lab.host(&host).unwrap().trouble(WireTrouble {
            host: host.clone(),
            trouble,
            requests: 1,
            only,
        });
    };
    trouble(Trouble::QuotaLimit);
    assert!(
        matches!(site.host.job_look(vm).await, Err(HostError::Fault { fault, .. }) if fault.starts_with("QuotaLimit"))
    );
    trouble(Trouble::TimedOut);
    assert!(matches!(
        site.host.job_look(vm).await,
        Err(HostError::Unreachable { .. })
    ));
    trouble(Trouble::CutBefore);
    assert!(matches!(
        site.host.job_look(vm).await,
        Err(HostError::Unreachable { .. })
    ));
    trouble(Trouble::Truncated);
    assert!(matches!(
        site.host.job_look(vm).await,
        Err(HostError::Unreadable { .. })
    ));
    trouble(Trouble::Denied);
    assert!(matches!(
        site.host.job_look(vm).await,
        Err(HostError::Denied { .. })
    ));
    assert!(site.host.job_look(vm).await.is_ok());
    let stranger = connect_as(&site.lab, 0, "wrong");
    assert!(matches!(stranger.identity().await, Err(HostError::Denied { .. })));
    site.operate_host(Op::HostUnreachable);
    assert!(matches!(
        site.host.job_look(vm).await,
        Err(HostError::Unreachable { .. })
    ));
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_the_same_one_by_one_as_on_one_page() {
    let site = Site::start().await;
    let address = site.lab.running.hosts[0].address;
    let password = SecretString::from(std::fs::read_to_string(&site.lab.files.password).unwrap().trim());
    let one_by_one = |page_items| {
        let trust = Trust::ca_file(&site.lab.files.ca).unwrap();
        let mut config = wsman::client::ClientConfig::new(address.ip().to_string(), address.port(), trust);
        config.limits.page_items = page_items;
        wsman::client::Client::new(
            config,
            Arc::new(wsman::auth::Basic::new(site.lab.user, &password).unwrap()),
        )
        .unwrap()
    };
    let (single, paged) = (one_by_one(1), one_by_one(500));
    let wql = "SELECT * FROM Msvm_VirtualSystemSettingData";
    let rows = single.query("root/virtualization/v2", wql).await.unwrap();
    assert_eq!(rows, paged.query("root/virtualization/v2", wql).await.unwrap());
    assert_eq!((single.requests(), paged.requests()), (rows.len() as u64, 1));
    // A host leaves empty arrays out.
    assert!(rows.iter().all(|row| !row.properties.contains_key("Notes")));
    site.lab.stop().await;
}
