//! Jobs, and which VMs they touch.
//!
//! Jobs cannot be asked for by VM: all are listed and matched through `Msvm_AffectedJobElement`. Both lists lose a job five
//! minutes after it ended, not in the same instant, so a job without a match is read again before anything is made of it.

use crate::ask::{V2, v2};
use crate::classes::{self, Affected};
use crate::codes::ReturnCode;
use crate::connect::WsmanHost;
use crate::host::HostError;
use domain::ids::VmGuid;
use domain::job::{Job, JobClass};
use std::collections::{BTreeSet, HashMap};
use wsman::argument::Argument;
use wsman::instance::Instance;
use wsman::property::PropertyError;
use wsman::wql;

const CONCRETE_JOBS: &str = "SELECT * FROM Msvm_ConcreteJob";
const AFFECTED: &str = "SELECT * FROM Msvm_AffectedJobElement";
const MIGRATION_JOBS: &str = "SELECT * FROM Msvm_MigrationJob";

/// Which migrations to list beside the jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Migrations {
    Skip,
    Of(VmGuid),
    All,
}

/// One listed job. A job whose row cannot be read is kept as what was wrong with it.
#[derive(Debug)]
struct Listed {
    job: Result<Job, PropertyError>,
    /// GUIDs of what it touches; `None` when nothing says so, or nothing that has one.
    vms: Option<Vec<VmGuid>>,
    /// Whether one of them is a VM's beyond doubt: settings may be a checkpoint's, whose GUID is its own.
    sure: bool,
}

impl Listed {
    /// Unmatched, and of a kind that could be about any VM.
    fn is_stray(&self) -> bool {
        let Ok(job) = &self.job else { return !self.sure };
        match self.vms {
            None => job.is_apply() || job.state.is_running(),
            Some(_) => job.is_apply() && !self.sure,
        }
    }

    fn is_about(&self, vm: VmGuid) -> bool {
        self.vms.as_ref().is_some_and(|vms| vms.contains(&vm))
    }
}

/// The jobs of a host at one instant.
#[derive(Debug)]
pub(crate) struct JobTable {
    listed: Vec<Listed>,
}

impl JobTable {
    /// A host without jobs.
    #[cfg(test)]
    pub fn empty() -> Self {
        Self { listed: Vec::new() }
    }

    /// Matches jobs with what they touch.
    ///
    /// # Errors
    /// When a row does not say which job or VM it is about.
    pub(crate) fn new(
        concrete: &[Instance],
        affected: &[Instance],
        migrations: &[Instance],
    ) -> Result<Self, PropertyError> {
        let mut touched: HashMap<String, (Vec<VmGuid>, bool)> = HashMap::new();
        for row in affected {
            let affected = Affected::read(row)?;
            let Some(vm) = affected.guid() else { continue };
            let (vms, sure) = touched.entry(affected.job_id.to_ascii_uppercase()).or_default();
            *sure |= affected.is_of_vm();
            if !vms.contains(&vm) {
                vms.push(vm);
            }
        }
        let mut listed = Vec::with_capacity(concrete.len() + migrations.len());
        for row in concrete {
            let id = row.text_required("InstanceID")?.to_ascii_uppercase();
            let (vms, sure) = touched.remove(&id).unzip();
            listed.push(Listed {
                job: classes::job(row, class_of(&row.class)),
                vms,
                sure: sure.unwrap_or(false),
            });
        }
        for row in migrations {
            let vms = Some(vec![classes::migrated_vm(row)?]);
            listed.push(Listed {
                job: classes::job(row, JobClass::Migration),
                vms,
                sure: true,
            });
        }
        Ok(Self { listed })
    }

    /// Jobs of one VM, running and finished, for an observation. A stray that is running, or failed to apply, counts
    /// against every VM; one that succeeded counts for none.
    ///
    /// # Errors
    /// When the row of one of them cannot be read.
    pub fn of(&self, vm: VmGuid) -> Result<Vec<Job>, PropertyError> {
        self.select(|listed| {
            let good = || listed.job.as_ref().is_ok_and(|job| job.state.is_success());
            listed.is_about(vm) || listed.is_stray() && !good()
        })
    }

    /// Applies that touched the VM, or may have: strays in any state.
    ///
    /// # Errors
    /// When the row of one of them cannot be read.
    pub fn applies(&self, vm: VmGuid) -> Result<Vec<Job>, PropertyError> {
        let mut jobs = self.select(|listed| listed.is_about(vm) || listed.is_stray())?;
        jobs.retain(Job::is_apply);
        Ok(jobs)
    }

    /// Whether an apply of the VM is running, or cannot be said to have ended.
    pub fn is_applying(&self, vm: VmGuid) -> bool {
        let running = |job: &Job| job.is_apply() && job.state.is_running();
        self.of(vm).map_or(true, |jobs| jobs.iter().any(running))
    }

    fn select(&self, wanted: impl Fn(&Listed) -> bool) -> Result<Vec<Job>, PropertyError> {
        self.listed
            .iter()
            .filter(|listed| wanted(listed))
            .map(|listed| listed.job.clone())
            .collect()
    }
}

