//! Rows of the classes we read, typed. Each `read` names class and property of what it could not understand.

use crate::host::{AttachedDisk, AuthorizationEntry, Checkpoint};
use chrono::{DateTime, Utc};
use domain::ids::VmGuid;
use domain::job::{Job, JobClass, JobState};
use domain::observation::{EnabledState, ReplicationMode};
use uuid::Uuid;
use wsman::instance::{EndpointReference, Instance};
use wsman::property::PropertyError;

/// `Microsoft:<GUID>` with what follows, without its backslash.
pub(crate) fn instance_guid(id: &str) -> Option<(Uuid, &str)> {
    const PREFIX: &str = "Microsoft:";
    let rest = id
        .get(..PREFIX.len())
        .filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
        .and(id.get(PREFIX.len()..))?;
    let (guid, tail) = rest.split_once('\\').unwrap_or((rest, ""));
    Some((hyphenated(guid)?, tail))
}

/// A GUID in the 36-character form, the only one of Hyper-V: a host named with 32 hex digits is no VM.
fn hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

/// `Msvm_ComputerSystem`.
#[derive(Debug)]
pub(crate) struct ComputerSystem {
    pub name: String,
    pub mode: Option<ReplicationMode>,
    pub enabled: EnabledState,
    pub health_state: u16,
    pub operational_status: Vec<u16>,
}

impl ComputerSystem {
    /// The VM's GUID, or `None` for the host's own row. Told by `Name` alone: captions are localised.
    pub fn vm(row: &Instance) -> Result<Option<VmGuid>, PropertyError> {
        Ok(hyphenated(row.text_required("Name")?.trim()).map(VmGuid))
    }

    pub fn read(row: &Instance) -> Result<Self, PropertyError> {
        Ok(Self {
            name: row.text("ElementName")?.unwrap_or_default().to_owned(),
            mode: row.number::<u16>("ReplicationMode")?.map(ReplicationMode::from),
            enabled: EnabledState::from(row.number_required::<u16>("EnabledState")?),
            health_state: row.number_required("HealthState")?,
            operational_status: row.numbers("OperationalStatus")?,
        })
    }
}

