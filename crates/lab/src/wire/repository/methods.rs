//! Methods of a host.

use uuid::Uuid;

use crate::model::{CheckpointSettings, ExportSettings, return_code};
use crate::wire::cim::{Instance, Reference, Value};
use crate::wire::fault::{Fault, WBEM_E_NOT_SUPPORTED};
use crate::wire::rows;
use crate::wire::schema;
use crate::wire::service::{Call, Outcome};

use super::HostRepository;

pub(super) fn invoke(host: &mut HostRepository<'_>, call: &Call) -> Result<Outcome, Fault> {
    match call.method {
        "CreateSnapshot" => Ok(host.create_snapshot(call)),
        "DestroySnapshot" => Ok(host.destroy_snapshot(call)),
        "ExportSystemDefinition" => Ok(host.export(call)),
        "ModifySystemSettings" => Ok(host.modify_settings(call)),
        "RequestStateChange" => Ok(host.job_state(call)),
        "RequestReplicationStateChange" => Ok(host.replication_state(call)),
        "GetError" => Ok(Outcome {
            out: vec![("Error", job_error(call).into())],
            return_value: 0,
        }),
        "GetErrorEx" => {
            let errors: Vec<String> = job_error(call).into_iter().collect();
            Ok(Outcome {
                out: vec![("Errors", errors.into())],
                return_value: 0,
            })
        }
        "GetReplicationStatistics" | "GetReplicationStatisticsEx" => Ok(host.statistics(call)),
        method => Err(Fault::wmi(
            WBEM_E_NOT_SUPPORTED,
            7,
            format!("Die Methode {method} wird nicht unterstützt."),
        )),
    }
}

/// The GUID of a VM that a reference names.
fn vm_of(reference: Option<&Reference>) -> Option<Uuid> {
    let reference = reference.filter(|r| r.class.eq_ignore_ascii_case("Msvm_ComputerSystem"))?;
    Uuid::parse_str(reference.key("Name")?).ok()
}

/// `InstanceID` of a setting that a reference names.
fn setting_of(reference: Option<&Reference>) -> Option<&str> {
    reference
        .filter(|r| r.class.eq_ignore_ascii_case("Msvm_VirtualSystemSettingData"))?
        .key("InstanceID")
}

fn started(answer: Result<Uuid, u32>) -> Outcome {
    match answer {
        Ok(job) => Outcome::job("Msvm_ConcreteJob", &rows::guid(job)),
        Err(return_value) => Outcome::returns(return_value),
    }
}

/// `Msvm_Error` of a failed job as CIM-XML text.
fn job_error(call: &Call) -> Option<String> {
    let Some(Value::Number(code)) = call.on.get("ErrorCode").filter(|code| **code != Value::Number(0)) else {
        return None;
    };
    let text = call.on.get("ErrorDescription").cloned().unwrap_or(Value::Null);
    let error = Instance::of(&schema::ERROR)
        .with("MessageID", code.to_string())
        .with("Message", text)
        .with("CIMStatusCode", 1u32)
        .with("ErrorType", 4u16)
        .with("ErrorSourceFormat", 0u16)
        .with("PerceivedSeverity", 3u16)
        .with("ProbableCause", 48u16)
        .with("OwningEntity", "Microsoft-Windows-Hyper-V-VMMS");
    Some(error.to_cim_xml())
}

