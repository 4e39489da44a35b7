//! A host as configured, and the trait over it. Each method lives in the file of its concern.

use crate::host::{Checkpoint, Glance, HostError, HostIdentity, Look, ReplicaHost, Started, Survey, Tag};
use crate::identity::Known;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::evidence::JobLook;
use domain::ids::{HostId, VmGuid};
use domain::job::Job;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use wsman::auth::Basic;
use wsman::client::{Client, ClientConfig, Identity};
use wsman::error::SetupError;
use wsman::limits::{Limits, Timeouts};
use wsman::tls::Trust;

/// How to reach one Hyper-V host.
#[derive(Debug)]
pub struct HostConnection {
    pub id: HostId,
    /// Name or address; must be in the host's certificate unless it is pinned.
    pub address: String,
    /// 5986 unless the hoster moved it.
    pub port: u16,
    pub trust: Trust,
    /// `DOMAIN\user` or a local account; Basic over verified TLS.
    pub user: String,
    pub password: SecretString,
    /// On the machine's clock.
    pub timeouts: Timeouts,
}

/// A Hyper-V host over WS-Management.
#[derive(Debug)]
pub struct WsmanHost {
    pub(crate) id: HostId,
    pub(crate) client: Client,
    pub(crate) known: Mutex<Known>,
}

impl WsmanHost {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] when the address, the account or the trust cannot be used.
    pub fn new(connection: HostConnection) -> Result<Self, SetupError> {
        let basic = Basic::new(&connection.user, &connection.password)?;
        let config = ClientConfig {
            address: connection.address,
            port: connection.port,
            trust: connection.trust,
            timeouts: connection.timeouts,
            limits: Limits::default(),
            connections_max: 2,
        };
        Ok(Self {
            id: connection.id,
            client: Client::new(config, Arc::new(basic))?,
            known: Mutex::default(),
        })
    }

    /// Who answers there, for `doctor` and `config check`.
    ///
    /// # Errors
    /// [`HostError`].
    pub async fn identify(&self) -> Result<Identity, HostError> {
        self.client
            .identify()
            .await
            .map_err(|error| self.failed("Identify", error))
    }
}

#[async_trait]
impl ReplicaHost for WsmanHost {
    fn id(&self) -> &HostId {
        &self.id
    }

    fn requests(&self) -> u64 {
        self.client.requests()
    }

    async fn identity(&self) -> Result<HostIdentity, HostError> {
        self.read_identity().await
    }

    async fn survey(&self, seen_at: DateTime<Utc>) -> Result<Survey, HostError> {
        self.read_survey(seen_at).await
    }

    async fn look(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Look, HostError> {
        self.read_look(vm, seen_at).await
    }

    async fn glance(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Glance, HostError> {
        self.read_glance(vm, seen_at).await
    }

    async fn applying(&self, vms: &[VmGuid]) -> Result<BTreeSet<VmGuid>, HostError> {
        self.read_applying(vms).await
    }

    async fn job_look(&self, vm: VmGuid) -> Result<JobLook, HostError> {
        self.read_job_look(vm).await
    }

    async fn checkpoint_create(&self, vm: VmGuid, tag: &Tag) -> Result<Started, HostError> {
        self.snapshot_create(vm, tag).await
    }

    async fn checkpoint_of_job(
        &self,
        vm: VmGuid,
        job_id: &str,
        tag: &Tag,
    ) -> Result<Option<Checkpoint>, HostError> {
        self.snapshot_of_job(vm, job_id, tag).await
    }

    async fn checkpoints(&self, vm: VmGuid) -> Result<Vec<Checkpoint>, HostError> {
        self.recovery_checkpoints(vm).await
    }

    async fn checkpoint_destroy(&self, checkpoint: &Checkpoint) -> Result<Started, HostError> {
        self.snapshot_destroy(checkpoint).await
    }

    async fn export(
        &self,
        vm: VmGuid,
        checkpoint: &Checkpoint,
        directory: &str,
    ) -> Result<Started, HostError> {
        self.export_system(vm, checkpoint, directory).await
    }

    async fn job(&self, class: &str, id: &str) -> Result<Job, HostError> {
        self.read_job(class, id).await
    }

    async fn jobs_of(&self, vm: VmGuid) -> Result<Vec<Job>, HostError> {
        self.read_jobs_of(vm).await
    }

    async fn job_cancel(&self, class: &str, id: &str) -> Result<(), HostError> {
        self.terminate_job(class, id).await
    }
}