/// The class that a job's row or reference names.
fn class_of(name: &str) -> JobClass {
    match name {
        "Msvm_MigrationJob" => JobClass::Migration,
        "Msvm_StorageJob" => JobClass::Storage,
        // Its subclasses too, such as the export of a reference point.
        _ => JobClass::Concrete,
    }
}

impl WsmanHost {
    /// Two requests, one more with migrations, one less on a host without jobs, two more when a job has no match.
    pub(crate) async fn job_table(&self, migrations: Migrations) -> Result<JobTable, HostError> {
        let migrations = match migrations {
            Migrations::Skip => Vec::new(),
            Migrations::All => self.query(V2, MIGRATION_JOBS).await?,
            Migrations::Of(vm) => {
                let wql = format!(
                    "{MIGRATION_JOBS} WHERE VirtualSystemName={}",
                    wql::literal(&vm.to_string())
                );
                self.query(V2, &wql).await?
            }
        };
        let table = self.listed_jobs(&migrations).await?;
        if table.listed.iter().any(Listed::is_stray) {
            return self.listed_jobs(&migrations).await;
        }
        Ok(table)
    }

    async fn listed_jobs(&self, migrations: &[Instance]) -> Result<JobTable, HostError> {
        let concrete = self.query(V2, CONCRETE_JOBS).await?;
        let affected = if concrete.is_empty() {
            Vec::new()
        } else {
            self.query(V2, AFFECTED).await?
        };
        JobTable::new(&concrete, &affected, migrations)
            .map_err(|error| self.unreadable(CONCRETE_JOBS, &error))
    }

    /// Two requests, one on a host without jobs.
    pub(crate) async fn read_applying(&self, vms: &[VmGuid]) -> Result<BTreeSet<VmGuid>, HostError> {
        let table = self.job_table(Migrations::Skip).await?;
        Ok(vms.iter().copied().filter(|vm| table.is_applying(*vm)).collect())
    }

    pub(crate) async fn read_jobs_of(&self, vm: VmGuid) -> Result<Vec<Job>, HostError> {
        let table = self.job_table(Migrations::Of(vm)).await?;
        table
            .of(vm)
            .map_err(|error| self.unreadable(CONCRETE_JOBS, &error))
    }

    pub(crate) async fn read_job(&self, class: &str, id: &str) -> Result<Job, HostError> {
        let what = format!("job {id}");
        let row = self.get(&v2(class, &[("InstanceID", id)]), &what).await?;
        classes::job(&row, class_of(class)).map_err(|error| self.unreadable(&format!("Get {what}"), &error))
    }

    pub(crate) async fn terminate_job(&self, class: &str, id: &str) -> Result<(), HostError> {
        /// `RequestedState` "Terminate"; a job cannot be killed.
        const TERMINATE: u64 = 4;
        const METHOD: &str = "RequestStateChange";
        let target = v2(class, &[("InstanceID", id)]);
        let arguments = [("RequestedState", Argument::Number(TERMINATE))];
        let output = self
            .invoke(&target, METHOD, &arguments, &format!("job {id}"))
            .await?;
        let value = output
            .number_required("ReturnValue")
            .map_err(|error| self.unreadable(METHOD, &error))?;
        match ReturnCode::of_state_change(value) {
            ReturnCode::Done | ReturnCode::JobStarted => Ok(()),
            code => Err(HostError::Fault {
                host: self.id.clone(),
                request: format!("{METHOD} of job {id}"),
                fault: format!("return value {value} ({code})"),
            }),
        }
    }
}

/// All checkpoints that a job created, by the InstanceID of their settings.
pub(crate) fn created_settings(rows: &[Instance], job_id: &str) -> Result<Vec<String>, PropertyError> {
    let mut created = Vec::new();
    for row in rows {
        let affected = Affected::read(row)?;
        let ours = affected.job_id.eq_ignore_ascii_case(job_id)
            && affected.effects.contains(&classes::EFFECT_CREATE);
        if ours
            && affected
                .element
                .class_name()
                .eq_ignore_ascii_case("Msvm_VirtualSystemSettingData")
        {
            created.extend(affected.element.selector("InstanceID").map(str::to_owned));
        }
    }
    Ok(created)
}