impl HostRepository<'_> {
    fn create_snapshot(&mut self, call: &Call) -> Outcome {
        let Some(vm) = vm_of(call.reference("AffectedSystem")) else {
            return Outcome::returns(return_code::SNAPSHOT_INVALID_PARAMETER);
        };
        let embedded = call.embedded("SnapshotSettings");
        // Without settings a host tries for application consistency.
        let consistency = embedded.and_then(|s| s.number("ConsistencyLevel")).unwrap_or(1);
        let settings = CheckpointSettings {
            name: embedded
                .and_then(|s| s.text("ElementName"))
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            snapshot_type: call
                .number("SnapshotType")
                .and_then(|n| u16::try_from(n).ok())
                .unwrap_or(2),
            consistency_level: u8::try_from(consistency).unwrap_or(0),
            ignore_non_snapshottable_disks: embedded
                .and_then(|s| s.boolean("IgnoreNonSnapshottableDisks"))
                .unwrap_or(false),
        };
        started(
            self.site
                .checkpoint_create(&self.host.name, vm, &settings, self.client),
        )
    }

    fn destroy_snapshot(&mut self, call: &Call) -> Outcome {
        match setting_of(call.reference("AffectedSnapshot")) {
            Some(id) => started(self.site.checkpoint_destroy(&self.host.name, id, self.client)),
            None => Outcome::returns(return_code::SNAPSHOT_INVALID_PARAMETER),
        }
    }

    fn export(&mut self, call: &Call) -> Outcome {
        let invalid = Outcome::returns(return_code::INVALID_PARAMETER);
        let (Some(vm), Some(directory), Some(embedded)) = (
            vm_of(call.reference("ComputerSystem")),
            call.text("ExportDirectory"),
            call.embedded("ExportSettingData"),
        ) else {
            return invalid;
        };
        let snapshot = match embedded
            .text("SnapshotVirtualSystem")
            .map(str::trim)
            .filter(|path| !path.is_empty())
        {
            None => None,
            // A path is expected here; anything else is an invalid parameter, as an EPR is on a real host.
            Some(path) => match Reference::from_path(path) {
                Some(reference) => setting_of(Some(&reference)).map(str::to_owned),
                None => return invalid,
            },
        };
        let number = |name: &str| {
            embedded
                .number(name)
                .and_then(|n| u8::try_from(n).ok())
                .unwrap_or(0)
        };
        let base = embedded
            .text("DifferentialBackupBase")
            .filter(|base| !base.trim().is_empty());
        let settings = ExportSettings {
            directory: directory.to_owned(),
            snapshot,
            copy_snapshot_configuration: number("CopySnapshotConfiguration"),
            copy_vm_storage: embedded.boolean("CopyVmStorage").unwrap_or(true),
            copy_vm_runtime_information: embedded.boolean("CopyVmRuntimeInformation").unwrap_or(true),
            create_vm_export_subdirectory: embedded.boolean("CreateVmExportSubdirectory").unwrap_or(true),
            differential_backup_base: base.map(str::to_owned),
        };
        started(self.site.export(&self.host.name, vm, &settings, self.client))
    }

    fn modify_settings(&mut self, call: &Call) -> Outcome {
        let settings = call.embedded("SystemSettings");
        let Some(id) = settings.and_then(|s| s.text("InstanceID")) else {
            return Outcome::returns(return_code::INVALID_PARAMETER);
        };
        match settings.and_then(|s| s.text("ElementName")) {
            Some(name) => Outcome::returns(self.site.checkpoint_rename(&self.host.name, id, name)),
            None => Outcome::returns(return_code::NOT_SUPPORTED),
        }
    }

    fn job_state(&mut self, call: &Call) -> Outcome {
        const INVALID_PARAMETER: u32 = 5;
        let id = match call.on.get("InstanceID") {
            Some(Value::Text(id)) => Uuid::parse_str(id).ok(),
            _ => None,
        };
        match (
            id,
            call.number("RequestedState").and_then(|n| u16::try_from(n).ok()),
        ) {
            (Some(job), Some(requested)) => {
                Outcome::returns(
                    self.site
                        .job_request_state(&self.host.name, job, requested, self.client),
                )
            }
            _ => Outcome::returns(INVALID_PARAMETER),
        }
    }

    fn replication_state(&mut self, call: &Call) -> Outcome {
        let vm = match call.on.get("Name") {
            Some(Value::Text(name)) => Uuid::parse_str(name).ok(),
            _ => None,
        };
        let requested = call.number("RequestedState").and_then(|n| u16::try_from(n).ok());
        let (Some(vm), Some(requested)) = (vm, requested) else {
            return Outcome::returns(return_code::INVALID_PARAMETER);
        };
        match self
            .site
            .replication_request(&self.host.name, vm, requested, self.client)
        {
            Ok(Some(job)) => Outcome::job("Msvm_ConcreteJob", &rows::guid(job)),
            Ok(None) => Outcome::returns(return_code::DONE),
            Err(return_value) => Outcome::returns(return_value),
        }
    }

    fn statistics(&mut self, call: &Call) -> Outcome {
        let vm = vm_of(call.reference("ComputerSystem")).and_then(|vm| self.site.vm(&self.host.name, vm));
        let Some(vm) = vm else {
            return Outcome::returns(return_code::INVALID_PARAMETER);
        };
        let (statistics, issues) = rows::statistics(&self.host, &vm);
        let mut out = vec![("ReplicationStatistics", statistics.into())];
        if call.method == "GetReplicationStatisticsEx" {
            out.push(("ReplicationHealthIssues", issues.into()));
        }
        Outcome {
            out,
            return_value: return_code::DONE,
        }
    }
}
