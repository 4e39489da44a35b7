//! Recovery checkpoints: create, find, name, list, destroy (spec 3.2, 5.6).

use crate::ask::{V2, service, v2};
use crate::classes::{self, RECOVERY_SNAPSHOT};
use crate::connect::WsmanHost;
use crate::host::{Checkpoint, HostError, Started, Tag};
use crate::jobs::{AFFECTED_ELEMENTS, created_settings};
use domain::ids::VmGuid;
use std::time::Duration;
use wsman::argument::Argument;
use wsman::cimxml::{CimInstance, CimValue};
use wsman::instance::EndpointReference;
use wsman::wql;

const SNAPSHOT_SERVICE: &str = "Msvm_VirtualSystemSnapshotService";
const MANAGEMENT_SERVICE: &str = "Msvm_VirtualSystemManagementService";
const SETTING_DATA: &str = "Msvm_VirtualSystemSettingData";
/// `SnapshotType` of a recovery (backup) checkpoint; only Microsoft's sample names it.
const TYPE_RECOVERY: u64 = 32768;
/// `ConsistencyLevel`: crash-consistent, all that a VM which is off can be.
const CRASH_CONSISTENT: u8 = 2;
/// How often a rename that became a job is looked at, and for how long, on the machine's clock.
const RENAME_LOOKS_MAX: u32 = 80;
const RENAME_LOOK_EVERY: Duration = Duration::from_millis(250);

/// A VM as a parameter.
pub(crate) fn vm_reference(vm: VmGuid) -> Argument {
    const CLASS: &str = "Msvm_ComputerSystem";
    Argument::Reference(v2(
        CLASS,
        &[("CreationClassName", CLASS), ("Name", &vm.to_string())],
    ))
}

fn settings_reference(instance_id: &str) -> EndpointReference {
    v2(SETTING_DATA, &[("InstanceID", instance_id)])
}

impl WsmanHost {
    pub(crate) async fn snapshot_create(&self, vm: VmGuid, tag: &Tag) -> Result<Started, HostError> {
        let settings = CimInstance::new("Msvm_VirtualSystemSnapshotSettingData")
            .with("ElementName", CimValue::Text(tag.0.clone()))
            .with("ConsistencyLevel", CimValue::Uint8(CRASH_CONSISTENT))
            // Complete or nothing: a disk that cannot take part must fail the checkpoint.
            .with("IgnoreNonSnapshottableDisks", CimValue::Boolean(false));
        let arguments = [
            ("AffectedSystem", vm_reference(vm)),
            ("SnapshotSettings", Argument::Embedded(settings)),
            ("SnapshotType", Argument::Number(TYPE_RECOVERY)),
        ];
        self.start(
            &service(SNAPSHOT_SERVICE),
            "CreateSnapshot",
            &arguments,
            &format!("VM {vm}"),
        )
        .await
    }

    /// The answer of CreateSnapshot names no checkpoint when it starts a job; the job's affected elements do. Once the job
    /// is forgotten, the tag is all that is left to know it by.
    pub(crate) async fn snapshot_of_job(
        &self,
        vm: VmGuid,
        job_id: &str,
        tag: &Tag,
    ) -> Result<Option<Checkpoint>, HostError> {
        let rows = self.query(V2, AFFECTED_ELEMENTS).await?;
        let created =
            created_settings(&rows, job_id).map_err(|error| self.unreadable(AFFECTED_ELEMENTS, &error))?;
        let found = match &created[..] {
            [] => {
                let mut ours = self.recovery_checkpoints(vm).await?;
                ours.retain(|checkpoint| checkpoint.name == tag.0);
                self.at_most_one(ours, &format!("checkpoints of VM {vm} named {}", tag.0))?
            }
            [instance_id] => self.checkpoint(vm, instance_id).await?,
            several => {
                let what = format!("checkpoints made by job {job_id}");
                return Err(self.too_many(several.len(), &what));
            }
        };
        match found {
            Some(checkpoint) if checkpoint.name != tag.0 => self.rename(checkpoint, tag).await.map(Some),
            found => Ok(found),
        }
    }

