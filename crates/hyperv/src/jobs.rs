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
use std::collections::HashMap;
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
    /// `None` when nothing says what it touches.
    vms: Option<Vec<VmGuid>>,
}

impl Listed {
    /// Unmatched, and of a kind that could be about any VM.
    fn is_stray(&self) -> bool {
        self.vms.is_none()
            && self
                .job
                .as_ref()
                .map_or(true, |job| job.is_apply() || job.state.is_running())
    }
}

/// The jobs of a host at one instant.
#[derive(Debug)]
pub(crate) struct JobTable {
    listed: Vec<Listed>,
}

impl JobTable {
    /// Matches jobs with what they touch.
    ///
    /// # Errors
    /// When a row does not say which job or VM it is about.
    fn new(
        concrete: &[Instance],
        affected: &[Instance],
        migrations: &[Instance],
    ) -> Result<Self, PropertyError> {
        let mut touched: HashMap<String, Vec<VmGuid>> = HashMap::new();
        for row in affected {
            let affected = Affected::read(row)?;
            let vms = touched.entry(affected.job_id.to_ascii_uppercase()).or_default();
            vms.extend(affected.guid().filter(|vm| !vms.contains(vm)));
        }
        let mut listed = Vec::with_capacity(concrete.len() + migrations.len());
        for row in concrete {
            let id = row.text_required("InstanceID")?.to_ascii_uppercase();
            listed.push(Listed {
                job: classes::job(row, class_of(&row.class)),
                vms: touched.remove(&id),
            });
        }
        for row in migrations {
            let vms = Some(vec![classes::migrated_vm(row)?]);
            listed.push(Listed {
                job: classes::job(row, JobClass::Migration),
                vms,
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
        self.select(|listed| match &listed.vms {
            Some(vms) => vms.contains(&vm),
            None => listed.is_stray() && !listed.job.as_ref().is_ok_and(|job| job.state.is_success()),
        })
    }

    /// Applies that touched the VM, or may have: strays in any state.
    ///
    /// # Errors
    /// When the row of one of them cannot be read.
    pub fn applies(&self, vm: VmGuid) -> Result<Vec<Job>, PropertyError> {
        let mut jobs = self.select(|listed| match &listed.vms {
            Some(vms) => vms.contains(&vm),
            None => listed.is_stray(),
        })?;
        jobs.retain(Job::is_apply);
        Ok(jobs)
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
