//! From what a host shows ([`crate::model`]'s views) to rows of its classes.
//!
//! Captions and descriptions are German on purpose: whoever filters on them finds nothing.

mod jobs;
mod settings;
mod systems;
mod win32;

pub use jobs::{affected, jobs};
pub use settings::{authorization, replication_settings, service_settings, storage, system_settings};
pub use systems::{computer_systems, relationships, services, statistics, system_relationships};
pub use win32::{computer, operating_system, processes, windows_services};

use uuid::Uuid;

use super::cim::Reference;

/// A GUID as Hyper-V writes it: upper case.
#[must_use]
pub fn guid(id: Uuid) -> String {
    id.to_string().to_uppercase()
}

/// A VM's row.
#[must_use]
pub fn vm_reference(vm: Uuid) -> Reference {
    Reference::v2(
        "Msvm_ComputerSystem",
        &[("CreationClassName", "Msvm_ComputerSystem"), ("Name", &guid(vm))],
    )
}

/// A row of `Msvm_VirtualSystemSettingData`.
#[must_use]
pub fn setting_reference(instance_id: &str) -> Reference {
    Reference::v2("Msvm_VirtualSystemSettingData", &[("InstanceID", instance_id)])
}