    /// One checkpoint by its InstanceID; `None` when it is gone.
    async fn checkpoint(&self, vm: VmGuid, instance_id: &str) -> Result<Option<Checkpoint>, HostError> {
        let what = format!("checkpoint {instance_id}");
        let row = match self.get(&settings_reference(instance_id), &what).await {
            Ok(row) => row,
            Err(HostError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let unreadable = |error| self.unreadable(&format!("Get {what}"), &error);
        let checkpoint = classes::checkpoint(&row).map_err(unreadable)?;
        let checkpoint = checkpoint
            .ok_or_else(|| unreadable(row.wrong("VirtualSystemType", "not a recovery checkpoint")))?;
        if checkpoint.vm == vm {
            Ok(Some(checkpoint))
        } else {
            Err(unreadable(row.wrong(
                "VirtualSystemIdentifier",
                format!("{}, not the VM {vm}", checkpoint.vm),
            )))
        }
    }

    /// Gives a checkpoint its tag, and returns it as the host then shows it: with its old name when the host would not rename it,
    /// or not in time. It is ours all the same, so it is never lost to an error here.
    async fn rename(&self, checkpoint: Checkpoint, tag: &Tag) -> Result<Checkpoint, HostError> {
        let settings = CimInstance::new(SETTING_DATA)
            .with("InstanceID", CimValue::Text(checkpoint.instance_id.clone()))
            .with("ElementName", CimValue::Text(tag.0.clone()));
        let arguments = [("SystemSettings", Argument::Embedded(settings))];
        let what = format!("checkpoint {}", checkpoint.instance_id);
        let started = self
            .start(
                &service(MANAGEMENT_SERVICE),
                "ModifySystemSettings",
                &arguments,
                &what,
            )
            .await;
        let started = match started {
            Err(HostError::Fault { fault, .. }) => {
                tracing::warn!(host.id = %self.id, checkpoint = checkpoint.instance_id, fault,
                    "the host would not rename our checkpoint");
                return Ok(checkpoint);
            }
            other => other?,
        };
        match started {
            Started::Done => {}
            Started::Job { class, id } => self.settle(&class, &id).await?,
            Started::Refused { return_value } => {
                tracing::warn!(host.id = %self.id, checkpoint = checkpoint.instance_id, return_value,
                    "the host refused to rename our checkpoint");
                return Ok(checkpoint);
            }
        }
        let named = self.checkpoint(checkpoint.vm, &checkpoint.instance_id).await?;
        named.ok_or_else(|| self.not_found(&what))
    }

    /// Waits for a short job; one that vanished is over.
    async fn settle(&self, class: &str, id: &str) -> Result<(), HostError> {
        for _ in 0..RENAME_LOOKS_MAX {
            match self.read_job(class, id).await {
                Ok(job) if job.state.is_running() => tokio::time::sleep(RENAME_LOOK_EVERY).await,
                Ok(_) | Err(HostError::NotFound { .. }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(crate) async fn recovery_checkpoints(&self, vm: VmGuid) -> Result<Vec<Checkpoint>, HostError> {
        let wql = format!(
            "SELECT * FROM {SETTING_DATA} WHERE VirtualSystemType={} AND VirtualSystemIdentifier={}",
            wql::literal(RECOVERY_SNAPSHOT),
            wql::literal(&vm.to_string())
        );
        let rows = self.query(V2, &wql).await?;
        let mut checkpoints = Vec::with_capacity(rows.len());
        for row in &rows {
            checkpoints.extend(classes::checkpoint(row).map_err(|error| self.unreadable(&wql, &error))?);
        }
        checkpoints.retain(|checkpoint| checkpoint.vm == vm);
        Ok(checkpoints)
    }

    pub(crate) async fn snapshot_destroy(&self, checkpoint: &Checkpoint) -> Result<Started, HostError> {
        let arguments = [(
            "AffectedSnapshot",
            Argument::Reference(settings_reference(&checkpoint.instance_id)),
        )];
        let what = format!("checkpoint {}", checkpoint.instance_id);
        self.start(&service(SNAPSHOT_SERVICE), "DestroySnapshot", &arguments, &what)
            .await
    }

    fn at_most_one(&self, mut found: Vec<Checkpoint>, what: &str) -> Result<Option<Checkpoint>, HostError> {
        match found.len() {
            0 | 1 => Ok(found.pop()),
            several => Err(self.too_many(several, what)),
        }
    }

    fn too_many(&self, count: usize, what: &str) -> HostError {
        HostError::Unreadable {
            host: self.id.clone(),
            request: what.to_owned(),
            reason: format!("there are {count} where there can be one"),
        }
    }
}
