//! From rows of several classes to one sighting per VM.

use crate::classes::{self, ComputerSystem, RelationshipRow, ReplicationSettings};
use crate::host::ReplicaSighting;
use crate::jobs::JobTable;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, VmGuid};
use domain::observation::{
    HostBoot, Observation, Relationship, ReplicationHealth, ReplicationMode, ReplicationState,
};
use std::collections::BTreeMap;
use wsman::instance::Instance;
use wsman::property::PropertyError;

/// Rows as the host listed them.
#[derive(Debug)]
pub(crate) struct RawRows {
    pub systems: Vec<Instance>,
    pub relationships: Vec<Instance>,
    pub settings: Vec<Instance>,
    pub checkpoints: Vec<Instance>,
    pub disks: Vec<Instance>,
    pub jobs: JobTable,
}

/// When and where a sighting was made.
#[derive(Debug)]
pub(crate) struct Stamp {
    pub host: HostId,
    pub seen_at: DateTime<Utc>,
    pub host_time: DateTime<Utc>,
    pub boot: HostBoot,
}

#[derive(Debug, Default)]
struct VmRows {
    system: Option<Instance>,
    relationships: BTreeMap<u8, Instance>,
    settings: BTreeMap<u8, Instance>,
    checkpoints: Vec<Instance>,
    disks: Vec<Instance>,
}

/// Rows by VM.
#[derive(Debug)]
pub(crate) struct Gathered {
    vms: BTreeMap<VmGuid, VmRows>,
    jobs: JobTable,
}

impl Gathered {
    /// Sorts rows by their VM.
    ///
    /// # Errors
    /// When a row does not say whose it is: nothing on this host can be trusted to be complete then.
    pub fn sort(raw: RawRows) -> Result<Self, PropertyError> {
        let mut vms: BTreeMap<VmGuid, VmRows> = BTreeMap::new();
        for row in raw.systems {
            if let Some(vm) = ComputerSystem::vm(&row)? {
                vms.entry(vm).or_default().system = Some(row);
            }
        }
        for row in raw.relationships {
            let (vm, index) = classes::relationship_key(&row)?;
            vms.entry(vm).or_default().relationships.insert(index, row);
        }
        for row in raw.settings {
            let (vm, index) = classes::relationship_key(&row)?;
            vms.entry(vm).or_default().settings.insert(index, row);
        }
        for row in raw.checkpoints {
            vms.entry(classes::settings_vm(&row)?)
                .or_default()
                .checkpoints
                .push(row);
        }
        for row in raw.disks {
            // Disks of a checkpoint are filed under the checkpoint's GUID, where nobody looks for a VM.
            if let Some(owner) = classes::disk_owner(&row)? {
                vms.entry(VmGuid(owner)).or_default().disks.push(row);
            }
        }
        Ok(Self { vms, jobs: raw.jobs })
    }

    /// GUIDs of the VMs that are replicas, or may be.
    pub fn candidates(&self) -> Vec<VmGuid> {
        self.vms
            .iter()
            .filter(|(_, rows)| rows.is_candidate())
            .map(|(vm, _)| *vm)
            .collect()
    }

    /// True when the host lists that VM.
    pub fn has(&self, vm: VmGuid) -> bool {
        self.vms.get(&vm).is_some_and(|rows| rows.system.is_some())
    }

    /// Everything about one VM.
    ///
    /// # Errors
    /// When one of its rows cannot be read.
    pub fn sighting(&self, vm: VmGuid, stamp: &Stamp) -> Result<ReplicaSighting, PropertyError> {
        let nothing = VmRows::default();
        let rows = self.vms.get(&vm).unwrap_or(&nothing);
        let missing = Instance {
            class: "Msvm_ComputerSystem".to_owned(),
            ..Instance::default()
        };
        let row = rows.system.as_ref().unwrap_or(&missing);
        let system = ComputerSystem::read(row)?;
        let mode = system
            .mode
            .ok_or_else(|| row.wrong("ReplicationMode", "missing"))?;
        let settings = rows
            .settings
            .values()
            .next()
            .map(ReplicationSettings::read)
            .transpose()?;
        let mut checkpoints = Vec::new();
        for row in &rows.checkpoints {
            checkpoints.extend(classes::checkpoint(row)?);
        }
        let observation = Observation {
            host: stamp.host.clone(),
            vm,
            name: system.name,
            seen_at: stamp.seen_at,
            host_time: stamp.host_time,
            boot: stamp.boot,
            mode,
            enabled: system.enabled,
            health_state: system.health_state,
            operational_status: system.operational_status,
            relationships: rows.relationships()?,
            jobs: self.jobs.of(vm)?,
            recovery_checkpoints: checkpoints
                .iter()
                .map(|checkpoint| checkpoint.instance_id.clone())
                .collect(),
        };
        let (primary_host, primary_connection_point) =
            settings.map_or((None, None), |s| (s.primary_host, s.primary_connection_point));
        let disks = rows.disks.iter().map(classes::disk).collect::<Result<_, _>>()?;
        Ok(ReplicaSighting {
            observation,
            primary_host,
            primary_connection_point,
            disks,
            checkpoints,
        })
    }
}

impl VmRows {
    /// Plainly no replica: mode none, primary or test, or no mode and no relationship. Everything else is looked at.
    fn is_candidate(&self) -> bool {
        let Some(system) = &self.system else {
            return !self.relationships.is_empty();
        };
        match system.number::<u16>("ReplicationMode") {
            Ok(Some(mode)) => !matches!(
                ReplicationMode::from(mode),
                ReplicationMode::None | ReplicationMode::Primary | ReplicationMode::TestReplica
            ),
            Ok(None) => !self.relationships.is_empty(),
            Err(_) => true,
        }
    }

    fn relationships(&self) -> Result<Vec<Relationship>, PropertyError> {
        let mut read = Vec::with_capacity(self.relationships.len());
        for (index, row) in &self.relationships {
            let relationship = RelationshipRow::read(row)?;
            let settings = self
                .settings
                .get(index)
                .ok_or_else(|| row.wrong("InstanceID", "without replication settings"))?;
            read.push(Relationship {
                index: *index,
                state: ReplicationState::from(relationship.state),
                health: ReplicationHealth::from(relationship.health),
                failed_over_type: relationship.failed_over_type,
                last_replication: relationship.last_replication,
                last_apply: relationship.last_apply,
                interval_secs: ReplicationSettings::read(settings)?.interval_secs,
            });
        }
        Ok(read)
    }
}
