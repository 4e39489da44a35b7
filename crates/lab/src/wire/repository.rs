//! A host of the model as a repository of classes: rows of its views, methods of its operations.

mod methods;

use crate::model::{HostView, JobClass, Site};

use super::cim::Instance;
use super::fault::Fault;
use super::rows;
use super::schema::{self, ClassSpec};
use super::service::{Call, Outcome, Repository};

/// One host, for the length of one request.
pub struct HostRepository<'a> {
    site: &'a mut Site,
    host: HostView,
    client: &'a str,
}

impl<'a> HostRepository<'a> {
    /// The host of that name, spoken to by `client`; `None` when the site has no such host.
    #[must_use]
    pub fn of(site: &'a mut Site, host: &str, client: &'a str) -> Option<Self> {
        let host = site.host(host)?;
        Some(Self { site, host, client })
    }
}

impl Repository for HostRepository<'_> {
    fn machine(&self) -> String {
        self.host.name.to_uppercase()
    }

    fn has_class(&self, spec: &ClassSpec) -> bool {
        self.host.release.has_reference_points() || !schema::SINCE_2016.contains(&spec.name)
    }

    fn rows(&self, spec: &'static ClassSpec) -> Vec<Instance> {
        let name = &self.host.name;
        match spec.name {
            "Msvm_ComputerSystem" => rows::computer_systems(&self.host, &self.site.vms(name)),
            "Msvm_ReplicationRelationship" => rows::relationships(&self.site.vms(name)),
            "Msvm_SystemReplicationRelationship" => rows::system_relationships(&self.site.vms(name)),
            "Msvm_ReplicationSettingData" => rows::replication_settings(&self.site.vms(name)),
            // A tenant's own host takes no replicas.
            "Msvm_ReplicationAuthorizationSettingData" if self.site.is_primary(name) => Vec::new(),
            "Msvm_ReplicationAuthorizationSettingData" => rows::authorization(&self.site.authorization()),
            "Msvm_ReplicationServiceSettingData" => rows::service_settings(&self.host),
            "Msvm_ReplicationService"
            | "Msvm_VirtualSystemSnapshotService"
            | "Msvm_VirtualSystemManagementService"
            | "Msvm_VirtualSystemReferencePointService"
            | "Msvm_ImageManagementService" => rows::services(spec, &self.host),
            "Msvm_ConcreteJob" => rows::jobs(JobClass::Concrete, &self.site.jobs(name)),
            "Msvm_MigrationJob" => rows::jobs(JobClass::Migration, &self.site.jobs(name)),
            "Msvm_AffectedJobElement" => rows::affected(&self.site.jobs(name)),
            "Msvm_VirtualSystemSettingData" => {
                rows::system_settings(&self.site.vms(name), &self.site.checkpoints(name))
            }
            "Msvm_StorageAllocationSettingData" => rows::storage(&self.site.vms(name)),
            "Win32_OperatingSystem" => rows::operating_system(&self.host),
            "Win32_ComputerSystem" => rows::computer(&self.host),
            "Win32_Service" => rows::windows_services(&self.host),
            "Win32_Process" => rows::processes(&self.host),
            // Msvm_StorageJob, Msvm_VirtualSystemReferencePoint, Msvm_ReplicaSystemDependency and
            // Msvm_VirtualSystemExportSettingData have no rows in a lab.
            _ => Vec::new(),
        }
    }

    fn invoke(&mut self, call: &Call) -> Result<Outcome, Fault> {
        methods::invoke(self, call)
    }
}
