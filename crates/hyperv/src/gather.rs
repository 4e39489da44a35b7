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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wsman::instance::Value;

    const VM: VmGuid = VmGuid(Uuid::from_u128(0xA));

    fn row(class: &str, properties: &[(&str, &str)]) -> Instance {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
        Instance {
            class: class.to_owned(),
            properties: properties.iter().map(text).collect(),
        }
    }

    fn good() -> RawRows {
        let (vm, id) = (VM.to_string(), format!("Microsoft:{VM}\\HVR\\0"));
        let disk = format!("Microsoft:{VM}\\83F8638B\\0\\0\\D");
        RawRows {
            systems: vec![
                row(
                    "Msvm_ComputerSystem",
                    &[("Name", "HV-R-01"), ("EnabledState", "2")],
                ),
                row(
                    "Msvm_ComputerSystem",
                    &[
                        ("Name", &vm),
                        ("ElementName", "sql"),
                        ("EnabledState", "3"),
                        ("HealthState", "5"),
                        ("ReplicationMode", "2"),
                    ],
                ),
            ],
            relationships: vec![row(
                "Msvm_ReplicationRelationship",
                &[
                    ("InstanceID", &id),
                    ("ReplicationState", "3"),
                    ("ReplicationHealth", "1"),
                    ("FailedOverReplicationType", "0"),
                    ("LastReplicationTime", "2026-11-22T18:00:00Z"),
                    ("LastApplyTime", "2026-11-22T17:59:00Z"),
                ],
            )],
            settings: vec![row(
                "Msvm_ReplicationSettingData",
                &[("InstanceID", &id), ("ReplicationInterval", "300")],
            )],
            checkpoints: Vec::new(),
            disks: vec![row(
                "Msvm_StorageAllocationSettingData",
                &[
                    ("InstanceID", &disk),
                    ("ResourceSubType", "Microsoft:Hyper-V:Virtual Hard Disk"),
                    ("HostResource", "C:\\a.vhdx"),
                ],
            )],
            jobs: JobTable::empty(),
        }
    }

    fn stamp() -> Stamp {
        let at: DateTime<Utc> = "2026-11-22T18:00:00Z".parse().unwrap();
        let boot = HostBoot {
            booted_at: at,
            service_started_at: at,
        };
        Stamp {
            host: "hv-r-01".parse().unwrap(),
            seen_at: at,
            host_time: at,
            boot,
        }
    }

    #[test]
    fn good_rows_make_one_sighting_and_the_host_s_own_row_none() {
        let gathered = Gathered::sort(good()).unwrap();
        assert_eq!(gathered.candidates(), [VM]);
        let seen = gathered.sighting(VM, &stamp()).unwrap();
        assert_eq!((seen.observation.name.as_str(), seen.disks.len()), ("sql", 1));
        assert!(seen.observation.operational_status.is_empty());
    }

    #[test]
    fn a_property_that_cannot_be_read_spoils_its_vm_and_is_never_defaulted() {
        for (class, property) in [
            (0, "EnabledState"),
            (0, "HealthState"),
            (0, "ReplicationMode"),
            (1, "ReplicationState"),
            (1, "ReplicationHealth"),
            (1, "FailedOverReplicationType"),
            (1, "LastApplyTime"),
            (2, "ReplicationInterval"),
            (3, "HostResource"),
        ] {
            for value in [None, Some("?")] {
                let mut raw = good();
                let row = match class {
                    0 => &mut raw.systems[1],
                    1 => &mut raw.relationships[0],
                    2 => &mut raw.settings[0],
                    _ => &mut raw.disks[0],
                };
                row.properties.remove(property);
                if let Some(value) = value.filter(|_| property != "HostResource") {
                    row.properties
                        .insert(property.to_owned(), Value::Text(value.to_owned()));
                }
                let gathered = Gathered::sort(raw).unwrap();
                assert_eq!(gathered.candidates(), [VM], "{property} {value:?}");
                assert!(gathered.sighting(VM, &stamp()).is_err(), "{property} {value:?}");
            }
        }
    }

    #[test]
    fn a_relationship_without_its_vm_or_its_settings_is_unreadable_not_absent() {
        let mut raw = good();
        raw.systems.truncate(1);
        let gathered = Gathered::sort(raw).unwrap();
        assert_eq!(gathered.candidates(), [VM]);
        assert!(!gathered.has(VM) && gathered.sighting(VM, &stamp()).is_err());
        let mut raw = good();
        raw.settings.clear();
        assert!(Gathered::sort(raw).unwrap().sighting(VM, &stamp()).is_err());
    }

    #[test]
    fn a_row_that_does_not_say_whose_it_is_spoils_the_survey() {
        let mut raw = good();
        raw.systems[1].properties.remove("Name");
        assert!(Gathered::sort(raw).is_err());
        for id in [
            "",
            "Microsoft:x\\HVR\\0",
            "Microsoft:00000000-0000-0000-0000-00000000000A\\HVR\\x",
        ] {
            let mut raw = good();
            raw.relationships[0]
                .properties
                .insert("InstanceID".to_owned(), Value::Text(id.to_owned()));
            assert!(Gathered::sort(raw).is_err(), "{id}");
        }
        let mut raw = good();
        raw.disks[0]
            .properties
            .insert("InstanceID".to_owned(), Value::Text("Microsoft:?\\x".to_owned()));
        assert!(Gathered::sort(raw).is_err());
    }

    #[test]
    fn templates_other_drives_and_checkpoints_disks_are_no_disks_of_the_vm() {
        let mut raw = good();
        let hard_disk = ("ResourceSubType", "Microsoft:Hyper-V:Virtual Hard Disk");
        let (cd, snapshot) = (
            format!("Microsoft:{VM}\\cd"),
            format!("Microsoft:{}\\x\\D", VmGuid(Uuid::from_u128(9))),
        );
        for properties in [
            [("InstanceID", "Microsoft:Definition\\70E5\\Default"), hard_disk],
            [
                ("InstanceID", &cd),
                ("ResourceSubType", "Microsoft:Hyper-V:Virtual CD/DVD Disk"),
            ],
            [("InstanceID", &snapshot), hard_disk],
        ] {
            raw.disks
                .push(row("Msvm_StorageAllocationSettingData", &properties));
        }
        let gathered = Gathered::sort(raw).unwrap();
        assert_eq!(gathered.candidates(), [VM]);
        assert_eq!(gathered.sighting(VM, &stamp()).unwrap().disks.len(), 1);
    }

    #[test]
    fn primaries_test_replicas_and_plain_vms_are_no_candidates_and_unknown_modes_are() {
        for (mode, expect) in [
            ("0", false),
            ("1", false),
            ("2", true),
            ("3", false),
            ("4", true),
            ("5", true),
            ("99", true),
        ] {
            let mut raw = good();
            raw.systems[1]
                .properties
                .insert("ReplicationMode".to_owned(), Value::Text(mode.to_owned()));
            assert_eq!(
                Gathered::sort(raw).unwrap().candidates() == [VM],
                expect,
                "{mode}"
            );
        }
    }
}