/// VM and index in the InstanceID of a relationship or its settings: `Microsoft:<GUID>\HVR\<index>`; without index on 2012.
pub(crate) fn relationship_key(row: &Instance) -> Result<(VmGuid, u8), PropertyError> {
    let id = row.text_required("InstanceID")?;
    let wrong = || row.wrong("InstanceID", "not of the form Microsoft:<GUID>\\HVR\\<index>");
    let (guid, tail) = instance_guid(id).ok_or_else(wrong)?;
    let index = match tail.split('\\').collect::<Vec<_>>()[..] {
        [hvr] if hvr.eq_ignore_ascii_case("HVR") => 0,
        [hvr, index] if hvr.eq_ignore_ascii_case("HVR") => index.parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    Ok((VmGuid(guid), index))
}

/// `Msvm_ReplicationRelationship`.
#[derive(Debug)]
pub(crate) struct RelationshipRow {
    pub state: u16,
    pub health: u16,
    pub failed_over_type: u16,
    pub last_replication: Option<DateTime<Utc>>,
    pub last_apply: Option<DateTime<Utc>>,
}

/// `ReplicationState` until the first copy is complete: nothing was applied yet.
const WAITING_FOR_INITIAL_REPLICATION: u16 = 2;

impl RelationshipRow {
    pub fn read(row: &Instance) -> Result<Self, PropertyError> {
        Ok(Self {
            state: row.number_required("ReplicationState")?,
            health: row.number_required("ReplicationHealth")?,
            failed_over_type: row.number_required("FailedOverReplicationType")?,
            last_replication: row.instant("LastReplicationTime")?,
            last_apply: Self::last_apply(row)?,
        })
    }

    /// State and health alone: nothing is applied on a primary, so its times may be missing.
    pub fn state_and_health(row: &Instance) -> Result<(u16, u16), PropertyError> {
        Ok((
            row.number_required("ReplicationState")?,
            row.number_required("ReplicationHealth")?,
        ))
    }

    /// Null would read like "never", and two of them like "did not move": but before the first copy the property must be
    /// there.
    pub fn last_apply(row: &Instance) -> Result<Option<DateTime<Utc>>, PropertyError> {
        if row.number_required::<u16>("ReplicationState")? != WAITING_FOR_INITIAL_REPLICATION {
            row.text_required("LastApplyTime")?;
        }
        row.instant("LastApplyTime")
    }
}

/// `Msvm_ReplicationSettingData`.
#[derive(Debug)]
pub(crate) struct ReplicationSettings {
    /// Seconds.
    pub interval_secs: u32,
    pub primary_host: Option<String>,
    pub primary_connection_point: Option<String>,
}

impl ReplicationSettings {
    pub fn read(row: &Instance) -> Result<Self, PropertyError> {
        let text = |property| {
            Ok(row
                .text(property)?
                .filter(|text| !text.is_empty())
                .map(str::to_owned))
        };
        Ok(Self {
            interval_secs: row.number_required("ReplicationInterval")?,
            primary_host: text("PrimaryHostSystem")?,
            primary_connection_point: text("PrimaryConnectionPoint")?,
        })
    }
}

/// `Msvm_ReplicationAuthorizationSettingData`.
pub(crate) fn authorization(row: &Instance) -> Result<AuthorizationEntry, PropertyError> {
    Ok(AuthorizationEntry {
        allowed_primary: row.text_required("AllowedPrimaryHostSystem")?.to_owned(),
        trust_group: row.text("TrustGroup")?.unwrap_or_default().to_owned(),
        storage_location: row.text("ReplicaStorageLocation")?.unwrap_or_default().to_owned(),
    })
}

/// `VirtualSystemType` of a backup checkpoint.
pub(crate) const RECOVERY_SNAPSHOT: &str = "Microsoft:Hyper-V:Snapshot:Recovery";

/// Whose settings a `Msvm_VirtualSystemSettingData` row holds: the VM, also for its checkpoints.
pub(crate) fn settings_vm(row: &Instance) -> Result<VmGuid, PropertyError> {
    let vm = row.text_required("VirtualSystemIdentifier")?;
    hyphenated(vm.trim())
        .map(VmGuid)
        .ok_or_else(|| row.wrong("VirtualSystemIdentifier", "not a GUID"))
}

/// `Msvm_VirtualSystemSettingData` of a recovery checkpoint; `None` for any other setting data.
pub(crate) fn checkpoint(row: &Instance) -> Result<Option<Checkpoint>, PropertyError> {
    if !row
        .text_required("VirtualSystemType")?
        .eq_ignore_ascii_case(RECOVERY_SNAPSHOT)
    {
        return Ok(None);
    }
    Ok(Some(Checkpoint {
        instance_id: row.text_required("InstanceID")?.to_owned(),
        vm: settings_vm(row)?,
        name: row.text("ElementName")?.unwrap_or_default().to_owned(),
        created: row.instant("CreationTime")?,
    }))
}

/// `ResourceSubType` of a virtual hard disk.
const HARD_DISK: &str = "Microsoft:Hyper-V:Virtual Hard Disk";

/// The VM, or checkpoint, that a `Msvm_StorageAllocationSettingData` row belongs to; `None` for rows that are no attached
/// disk: drives of other kinds and the host's templates.
pub(crate) fn disk_owner(row: &Instance) -> Result<Option<Uuid>, PropertyError> {
    let id = row.text_required("InstanceID")?;
    let disk = row
        .text("ResourceSubType")?
        .is_some_and(|subtype| subtype.eq_ignore_ascii_case(HARD_DISK));
    let template = id
        .get(..20)
        .is_some_and(|start| start.eq_ignore_ascii_case("Microsoft:Definition"));
    if !disk || template {
        return Ok(None);
    }
    let owner = instance_guid(id).map(|(guid, _)| guid);
    owner
        .map(Some)
        .ok_or_else(|| row.wrong("InstanceID", "not of the form Microsoft:<GUID>\\…"))
}

/// An attached disk from its `Msvm_StorageAllocationSettingData`.
pub(crate) fn disk(row: &Instance) -> Result<AttachedDisk, PropertyError> {
    let path = row
        .texts("HostResource")?
        .first()
        .copied()
        .filter(|path| !path.is_empty());
    Ok(AttachedDisk {
        instance_id: row.text_required("InstanceID")?.to_owned(),
        path: path
            .ok_or_else(|| row.wrong("HostResource", "missing"))?
            .to_owned(),
    })
}

/// `Msvm_ConcreteJob`, `Msvm_MigrationJob`, `Msvm_StorageJob`.
pub(crate) fn job(row: &Instance, class: JobClass) -> Result<Job, PropertyError> {
    let text = |property| {
        Ok(row
            .text(property)?
            .filter(|text| !text.is_empty())
            .map(str::to_owned))
    };
    Ok(Job {
        id: row.text_required("InstanceID")?.to_owned(),
        class,
        job_type: row.number_required("JobType")?,
        state: JobState::from(row.number_required::<u16>("JobState")?),
        error_code: row.number("ErrorCode")?.unwrap_or_default(),
        error_text: text("ErrorDescription")?,
        percent: row.number("PercentComplete")?.unwrap_or_default(),
        started: row.instant("StartTime")?,
        elapsed_ms: row.interval_ms("ElapsedTime")?,
        owner: text("Owner")?,
    })
}

/// `VirtualSystemName` of a `Msvm_MigrationJob`: the VM's GUID.
pub(crate) fn migrated_vm(row: &Instance) -> Result<VmGuid, PropertyError> {
    let name = row.text_required("VirtualSystemName")?;
    hyphenated(name.trim())
        .map(VmGuid)
        .ok_or_else(|| row.wrong("VirtualSystemName", "not a GUID"))
}

/// `Msvm_AffectedJobElement`.
#[derive(Debug)]
pub(crate) struct Affected {
    pub job_id: String,
    pub element: EndpointReference,
    pub effects: Vec<u16>,
}

/// `ElementEffects` of what a job creates.
pub(crate) const EFFECT_CREATE: u16 = 5;

impl Affected {
    pub fn read(row: &Instance) -> Result<Self, PropertyError> {
        let missing = |property: &str| row.wrong(property, "missing");
        let job = row
            .reference("AffectingElement")?
            .ok_or_else(|| missing("AffectingElement"))?;
        let element = row
            .reference("AffectedElement")?
            .ok_or_else(|| missing("AffectedElement"))?;
        Ok(Self {
            job_id: job
                .selector("InstanceID")
                .ok_or_else(|| missing("AffectingElement"))?
                .to_owned(),
            element: element.clone(),
            effects: row.numbers("ElementEffects")?,
        })
    }

    /// Whether the GUID is a VM's own beyond doubt: the VM, or one of its replication objects.
    pub fn is_of_vm(&self) -> bool {
        let class = self.element.class_name();
        [
            "Msvm_ComputerSystem",
            "Msvm_ReplicationRelationship",
            "Msvm_ReplicationSettingData",
        ]
        .iter()
        .any(|of_vm| class.eq_ignore_ascii_case(of_vm))
    }

    /// The GUID that the element is of: a VM by its name, settings and relationships by their InstanceID. A checkpoint's
    /// settings carry the checkpoint's own GUID, which is no VM's.
    pub fn guid(&self) -> Option<VmGuid> {
        let of_vm = self
            .element
            .class_name()
            .eq_ignore_ascii_case("Msvm_ComputerSystem");
        if of_vm {
            return hyphenated(self.element.selector("Name")?).map(VmGuid);
        }
        instance_guid(self.element.selector("InstanceID")?).map(|(guid, _)| VmGuid(guid))
    }
}
