//! The host, its VMs, their relationships and the services.

use crate::model::{HostView, RelationshipView, VmView};
use crate::wire::cim::{Instance, Reference, instant_or_never};
use crate::wire::schema::{self, ClassSpec};

use super::{guid, vm_reference};

/// `Msvm_ComputerSystem`: the host row first, its replication properties null, then the VMs.
#[must_use]
pub fn computer_systems(host: &HostView, vms: &[VmView]) -> Vec<Instance> {
    let host_row = Instance::of(&schema::COMPUTER_SYSTEM)
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", host.name.to_uppercase())
        .with("ElementName", host.name.to_uppercase())
        .with("Caption", "Hostcomputersystem")
        .with("Description", "Microsoft-Hostcomputersystem")
        .with("EnabledDefault", 2u16)
        .with("EnabledState", 2u16)
        .with("HealthState", 5u16)
        .with("OperationalStatus", vec![2u16])
        .with("StatusDescriptions", vec!["OK"])
        .with("RequestedState", 12u16)
        .with("ResetCapability", 1u16)
        .with("TimeOfLastStateChange", host.booted_at);
    std::iter::once(host_row).chain(vms.iter().map(vm_row)).collect()
}

fn vm_row(vm: &VmView) -> Instance {
    /// The deprecated copy on the VM knows only these states.
    const COPIED_STATE_MAX: u16 = 14;
    let first = vm.relationships.first();
    // Alone, "in service" says what is going on; in front of a second number that one does.
    let descriptions: Vec<&str> = match vm.operational_status.as_slice() {
        [11] => vec!["Replikationsänderungen werden übernommen"],
        numbers => numbers.iter().map(|n| status_text(*n)).collect(),
    };
    Instance::of(&schema::COMPUTER_SYSTEM)
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", guid(vm.vm))
        .with("ElementName", vm.name.as_str())
        .with("Caption", "Virtueller Computer")
        .with("Description", "Virtueller Microsoft-Computer")
        .with("EnabledDefault", 2u16)
        .with("EnabledState", vm.enabled)
        .with("EnhancedSessionModeState", 3u16)
        .with("HealthState", vm.health_state)
        .with("InstallDate", vm.created)
        .with("OperationalStatus", vm.operational_status.clone())
        .with("StatusDescriptions", descriptions)
        .with("OnTimeInMilliseconds", 0u64)
        .with("RequestedState", 12u16)
        .with("ResetCapability", 1u16)
        .with("NumberOfNumaNodes", 1u16)
        .with("ReplicationMode", vm.mode)
        .with(
            "ReplicationState",
            first.map_or(0u16, |r| if r.state > COPIED_STATE_MAX { 0 } else { r.state }),
        )
        .with("ReplicationHealth", first.map_or(0u16, |r| r.health))
        .with(
            "FailedOverReplicationType",
            first.map_or(0u16, |r| r.failed_over_type),
        )
        .with(
            "LastReplicationType",
            first.map_or(0u16, |r| r.last_replication_type),
        )
        .with(
            "LastReplicationTime",
            instant_or_never(first.and_then(|r| r.last_replication)),
        )
        .with("LastApplicationConsistentReplicationTime", instant_or_never(None))
        .with("LastSuccessfulBackupTime", vm.last_successful_backup)
        .with("TimeOfLastConfigurationChange", vm.created)
        .with("TimeOfLastStateChange", vm.created)
}

/// What a German host says for a number of `OperationalStatus`.
fn status_text(number: u16) -> &'static str {
    match number {
        2 => "Normaler Betrieb",
        3 => "Heruntergestuft",
        5 => "Fehler vorhergesagt",
        11 => "In Betrieb",
        32768 => "Momentaufnahme wird erstellt",
        32769 => "Momentaufnahme wird angewendet",
        32770 => "Momentaufnahme wird gelöscht",
        32771 => "Start wird erwartet",
        32772 => "Datenträger werden zusammengeführt",
        32773 => "Virtueller Computer wird exportiert",
        32774 => "Virtueller Computer wird migriert",
        32776 => "Virtueller Computer wird gesichert",
        32778 | 32779 => "Speicher wird verschoben",
        _ => "Vorgang läuft",
    }
}

fn relationship_id(vm: &VmView, relationship: &RelationshipView) -> String {
    format!("Microsoft:{}\\HVR\\{}", guid(vm.vm), relationship.index)
}

