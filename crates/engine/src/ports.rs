//! What the engine needs from the rest of the house.

use crate::clock::{MachineClock, WorldClock};
use crate::failpoint::{Failpoints, NoFailpoints};
use crate::judge::{DomainJudge, Judge};
use crate::names::{Ids, RandomIds};
use crate::pausing::TenantPrimary;
use async_trait::async_trait;
use domain::ids::TenantId;
use hyperv::host::ReplicaHost;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::alarm::AlarmStore;
use store::cancels::CancelStore;
use store::history::HistoryStore;
use store::holds::HoldStore;
use store::notices::NoticeStore;
use store::obligations::ObligationStore;
use store::pauses::PauseStore;
use store::policies::PolicyStore;
use store::tenants::TenantStore;
use store::traits::{AttemptStore, OverviewStore, ReplicaStore};
use vault::contract::{IngestRequest, Withheld};

/// The aggregates that the engine uses.
pub trait EngineStore:
    ReplicaStore
    + AttemptStore
    + OverviewStore
    + PolicyStore
    + ObligationStore
    + HoldStore
    + CancelStore
    + PauseStore
    + NoticeStore
    + AlarmStore
    + HistoryStore
    + TenantStore
{
}
impl<T> EngineStore for T where
    T: ReplicaStore
        + AttemptStore
        + OverviewStore
        + PolicyStore
        + ObligationStore
        + HoldStore
        + CancelStore
        + PauseStore
        + NoticeStore
        + AlarmStore
        + HistoryStore
        + TenantStore
{
}

/// What failed in the vault, as far as the engine has to tell it apart.
#[derive(Debug, thiserror::Error)]
pub enum VaultFailure {
    #[error("there is no room left in the vault")]
    NoRoom,
    #[error("stopped on request")]
    Cancelled,
    /// With every cause, for people.
    #[error("{0}")]
    Failed(String),
}

/// Where restore points go. Synchronous: the engine calls it from blocking threads.
pub trait PointVault: Send + Sync {
    /// Room that can still be written.
    fn free_bytes(&self) -> Result<u64, VaultFailure>;
    /// Room in another place on this machine (staging).
    fn free_bytes_at(&self, path: &Path) -> Result<u64, VaultFailure>;
    /// Stores everything and shows nothing: the snapshot file is withheld.
    fn ingest(&self, request: &IngestRequest, cancelled: Arc<AtomicBool>) -> Result<Withheld, VaultFailure>;
    /// Writes the withheld snapshot file. Idempotent.
    fn seal(&self, tenant: &TenantId, withheld: &Withheld) -> Result<(), VaultFailure>;
    /// Signs a document as the next of the tenant's chain; `previous` is the tenant's last seal.
    fn sign(
        &self,
        tenant: &TenantId,
        previous: Option<&serde_json::Value>,
        document: &serde_json::Value,
    ) -> Result<serde_json::Value, VaultFailure>;
    /// Whether nothing here ever waits for a disk: then it is called on the spot and not on a thread of its own.
    fn is_instant(&self) -> bool {
        false
    }
    /// Whether the snapshot file is there.
    fn exists(&self, tenant: &TenantId, snapshot: &str) -> Result<bool, VaultFailure>;
}

/// Lets the vault work on a thread of its own.
pub(crate) async fn apart<T: Send + 'static>(
    vault: &Arc<dyn PointVault>,
    work: impl FnOnce(&dyn PointVault) -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    if vault.is_instant() {
        return Ok(work(vault.as_ref()));
    }
    let vault = vault.clone();
    tokio::task::spawn_blocking(move || work(vault.as_ref())).await
}

/// Why a message did not arrive, in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTold(pub String);

/// Where notices go.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Hands one document over; fine once the receiver has said that it has it. The same one may come again.
    async fn tell(&self, document: &serde_json::Value) -> Result<(), NotTold>;
}

