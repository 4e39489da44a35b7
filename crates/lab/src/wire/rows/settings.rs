//! Setting data: replication, authorization, VMs and their checkpoints, disks.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::{AuthorizationView, CheckpointView, HostView, VmView};
use crate::wire::cim::{Instance, never};
use crate::wire::schema;

use super::guid;

/// `Msvm_ReplicationSettingData`
#[must_use]
pub fn replication_settings(vms: &[VmView]) -> Vec<Instance> {
    let of = |vm: &VmView| {
        vm.relationships
            .iter()
            .map(|r| {
                let disks: Vec<&str> = vm.disks.iter().map(|d| d.instance_id.as_str()).collect();
                Instance::of(&schema::REPLICATION_SETTING_DATA)
                    .with(
                        "InstanceID",
                        format!("Microsoft:{}\\HVR\\{}", guid(vm.vm), r.index),
                    )
                    .with("VirtualSystemIdentifier", guid(vm.vm))
                    .with("VirtualSystemType", "Microsoft:Hyper-V:Replica")
                    .with("ElementName", vm.name.as_str())
                    .with("Caption", "Replikationseinstellungen")
                    .with("Description", "Einstellungen der Replikationsbeziehung")
                    .with("AuthenticationType", 2u16)
                    .with("CompressionEnabled", true)
                    .with("BypassProxyServer", false)
                    .with("PrimaryConnectionPoint", r.primary_connection_point.as_str())
                    .with("PrimaryHostSystem", r.primary_host.as_str())
                    .with("RecoveryConnectionPoint", r.recovery_host.as_str())
                    .with("RecoveryHostSystem", r.recovery_host.as_str())
                    .with("RecoveryServerPortNumber", 443u16)
                    .with("ReplicateHostKvpItems", true)
                    .with("ApplicationConsistentSnapshotInterval", 0u16)
                    .with("RecoveryHistory", 1u16)
                    .with("IncludedDisks", disks)
                    .with("AutoResynchronizeEnabled", false)
                    .with("AutoResynchronizeIntervalStart", TimeDelta::minutes(18 * 60 + 30))
                    .with("AutoResynchronizeIntervalEnd", TimeDelta::hours(6))
                    .with("EnableWriteOrderPreservationAcrossDisks", true)
                    .with("ReplicationInterval", r.interval_secs)
                    .with("ReplicationProvider", "22391CDC-272C-4DDF-BA88-9BEFB1A0975C")
            })
            .collect::<Vec<_>>()
    };
    vms.iter().flat_map(of).collect()
}

/// `Msvm_ReplicationAuthorizationSettingData`
#[must_use]
pub fn authorization(entries: &[AuthorizationView]) -> Vec<Instance> {
    let of = |entry: &AuthorizationView| {
        Instance::of(&schema::AUTHORIZATION_SETTING_DATA)
            .with("InstanceID", entry.instance_id.as_str())
            .with("AllowedPrimaryHostSystem", entry.allowed_primary.as_str())
            .with("TrustGroup", entry.trust_group.as_str())
            .with("ReplicaStorageLocation", entry.storage_location.as_str())
            .with("ElementName", entry.trust_group.as_str())
            .with("Caption", "Autorisierungseintrag")
            .with("Description", "Autorisierungseintrag für die Replikation")
    };
    entries.iter().map(of).collect()
}

/// `Msvm_ReplicationServiceSettingData`
#[must_use]
pub fn service_settings(host: &HostView) -> Vec<Instance> {
    vec![
        Instance::of(&schema::SERVICE_SETTING_DATA)
            .with(
                "InstanceID",
                format!("Microsoft:{}\\ReplicationService", host.name.to_uppercase()),
            )
            .with("ElementName", "Replikationsdienst")
            .with("Caption", "Replikationsdienst")
            .with("Description", "Einstellungen des Replikationsdiensts")
            .with("AllowedAuthenticationType", 2u16)
            .with("HttpPort", 80u16)
            .with("HttpsPort", 443u16)
            .with("MonitoringInterval", 43_200u32)
            .with("MonitoringStartTime", host.booted_at)
            .with("RecoveryServerEnabled", true),
    ]
}

