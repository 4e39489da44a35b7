//! One full poll of a host: eleven requests and their further pages once the host is known.

use crate::ask::V2;
use crate::classes::{self, RECOVERY_SNAPSHOT};
use crate::connect::WsmanHost;
use crate::gather::{Gathered, RawRows, Stamp};
use crate::host::{AuthorizationEntry, HostError, Survey, UnreadableVm};
use crate::identity::is_invalid_class;
use crate::jobs::{JobTable, Migrations};
use chrono::{DateTime, Utc};
use domain::ids::VmGuid;
use wsman::instance::Instance;
use wsman::wql;

const AUTHORIZATION: &str = "SELECT * FROM Msvm_ReplicationAuthorizationSettingData";

/// A query over one class, with the condition that narrows it to one VM when there is one.
fn select(class: &str, condition: Option<String>) -> String {
    condition.map_or_else(
        || format!("SELECT * FROM {class}"),
        |condition| format!("SELECT * FROM {class} WHERE {condition}"),
    )
}

/// Conditions of one look; `None` asks for all VMs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope(pub Option<VmGuid>);

impl Scope {
    fn named(self) -> Option<String> {
        self.0.map(|vm| format!("Name={}", wql::literal(&vm.to_string())))
    }

    /// Everything whose InstanceID begins with the VM's GUID.
    fn owned(self) -> Option<String> {
        self.0
            .map(|vm| format!("InstanceID LIKE {}", wql::literal(&format!("Microsoft:{vm}%"))))
    }

    fn migrations(self) -> Migrations {
        self.0.map_or(Migrations::All, Migrations::Of)
    }
}

/// Rows of the classes that the gate judges.
struct Vital {
    systems: Vec<Instance>,
    relationships: Vec<Instance>,
    checkpoints: Vec<Instance>,
    jobs: JobTable,
}

/// Whether each relationship has its settings. A row that does not say whose it is covers nothing: reading it anew tells.
fn covers(settings: &[Instance], relationships: &[Instance]) -> bool {
    let keys = |rows: &[Instance]| -> Option<Vec<_>> {
        rows.iter()
            .map(|row| classes::relationship_key(row).ok())
            .collect()
    };
    match (keys(settings), keys(relationships)) {
        (Some(settings), Some(wanted)) => wanted.iter().all(|key| settings.contains(key)),
        _ => false,
    }
}

impl WsmanHost {
    pub(crate) async fn read_survey(&self, seen_at: DateTime<Utc>) -> Result<Survey, HostError> {
        let system = self.operating_system().await?;
        let has_reference_points = self.has_reference_points(&system).await?;
        let host_time = system.now;
        let (rows, authorization) =
            tokio::try_join!(self.rows(Scope(None), has_reference_points), self.authorization())?;
        let identity = self.identity_of(system, has_reference_points).await?;
        let stamp = Stamp {
            host: self.id.clone(),
            seen_at,
            host_time,
            boot: identity.boot,
        };
        let (mut replicas, mut unreadable) = (Vec::new(), Vec::new());
        for vm in rows.candidates() {
            match rows.sighting(vm, &stamp) {
                Ok(sighting) => replicas.push(sighting),
                Err(error) => unreadable.push(UnreadableVm {
                    vm,
                    reason: error.to_string(),
                }),
            }
        }
        Ok(Survey {
            identity,
            replicas,
            unreadable,
            authorization,
        })
    }

    /// Rows of all classes that make a sighting, sorted by VM.
    pub(crate) async fn rows(&self, scope: Scope, has_reference_points: bool) -> Result<Gathered, HostError> {
        let disks = match scope.owned() {
            None => "ResourceType=31".to_owned(),
            Some(owned) => format!("ResourceType=31 AND {owned}"),
        };
        let disks = select("Msvm_StorageAllocationSettingData", Some(disks));
        let (vital, settings, disks) = tokio::try_join!(
            self.vital(scope, has_reference_points),
            self.settings(scope),
            self.query(V2, &disks),
        )?;
        self.gathered(vital, settings, disks)
    }

    /// Rows of the classes that the gate judges, for one VM; its disks are left out, and its settings may be known ones.
    pub(crate) async fn vital_rows(
        &self,
        vm: VmGuid,
        has_reference_points: bool,
    ) -> Result<Gathered, HostError> {
        let scope = Scope(Some(vm));
        let vital = self.vital(scope, has_reference_points).await?;
        let settings = match self.settings_known(vm) {
            Some(known) if covers(&known, &vital.relationships) => known,
            _ => self.settings(scope).await?,
        };
        self.gathered(vital, settings, Vec::new())
    }

    fn gathered(
        &self,
        vital: Vital,
        settings: Vec<Instance>,
        disks: Vec<Instance>,
    ) -> Result<Gathered, HostError> {
        let Vital {
            systems,
            relationships,
            checkpoints,
            jobs,
        } = vital;
        let raw = RawRows {
            systems,
            relationships,
            settings,
            checkpoints,
            disks,
            jobs,
        };
        Gathered::sort(raw).map_err(|error| self.unreadable("the rows of its VMs", &error))
    }

    async fn vital(&self, scope: Scope, has_reference_points: bool) -> Result<Vital, HostError> {
        let recovery = format!("VirtualSystemType={}", wql::literal(RECOVERY_SNAPSHOT));
        let checkpoints = match scope.0 {
            None => recovery,
            Some(vm) => format!(
                "{recovery} AND VirtualSystemIdentifier={}",
                wql::literal(&vm.to_string())
            ),
        };
        let (systems, checkpoints) = (
            select("Msvm_ComputerSystem", scope.named()),
            select("Msvm_VirtualSystemSettingData", Some(checkpoints)),
        );
        let (systems, relationships, checkpoints, jobs) = tokio::try_join!(
            self.query(V2, &systems),
            self.relationships(scope, has_reference_points),
            self.query(V2, &checkpoints),
            self.job_table(scope.migrations()),
        )?;
        Ok(Vital {
            systems,
            relationships,
            checkpoints,
            jobs,
        })
    }

    /// Rows of `Msvm_ReplicationSettingData`, which are kept for later glances.
    async fn settings(&self, scope: Scope) -> Result<Vec<Instance>, HostError> {
        let wql = select("Msvm_ReplicationSettingData", scope.owned());
        let rows = self.query(V2, &wql).await?;
        self.settings_keep(scope, &rows);
        Ok(rows)
    }

    /// Rows of `Msvm_ReplicationRelationship`, a class that 2012 does not have.
    pub(crate) async fn relationships(
        &self,
        scope: Scope,
        has_reference_points: bool,
    ) -> Result<Vec<Instance>, HostError> {
        let wql = select("Msvm_ReplicationRelationship", scope.owned());
        match self.client.query(V2, &wql).await {
            Ok(rows) => Ok(rows),
            Err(error) if !has_reference_points && is_invalid_class(&error) => Ok(Vec::new()),
            Err(error) => Err(self.failed(&wql, error)),
        }
    }

    pub(crate) async fn authorization(&self) -> Result<Vec<AuthorizationEntry>, HostError> {
        let rows = self.query(V2, AUTHORIZATION).await?;
        let read: Result<_, _> = rows.iter().map(classes::authorization).collect();
        read.map_err(|error| self.unreadable(AUTHORIZATION, &error))
    }
}
