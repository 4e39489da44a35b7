//! Primaries: the tenants' own hosts, on which the running VMs are. Only those that a tenant lets the hoster reach are hosts of the lab.
//!
//! A state change of the replication runs as a job 96 (spec 2.11). While it runs the primary already shows the state that was asked for
//! (spec 2.1) and still does what it did before: logs stop, or come again, only when the job has ended.

use super::log::RequestCount;
use super::{
    Affected, Event, HostView, JobClass, JobView, LogEntry, Protection, Release, Site, SiteError, Target,
    VmView, job_state, job_type, return_code,
};
use crate::scenario::Op;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `RequestedState` of `RequestReplicationStateChange` (spec 2.4).
mod requested {
    /// Resume.
    pub const REPLICATING: u16 = 3;
    pub const SUSPENDED: u16 = 7;
}

/// `TimeBeforeRemoval` of its jobs.
const REMOVAL: TimeDelta = TimeDelta::minutes(5);

/// A tenant's host that can be reached from the hoster's site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimarySpec {
    /// Short name such as `contoso-hv1`.
    pub name: String,
    /// Its VMs are the replicas whose `primary_fqdn` is this.
    pub fqdn: String,
    /// A tenant's slug; the host takes an account of its own.
    pub tenant: String,
}

/// How far a suspension that a client asked for has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Suspension {
    Pausing,
    Paused,
    Resuming,
}

impl Suspension {
    /// The primary keeps its logs back.
    pub(super) fn keeps_back(self) -> bool {
        self != Self::Pausing
    }
    /// What the primary shows while it changes is where it goes.
    fn shows_on_the_primary(self) -> bool {
        self != Self::Resuming
    }
    /// As after the lab was killed in the middle of a change: it went through.
    pub(super) fn settled(self) -> Option<Self> {
        (self != Self::Resuming).then_some(Self::Paused)
    }
}

#[derive(Debug)]
pub(crate) struct Primary {
    pub(super) spec: PrimarySpec,
    booted_at: DateTime<Utc>,
    /// Nobody gets through until then.
    pub(super) cut_until: Option<DateTime<Utc>>,
    pub(super) requests: RequestCount,
    changes: Vec<Change>,
}

/// A job 96.
#[derive(Debug)]
struct Change {
    id: Uuid,
    vm: Uuid,
    owner: String,
    started: DateTime<Utc>,
    ends: DateTime<Utc>,
}

impl Primary {
    pub(super) fn new(spec: PrimarySpec, booted_at: DateTime<Utc>) -> Self {
        Self {
            spec,
            booted_at,
            cut_until: None,
            requests: RequestCount::default(),
            changes: Vec::new(),
        }
    }

    pub(super) fn reachable(&self, now: DateTime<Utc>) -> bool {
        self.cut_until.is_none_or(|until| until <= now)
    }
}

impl super::Replica {
    /// The primary does not send: because a client asked for it, or the tenant himself did.
    pub(super) fn is_kept_back(&self) -> bool {
        self.suspended.is_some_and(Suspension::keeps_back) || self.is_paused_by_its_tenant()
    }

    fn is_paused_by_its_tenant(&self) -> bool {
        self.conditions.iter().any(|c| c.op == Op::PausedOnPrimary)
    }
}

impl Site {
    /// The tenants' hosts that can be reached.
    #[must_use]
    pub fn primaries(&self) -> Vec<PrimarySpec> {
        self.primaries
            .iter()
            .map(|primary| primary.spec.clone())
            .collect()
    }

    pub(super) fn primary_index(&self, name: &str) -> Option<usize> {
        self.primaries
            .iter()
            .position(|primary| primary.spec.name == name)
    }

    /// Whether a host of this name is a tenant's.
    #[must_use]
    pub fn is_primary(&self, name: &str) -> bool {
        self.primary_index(name).is_some()
    }

    pub(super) fn primary_view(&self, p: usize) -> HostView {
        let primary = &self.primaries[p];
        HostView {
            name: primary.spec.name.clone(),
            fqdn: primary.spec.fqdn.clone(),
            release: Release::Server2019,
            protection: Protection::Protected,
            build: Release::Server2019.build().to_owned(),
            now: self.now,
            booted_at: primary.booted_at,
            service_started_at: primary.booted_at + TimeDelta::seconds(25),
            reachable: primary.reachable(self.now),
        }
    }

