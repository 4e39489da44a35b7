//! Claim: the lease and its token, heartbeats, and whether there is room before anything is asked of the host.

use super::{Run, Stop};
use crate::ports::{PointVault, VaultFailure, apart, chain};
use crate::shared::{SITE, Shared};
use domain::attempt::{Deferral, Failure, Step};
use domain::blocker::{Blocker, NotReady, Room};
use domain::ids::{AttemptId, ReplicaId};
use domain::obligation::ObligationKey;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::records::Attempt;
use store::traits::StoreError;
use tokio_util::sync::CancellationToken;

pub(super) async fn claim(shared: &Shared, id: AttemptId, replica: ReplicaId) -> Result<Attempt, StoreError> {
    let unix_ms = shared.ports.machine.unix_ms();
    let (owner, lease_ms) = (&shared.config.owner, shared.config.lease_ms);
    shared
        .ports
        .store
        .claim(id, replica, owner, shared.now(), unix_ms, lease_ms)
        .await
}

/// Counts the attempt for its obligation. A day that was closed meanwhile counts no more, and the attempt goes on: its point may still
/// be the day's that follows. What the store could not write down is no reason to leave a claimed replica without its backup.
pub(super) async fn count(shared: &Shared, attempt: &Attempt, obligation: Option<ObligationKey>) {
    let Some(key) = obligation else { return };
    let counted = shared
        .ports
        .store
        .attempt_began(key, attempt.id, attempt.started)
        .await;
    match counted {
        Ok(()) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => {
            tracing::warn!(attempt.id = %attempt.id, obligation = %key, error = %chain(&error), "the attempt is not counted for its day");
        }
    }
}

/// Renews the lease until stopped; raises `lost` when another worker has it.
pub(super) async fn heartbeat(
    shared: Arc<Shared>,
    attempt: Attempt,
    lost: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    let lease_ms = shared.config.lease_ms;
    let pause = Duration::from_millis(u64::try_from(lease_ms / 3).unwrap_or(1000).max(50));
    // One's own lease is judged by the clock that nobody can set back.
    let lease = Duration::from_millis(u64::try_from(lease_ms).unwrap_or(0));
    let mut renewed = shared.ports.machine.monotonic();
    loop {
        shared.ports.machine.sleep(pause).await;
        let (asked, now_ms) = (shared.ports.machine.monotonic(), shared.ports.machine.unix_ms());
        let (owner, token) = (&shared.config.owner, attempt.token);
        match shared
            .ports
            .store
            .heartbeat(attempt.replica, owner, token, now_ms, lease_ms)
            .await
        {
            Ok(()) => renewed = asked,
            // A store that does not answer: ours until the lease runs out, and not a moment longer.
            Err(error)
                if !matches!(error, StoreError::Conflict { .. })
                    && shared.ports.machine.monotonic().saturating_sub(renewed) < lease => {}
            Err(_) => {
                lost.store(true, Ordering::Relaxed);
                stop.cancel();
                return;
            }
        }
    }
}

/// Asks whether staging and vault can take about what the last point took, beside what running attempts are going to take. Of a first
/// backup nobody knows: the export is watched for it.
pub(super) async fn room(run: &mut Run) -> Result<(), Stop> {
    run.journal(
        "intent",
        serde_json::json!({ "tag": run.tag, "folder": run.folder }),
    )
    .await?;
    let newest = run.shared.ports.store.point_newest(&SITE, run.replica.id).await?;
    let expected = newest.map_or(0, |p| p.read_bytes);
    let others = run.shared.reserve(run.replica.id, expected);
    let needed_bytes = expected.saturating_add(run.shared.config.free_bytes_min);
    let staging = run.shared.config.staging.local.clone();
    for (place, free_bytes) in free(&run.shared.ports.vault, staging).await? {
        let free_bytes = free_bytes.saturating_sub(others);
        if free_bytes < needed_bytes {
            let reason = NotReady::NoRoom {
                place,
                needed_bytes,
                free_bytes,
            };
            return Err(Deferral::Blocked {
                blocker: Blocker::NotReady { reason },
            }
            .into());
        }
    }
    run.journal("done", serde_json::Value::Null).await
}

/// Whether staging has run nearly full while the host writes into it. A staging that does not answer is the export's to tell.
pub(super) async fn staging_full(run: &Run) -> Option<Stop> {
    let staging = run.shared.config.staging.local.clone();
    let asked = apart(&run.shared.ports.vault, move |vault| {
        vault.free_bytes_at(&staging)
    })
    .await;
    let free_bytes = asked.ok()?.ok()?;
    let needed_bytes = run.shared.config.free_bytes_min;
    let reason = NotReady::NoRoom {
        place: Room::Staging,
        needed_bytes,
        free_bytes,
    };
    let blocker = Blocker::NotReady { reason };
    (free_bytes < needed_bytes).then(|| Deferral::Blocked { blocker }.into())
}

async fn free(vault: &Arc<dyn PointVault>, staging: PathBuf) -> Result<[(Room, u64); 2], Stop> {
    let asked = apart(vault, move |vault| -> Result<_, VaultFailure> {
        Ok([
            (Room::Staging, vault.free_bytes_at(&staging)?),
            (Room::Vault, vault.free_bytes()?),
        ])
    });
    let vault_failed = |text: String| {
        Stop::from(Failure::Vault {
            step: Step::Claim,
            text,
        })
    };
    asked
        .await
        .map_err(|e| vault_failed(e.to_string()))?
        .map_err(|e| vault_failed(e.to_string()))
}
