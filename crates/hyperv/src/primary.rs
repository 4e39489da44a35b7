//! What may be asked of a tenant's own host: to pause the replication of a VM that runs there, and to resume it (promise 7).
//!
//! Pausing on the *replica's* side makes its health Critical, which is blocker 4 (spec, decision 4). So that it cannot be asked for there,
//! only this trait has [`PrimaryHost::pause`], and it takes a [`Pausable`]: a value that only a look made which found the VM to be a
//! primary (`ReplicationMode` 1) on this very host. `ReplicaHost` knows nothing of it.

mod read;

pub use read::{PrimaryConnection, PrimarySetupError, WsmanPrimary};

use crate::host::{HostError, Started};
use async_trait::async_trait;
use domain::ids::{PrimaryId, VmGuid};
use domain::observation::{ReplicationHealth, ReplicationMode, ReplicationState};

/// What failed when talking to a tenant's host.
#[derive(Debug, thiserror::Error)]
pub enum PrimaryError {
    #[error(transparent)]
    Host(#[from] HostError),
    /// It holds the VM, and not as the one that replicates. Nothing is ever asked of it then.
    #[error(
        "VM {vm} is no primary on {primary}: its replication mode is {mode}, not 1; check whose host is configured there"
    )]
    NotAPrimary {
        primary: PrimaryId,
        vm: VmGuid,
        mode: u16,
    },
    /// A look made on another host was used here.
    #[error("{asked} was asked to change a VM that was looked at on {seen}")]
    SeenElsewhere { asked: PrimaryId, seen: PrimaryId },
}

/// A VM on its tenant's host, found to be a primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryLook {
    primary: PrimaryId,
    vm: VmGuid,
    state: ReplicationState,
    health: ReplicationHealth,
    changing: bool,
}

/// A VM that replicates plainly and may be paused. Used up by the request: each needs a look of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Pausable(Target);

/// A VM whose replication is paused and may be resumed. Used up by the request.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumable(Target);

#[derive(Debug, PartialEq, Eq)]
struct Target {
    primary: PrimaryId,
    vm: VmGuid,
}

impl Target {
    /// The VM, for the host on which it was seen.
    fn on(&self, primary: &PrimaryId) -> Result<VmGuid, PrimaryError> {
        if self.primary == *primary {
            return Ok(self.vm);
        }
        Err(PrimaryError::SeenElsewhere {
            asked: primary.clone(),
            seen: self.primary.clone(),
        })
    }
}

impl Pausable {
    /// The VM, if it was seen on this host.
    ///
    /// # Errors
    /// `SeenElsewhere` otherwise.
    pub fn on(&self, primary: &PrimaryId) -> Result<VmGuid, PrimaryError> {
        self.0.on(primary)
    }
}

impl Resumable {
    /// The VM, if it was seen on this host.
    ///
    /// # Errors
    /// `SeenElsewhere` otherwise.
    pub fn on(&self, primary: &PrimaryId) -> Result<VmGuid, PrimaryError> {
        self.0.on(primary)
    }
}

/// What was read of a VM on its tenant's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// `Msvm_ComputerSystem.ReplicationMode`.
    pub mode: ReplicationMode,
    /// Of the relationship `\HVR\0`.
    pub state: ReplicationState,
    pub health: ReplicationHealth,
    /// A job 96 ("Replicate State Change") ran on the VM before the state was read: the state may be the one that is only asked for
    /// (spec 2.1).
    pub changing: bool,
}

impl PrimaryLook {
    /// A look, if the VM is a primary there.
    ///
    /// # Errors
    /// `NotAPrimary` for every other replication mode.
    pub fn of(primary: &PrimaryId, vm: VmGuid, reading: Reading) -> Result<Self, PrimaryError> {
        if reading.mode != ReplicationMode::Primary {
            return Err(PrimaryError::NotAPrimary {
                primary: primary.clone(),
                vm,
                mode: reading.mode.into(),
            });
        }
        Ok(Self {
            primary: primary.clone(),
            vm,
            state: reading.state,
            health: reading.health,
            changing: reading.changing,
        })
    }

    /// `ReplicationState`; while a change runs, the one that is asked for.
    #[must_use]
    pub fn state(&self) -> ReplicationState {
        self.state
    }

