//! A lab over its sockets: TLS, accounts, classes, methods, trouble, and coming back.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test's helper cannot do fails the test"
)]

mod peer;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use lab::control::{self, ControlClient, ControlError, Ports};
use lab::scenario::{Op, Operation};
use lab::wire::knobs::{Trouble, WireTrouble};
use lab::wire::names;
use peer::{Hand, Peer, config, epr, request, selector, text, v2};

const VM_KEY: &str = "CreationClassName";

fn get_version() -> String {
    request(
        &format!("{}/Get", names::TRANSFER),
        &names::class_uri(names::CIMV2, "Win32_OperatingSystem"),
        "",
        "",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_the_right_account_is_told_how_to_authenticate() {
    let peer = Peer::start().await;
    for wrong in [
        None,
        Some("Basic c3RpbGxwb2ludDp3cm9uZw=="),
        Some("Negotiate x"),
        Some("Basic ?"),
    ] {
        let (status, headers, _) = peer.send("/wsman", wrong, &get_version()).await.unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(headers[WWW_AUTHENTICATE], "Basic realm=\"WSMAN\"");
    }
    assert_eq!(
        peer.send("/other", None, "").await.unwrap().0,
        StatusCode::NOT_FOUND
    );
    let (status, answer) = peer.ask(&get_version()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(text(&answer, "p:LastBootUpTime").is_some());
    assert!(
        answer.contains("+01:00</cim:Datetime>"),
        "Win32 dates carry the host's zone"
    );
    peer.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused() {
    let peer = Peer::start().await;
    let (status, _) = peer.ask(&" ".repeat(500 * 1024 + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    peer.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_class_answers_and_the_host_row_is_told_from_vms_by_its_name() {
    let peer = Peer::start().await;
    let all = peer.lab.lab().with(|site| site.vms(&site.hosts()[0].name).len());
    let rows = peer.query("SELECT * FROM Msvm_ComputerSystem").await;
    assert_eq!(rows.len(), all + 1);
    assert!(rows[0].contains("<p:ReplicationState xsi:nil=\"true\"/>"));
    assert!(rows[1].contains("<p:Caption>Virtueller Computer</p:Caption>"));
    assert!(rows[1].contains("<p:ReplicationMode>2</p:ReplicationMode>"));
    assert_eq!(
        peer.query("SELECT * FROM Msvm_ReplicationRelationship WHERE InstanceID LIKE '%HVR\\\\0'")
            .await
            .len(),
        all
    );
    assert_eq!(
        peer.query("SELECT * FROM Msvm_SystemReplicationRelationship")
            .await
            .len(),
        all
    );
    assert_eq!(
        peer.query("SELECT PrimaryHostSystem FROM Msvm_ReplicationSettingData")
            .await
            .len(),
        all
    );
    assert!(
        !peer
            .query("SELECT * FROM Msvm_ReplicationAuthorizationSettingData")
            .await
            .is_empty()
    );
    let disks = peer
        .query("SELECT * FROM Msvm_StorageAllocationSettingData WHERE ResourceType = 31")
        .await;
    assert!(disks.len() >= all && disks[0].contains(".vhdx</p:HostResource>"));
    for empty in [
        "Msvm_VirtualSystemReferencePoint",
        "Msvm_StorageJob",
        "Msvm_ReplicaSystemDependency",
    ] {
        assert!(peer.query(&format!("SELECT * FROM {empty}")).await.is_empty());
    }
    for one in [
        "Msvm_ReplicationServiceSettingData",
        "Msvm_ReplicationService",
        "Msvm_VirtualSystemManagementService",
    ] {
        assert_eq!(peer.query(&format!("SELECT * FROM {one}")).await.len(), 1);
    }
    peer.lab.stop().await;
}

/// GUID of the first VM of the first host, at rest.
async fn vm_at_rest(peer: &Peer) -> String {
    peer.hand.forward(1000);
    for _ in 0..600 {
        peer.hand.forward(1);
        let rest = peer.lab.lab().with(|site| {
            let host = site.hosts()[0].name.clone();
            let busy = |vm| site.jobs(&host).iter().any(|job| job.vm == vm && job.state == 4);
            let vm = site
                .vms(&host)
                .into_iter()
                .find(|vm| vm.relationships[0].state == 3 && !busy(vm.vm))?;
            Some(vm.vm.to_string().to_uppercase())
        });
        if let Some(vm) = rest {
            return vm;
        }
    }
    panic!("no replica of the first host comes to rest");
}

async fn job_state(peer: &Peer, id: &str) -> String {
    let get = request(
        &format!("{}/Get", names::TRANSFER),
        &v2("Msvm_ConcreteJob"),
        &selector("InstanceID", id),
        "",
    );
    let (_, answer) = peer.ask(&get).await;
    text(&answer, "p:JobState")
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

fn job_id(answer: &str) -> String {
    assert_eq!(text(answer, "p:ReturnValue"), Some("4096"), "{answer}");
    let at = answer.find("Name=\"InstanceID\">").unwrap() + 18;
    answer[at..at + 36].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_leaves_its_files_in_staging_and_nothing_on_the_host() {
    let peer = Peer::start().await;
    let vm = vm_at_rest(&peer).await;
    let system = epr(
        "Msvm_ComputerSystem",
        &[(VM_KEY, "Msvm_ComputerSystem"), ("Name", &vm)],
    );
    let on_snapshots = selector(VM_KEY, "Msvm_VirtualSystemSnapshotService");
    let settings = "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSnapshotSettingData\"><PROPERTY NAME=\"ConsistencyLevel\" TYPE=\"uint8\">\
        <VALUE>2</VALUE></PROPERTY><PROPERTY NAME=\"ElementName\" TYPE=\"string\"><VALUE>stillpoint-t-1</VALUE></PROPERTY></INSTANCE>";
    let parameters = format!(
        "<c:AffectedSystem>{system}</c:AffectedSystem><c:SnapshotSettings><![CDATA[{settings}]]></c:SnapshotSettings><c:SnapshotType>32768</c:SnapshotType>"
    );
    let answer = peer
        .call(
            "Msvm_VirtualSystemSnapshotService",
            "CreateSnapshot",
            &on_snapshots,
            &parameters,
        )
        .await;
    assert!(!answer.contains("ResultingSnapshot"));
    let job = job_id(&answer);
    peer.hand.forward(5);
    assert_eq!(job_state(&peer, &job).await, "7");
    let affecting = format!("root/virtualization/v2:Msvm_ConcreteJob.InstanceID=\\\"{job}\\\"");
    let affected = peer
        .query(&format!(
            "SELECT * FROM Msvm_AffectedJobElement WHERE AffectingElement = \"{affecting}\""
        ))
        .await;
    let made = affected
        .iter()
        .find(|row| row.contains("<p:ElementEffects>5</p:ElementEffects>"))
        .unwrap();
    let at = made.find("Microsoft:").unwrap();
    let checkpoint = made[at..at + 46].to_owned();
    let named = peer
        .query(&format!(
            "SELECT * FROM Msvm_VirtualSystemSettingData WHERE InstanceID = '{checkpoint}'"
        ))
        .await;
    assert_eq!(text(&named[0], "p:ElementName"), Some("stillpoint-t-1"));
    assert_eq!(
        text(&named[0], "p:VirtualSystemType"),
        Some("Microsoft:Hyper-V:Snapshot:Recovery")
    );

    let settings = format!(
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemExportSettingData\"><PROPERTY NAME=\"CopySnapshotConfiguration\" TYPE=\"uint8\">\
         <VALUE>3</VALUE></PROPERTY><PROPERTY NAME=\"CreateVmExportSubdirectory\" TYPE=\"boolean\"><VALUE>false</VALUE></PROPERTY>\
         <PROPERTY NAME=\"SnapshotVirtualSystem\" TYPE=\"string\"><VALUE>\\\\HV\\root\\virtualization\\v2:Msvm_VirtualSystemSettingData.InstanceID=\"{checkpoint}\"</VALUE></PROPERTY></INSTANCE>"
    );
    let parameters = format!(
        "<c:ComputerSystem>{system}</c:ComputerSystem><c:ExportDirectory>\\\\stage\\exports\\t-1</c:ExportDirectory><c:ExportSettingData><![CDATA[{settings}]]></c:ExportSettingData>"
    );
    let on_management = selector(VM_KEY, "Msvm_VirtualSystemManagementService");
    let answer = peer
        .call(
            "Msvm_VirtualSystemManagementService",
            "ExportSystemDefinition",
            &on_management,
            &parameters,
        )
        .await;
    let job = job_id(&answer);
    for _ in 0..50 {
        peer.hand.forward(1);
        if job_state(&peer, &job).await != "4" {
            break;
        }
    }
    assert_eq!(job_state(&peer, &job).await, "7");
    let snapshot = epr("Msvm_VirtualSystemSettingData", &[("InstanceID", &checkpoint)]);
    let parameters = format!("<c:AffectedSnapshot>{snapshot}</c:AffectedSnapshot>");
    let answer = peer
        .call(
            "Msvm_VirtualSystemSnapshotService",
            "DestroySnapshot",
            &on_snapshots,
            &parameters,
        )
        .await;
    let job = job_id(&answer);
    peer.hand.forward(5);
    assert_eq!(job_state(&peer, &job).await, "7");
    let client = ControlClient::of(peer.data.path()).unwrap();
    assert_eq!(
        client.left().await.unwrap(),
        serde_json::json!({ "checkpoints": [], "jobs": [], "pauses": [] })
    );
    assert!(
        files_below(&peer.data.path().join("staging"))
            .iter()
            .any(|file| file.ends_with(".vhdx"))
    );
    peer.lab.stop().await;
}

fn files_below(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path.display().to_string()]
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_vm_and_an_unserved_method_are_answered_not_dropped() {
    let peer = Peer::start().await;
    let system = epr(
        "Msvm_ComputerSystem",
        &[(VM_KEY, "Msvm_ComputerSystem"), ("Name", "nobody")],
    );
    let on = selector(VM_KEY, "Msvm_VirtualSystemSnapshotService");
    let parameters =
        format!("<c:AffectedSystem>{system}</c:AffectedSystem><c:SnapshotType>32768</c:SnapshotType>");
    let answer = peer
        .call(
            "Msvm_VirtualSystemSnapshotService",
            "CreateSnapshot",
            &on,
            &parameters,
        )
        .await;
    assert_eq!(text(&answer, "p:ReturnValue"), Some("4"));
    let uri = v2("Msvm_VirtualSystemManagementService");
    let on = selector(VM_KEY, "Msvm_VirtualSystemManagementService");
    let body = format!("<c:GetSummaryInformation_INPUT xmlns:c=\"{uri}\"/>");
    let (status, answer) = peer
        .ask(&request(
            &format!("{uri}/GetSummaryInformation"),
            &uri,
            &on,
            &body,
        ))
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.contains("HRESULT 0x8004100c"), "{answer}");
    peer.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_the_wire_comes_as_asked_and_goes() {
    let peer = Peer::start().await;
    let client = ControlClient::of(peer.data.path()).unwrap();
    let host = peer.lab.running.hosts[0].name.clone();
    let ask_for = |trouble| WireTrouble {
        host: host.clone(),
        trouble,
        requests: 1,
        only: None,
    };
    client.trouble(&ask_for(Trouble::QuotaLimit)).await.unwrap();
    let (status, answer) = peer.ask(&get_version()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.contains("w:QuotaLimit"));
    client.trouble(&ask_for(Trouble::TimedOut)).await.unwrap();
    assert!(peer.ask(&get_version()).await.1.contains("Code=\"2150858793\""));
    client.trouble(&ask_for(Trouble::CutAfter)).await.unwrap();
    assert!(peer.send("/wsman", Some("Basic x"), "").await.unwrap().0 == StatusCode::UNAUTHORIZED);
    assert_eq!(peer.ask_or_cut(&get_version()).await, None);
    client.trouble(&ask_for(Trouble::Truncated)).await.unwrap();
    assert!(!peer.ask(&get_version()).await.1.contains("</s:Envelope>"));
    assert_eq!(peer.ask(&get_version()).await.0, StatusCode::OK);
    let elsewhere = WireTrouble {
        host: "nowhere".to_owned(),
        trouble: Trouble::Denied,
        requests: 1,
        only: None,
    };
    assert!(
        matches!(client.trouble(&elsewhere).await, Err(ControlError::Refused(why)) if why.contains("nowhere"))
    );
    peer.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_down_answers_nobody_and_comes_back() {
    let peer = Peer::start().await;
    let client = ControlClient::of(peer.data.path()).unwrap();
    let host = peer.lab.running.hosts[0].name.clone();
    client
        .operate(&Operation::on_host(host.clone(), Op::HostRestart).lasting(60))
        .await
        .unwrap();
    assert_eq!(peer.ask_or_cut(&get_version()).await, None);
    peer.hand.forward(120);
    assert_eq!(peer.ask(&get_version()).await.0, StatusCode::OK);
    let requests = client.requests().await.unwrap();
    assert_eq!(
        requests[&host]["by_action"]["get Win32_OperatingSystem"], 1,
        "{requests}"
    );
    peer.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_endpoint_wants_its_token_and_says_what_is_wrong() {
    let peer = Peer::start().await;
    let client = ControlClient::of(peer.data.path()).unwrap();
    let nobody = Operation::on_replica("contoso/nobody", Op::HealthCritical);
    assert!(
        matches!(client.operate(&nobody).await, Err(ControlError::Refused(why)) if why.contains("contoso/nobody"))
    );
    let state = client.state().await.unwrap();
    assert_eq!(state["hosts"].as_array().map(Vec::len), Some(2));
    let (path, entries) = client.log().await.unwrap();
    assert!(path.ends_with("lab/lab.log") && entries.is_empty());
    std::fs::write(&peer.lab.files.token, "wrong").unwrap();
    let stranger = ControlClient::of(peer.data.path()).unwrap();
    assert!(matches!(stranger.state().await, Err(ControlError::Refused(why)) if why.contains("token")));
    peer.lab.stop().await;
    assert!(matches!(client.state().await, Err(ControlError::Silent { .. })));
    assert!(matches!(
        ControlClient::of(std::path::Path::new("/nonexistent")),
        Err(ControlError::NeverStarted { .. })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_lab_comes_back_where_it_was_with_the_same_certificate_and_secrets() {
    let (data, hand) = (tempfile::tempdir().unwrap(), Hand::at("2026-11-22T18:00:00Z"));
    let first = control::start(config(&data, &hand)).await.unwrap();
    let (running, ca) = (first.running.clone(), std::fs::read(&first.files.ca).unwrap());
    let password = std::fs::read(&first.files.password).unwrap();
    let mut again = config(&data, &hand);
    again.ports = Ports::Remembered;
    assert!(
        control::start(again.clone()).await.is_err(),
        "the ports are taken, and by this very lab"
    );
    first.stop().await;
    let second = control::start(again).await.unwrap();
    assert_eq!(second.running, running);
    assert_eq!(std::fs::read(&second.files.ca).unwrap(), ca);
    assert_eq!(std::fs::read(&second.files.password).unwrap(), password);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lab_whose_last_ports_a_stranger_took_gets_others() {
    let (data, hand) = (tempfile::tempdir().unwrap(), Hand::at("2026-11-22T18:00:00Z"));
    let mut config = config(&data, &hand);
    config.ports = Ports::Remembered;
    let first = control::start(config.clone()).await.unwrap();
    let before = first.running.clone();
    first.stop().await;
    let taken = [before.control, before.hosts[0].address];
    let _strangers = taken.map(|address| std::net::TcpListener::bind(address).unwrap());
    let second = control::start(config).await.unwrap();
    assert!(!taken.contains(&second.running.control));
    assert!(!taken.contains(&second.running.hosts[0].address));
    assert_eq!(second.running.hosts[1], before.hosts[1], "what is free stays");
    let client = ControlClient::of(data.path()).unwrap();
    assert!(client.state().await.is_ok(), "it is found where it is now");
    second.stop().await;
}