/// The query behind [`created_settings`].
pub(crate) const AFFECTED_ELEMENTS: &str = AFFECTED;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::job::job_type;
    use uuid::Uuid;
    use wsman::instance::Value;

    const A: VmGuid = VmGuid(Uuid::from_u128(0xA));
    const B: VmGuid = VmGuid(Uuid::from_u128(0xB));

    fn row(class: &str, properties: &[(&str, &str)]) -> Instance {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
        Instance {
            class: class.to_owned(),
            properties: properties.iter().map(text).collect(),
        }
    }

    fn job(id: &str, kind: u16, state: u16) -> Instance {
        let (kind, state) = (kind.to_string(), state.to_string());
        row(
            "Msvm_ConcreteJob",
            &[("InstanceID", id), ("JobType", &kind), ("JobState", &state)],
        )
    }

    fn touches(job: &str, class: &str, key: &str, value: &str) -> Instance {
        let mut row = row("Msvm_AffectedJobElement", &[]);
        let job = v2("Msvm_ConcreteJob", &[("InstanceID", job)]);
        row.properties
            .insert("AffectingElement".to_owned(), Value::Reference(job));
        row.properties.insert(
            "AffectedElement".to_owned(),
            Value::Reference(v2(class, &[(key, value)])),
        );
        row
    }

    fn ids(jobs: Result<Vec<Job>, PropertyError>) -> Vec<String> {
        jobs.unwrap().into_iter().map(|job| job.id).collect()
    }

    #[test]
    fn a_job_belongs_to_the_vms_that_it_touches_by_whatever_name() {
        let jobs = [job("J1", 62, 4), job("J2", 108, 7), job("J3", 70, 4)];
        let settings = format!("Microsoft:{B}");
        let relationship = format!("Microsoft:{A}\\HVR\\0");
        let affected = [
            touches("j1", "Msvm_ComputerSystem", "Name", &A.to_string()),
            touches("J2", "Msvm_ReplicationRelationship", "InstanceID", &relationship),
            touches("J3", "Msvm_VirtualSystemSettingData", "InstanceID", &settings),
        ];
        let table = JobTable::new(&jobs, &affected, &[]).unwrap();
        assert_eq!(ids(table.of(A)), ["J1", "J2"]);
        assert_eq!(ids(table.of(B)), ["J3"]);
        assert_eq!(ids(table.applies(A)), ["J2"]);
    }

    #[test]
    fn an_apply_that_names_no_vm_beyond_doubt_counts_against_every_vm() {
        let checkpoint = "Microsoft:0A0A0A0A-0000-4000-8000-000000000001";
        for (class, key, value) in [
            ("Msvm_VirtualSystemSettingData", "InstanceID", checkpoint),
            ("Msvm_ComputerSystem", "Name", "HV-R-01"),
            ("Msvm_VirtualSystemManagementService", "Name", "vmms"),
        ] {
            let jobs = [job("J1", job_type::APPLY_LOG, 4)];
            let table = JobTable::new(&jobs, &[touches("J1", class, key, value)], &[]).unwrap();
            assert_eq!(ids(table.of(A)), ["J1"], "{class}");
            assert_eq!(ids(table.applies(B)), ["J1"], "{class}");
        }
    }

    #[test]
    fn an_apply_that_no_one_claims_counts_against_every_vm_but_proves_nothing_good() {
        let jobs = [
            job("running", job_type::APPLY_LOG, 4),
            job("failed", job_type::APPLY_DELTAS, 10),
            job("done", job_type::APPLY_LOG, 7),
            job("export", job_type::EXPORT, 4),
            job("old", job_type::EXPORT, 7),
        ];
        let table = JobTable::new(&jobs, &[], &[]).unwrap();
        for vm in [A, B] {
            assert_eq!(ids(table.of(vm)), ["running", "failed", "export"]);
            assert_eq!(ids(table.applies(vm)), ["running", "failed", "done"]);
        }
    }

    #[test]
    fn an_unreadable_job_spoils_the_vms_that_it_touches_and_all_when_it_touches_none() {
        let unreadable = row(
            "Msvm_ConcreteJob",
            &[("InstanceID", "J"), ("JobType", "108"), ("JobState", "many")],
        );
        let affected = [touches("J", "Msvm_ComputerSystem", "Name", &A.to_string())];
        let table = JobTable::new(std::slice::from_ref(&unreadable), &affected, &[]).unwrap();
        assert!(table.of(A).is_err() && table.applies(A).is_err());
        assert!(table.of(B).is_ok() && table.applies(B).is_ok());
        let table = JobTable::new(&[unreadable], &[], &[]).unwrap();
        assert!(table.of(A).is_err() && table.of(B).is_err());
    }

    #[test]
    fn a_row_that_does_not_say_what_it_is_about_is_an_error() {
        assert!(JobTable::new(&[row("Msvm_ConcreteJob", &[("JobType", "1")])], &[], &[]).is_err());
        assert!(JobTable::new(&[], &[row("Msvm_AffectedJobElement", &[])], &[]).is_err());
        assert!(JobTable::new(&[], &[], &[row("Msvm_MigrationJob", &[("InstanceID", "M")])]).is_err());
    }

    #[test]
    fn only_what_the_job_itself_created_is_its_checkpoint() {
        let mut rows = Vec::new();
        for (job, class, id, effect) in [
            ("J", "Msvm_VirtualSystemSettingData", "made", "5"),
            ("J", "Msvm_VirtualSystemSettingData", "touched", "0"),
            ("J", "Msvm_ConcreteJob", "other class", "5"),
            ("K", "Msvm_VirtualSystemSettingData", "of another job", "5"),
        ] {
            let mut row = touches(job, class, "InstanceID", id);
            row.properties
                .insert("ElementEffects".to_owned(), Value::Text(effect.to_owned()));
            rows.push(row);
        }
        assert_eq!(created_settings(&rows, "j").unwrap(), ["made"]);
    }
}