    /// A state change is not over yet.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.changing
    }

    /// It is paused, by whomever, and nothing is being changed.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state == ReplicationState::Suspended && !self.changing
    }

    /// It is beyond doubt not paused. A number that nobody documents says nothing.
    #[must_use]
    pub fn is_not_paused(&self) -> bool {
        let says_nothing = matches!(
            self.state,
            ReplicationState::Suspended | ReplicationState::Unknown | ReplicationState::Other(_)
        );
        !says_nothing && !self.changing
    }

    /// What it takes to pause it: it replicates (3), its health is not Critical, and nothing is being changed.
    #[must_use]
    pub fn pausable(&self) -> Option<Pausable> {
        let well = matches!(self.health, ReplicationHealth::Ok | ReplicationHealth::Warning);
        let may = self.state == ReplicationState::Replicating && well && !self.changing;
        may.then(|| Pausable(self.target()))
    }

    /// What it takes to resume it.
    #[must_use]
    pub fn resumable(&self) -> Option<Resumable> {
        self.is_paused().then(|| Resumable(self.target()))
    }

    fn target(&self) -> Target {
        Target {
            primary: self.primary.clone(),
            vm: self.vm,
        }
    }
}

/// A tenant's own host, on which primaries run.
#[async_trait]
pub trait PrimaryHost: Send + Sync {
    fn id(&self) -> &PrimaryId;

    /// How the replication of a VM stands; `NotFound` when the VM is not there.
    async fn look(&self, vm: VmGuid) -> Result<PrimaryLook, PrimaryError>;

    /// Asks it to pause the replication of the VM. Done only when a later look says so.
    async fn pause(&self, vm: Pausable) -> Result<Started, PrimaryError>;

    /// Asks it to resume the replication of the VM. Done only when a later look says so.
    async fn resume(&self, vm: Resumable) -> Result<Started, PrimaryError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const VM: VmGuid = VmGuid(uuid::Uuid::from_u128(7));

    fn reading(mode: u16, state: u16, health: u16, changing: bool) -> Reading {
        Reading {
            mode: mode.into(),
            state: state.into(),
            health: health.into(),
            changing,
        }
    }

    #[test]
    fn only_a_primary_can_be_looked_at_at_all() {
        let id: PrimaryId = "contoso-hv1".parse().unwrap();
        for mode in [0, 2, 3, 4, 5, 255] {
            let look = PrimaryLook::of(&id, VM, reading(mode, 3, 1, false));
            assert!(matches!(look, Err(PrimaryError::NotAPrimary { mode: m, .. }) if m == mode));
        }
        assert!(PrimaryLook::of(&id, VM, reading(1, 3, 1, false)).is_ok());
    }

    #[test]
    fn only_what_replicates_plainly_is_paused_and_only_what_is_paused_is_resumed() {
        let id: PrimaryId = "contoso-hv1".parse().unwrap();
        for state in (0..=22).chain([u16::MAX]) {
            for health in 0..=4 {
                for changing in [false, true] {
                    let look = PrimaryLook::of(&id, VM, reading(1, state, health, changing)).unwrap();
                    let plain = state == 3 && matches!(health, 1 | 2) && !changing;
                    assert_eq!(look.pausable().is_some(), plain, "{state} {health} {changing}");
                    assert_eq!(look.resumable().is_some(), state == 7 && !changing);
                    let unclear = matches!(state, 7 | 17 | 22..) || changing;
                    assert_eq!(look.is_not_paused(), !unclear, "{state}");
                }
            }
        }
    }

    #[test]
    fn a_look_made_on_one_host_is_of_no_use_on_another() {
        let id: PrimaryId = "contoso-hv1".parse().unwrap();
        let other: PrimaryId = "contoso-hv2".parse().unwrap();
        let pausable = PrimaryLook::of(&id, VM, reading(1, 3, 1, false))
            .unwrap()
            .pausable()
            .unwrap();
        assert_eq!(pausable.on(&id).unwrap(), VM);
        assert!(matches!(
            pausable.on(&other),
            Err(PrimaryError::SeenElsewhere { .. })
        ));
    }
}