    fn on_primary(&self, p: usize) -> impl Iterator<Item = usize> {
        let fqdn = &self.primaries[p].spec.fqdn;
        (0..self.replicas.len()).filter(move |r| self.replicas[*r].spec.primary_fqdn == *fqdn)
    }

    /// The running VMs of a tenant's host.
    pub(super) fn primary_vms(&self, p: usize) -> Vec<VmView> {
        self.on_primary(p).map(|r| self.primary_vm(r)).collect()
    }

    fn primary_vm(&self, r: usize) -> VmView {
        let replica = &self.replicas[r];
        let seen = replica.numbers();
        let paused = replica.suspended.is_some_and(Suspension::shows_on_the_primary)
            || replica.is_paused_by_its_tenant();
        let (state, health) = match (seen.state, seen.health) {
            (3 | 7, 1 | 2) if paused => (7, 2),
            (3 | 7, 1 | 2) => (3, 1),
            // Paused on the replica: the primary cannot send, which it shows as an error of replication.
            (7, _) => (8, 3),
            other => other,
        };
        let mut view = self.vm_view(r);
        view.mode = 1;
        view.enabled = 2;
        view.operational_status = vec![2];
        view.status_descriptions = vec!["Operating normally".to_owned()];
        view.disks.clear();
        view.relationships.truncate(1);
        for relationship in &mut view.relationships {
            relationship.state = state;
            relationship.health = health;
            relationship.last_replication = replica.last_replication;
            relationship.last_apply = replica.last_apply;
        }
        view
    }

    pub(super) fn primary_jobs(&self, p: usize) -> Vec<JobView> {
        let listed = self.primaries[p]
            .changes
            .iter()
            .filter(|c| c.ends + REMOVAL > self.now);
        listed.map(|change| self.change_view(change)).collect()
    }

    fn change_view(&self, change: &Change) -> JobView {
        let over = change.ends <= self.now;
        let ended = change.ends.min(self.now);
        JobView {
            id: change.id,
            class: JobClass::Concrete,
            job_type: job_type::REPLICATION_STATE_CHANGE,
            state: if over {
                job_state::COMPLETED
            } else {
                job_state::RUNNING
            },
            error_code: 0,
            error_text: None,
            percent: if over { 100 } else { 50 },
            cancellable: false,
            started: change.started,
            elapsed_ms: u64::try_from((ended - change.started).num_milliseconds()).unwrap_or(0),
            state_changed: ended,
            owner: change.owner.clone(),
            affected: vec![Affected {
                target: Target::Vm(change.vm),
                effect: 0,
            }],
            vm: change.vm,
            destination: None,
        }
    }

    /// `RequestReplicationStateChange` on a VM of this host: the job that does it, none where it was done at once, or the return value.
    ///
    /// # Errors
    /// The return value that refuses it.
    pub fn replication_request(
        &mut self,
        host: &str,
        vm: Uuid,
        requested: u16,
        client: &str,
    ) -> Result<Option<Uuid>, u32> {
        let Some(p) = self.primary_index(host) else {
            return self
                .replication_request_here(host, vm, requested, client)
                .map(|()| None);
        };
        let found = self.on_primary(p).find(|r| self.replicas[*r].spec.vm == vm);
        let r = found.ok_or(return_code::INVALID_PARAMETER)?;
        let asked = match requested {
            requested::SUSPENDED => "primary-pause-asked",
            requested::REPLICATING => "primary-resume-asked",
            _ => return Err(return_code::NOT_SUPPORTED),
        };
        self.tell_of_primary(r, p, asked, client);
        let refused = self.replicas[r].conditions.iter().find_map(|c| match c.op {
            Op::PauseRefuse { return_value } if requested == requested::SUSPENDED => Some(return_value),
            Op::ResumeRefuse { return_value } if requested == requested::REPLICATING => Some(return_value),
            _ => None,
        });
        if let Some(return_value) = refused {
            return Err(return_value);
        }
        let replica = &mut self.replicas[r];
        let by_tenant = replica.is_paused_by_its_tenant();
        replica.suspended = match (replica.suspended, requested) {
            (None, requested::SUSPENDED) if !by_tenant => Some(Suspension::Pausing),
            (Some(Suspension::Paused), requested::REPLICATING) => Some(Suspension::Resuming),
            (None, requested::REPLICATING) if by_tenant => {
                self.tell_of_primary(r, p, "tenants-pause-ended", client);
                let ended = self.clear(r, Some("paused-on-primary"));
                return ended.map(|()| None).map_err(|_| return_code::FAILED);
            }
            _ => return Err(return_code::INVALID_STATE),
        };
        let ends = self.after(self.spec.settings.replication_change_ms);
        let id = self.new_id();
        let now = self.now;
        let changes = &mut self.primaries[p].changes;
        changes.retain(|c| c.ends + REMOVAL > now);
        changes.push(Change {
            id,
            vm,
            owner: client.to_owned(),
            started: now,
            ends,
        });
        self.queue.plan(
            ends,
            Event::PrimaryChanged {
                primary: p,
                replica: r,
            },
        );
        self.save_replica(r).map_err(|_| return_code::FAILED)?;
        Ok(Some(id))
    }

