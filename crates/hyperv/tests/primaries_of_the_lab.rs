//! The client of tenants' own hosts against the lab's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![expect(dead_code, reason = "the site serves other tests as well")]

mod site;

use domain::ids::VmGuid;
use domain::observation::{ReplicationHealth, ReplicationState};
use hyperv::Trust;
use hyperv::host::{HostError, ReplicaHost, Started};
use hyperv::primary::{PrimaryConnection, PrimaryError, PrimaryHost, WsmanPrimary};
use lab::control::run::PRIMARY_USER;
use lab::scenario::Op;
use lab::wire::knobs::{Trouble, WireTrouble};
use secrecy::SecretString;
use site::Site;

/// A tenant's host of the lab.
fn connect_primary(lab: &lab::control::LabHandle, name: &str) -> WsmanPrimary {
    let primary = lab.running.primaries.iter().find(|p| p.name == name).unwrap();
    let password = std::fs::read_to_string(lab.files.primary_password(&primary.tenant)).unwrap();
    WsmanPrimary::new(PrimaryConnection {
        id: primary.name.parse().unwrap(),
        address: primary.address.ip().to_string(),
        port: primary.address.port(),
        trust: Trust::ca_file(&lab.files.ca).unwrap(),
        user: PRIMARY_USER.to_owned(),
        password: SecretString::from(password.trim()),
        timeouts: hyperv::Timeouts::default(),
    })
    .unwrap()
}

/// A VM of the first replica host whose primary can be reached, and that primary.
fn primary_of(site: &Site) -> (VmGuid, WsmanPrimary) {
    let vm = site.vm_at_rest();
    let name = site.lab.lab().with(|lab| {
        let spec = lab.spec();
        let replica = spec.replicas.iter().find(|r| r.vm == vm.0 && !r.canary).unwrap();
        let primary = spec.primaries.iter().find(|p| p.fqdn == replica.primary_fqdn);
        primary.unwrap().name.clone()
    });
    (vm, connect_primary(&site.lab, &name))
}

async fn start() -> Site {
    Site::of(|world| world.hosts = 1, None).await
}

