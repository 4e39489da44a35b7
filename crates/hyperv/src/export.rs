//! Export at a checkpoint: the host copies the disks as they were, and the configuration, to a directory it can reach.

use crate::ask::{V2, service};
use crate::checkpoint::vm_reference;
use crate::connect::WsmanHost;
use crate::host::{Checkpoint, HostError, Started};
use domain::ids::VmGuid;
use wsman::argument::Argument;
use wsman::cimxml::{CimInstance, CimValue};
use wsman::wql;

/// `CopySnapshotConfiguration`: one checkpoint for backup; the exported configuration keeps the VM's id.
const ONE_FOR_BACKUP: u8 = 3;
/// `CaptureLiveState`: crash-consistent.
const CRASH_CONSISTENT: u8 = 0;

/// Settings of an export of the VM at one checkpoint.
fn export_settings(checkpoint: &Checkpoint) -> CimInstance {
    let path = wql::object_path(
        V2,
        "Msvm_VirtualSystemSettingData",
        "InstanceID",
        &checkpoint.instance_id,
    );
    CimInstance::new("Msvm_VirtualSystemExportSettingData")
        .with("CopySnapshotConfiguration", CimValue::Uint8(ONE_FOR_BACKUP))
        .with("SnapshotVirtualSystem", CimValue::Text(path))
        .with("CopyVmStorage", CimValue::Boolean(true))
        .with("CopyVmRuntimeInformation", CimValue::Boolean(false))
        .with("CreateVmExportSubdirectory", CimValue::Boolean(false))
        .with("CaptureLiveState", CimValue::Uint8(CRASH_CONSISTENT))
}

impl WsmanHost {
    pub(crate) async fn export_system(
        &self,
        vm: VmGuid,
        checkpoint: &Checkpoint,
        directory: &str,
    ) -> Result<Started, HostError> {
        let arguments = [
            ("ComputerSystem", vm_reference(vm)),
            ("ExportDirectory", Argument::from(directory)),
            (
                "ExportSettingData",
                Argument::Embedded(export_settings(checkpoint)),
            ),
        ];
        let target = service("Msvm_VirtualSystemManagementService");
        self.start(&target, "ExportSystemDefinition", &arguments, &format!("VM {vm}"))
            .await
    }
}
