//! Tenants' repository keys as records of the state, for the vault, which asks from blocking threads.

use ::vault::{KeyFiles, KeyPlace, REPOSITORY_KEY, VaultError, Wrapped};
use domain::ids::TenantId;
use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::sync::mpsc;
use store::SqliteStore;
use store::traits::{SecretStore as _, StoreError};
use tokio::runtime::{Handle, Runtime};

/// Records; a file that could not be taken over is still read, so that what is wrong with it is told and not that a key is lost.
pub(super) struct StateKeys {
    store: SqliteStore,
    files: KeyFiles,
    /// Of its own: whoever asks blocks, and may block a thread of another runtime. Taken on drop.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl StateKeys {
    pub(super) fn new(store: SqliteStore, root: &Path) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("keys")
            .enable_all()
            .build()?;
        Ok(Self {
            store,
            files: KeyFiles::new(root),
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Asks the store and waits. `None` when the runtime is gone.
    fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Option<Result<T, StoreError>> {
        let (tell, answer) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            // Nobody waits any more only when the process ends.
            let _told = tell.send(question.await);
        });
        answer.recv().ok()
    }

    fn kept(&self, tenant: &TenantId) -> Result<Option<Vec<u8>>, VaultError> {
        let (store, owner) = (self.store.clone(), tenant.clone());
        let read = async move { store.secret(Some(&owner), REPOSITORY_KEY).await };
        answered("read", tenant, self.ask(read))
    }
}

impl KeyPlace for StateKeys {
    fn read(&self, tenant: &TenantId) -> Result<Option<Wrapped>, VaultError> {
        let Some(bytes) = self.kept(tenant)? else {
            return self.files.read(tenant);
        };
        let not_sealed = || VaultError::damaged(Some(tenant), REPOSITORY_KEY, "it is not a sealed record");
        super::wrapped(&bytes).map(Some).ok_or_else(not_sealed)
    }

    fn keep_first(&self, tenant: &TenantId, wrapped: &Wrapped) -> Result<(), VaultError> {
        let (store, owner) = (self.store.clone(), tenant.clone());
        let bytes = serde_json::to_vec(wrapped)
            .map_err(|_| VaultError::damaged(Some(tenant), REPOSITORY_KEY, "it cannot be written as JSON"))?;
        let insert = async move {
            match store.secret_insert(Some(&owner), REPOSITORY_KEY, &bytes).await {
                // Another process came first; its key is the tenant's.
                Err(StoreError::Conflict { .. }) => Ok(()),
                other => other,
            }
        };
        answered("keep", tenant, self.ask(insert))
    }

    fn tenants(&self) -> Result<Vec<TenantId>, VaultError> {
        let mut found: BTreeSet<TenantId> = self.files.tenants()?.into_iter().collect();
        let store = self.store.clone();
        let listed = self.ask(async move { super::records(&store).await });
        let records = match listed {
            Some(Ok(records)) => records,
            Some(Err(error)) => return Err(unlisted(std::io::Error::other(error))),
            None => return Err(unlisted(std::io::Error::other("the process is ending"))),
        };
        for record in records {
            if let (Some(tenant), REPOSITORY_KEY) = (record.name.0, record.name.1.as_str()) {
                found.insert(tenant);
            }
        }
        Ok(found.into_iter().collect())
    }

    fn name(&self, tenant: &TenantId) -> String {
        format!("record `{tenant} {REPOSITORY_KEY}` of the state database")
    }
}

fn unlisted(source: std::io::Error) -> VaultError {
    VaultError::Io {
        doing: "list the keys in",
        path: "the state database".into(),
        source,
    }
}

fn answered<T>(
    doing: &'static str,
    tenant: &TenantId,
    answer: Option<Result<T, StoreError>>,
) -> Result<T, VaultError> {
    let detail = match answer {
        Some(Ok(value)) => return Ok(value),
        Some(Err(error)) => crate::telling::chain(&error),
        None => "the process is ending".to_owned(),
    };
    Err(VaultError::KeyPlace {
        doing,
        tenant: tenant.clone(),
        detail,
    })
}

impl Drop for StateKeys {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