async fn on_the_replica(site: &Site, vm: VmGuid) -> (ReplicationState, ReplicationHealth) {
    let look = site.host.look(vm, site.hand.now()).await.unwrap();
    let inbound = &look.sighting.observation.relationships[0];
    (inbound.state, inbound.health)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_is_paused_and_resumed_and_both_sides_show_it() {
    let site = start().await;
    let (vm, primary) = primary_of(&site);
    let look = primary.look(vm).await.unwrap();
    assert!(look.is_not_paused() && look.resumable().is_none());
    let started = primary.pause(look.pausable().unwrap()).await.unwrap();
    assert!(matches!(started, Started::Job { .. }), "{started:?}");
    let changing = primary.look(vm).await.unwrap();
    // What was asked for shows already, and says nothing yet.
    assert_eq!(changing.state(), ReplicationState::Suspended);
    assert!(changing.is_changing() && !changing.is_paused() && !changing.is_not_paused());
    site.hand.forward(2);
    assert!(primary.look(vm).await.unwrap().is_paused());
    let paused = (ReplicationState::Suspended, ReplicationHealth::Warning);
    assert_eq!(on_the_replica(&site, vm).await, paused);
    let resumable = primary.look(vm).await.unwrap().resumable().unwrap();
    primary.resume(resumable).await.unwrap();
    assert!(
        !primary.look(vm).await.unwrap().is_not_paused(),
        "asked for is not seen"
    );
    site.hand.forward(2);
    assert!(primary.look(vm).await.unwrap().is_not_paused());
    let normal = (ReplicationState::Replicating, ReplicationHealth::Ok);
    assert_eq!(on_the_replica(&site, vm).await, normal);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replicas_host_is_no_primary_and_is_asked_for_nothing() {
    let site = start().await;
    let vm = site.vm_at_rest();
    let host = &site.lab.running.hosts[0];
    let mistaken = WsmanPrimary::new(PrimaryConnection {
        id: "contoso-hv1".parse().unwrap(),
        address: host.address.ip().to_string(),
        port: host.address.port(),
        trust: Trust::ca_file(&site.lab.files.ca).unwrap(),
        user: site.lab.user.to_owned(),
        password: SecretString::from(std::fs::read_to_string(&site.lab.files.password).unwrap().trim()),
        timeouts: hyperv::Timeouts::default(),
    })
    .unwrap();
    let look = mistaken.look(vm).await;
    assert!(
        matches!(look, Err(PrimaryError::NotAPrimary { mode: 2, .. })),
        "{look:?}"
    );
    let unknown = mistaken.look(VmGuid(uuid::Uuid::from_u128(404))).await;
    assert!(
        matches!(unknown, Err(PrimaryError::Host(HostError::NotFound { .. }))),
        "{unknown:?}"
    );
    let asked = site
        .lab
        .lab()
        .with(|lab| lab.log().iter().any(|entry| entry.event == "replica-pause-asked"));
    assert!(!asked);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hosters_account_opens_no_tenants_host_and_one_tenants_none_of_another() {
    let site = Site::of(
        |world| {
            world.hosts = 1;
            world.primaries = 2;
        },
        None,
    )
    .await;
    let files = &site.lab.files;
    let of = |tenant: &str| {
        site.lab
            .running
            .primaries
            .iter()
            .find(|p| p.tenant == tenant)
            .unwrap()
    };
    let (contoso, fabrikam) = (of("contoso"), of("fabrikam"));
    let passwords = [files.password.clone(), files.primary_password("fabrikam")];
    for password in passwords {
        let primary = WsmanPrimary::new(PrimaryConnection {
            id: contoso.name.parse().unwrap(),
            address: contoso.address.ip().to_string(),
            port: contoso.address.port(),
            trust: Trust::ca_file(&files.ca).unwrap(),
            user: PRIMARY_USER.to_owned(),
            password: SecretString::from(std::fs::read_to_string(password).unwrap().trim()),
            timeouts: hyperv::Timeouts::default(),
        })
        .unwrap();
        let look = primary.look(VmGuid(uuid::Uuid::from_u128(1))).await;
        assert!(
            matches!(look, Err(PrimaryError::Host(HostError::Denied { .. }))),
            "{look:?}"
        );
    }
    assert_ne!(contoso.address, fabrikam.address);
    site.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_a_lost_answer_and_silence_are_told_apart() {
    let site = start().await;
    let (vm, primary) = primary_of(&site);
    let pausable = async || primary.look(vm).await.unwrap().pausable().unwrap();
    site.operate(vm, Op::PauseRefuse { return_value: 32769 });
    let refused = primary.pause(pausable().await).await.unwrap();
    assert_eq!(refused, Started::Refused { return_value: 32769 });
    site.operate(vm, Op::Clear { what: None });

    let pausing = pausable().await;
    site.lab
        .host(primary.id().as_str())
        .unwrap()
        .trouble(WireTrouble {
            host: primary.id().to_string(),
            trouble: Trouble::CutAfter,
            requests: 1,
            only: Some("RequestReplicationStateChange".to_owned()),
        });
    let lost = primary.pause(pausing).await;
    assert!(
        matches!(lost, Err(PrimaryError::Host(HostError::Unreachable { .. }))),
        "{lost:?}"
    );
    site.hand.forward(2);
    assert!(
        primary.look(vm).await.unwrap().is_paused(),
        "it was paused all the same"
    );

    let away = lab::scenario::Operation::on_host(primary.id().as_str(), Op::HostUnreachable).lasting(60);
    site.lab.lab().with(|lab| lab.operate(&away)).unwrap();
    let silent = primary.look(vm).await;
    assert!(
        matches!(silent, Err(PrimaryError::Host(HostError::Unreachable { .. }))),
        "{silent:?}"
    );
    site.hand.forward(61);
    assert!(primary.look(vm).await.unwrap().is_paused());
    site.lab.stop().await;
}
