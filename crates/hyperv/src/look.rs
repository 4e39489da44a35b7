//! One replica, read now: whole, as far as the gate judges it, and as cheaply as a held checkpoint asks for.
//!
//! Each reads the host's clock first and the management service's process last, so whatever the host says in between is
//! vouched for by one boot. Nothing that speaks for or against a still disk is ever taken from memory.

use crate::classes::{self, RelationshipRow};
use crate::connect::WsmanHost;
use crate::gather::{Gathered, Stamp};
use crate::host::{Glance, HostError, HostIdentity, Look, ReplicaSighting};
use crate::identity::OperatingSystem;
use crate::jobs::Migrations;
use crate::survey::Scope;
use chrono::{DateTime, Utc};
use domain::evidence::JobLook;
use domain::ids::VmGuid;
use domain::observation::ReplicationState;

impl WsmanHost {
    /// Eleven requests once the host is known, ten while it lists no job.
    pub(crate) async fn read_look(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Look, HostError> {
        let system = self.operating_system().await?;
        let has_reference_points = self.has_reference_points(&system).await?;
        let (rows, authorization) = tokio::try_join!(
            self.rows(Scope(Some(vm)), has_reference_points),
            self.authorization()
        )?;
        let identity = self.identity_of(system, has_reference_points).await?;
        let sighting = self.sighted(vm, seen_at, &rows, &identity)?;
        Ok(Look {
            identity,
            sighting,
            authorization,
        })
    }

    /// Eight requests once the VM's replication settings are known, seven while the host lists no job. The disks are left
    /// out, and the settings are those of the last survey or look: they say how often logs come and from where, and
    /// neither is a sign that the gate reads.
    pub(crate) async fn read_glance(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Glance, HostError> {
        let system: OperatingSystem = self.operating_system().await?;
        let has_reference_points = self.has_reference_points(&system).await?;
        let rows = self.vital_rows(vm, has_reference_points).await?;
        let identity = self.identity_of(system, has_reference_points).await?;
        let observation = self.sighted(vm, seen_at, &rows, &identity)?.observation;
        Ok(Glance {
            identity,
            observation,
        })
    }

    fn sighted(
        &self,
        vm: VmGuid,
        seen_at: DateTime<Utc>,
        rows: &Gathered,
        identity: &HostIdentity,
    ) -> Result<ReplicaSighting, HostError> {
        if !rows.has(vm) {
            return Err(self.not_found(&format!("VM {vm}")));
        }
        let stamp = Stamp {
            host: self.id.clone(),
            seen_at,
            host_time: identity.now,
            boot: identity.boot,
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
            let mut seen = Vec::with_capacity(rows.len());
            for row in &rows {
                let (_, index) = classes::relationship_key(row)?;
                let (state, _) = RelationshipRow::state_and_health(row)?;
                seen.push((
                    index,
                    RelationshipRow::last_apply(row)?,
                    ReplicationState::from(state),
                ));
            }
            seen.sort_by_key(|(index, _, _)| *index);
            Ok(JobLook {
                host_time: system.now,
                boot,
                last_apply: seen.iter().map(|(_, time, _)| *time).collect(),
                states: seen.iter().map(|(_, _, state)| *state).collect(),
                applies: jobs.applies(vm)?,
            })
        };
        read().map_err(|error: wsman::property::PropertyError| self.unreadable(&request(), &error))
    }
}