/// Who notices when the signs of life stop coming.
#[async_trait]
pub trait Heartbeat: Send + Sync {
    /// One sign of life.
    async fn beat(&self) -> Result<(), NotTold>;
}

/// All of them together.
#[derive(Clone)]
pub struct Ports {
    pub hosts: Vec<Arc<dyn ReplicaHost>>,
    /// Tenants' own hosts that may be asked to pause; none unless they are configured.
    pub primaries: Vec<TenantPrimary>,
    pub store: Arc<dyn EngineStore>,
    pub vault: Arc<dyn PointVault>,
    pub world: Arc<dyn WorldClock>,
    pub machine: Arc<dyn MachineClock>,
    pub failpoints: Arc<dyn Failpoints>,
    pub judge: Arc<dyn Judge>,
    pub ids: Arc<dyn Ids>,
    /// Without one nothing is noticed.
    pub messenger: Option<Arc<dyn Messenger>>,
    pub heartbeat: Option<Arc<dyn Heartbeat>>,
}

impl Ports {
    /// Ports of a product: no failpoints, `domain` judges, and nobody is told.
    #[must_use]
    pub fn new(
        hosts: Vec<Arc<dyn ReplicaHost>>,
        store: Arc<dyn EngineStore>,
        vault: Arc<dyn PointVault>,
        world: Arc<dyn WorldClock>,
        machine: Arc<dyn MachineClock>,
    ) -> Self {
        Self {
            hosts,
            primaries: Vec::new(),
            store,
            vault,
            world,
            machine,
            failpoints: Arc::new(NoFailpoints),
            judge: Arc::new(DomainJudge),
            ids: Arc::new(RandomIds),
            messenger: None,
            heartbeat: None,
        }
    }
}

struct StopFlag(Arc<AtomicBool>);

impl vault::Progress for StopFlag {
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn vault_failure(error: &vault::VaultError) -> VaultFailure {
    match error {
        vault::VaultError::NoRoom { .. } => VaultFailure::NoRoom,
        vault::VaultError::Cancelled => VaultFailure::Cancelled,
        other => VaultFailure::Failed(chain(other)),
    }
}

impl PointVault for vault::Vault {
    fn free_bytes(&self) -> Result<u64, VaultFailure> {
        vault::Vault::free_bytes(self).map_err(|e| vault_failure(&e))
    }
    fn free_bytes_at(&self, path: &Path) -> Result<u64, VaultFailure> {
        vault::free_bytes(path).map_err(|e| vault_failure(&e))
    }
    fn ingest(&self, request: &IngestRequest, cancelled: Arc<AtomicBool>) -> Result<Withheld, VaultFailure> {
        vault::Vault::ingest(self, request, Arc::new(StopFlag(cancelled))).map_err(|e| vault_failure(&e))
    }
    fn seal(&self, tenant: &TenantId, withheld: &Withheld) -> Result<(), VaultFailure> {
        vault::Vault::seal(self, tenant, withheld).map_err(|e| vault_failure(&e))
    }
    fn sign(
        &self,
        tenant: &TenantId,
        previous: Option<&serde_json::Value>,
        document: &serde_json::Value,
    ) -> Result<serde_json::Value, VaultFailure> {
        let failed = |what: &dyn std::error::Error| VaultFailure::Failed(chain(what));
        let previous = previous
            .map(|seal| serde_json::from_value::<vault::Seal>(seal.clone()))
            .transpose()
            .map_err(|e| failed(&e))?;
        let seal = self
            .sign_evidence(tenant, previous.as_ref(), document)
            .map_err(|e| failed(&e))?;
        serde_json::to_value(seal).map_err(|e| failed(&e))
    }
    fn exists(&self, tenant: &TenantId, snapshot: &str) -> Result<bool, VaultFailure> {
        self.snapshot_exists(tenant, snapshot)
            .map_err(|e| vault_failure(&e))
    }
}

/// An error with all its causes, for people.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += ": ";
        text += &error.to_string();
        cause = error.source();
    }
    text
}
