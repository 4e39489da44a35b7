//! Sealed keys in files beside the repositories, as earlier versions kept them, become records of the state; once.
//!
//! A file is removed only after its record was read back and opened to the same key. Ended at any instant, file or record or both are
//! there, and both open.

use super::SealedRecords;
use crate::telling::{Failure, chain};
use ::vault::{KeyFiles, KeyPlace as _, REPOSITORY_KEY};
use domain::ids::TenantId;
use std::path::Path;
use store::traits::{SecretStore as _, StoreError};

impl SealedRecords {
    /// Takes over what can be. A file that does not open stays where it is and is named in the log.
    pub(super) async fn take_over(&self, root: &Path) -> Result<(), Failure> {
        let files = KeyFiles::new(root);
        for tenant in files.tenants()? {
            if let Err(why) = self.taken(&files, &tenant).await {
                tracing::warn!(%tenant, file = files.name(&tenant), %why, "a key stays in its file");
            }
        }
        Ok(())
    }

    async fn taken(&self, files: &KeyFiles, tenant: &TenantId) -> Result<(), String> {
        let words = |error: &dyn std::error::Error| chain(error);
        let Some(wrapped) = files.read(tenant).map_err(|e| words(&e))? else {
            return Ok(());
        };
        let plain = self
            .ring
            .open_sealed(Some(tenant), REPOSITORY_KEY, &wrapped)
            .map_err(|e| words(&e))?;
        let bytes = serde_json::to_vec(&wrapped).map_err(|e| words(&e))?;
        match self
            .store
            .secret_insert(Some(tenant), REPOSITORY_KEY, &bytes)
            .await
        {
            // A record that is there and another text may be the same key, sealed anew since; what it opens to decides.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(words(&error)),
        }
        let name = (Some(tenant.clone()), REPOSITORY_KEY.to_owned());
        let kept = self.opened(&name).await.map_err(|e| e.to_string())?;
        if kept.is_none_or(|kept| *kept != *plain) {
            return Err("the state holds another key for this tenant".to_owned());
        }
        files.remove(tenant).map_err(|e| words(&e))
    }
}