/// `Msvm_VirtualSystemSettingData`: of the VM itself, its recovery points and its recovery (backup) checkpoints.
#[must_use]
pub fn system_settings(vms: &[VmView], checkpoints: &[CheckpointView]) -> Vec<Instance> {
    let of_vm = |vm: &VmView| {
        let point = format!("Microsoft:{}", guid(recovery_point(vm.vm)));
        [
            base(
                &format!("Microsoft:{}", guid(vm.vm)),
                vm.vm,
                &vm.name,
                "Microsoft:Hyper-V:System:Realized",
            )
            .with("ConfigurationDataRoot", vm.storage_location.as_str())
            .with("CreationTime", vm.created),
            base(
                &point,
                vm.vm,
                "Wiederherstellungspunkt",
                "Microsoft:Hyper-V:Snapshot:Replica:Standard",
            )
            .with("CreationTime", vm.created),
        ]
    };
    let of_checkpoint = |c: &CheckpointView| {
        base(
            &c.instance_id,
            c.vm,
            &c.name,
            "Microsoft:Hyper-V:Snapshot:Recovery",
        )
        .with("CreationTime", c.created)
    };
    vms.iter()
        .flat_map(of_vm)
        .chain(checkpoints.iter().map(of_checkpoint))
        .collect()
}

/// Every replica shows one recovery point that replication itself keeps.
fn recovery_point(vm: Uuid) -> Uuid {
    Uuid::from_u128(!vm.as_u128())
}

fn base(instance_id: &str, vm: Uuid, name: &str, kind: &str) -> Instance {
    Instance::of(&schema::SETTING_DATA)
        .with("InstanceID", instance_id)
        .with("VirtualSystemIdentifier", guid(vm))
        .with("ElementName", name)
        .with("Caption", "Einstellungen des virtuellen Computers")
        .with(
            "Description",
            "Einstellungen für einen virtuellen Computer oder eine Momentaufnahme",
        )
        .with("ConfigurationID", guid(vm))
        .with("VirtualSystemType", kind)
        .with("VirtualSystemSubType", "Microsoft:Hyper-V:SubType:2")
        .with("AutomaticStartupAction", 2u16)
        .with("AutomaticShutdownAction", 3u16)
        .with("IncrementalBackupEnabled", true)
        .with("IsSaved", false)
        .with("UserSnapshotType", 5u16)
        .with("Version", "9.0")
        .with("CreationTime", never())
}

/// `Msvm_StorageAllocationSettingData` of all attached disks.
#[must_use]
pub fn storage(vms: &[VmView]) -> Vec<Instance> {
    let of = |vm: &VmView| {
        vm.disks
            .iter()
            .enumerate()
            .map(|(n, disk)| {
                Instance::of(&schema::STORAGE_SETTING_DATA)
                    .with("InstanceID", disk.instance_id.as_str())
                    .with("ElementName", "Festplattenimage")
                    .with("Caption", "Festplattenimage")
                    .with(
                        "Description",
                        "Einstellungen für die Microsoft-Festplattenimages.",
                    )
                    .with("AddressOnParent", n.to_string())
                    .with("AllocationUnits", "count")
                    .with("AutomaticAllocation", true)
                    .with("AutomaticDeallocation", true)
                    .with("HostResource", vec![disk.path.as_str()])
                    .with("Limit", 1u64)
                    .with("Reservation", 1u64)
                    .with("ResourceSubType", "Microsoft:Hyper-V:Virtual Hard Disk")
                    .with("ResourceType", 31u16)
                    .with("VirtualQuantity", 1u64)
                    .with("VirtualQuantityUnits", "count")
            })
            .collect::<Vec<_>>()
    };
    vms.iter().flat_map(of).collect()
}
