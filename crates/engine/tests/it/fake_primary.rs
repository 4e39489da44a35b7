//! The tenant's host on which the VM of [`crate::fake_host`] runs. Its state is part of that model, so that both move by one clock.

use crate::fake_host::{Ev, FakeHost, Model, VM};
use async_trait::async_trait;
use domain::ids::{HostId, PrimaryId, VmGuid};
use domain::observation::{ReplicationHealth, ReplicationMode, ReplicationState};
use engine::TenantPrimary;
use hyperv::host::{HostError, Started};
use hyperv::primary::{Pausable, PrimaryError, PrimaryHost, PrimaryLook, Reading, Resumable};
use std::sync::Arc;

/// What the tenant's host does; kept in the model of the replica's host.
#[derive(Debug, Default)]
pub struct PrimaryModel {
    /// It sends no logs.
    pub paused: bool,
    /// The pause is one that was asked for through the engine's port.
    pub ours: bool,
    /// A change runs, to this.
    changing: Option<bool>,
    pub kept_back: u64,
    pub down: bool,
    /// Answers every request with this return value.
    pub refuses: Option<u32>,
    /// The next request is carried out and its answer lost; after so many seconds.
    pub loses_answer: Option<i64>,
    /// The VM runs here as this; a primary by default.
    pub mode: Option<u16>,
    /// Everything that was asked to change, in order.
    pub log: Vec<&'static str>,
}

impl Model {
    pub fn primary_changes(&mut self, paused: bool) {
        let primary = &mut self.primary_host;
        (primary.paused, primary.changing) = (paused, None);
        if paused {
            (self.state, self.health) = (ReplicationState::Suspended, ReplicationHealth::Warning);
            return;
        }
        primary.ours = false;
        (self.state, self.health) = (ReplicationState::Replicating, ReplicationHealth::Ok);
        if std::mem::take(&mut primary.kept_back) > 0 && self.cycle_secs.is_some() {
            // What was kept back comes as one log.
            self.last_replication = Some(self.now);
            self.receive_kept_back();
        }
    }

    /// The tenant pauses by himself.
    pub fn tenant_pauses(&mut self) {
        self.primary_changes(true);
    }
}

pub struct FakePrimary {
    id: PrimaryId,
    host: Arc<FakeHost>,
}

impl FakePrimary {
    pub fn new(host: &Arc<FakeHost>) -> Arc<Self> {
        Arc::new(Self {
            id: "contoso-hv1".parse().unwrap(),
            host: host.clone(),
        })
    }

    pub fn configured(self: Arc<Self>) -> TenantPrimary {
        TenantPrimary {
            tenant: "contoso".parse().unwrap(),
            names: vec!["HV1.contoso.example".to_owned()],
            host: self,
        }
    }

    fn silent(&self, request: &str) -> PrimaryError {
        let host: HostId = self.id.as_str().parse().unwrap();
        PrimaryError::Host(HostError::Unreachable {
            host,
            request: request.to_owned(),
            reason: "no route".to_owned(),
        })
    }

    fn change(&self, paused: bool, name: &'static str) -> Result<Started, PrimaryError> {
        let mut model = self.host.model();
        if model.primary_host.down {
            return Err(self.silent(name));
        }
        model.primary_host.log.push(name);
        if let Some(return_value) = model.primary_host.refuses {
            return Ok(Started::Refused { return_value });
        }
        if let Some(secs) = model.primary_host.loses_answer.take() {
            model.primary_host.ours |= paused;
            model.plan(secs, Ev::PrimaryChanges { paused });
            return Err(self.silent(name));
        }
        model.primary_host.ours |= paused;
        model.primary_host.changing = Some(paused);
        model.plan(2, Ev::PrimaryChanges { paused });
        let (class, id) = ("Msvm_ConcreteJob".to_owned(), "change".to_owned());
        Ok(Started::Job { class, id })
    }
}

#[async_trait]
impl PrimaryHost for FakePrimary {
    fn id(&self) -> &PrimaryId {
        &self.id
    }
    async fn look(&self, vm: VmGuid) -> Result<PrimaryLook, PrimaryError> {
        assert_eq!(vm, VM);
        let model = self.host.model();
        let primary = &model.primary_host;
        if primary.down {
            return Err(self.silent("look"));
        }
        let shown = if primary.changing.unwrap_or(primary.paused) {
            (ReplicationState::Suspended, ReplicationHealth::Warning)
        } else {
            (ReplicationState::Replicating, ReplicationHealth::Ok)
        };
        PrimaryLook::of(
            &self.id,
            vm,
            Reading {
                mode: ReplicationMode::from(primary.mode.unwrap_or(1)),
                state: shown.0,
                health: shown.1,
                changing: primary.changing.is_some(),
            },
        )
    }
    async fn pause(&self, vm: Pausable) -> Result<Started, PrimaryError> {
        assert_eq!(vm.on(&self.id)?, VM);
        self.change(true, "pause")
    }
    async fn resume(&self, vm: Resumable) -> Result<Started, PrimaryError> {
        assert_eq!(vm.on(&self.id)?, VM);
        self.change(false, "resume")
    }
}