/// `Msvm_ReplicationRelationship`
#[must_use]
pub fn relationships(vms: &[VmView]) -> Vec<Instance> {
    let of = |vm: &VmView| {
        vm.relationships
            .iter()
            .map(|r| {
                Instance::of(&schema::REPLICATION_RELATIONSHIP)
                    .with("InstanceID", relationship_id(vm, r))
                    .with("ElementName", vm.name.as_str())
                    .with("Caption", "Replikationsbeziehung")
                    .with("Description", "Replikationsbeziehung eines virtuellen Computers")
                    .with("HealthState", 5u16)
                    .with("OperationalStatus", vec![2u16])
                    .with("ReplicationState", r.state)
                    .with("ReplicationHealth", r.health)
                    .with("FailedOverReplicationType", r.failed_over_type)
                    .with("LastReplicationType", r.last_replication_type)
                    .with("LastReplicationTime", instant_or_never(r.last_replication))
                    .with("LastApplyTime", instant_or_never(r.last_apply))
                    .with("LastApplicationConsistentReplicationTime", instant_or_never(None))
            })
            .collect::<Vec<_>>()
    };
    vms.iter().flat_map(of).collect()
}

/// `Msvm_SystemReplicationRelationship`
#[must_use]
pub fn system_relationships(vms: &[VmView]) -> Vec<Instance> {
    let of = |vm: &VmView| {
        vm.relationships
            .iter()
            .map(|r| {
                let id = relationship_id(vm, r);
                Instance::of(&schema::SYSTEM_REPLICATION_RELATIONSHIP)
                    .with("Antecedent", vm_reference(vm.vm))
                    .with(
                        "Dependent",
                        Reference::v2("Msvm_ReplicationRelationship", &[("InstanceID", &id)]),
                    )
            })
            .collect::<Vec<_>>()
    };
    vms.iter().flat_map(of).collect()
}

/// The row of one of the services.
#[must_use]
pub fn services(spec: &'static ClassSpec, host: &HostView) -> Vec<Instance> {
    let name = match spec.name {
        "Msvm_ReplicationService" => "replicasvc",
        "Msvm_VirtualSystemSnapshotService" => "vssnapsvc",
        "Msvm_VirtualSystemManagementService" => "vmms",
        "Msvm_VirtualSystemReferencePointService" => "vsrefpointsvc",
        _ => "vhdsvc",
    };
    vec![
        Instance::of(spec)
            .with("CreationClassName", spec.name)
            .with("Name", name)
            .with("SystemCreationClassName", "Msvm_ComputerSystem")
            .with("SystemName", host.name.to_uppercase())
            .with("ElementName", "Hyper-V-Dienst")
            .with("Caption", "Hyper-V-Dienst")
            .with("Description", "Dienst zum Verwalten virtueller Computer")
            .with("EnabledDefault", 2u16)
            .with("EnabledState", 2u16)
            .with("HealthState", 5u16)
            .with("OperationalStatus", vec![2u16])
            .with("RequestedState", 12u16)
            .with("StartMode", "Automatic")
            .with("Started", true)
            .with("TimeOfLastStateChange", host.service_started_at),
    ]
}

/// `Msvm_ReplicationStatistics` and `Msvm_Error` of one relationship, as CIM-XML texts.
#[must_use]
pub fn statistics(host: &HostView, vm: &VmView) -> (Vec<String>, Vec<String>) {
    let health = vm.relationships.first().map_or(0, |r| r.health);
    let statistics = Instance::of(&schema::REPLICATION_STATISTICS)
        .with("StartStatisticTime", host.booted_at)
        .with("EndStatisticTime", host.now)
        .with("ReplicationSuccessCount", 0u32)
        .with("ReplicationSize", 0u64)
        .with("MaxReplicationSize", 0u64)
        .with("ReplicationLatency", 0u32)
        .with("MaxReplicationLatency", 0u32)
        .with("ReplicationMissCount", 0u32)
        .with("NetworkFailureCount", 0u32)
        .with("ReplicationFailureCount", 0u32)
        .with("PendingReplicationSize", 0u64)
        .with("ApplicationConsistentSnapshotFailureCount", 0u32)
        .with("ReplicationHealth", u32::from(health))
        .with("LastTestFailoverTime", instant_or_never(None));
    let issues = vm.health_issues.iter().map(|issue| {
        Instance::of(&schema::ERROR)
            .with("MessageID", issue.message_id.as_str())
            .with("Message", issue.message.as_str())
            .with("ErrorType", 4u16)
            .with("ErrorSourceFormat", 0u16)
            .with("PerceivedSeverity", 4u16)
            .with("ProbableCause", 81u16)
            .with("CIMStatusCode", 1u32)
            .with("OwningEntity", "Microsoft-Windows-Hyper-V-VMMS")
            .to_cim_xml()
    });
    (vec![statistics.to_cim_xml()], issues.collect())
}
