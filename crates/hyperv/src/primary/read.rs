//! A tenant's host over WS-Management.

use super::{Pausable, PrimaryError, PrimaryHost, PrimaryLook, Reading, Resumable};
use crate::ask::{V2, v2};
use crate::classes::{self, ComputerSystem, RelationshipRow};
use crate::connect::{HostConnection, WsmanHost};
use crate::host::{HostError, Started};
use crate::jobs::Migrations;
use crate::survey::Scope;
use async_trait::async_trait;
use domain::ids::{HostId, InvalidId, PrimaryId, VmGuid};
use domain::job::Job;
use secrecy::SecretString;
use wsman::argument::Argument;
use wsman::error::SetupError;
use wsman::limits::Timeouts;
use wsman::tls::Trust;
use wsman::wql;

const COMPUTER_SYSTEM: &str = "Msvm_ComputerSystem";
/// Of `Msvm_ComputerSystem`; without a relationship named it works on the primary one, the only one that a primary has (spec 2.4).
const REQUEST: &str = "RequestReplicationStateChange";
/// `RequestedState`: Replicating, which resumes.
const REPLICATING: u64 = 3;
/// `RequestedState`: Suspend, which pauses.
const SUSPEND: u64 = 7;
/// `JobType` "Replicate State Change" (spec 2.11).
const STATE_CHANGE: u16 = 96;

/// How to reach a tenant's host.
#[derive(Debug)]
pub struct PrimaryConnection {
    pub id: PrimaryId,
    /// As a host's.
    pub address: String,
    pub port: u16,
    pub trust: Trust,
    /// An account of the tenant's that may change the replication of his VMs, and nothing else.
    pub user: String,
    pub password: SecretString,
    /// On the machine's clock.
    pub timeouts: Timeouts,
}

/// A tenant's host over WS-Management. It can look, pause and resume, and nothing else.
#[derive(Debug)]
pub struct WsmanPrimary {
    id: PrimaryId,
    /// Never handed out: what can be asked of a replica's host is not to be asked here.
    inner: WsmanHost,
}

/// Why a connection cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PrimarySetupError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl WsmanPrimary {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// When the address, the account or the trust cannot be used.
    pub fn new(connection: PrimaryConnection) -> Result<Self, PrimarySetupError> {
        // Both ids are of one form: errors name the machine by its key.
        let id: HostId = connection.id.as_str().parse()?;
        Ok(Self {
            id: connection.id,
            inner: WsmanHost::new(HostConnection {
                id,
                address: connection.address,
                port: connection.port,
                trust: connection.trust,
                user: connection.user,
                password: connection.password,
                timeouts: connection.timeouts,
            })?,
        })
    }

    /// Requests sent since this value was made.
    #[must_use]
    pub fn requests(&self) -> u64 {
        use crate::host::ReplicaHost as _;
        self.inner.requests()
    }

    async fn request(&self, vm: VmGuid, state: u64) -> Result<Started, HostError> {
        let target = v2(
            COMPUTER_SYSTEM,
            &[("CreationClassName", COMPUTER_SYSTEM), ("Name", &vm.to_string())],
        );
        let arguments = [("RequestedState", Argument::Number(state))];
        self.inner
            .start(&target, REQUEST, &arguments, &format!("VM {vm}"))
            .await
    }

    /// Four requests, three while the host lists no job. The jobs come first: a state that is read after no change ran is the state.
    async fn read(&self, vm: VmGuid) -> Result<Reading, HostError> {
        let jobs = self.inner.job_table(Migrations::Skip).await?;
        let system = format!(
            "SELECT * FROM {COMPUTER_SYSTEM} WHERE Name={}",
            wql::literal(&vm.to_string())
        );
        let systems = self.inner.query(V2, &system).await?;
        let Some(row) = systems.first() else {
            return Err(self.inner.not_found(&format!("VM {vm}")));
        };
        let what = format!("the rows of VM {vm}");
        let unreadable = |error: wsman::property::PropertyError| self.inner.unreadable(&what, &error);
        let mode = ComputerSystem::read(row).map_err(unreadable)?.mode;
        let mode = mode.ok_or_else(|| unreadable(row.wrong("ReplicationMode", "missing")))?;
        let rows = self.inner.relationships(Scope(Some(vm)), true).await?;
        let mut found = None;
        for row in &rows {
            if classes::relationship_key(row).map_err(unreadable)? == (vm, 0) {
                found = Some(RelationshipRow::state_and_health(row).map_err(unreadable)?);
            }
        }
        let Some((state, health)) = found else {
            return Err(self
                .inner
                .not_found(&format!("a replication relationship of VM {vm}")));
        };
        let changes = |job: &Job| job.job_type == STATE_CHANGE && job.state.is_running();
        Ok(Reading {
            mode,
            state: state.into(),
            health: health.into(),
            changing: jobs.of(vm).map_err(unreadable)?.iter().any(changes),
        })
    }
}

#[async_trait]
impl PrimaryHost for WsmanPrimary {
    fn id(&self) -> &PrimaryId {
        &self.id
    }

    async fn look(&self, vm: VmGuid) -> Result<PrimaryLook, PrimaryError> {
        PrimaryLook::of(&self.id, vm, self.read(vm).await?)
    }

    async fn pause(&self, vm: Pausable) -> Result<Started, PrimaryError> {
        Ok(self.request(vm.on(&self.id)?, SUSPEND).await?)
    }

    async fn resume(&self, vm: Resumable) -> Result<Started, PrimaryError> {
        Ok(self.request(vm.on(&self.id)?, REPLICATING).await?)
    }
}
