//! An attempt that a person asks for, beside the plan: reserved first, so that whoever asked is told at once when it is not begun.

use super::{Charge, Outcome, reserve, run};
use crate::shared::{RunningGuard, SITE, Shared};
use domain::ids::{AttemptId, HostId, ReplicaId, TenantId};
use domain::planner::Full;
use std::sync::Arc;
use store::records::Replica;
use store::traits::StoreError;

/// Why an attempt is not begun. Nothing has happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    #[error("the replica is being worked on by {owner}; look at its attempts")]
    Busy { owner: String },
    #[error("{limit}: ask again when one of them has ended")]
    Full { limit: Full },
}

impl From<NotBegun> for Outcome {
    fn from(why: NotBegun) -> Self {
        match why {
            NotBegun::Busy { owner } => Self::Busy { owner },
            NotBegun::Full { limit } => Self::Full { limit },
        }
    }
}

/// An attempt whose replica and slot are taken. Dropped, it gives them back and nothing has happened.
pub struct Begun {
    shared: Arc<Shared>,
    replica: Replica,
    id: AttemptId,
    guard: RunningGuard,
    pause: bool,
}

impl Begun {
    /// Takes a replica, and a slot within the limits.
    pub(crate) async fn reserve(
        shared: &Arc<Shared>,
        replica: ReplicaId,
        pause: bool,
    ) -> Result<Result<Self, NotBegun>, StoreError> {
        let replica = shared.ports.store.replica(&SITE, replica).await?;
        let elsewhere = elsewhere(shared, replica.id).await?;
        Ok(reserve(shared, &replica, &elsewhere).map(|(id, guard)| Self {
            shared: shared.clone(),
            replica,
            id,
            guard,
            pause,
        }))
    }

    /// As [`Begun::reserve`], and nobody else holds the replica's lease.
    pub(crate) async fn reserve_free(
        shared: &Arc<Shared>,
        replica: ReplicaId,
    ) -> Result<Result<Self, NotBegun>, StoreError> {
        let begun = Self::reserve(shared, replica, false).await?;
        if begun.is_ok()
            && let Some(lease) = shared.ports.store.lease(replica).await?
        {
            return Ok(Err(NotBegun::Busy { owner: lease.owner }));
        }
        Ok(begun)
    }

    /// Makes the attempt and waits for its end.
    ///
    /// # Errors
    /// The replica's host is not configured, or the store failed.
    pub async fn run(self) -> Result<Outcome, StoreError> {
        let charge = Charge {
            pause: self.pause,
            ..Charge::now(&self.shared, &self.replica).await?
        };
        run(&self.shared, self.replica, self.id, charge, self.guard).await
    }
}

/// What other processes run now on other replicas, by the leases that they keep alive: a command's attempts count against the limits of
/// the server, and the server's against a command's.
async fn elsewhere(shared: &Shared, replica: ReplicaId) -> Result<Vec<(HostId, TenantId)>, StoreError> {
    let store = &shared.ports.store;
    let now_ms = shared.ports.machine.unix_ms();
    let mut found = Vec::new();
    for lease in store.leases_expired(i64::MAX).await? {
        let lives = lease.owner != shared.config.owner && lease.expires_unix_ms > now_ms;
        if lives && lease.replica != replica {
            let attempt = store.attempt(&SITE, lease.attempt).await?;
            found.push((attempt.host, attempt.tenant));
        }
    }
    Ok(found)
}
