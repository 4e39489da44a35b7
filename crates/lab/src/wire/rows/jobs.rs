//! Jobs and what they touch.

use chrono::TimeDelta;

use crate::model::{JobClass, JobView, Target, job_type};
use crate::wire::cim::{Instance, Reference};
use crate::wire::schema;

use super::{guid, setting_reference, vm_reference};

/// Jobs of one class, `Msvm_ConcreteJob` or `Msvm_MigrationJob`.
#[must_use]
pub fn jobs(class: JobClass, jobs: &[JobView]) -> Vec<Instance> {
    jobs.iter().filter(|job| job.class == class).map(row).collect()
}

fn row(job: &JobView) -> Instance {
    let spec = match job.class {
        JobClass::Concrete => &schema::CONCRETE_JOB,
        JobClass::Migration => &schema::MIGRATION_JOB,
    };
    let elapsed = TimeDelta::milliseconds(i64::try_from(job.elapsed_ms).unwrap_or(i64::MAX / 1_000_000));
    let row = Instance::of(spec)
        .with("InstanceID", guid(job.id))
        .with("JobType", job.job_type)
        .with("JobState", job.state)
        .with("JobStatus", state_text(job.state))
        .with("PercentComplete", job.percent)
        .with("ErrorCode", job.error_code)
        .with("ErrorDescription", job.error_text.clone())
        .with("ErrorSummaryDescription", job.error_text.clone())
        .with("Cancellable", job.cancellable)
        .with("TimeSubmitted", job.started)
        .with("StartTime", job.started)
        .with("ScheduledStartTime", job.started)
        .with("ElapsedTime", elapsed)
        .with("TimeOfLastStateChange", job.state_changed)
        .with("TimeBeforeRemoval", TimeDelta::minutes(5))
        .with("DeleteOnCompletion", true)
        .with("Owner", job.owner.as_str())
        .with("HealthState", 5u16)
        .with("OperationalStatus", vec![2u16])
        .with("LocalOrUtcTime", 2u16)
        .with("JobRunTimes", 1u32)
        .with("RecoveryAction", 2u16)
        .with("ElementName", type_text(job.job_type))
        .with("Caption", type_text(job.job_type))
        .with("Description", type_text(job.job_type));
    match job.class {
        JobClass::Concrete => row,
        JobClass::Migration => row
            .with("VirtualSystemName", guid(job.vm))
            .with("DestinationHost", job.destination.clone())
            .with("MigrationType", 32771u16),
    }
}

fn state_text(state: u16) -> &'static str {
    match state {
        4 => "Der Auftrag wird ausgeführt.",
        7 => "Der Auftrag wurde abgeschlossen.",
        8 | 9 => "Der Auftrag wurde abgebrochen.",
        10 => "Der Auftrag ist fehlgeschlagen.",
        _ => "Der Auftrag wartet.",
    }
}

fn type_text(number: u16) -> &'static str {
    match number {
        job_type::APPLY_LOG | job_type::APPLY_DELTAS => "Änderungsprotokoll anwenden",
        job_type::RECEIVE_DELTA => "Änderungen empfangen",
        job_type::SNAPSHOT => "Momentaufnahme erstellen",
        job_type::DELETE_SNAPSHOT => "Momentaufnahme löschen",
        job_type::EXPORT => "Virtuellen Computer exportieren",
        job_type::MERGE_DISKS => "Datenträger zusammenführen",
        _ => "Virtuellen Computer bearbeiten",
    }
}

/// `Msvm_AffectedJobElement`
#[must_use]
pub fn affected(jobs: &[JobView]) -> Vec<Instance> {
    let of = |job: &JobView| {
        let class = match job.class {
            JobClass::Concrete => "Msvm_ConcreteJob",
            JobClass::Migration => "Msvm_MigrationJob",
        };
        let affecting = Reference::v2(class, &[("InstanceID", &guid(job.id))]);
        job.affected
            .iter()
            .map(|affected| {
                let element = match &affected.target {
                    Target::Vm(vm) => vm_reference(*vm),
                    Target::Snapshot(id) => setting_reference(id),
                };
                Instance::of(&schema::AFFECTED_JOB_ELEMENT)
                    .with("AffectedElement", element)
                    .with("AffectingElement", affecting.clone())
                    .with("ElementEffects", vec![affected.effect])
            })
            .collect::<Vec<_>>()
    };
    jobs.iter().flat_map(of).collect()
}
