//! States that a scenario puts on a replica, and what they show and forbid.

use super::hosts::Host;
use super::job::SYSTEM;
use super::{Event, JobClass, Replica, Site, SiteError, job_state, job_type, return_code};
use crate::scenario::Op;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(super) id: u64,
    pub(super) op: Op,
    pub(super) until: Option<DateTime<Utc>>,
    /// The job that shows it.
    pub(super) job: Option<Uuid>,
}

/// The numbers of a replica at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) mode: u16,
    pub(super) enabled: u16,
    pub(super) health_state: u16,
    pub(super) state: u16,
    pub(super) health: u16,
    pub(super) failed_over: u16,
    /// Of the extended relationship: state, health.
    pub(super) extended: Option<(u16, u16)>,
    pub(super) operational: Option<Vec<u16>>,
}

impl Active {
    pub(super) fn stops_receiving(&self) -> bool {
        match &self.op {
            Op::HealthCritical
            | Op::ResyncRequired { .. }
            | Op::Resyncing
            | Op::ResyncSuspended
            | Op::InitialReplication { .. }
            | Op::Failover { .. }
            | Op::PausedOnPrimary
            | Op::PausedOnReplica
            | Op::VmStarted => true,
            Op::Weird { state, .. } => state.is_some_and(|state| state != 3),
            _ => false,
        }
    }

    pub(super) fn stops_applying(&self) -> bool {
        match self.op {
            Op::Migrate { .. } | Op::Busy { .. } => true,
            Op::PausedOnPrimary => false,
            _ => self.stops_receiving(),
        }
    }

    /// The job that goes with it.
    fn job(&self) -> Option<(JobClass, u16)> {
        match self.op {
            Op::Resyncing => Some((JobClass::Concrete, job_type::RESYNCHRONIZE)),
            Op::InitialReplication { running: true } => {
                Some((JobClass::Concrete, job_type::RECEIVE_INITIAL_REPLICA))
            }
            Op::Failover { done: false } => Some((JobClass::Concrete, job_type::INITIATE_FAILOVER)),
            Op::Busy { job_type } => Some((JobClass::Concrete, job_type)),
            Op::Migrate { .. } => Some((JobClass::Migration, job_type::MOVE_VM_AND_STORAGE)),
            _ => None,
        }
    }

    fn show(&self, n: &mut Numbers) {
        let mut relationship = |state, health| (n.state, n.health) = (state, health);
        match &self.op {
            Op::HealthCritical => relationship(8, 3),
            Op::ResyncRequired { health_only: true } => relationship(3, 3),
            Op::ResyncRequired { health_only: false } => relationship(9, 3),
            Op::Resyncing => relationship(10, 3),
            Op::ResyncSuspended => relationship(11, 3),
            Op::InitialReplication { .. } => relationship(2, 2),
            Op::Failover { done: false } => relationship(12, 2),
            Op::Failover { done: true } => {
                relationship(5, 2);
                n.failed_over = 1;
            }
            Op::PausedOnPrimary => relationship(7, 2),
            Op::PausedOnReplica => relationship(7, 3),
            Op::VmStarted => n.enabled = 2,
            Op::Extended { state, health } => n.extended = Some((*state, *health)),
            Op::Weird {
                state,
                health,
                enabled,
                mode,
                health_state,
                operational,
            } => {
                n.state = state.unwrap_or(n.state);
                n.health = health.unwrap_or(n.health);
                n.enabled = enabled.unwrap_or(n.enabled);
                n.mode = mode.unwrap_or(n.mode);
                n.health_state = health_state.unwrap_or(n.health_state);
                n.operational = operational.clone().or(n.operational.take());
            }
            _ => {}
        }
    }
}

impl Replica {
    pub(super) fn numbers(&self) -> Numbers {
        let mut numbers = Numbers {
            mode: 2,
            enabled: 3,
            health_state: 5,
            state: 3,
            health: 1,
            failed_over: 0,
            extended: None,
            operational: None,
        };
        if self.suspended.is_some_and(super::Suspension::keeps_back) {
            (numbers.state, numbers.health) = (7, 2);
        }
        self.conditions
            .iter()
            .for_each(|condition| condition.show(&mut numbers));
        numbers
    }

