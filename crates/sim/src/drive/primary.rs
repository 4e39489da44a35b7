//! A tenant's own host, as the engine reaches it.

use super::host::Shared;
use crate::Ms;
use async_trait::async_trait;
use domain::ids::{HostId, PrimaryId, VmGuid};
use domain::observation::{ReplicationHealth, ReplicationMode, ReplicationState};
use futures::FutureExt as _;
use hyperv::host::{HostError, Started};
use hyperv::primary::{Pausable, PrimaryError, PrimaryHost, PrimaryLook, Reading, Resumable};
use std::sync::Arc;
use store::MemoryStore;
use store::pauses::PauseStore as _;

const TIME_OUT: Ms = 15_000;
const LOST: f64 = 0.02;

/// See the module.
pub struct ModelPrimary {
    shared: Arc<Shared>,
    store: MemoryStore,
    id: PrimaryId,
    tenant: usize,
}

impl ModelPrimary {
    #[must_use]
    pub fn new(shared: Arc<Shared>, store: MemoryStore, id: PrimaryId, tenant: usize) -> Self {
        Self {
            shared,
            store,
            id,
            tenant,
        }
    }

    fn silent(&self, request: &str) -> PrimaryError {
        let host = HostId::try_from(self.id.to_string());
        let request = request.to_owned();
        let reason = "no answer".to_owned();
        match host {
            Ok(host) => PrimaryError::Host(HostError::Unreachable {
                host,
                request,
                reason,
            }),
            Err(_) => PrimaryError::SeenElsewhere {
                asked: self.id.clone(),
                seen: self.id.clone(),
            },
        }
    }

    fn machine(&self, vm: VmGuid) -> Option<usize> {
        let site = self.shared.site();
        let found = site.machines.iter().position(|m| m.vm == vm)?;
        (site.machines[found].tenant == self.tenant).then_some(found)
    }

    async fn place(&self, name: &str) {
        if self.shared.chaos.dies_at(name) {
            std::future::pending::<()>().await;
        }
    }

    async fn trip(&self) {
        let by = self.shared.chaos.between(10, 600);
        self.shared.clock.after(by).await;
    }

    async fn times_out(&self, request: &str) -> PrimaryError {
        self.shared.chaos.fault();
        {
            let mut site = self.shared.site();
            let now = site.now;
            site.primaries[self.tenant].disturbed = now + TIME_OUT;
        }
        self.shared.clock.after(TIME_OUT).await;
        self.silent(request)
    }

    async fn change(&self, vm: VmGuid, paused: bool) -> Result<Started, PrimaryError> {
        let request = "RequestReplicationStateChange";
        self.shared.chaos.call();
        self.place(request).await;
        let Some(machine) = self.machine(vm) else {
            return Err(self.silent(request));
        };
        self.intended(vm, paused);
        if self.shared.chaos.happens(LOST) {
            return Err(self.times_out(request).await);
        }
        let unanswered = self.shared.chaos.happens(LOST);
        let by = self.shared.chaos.between(10, 3_000);
        let ticket = {
            let mut site = self.shared.site();
            let at = site.now + by;
            site.send_primary(at, machine, paused)
        };
        self.place("a change of a primary on its way").await;
        self.shared.clock.after(by).await;
        let answer = self.shared.site().answer(ticket);
        let Some(answer) = answer.filter(|_| !unanswered) else {
            return Err(self.times_out(request).await);
        };
        self.trip().await;
        self.place("the answer of a primary").await;
        Ok(answer?)
    }

    /// Promise 7: the intent is durable before the pause is asked for.
    fn intended(&self, vm: VmGuid, paused: bool) {
        let unresumed = self.store.pauses_unresumed().now_or_never();
        let unresumed = unresumed.and_then(Result::ok).unwrap_or_default();
        if paused && !unresumed.iter().any(|pause| pause.vm == vm) {
            let text = format!("the primary of {vm} is to be paused, and no pause of it is written down");
            self.shared.site().breach(7, text);
        }
    }
}

#[async_trait]
impl PrimaryHost for ModelPrimary {
    fn id(&self) -> &PrimaryId {
        &self.id
    }

    async fn look(&self, vm: VmGuid) -> Result<PrimaryLook, PrimaryError> {
        self.shared.chaos.call();
        self.place("a look at a primary").await;
        if self.shared.chaos.happens(LOST) {
            return Err(self.times_out("look").await);
        }
        self.trip().await;
        let Some(machine) = self.machine(vm) else {
            return Err(self.silent("look"));
        };
        let (silent, shown, changing) = {
            let site = self.shared.site();
            let machine = &site.machines[machine];
            let shown = machine.changing.unwrap_or(machine.paused.is_some());
            (
                site.is_primary_silent(self.tenant),
                shown,
                machine.changing.is_some(),
            )
        };
        if silent {
            return Err(self.times_out("look").await);
        }
        let (state, health) = if shown {
            (ReplicationState::Suspended, ReplicationHealth::Warning)
        } else {
            (ReplicationState::Replicating, ReplicationHealth::Ok)
        };
        self.trip().await;
        let mode = ReplicationMode::Primary;
        PrimaryLook::of(
            &self.id,
            vm,
            Reading {
                mode,
                state,
                health,
                changing,
            },
        )
    }

    async fn pause(&self, vm: Pausable) -> Result<Started, PrimaryError> {
        self.change(vm.on(&self.id)?, true).await
    }

    async fn resume(&self, vm: Resumable) -> Result<Started, PrimaryError> {
        self.change(vm.on(&self.id)?, false).await
    }
}