    /// On the replica's host: done at once, and the replica's health is Critical for as long (spec, decision 4).
    fn replication_request_here(
        &mut self,
        host: &str,
        vm: Uuid,
        requested: u16,
        client: &str,
    ) -> Result<(), u32> {
        let r = self.vm_index(host, vm).ok_or(return_code::INVALID_PARAMETER)?;
        let paused = self.replicas[r]
            .conditions
            .iter()
            .any(|c| c.op == Op::PausedOnReplica);
        let entry = self.about(
            self.entry("replica-pause-asked", self.replicas[r].host, client),
            r,
        );
        self.tell(LogEntry {
            code: Some(requested.into()),
            ..entry
        });
        match (requested, paused) {
            (requested::SUSPENDED, false) => {
                self.condition_begins(r, Op::PausedOnReplica, None);
                Ok(())
            }
            (requested::REPLICATING, true) => {
                let ended = self.clear(r, Some("paused-on-replica"));
                ended.map_err(|_| return_code::FAILED)
            }
            (requested::SUSPENDED | requested::REPLICATING, _) => Err(return_code::INVALID_STATE),
            _ => Err(return_code::NOT_SUPPORTED),
        }
    }

    /// The job 96 has ended.
    pub(super) fn primary_changed(&mut self, p: usize, r: usize) -> Result<(), SiteError> {
        match self.replicas[r].suspended {
            Some(Suspension::Pausing) => {
                self.replicas[r].suspended = Some(Suspension::Paused);
                self.tell_of_primary(r, p, "primary-paused", super::job::SYSTEM);
            }
            Some(Suspension::Resuming) => {
                self.replicas[r].suspended = None;
                self.tell_of_primary(r, p, "primary-resumed", super::job::SYSTEM);
                self.send_backlog(r);
            }
            Some(Suspension::Paused) | None => {}
        }
        self.save_replica(r)
    }

    /// A log was due and is kept back.
    pub(super) fn keep_back(&mut self, r: usize) -> Result<(), SiteError> {
        self.replicas[r].backlog += 1;
        self.save_replica(r)
    }

    /// What was kept back is sent as one.
    pub(super) fn send_backlog(&mut self, r: usize) {
        let replica = &self.replicas[r];
        let up = self.hosts[replica.host].is_up();
        if replica.backlog > 0 && up && !replica.conditions.iter().any(|c| c.stops_receiving()) {
            self.receive_start(r);
        }
    }

    fn tell_of_primary(&mut self, r: usize, p: usize, event: &str, client: &str) {
        let entry = LogEntry::new(self.now, event, &self.primaries[p].spec.name, client);
        let entry = self.about(entry, r);
        self.tell(entry);
    }

    /// Primaries that a client's pause still stands on, with their VMs.
    pub(super) fn pauses_left(&self) -> Vec<(String, Uuid)> {
        let of = |p: usize| {
            let paused = self
                .on_primary(p)
                .filter(|r| self.replicas[*r].suspended.is_some());
            paused.map(move |r| (self.primaries[p].spec.name.clone(), self.replicas[r].spec.vm))
        };
        (0..self.primaries.len()).flat_map(of).collect()
    }

    /// Logs that a replica's primary keeps back. By lab id.
    #[must_use]
    pub fn backlog(&self, id: Uuid) -> Option<u64> {
        let replica = self.replicas.iter().find(|replica| replica.spec.id == id)?;
        Some(replica.backlog)
    }
}

#[cfg(test)]
mod tests;
