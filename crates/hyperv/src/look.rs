//! One replica, read now; and the cheap look while a checkpoint is held.

use crate::classes::{self, RelationshipRow};
use crate::connect::WsmanHost;
use crate::gather::Stamp;
use crate::host::{HostError, ReplicaSighting};
use crate::jobs::Migrations;
use crate::survey::Scope;
use chrono::{DateTime, Utc};
use domain::evidence::JobLook;
use domain::ids::VmGuid;

impl WsmanHost {
    /// Ten requests once the host is known, nine while it lists no job.
    pub(crate) async fn read_look(
        &self,
        vm: VmGuid,
        seen_at: DateTime<Utc>,
    ) -> Result<ReplicaSighting, HostError> {
        let system = self.operating_system().await?;
        let has_reference_points = self.has_reference_points(&system).await?;
        let rows = self.rows(Scope(Some(vm)), has_reference_points).await?;
        let boot = self.boot(&system).await?;
        if !rows.has(vm) {
            return Err(self.not_found(&format!("VM {vm}")));
        }
        let stamp = Stamp {
            host: self.id.clone(),
            seen_at,
            host_time: system.now,
            boot,
        };
        rows.sighting(vm, &stamp)
            .map_err(|error| self.unreadable(&format!("the rows of VM {vm}"), &error))
    }

    /// Five requests once the host is known, four while it lists no job.
    pub(crate) async fn read_job_look(&self, vm: VmGuid) -> Result<JobLook, HostError> {
        let system = self.operating_system().await?;
        let (rows, jobs) = tokio::try_join!(
            self.relationships(Scope(Some(vm)), true),
            self.job_table(Migrations::Skip)
        )?;
        let boot = self.boot(&system).await?;
        let request = || format!("the relationships and jobs of VM {vm}");
        if rows.is_empty() {
            return Err(self.not_found(&format!("a replication relationship of VM {vm}")));
        }
        let read = || {
            let mut last_apply = Vec::with_capacity(rows.len());
            for row in &rows {
                let (_, index) = classes::relationship_key(row)?;
                last_apply.push((index, RelationshipRow::last_apply(row)?));
            }
            last_apply.sort_by_key(|(index, _)| *index);
            let last_apply = last_apply.into_iter().map(|(_, time)| time).collect();
            Ok(JobLook {
                host_time: system.now,
                boot,
                last_apply,
                applies: jobs.applies(vm)?,
            })
        };
        read().map_err(|error: wsman::property::PropertyError| self.unreadable(&request(), &error))
    }
}
