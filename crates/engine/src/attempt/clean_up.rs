//! Clean-up is part of success: the export folder goes, then the lease.

use super::undo::remove_folder;
use super::{Run, Stop};
use crate::ports::chain;
use store::traits::StoreError;

pub(super) async fn clean_up(run: &mut Run) -> Result<(), Stop> {
    let store = run.shared.ports.store.clone();
    match store.lease(run.replica.id).await? {
        Some(lease) if lease.attempt == run.attempt.id => {}
        // The second run of this step.
        _ => return Ok(()),
    }
    remove_folder(&run.folder).map_err(|e| Stop::Abandoned { why: chain(&e) })?;
    run.journal("done", serde_json::Value::Null).await?;
    run.failpoint("clean-up.folder")?;
    match store.lease_release(run.replica.id, run.attempt.token).await {
        Ok(()) => Ok(()),
        Err(StoreError::Conflict { .. }) => Err(Stop::LeaseLost),
        Err(error) => Err(error.into()),
    }
}