    /// Logs are kept back: a protecting host lets nobody write while a checkpoint or a client's job is there.
    pub(super) fn is_held(&self, host: &Host) -> bool {
        host.protects() && (self.locks > 0 || !self.checkpoints.is_empty())
    }

    /// Why a protecting host refuses a checkpoint now.
    pub(super) fn refusal(&self) -> Option<(u32, &'static str)> {
        let numbers = self.numbers();
        let state_ok = numbers.state == 3 || (numbers.state == 7 && numbers.health == 2);
        let busy = |c: &Active| matches!(c.op, Op::Migrate { .. } | Op::Busy { .. });
        if self.conditions.iter().any(busy) {
            Some((return_code::IN_USE, "another operation holds the virtual machine"))
        } else if !state_ok || !matches!(numbers.mode, 2 | 4) || numbers.enabled != 3 {
            Some((
                return_code::INVALID_STATE,
                "the replication state does not allow it",
            ))
        } else if !matches!(numbers.health, 1 | 2) {
            Some((
                return_code::INVALID_STATE,
                "the replication health does not allow it",
            ))
        } else if self.applying.is_some() {
            Some((return_code::IN_USE, "a replication log is being applied"))
        } else if self.bad_apply.is_some() || self.begun != self.applied {
            Some((
                return_code::INVALID_STATE,
                "the last replication log was not applied in full",
            ))
        } else {
            None
        }
    }
}

impl Site {
    pub(super) fn condition_begins(&mut self, r: usize, op: Op, for_secs: Option<u64>) {
        self.conditions += 1;
        let id = self.conditions;
        let until = for_secs.map(|secs| self.after(secs.saturating_mul(1000)));
        let mut active = Active {
            id,
            op,
            until,
            job: None,
        };
        active.job = active
            .job()
            .map(|(class, kind)| self.job_start(r, class, kind, SYSTEM));
        if let (Some(job), Op::Migrate { to }) = (active.job, &active.op) {
            let destination = self
                .destination(r, to.as_deref())
                .map(|host| self.hosts[host].spec.fqdn.clone());
            if let Some(job) = self.jobs.get_mut(&job) {
                job.destination = destination;
            }
        }
        self.replicas[r].conditions.push(active);
        if let Some(until) = until {
            self.queue.plan(until, Event::ConditionEnds { replica: r, id });
        }
    }

    pub(super) fn condition_ends(&mut self, r: usize, id: u64) -> Result<(), SiteError> {
        let conditions = &mut self.replicas[r].conditions;
        let Some(at) = conditions.iter().position(|c| c.id == id) else {
            return Ok(());
        };
        let ended = conditions.remove(at);
        if let Some(job) = ended.job {
            self.job_end(job, job_state::COMPLETED, 0, None);
        }
        match &ended.op {
            Op::Migrate { to } => self.move_vm(r, to.as_deref())?,
            Op::PausedOnPrimary if !self.replicas[r].is_kept_back() => self.send_backlog(r),
            Op::ForeignCheckpoint { name } => {
                self.replicas[r]
                    .checkpoints
                    .retain(|c| c.owner != SYSTEM || c.name != *name);
                self.save_replica(r)?;
            }
            _ => {}
        }
        self.apply_try(r)
    }

    fn destination(&self, r: usize, to: Option<&str>) -> Option<usize> {
        let here = self.replicas[r].host;
        let there = to
            .and_then(|name| self.host_index(name))
            .unwrap_or((here + 1) % self.hosts.len());
        (there != here).then_some(there)
    }

    /// The VM is on another host, with the same GUID, its checkpoints and its disks.
    fn move_vm(&mut self, r: usize, to: Option<&str>) -> Result<(), SiteError> {
        let Some(there) = self.destination(r, to) else {
            return Ok(());
        };
        self.apply_leave(r);
        let running = self
            .jobs
            .values()
            .filter(|job| job.replica == r && job.of_client() && job.running());
        for job in running.map(|job| job.id).collect::<Vec<_>>() {
            self.client_job_fails(
                job,
                return_code::NOT_AVAILABLE,
                "the virtual machine has moved to another host",
            );
        }
        let replica = &mut self.replicas[r];
        let here = replica.host;
        replica.host = there;
        replica.queued = false;
        self.hosts[here].waiting.retain(|waiting| *waiting != r);
        self.save_replica(r)
    }
}
