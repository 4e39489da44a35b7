//! Logs arrive and are written into the disks block by block.

use super::job::SYSTEM;
use super::{Event, JobClass, Site, SiteError, job_state, job_type, later};
use crate::disks::{Write, identity};
use crate::oracle::{mix, written};
use crate::scenario::Op;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// One job 120 applies at most this many logs, so a long stop is caught up in bounded steps.
const DELTAS_MAX: u64 = 32;

/// What is left of an apply that is made to end.
const MEND_MS: u64 = 1_000;

/// A running apply.
#[derive(Debug)]
pub(crate) struct Apply {
    pub(super) job: Uuid,
    /// The generation that the disks will hold.
    pub(super) to: u64,
    writes: Vec<Write>,
    next: usize,
    started: DateTime<Utc>,
    pub(super) duration_ms: u64,
    pub(super) ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Cut off half way with this `JobState`.
    Cut(u16),
    /// Fails half way with this `ErrorCode`.
    Failed(u16),
}

impl Apply {
    /// When the next write, or the end, is due.
    fn due(&self) -> DateTime<Utc> {
        let parts = self.writes.len() as u64 + 1;
        let ms = self.duration_ms.saturating_mul(self.next as u64 + 1) / parts;
        later(self.started, ms)
    }

    fn is_at_its_end(&self) -> bool {
        match self.ending {
            Ending::Whole => self.next == self.writes.len(),
            Ending::Cut(_) | Ending::Failed(_) => self.next >= self.writes.len() / 2,
        }
    }

    /// From now on it takes `ms` more.
    pub(super) fn stretch(&mut self, now: DateTime<Utc>, ms: u64) {
        let so_far = u64::try_from((now - self.started).num_milliseconds()).unwrap_or(0);
        self.duration_ms = so_far.saturating_add(ms);
    }
}

impl Site {
    /// When the primary's next log is due after `from`: a fixed beat with a phase of its own.
    pub(super) fn beat(&self, r: usize, from: DateTime<Utc>) -> DateTime<Utc> {
        let spec = &self.replicas[r].spec;
        let interval = i64::from(spec.interval_secs) * 1000;
        let phase = i64::from(spec.phase_secs) * 1000;
        let beats = (from.timestamp_millis() - phase).div_euclid(interval) + 1;
        from + TimeDelta::milliseconds(beats * interval + phase - from.timestamp_millis())
    }

    pub(super) fn receive_due(&mut self, r: usize) -> Result<(), SiteError> {
        let next = self.beat(r, self.now);
        self.queue.plan(next, Event::Receive(r));
        let replica = &self.replicas[r];
        if replica.is_kept_back() {
            return self.keep_back(r);
        }
        if self.hosts[replica.host].is_up() && !replica.conditions.iter().any(|c| c.stops_receiving()) {
            self.receive_start(r);
        }
        Ok(())
    }

    pub(super) fn receive_start(&mut self, r: usize) {
        let job = self.job_start(r, JobClass::Concrete, job_type::RECEIVE_DELTA, SYSTEM);
        let done = self.after(self.spec.settings.receive_ms);
        self.queue.plan(done, Event::ReceiveDone { replica: r, job });
    }

    pub(super) fn receive_done(&mut self, r: usize, job: Uuid) -> Result<(), SiteError> {
        if !self.jobs.get(&job).is_some_and(|job| job.running()) {
            return Ok(());
        }
        self.job_end(job, job_state::COMPLETED, 0, None);
        let replica = &mut self.replicas[r];
        // Everything that was kept back comes as one.
        replica.received += std::mem::take(&mut replica.backlog).max(1);
        replica.last_replication = Some(self.now);
        if replica.is_held(&self.hosts[replica.host]) && self.spec.settings.show_refused_applies {
            let job = self.job_start(r, JobClass::Concrete, job_type::APPLY_LOG, SYSTEM);
            let code = self.spec.settings.refused_apply_code;
            self.job_end(
                job,
                job_state::EXCEPTION,
                code,
                Some("Operation aborted (0x80004004)".to_owned()),
            );
        }
        self.apply_try(r)
    }

    /// Starts an apply if a log waits, nothing holds it and the host has a place.
    pub(super) fn apply_try(&mut self, r: usize) -> Result<(), SiteError> {
        let replica = &mut self.replicas[r];
        let host = &mut self.hosts[replica.host];
        let nothing_to_do = replica.applied == replica.received && replica.begun == replica.applied;
        if nothing_to_do
            || replica.applying.is_some()
            || replica.queued
            || !host.is_up()
            || replica.is_held(host)
        {
            return Ok(());
        }
        if replica.conditions.iter().any(|c| c.stops_applying()) {
            return Ok(());
        }
        if host.applying >= host.spec.apply_limit {
            replica.queued = true;
            host.waiting.push_back(r);
            return Ok(());
        }
        self.apply_start(r)
    }

    fn apply_start(&mut self, r: usize) -> Result<(), SiteError> {
        let replica = &self.replicas[r];
        let several = replica.received.saturating_sub(replica.applied) >= self.spec.settings.deltas_from;
        let to = if several {
            replica.received.min(replica.applied + DELTAS_MAX)
        } else {
            replica.applied + 1
        };
        let to = to.max(replica.begun);
        let kind = if to > replica.applied + 1 {
            job_type::APPLY_DELTAS
        } else {
            job_type::APPLY_LOG
        };
        let writes = (replica.applied + 1..=to)
            .flat_map(|generation| self.writes_of(r, generation))
            .collect();
        let job = self.job_start(r, JobClass::Concrete, kind, SYSTEM);
        let (duration_ms, ending) = self.apply_plan(r, to);
        let replica = &mut self.replicas[r];
        replica.begun = to;
        self.hosts[replica.host].applying += 1;
        let apply = Apply {
            job,
            to,
            writes,
            next: 0,
            started: self.now,
            duration_ms,
            ending,
        };
        self.queue.plan(apply.due(), Event::ApplyStep(job));
        replica.applying = Some(apply);
        self.record_apply(r, "apply-began", None);
        // Before the first block: whoever finds the disks after a crash must know that they may be torn.
        self.save_replica(r)
    }

    /// All writes of a generation, disks mixed.
    fn writes_of(&self, r: usize, generation: u64) -> Vec<Write> {
        let (seed, spec) = (self.spec.seed, &self.replicas[r].spec);
        let disks = (0..).map_while(|disk| identity(seed, spec, disk));
        let mut writes: Vec<Write> = disks
            .flat_map(|disk| {
                let blocks = written(&disk, generation).into_iter();
                blocks.map(move |block| Write {
                    disk: disk.disk,
                    block,
                    generation,
                })
            })
            .collect();
        writes.sort_by_key(|w| mix(seed, &[generation, w.disk.into(), w.block, 0x0e4d]));
        writes
    }

    /// How long it takes and how it ends; a single `apply-long` is used up.
    fn apply_plan(&mut self, r: usize, to: u64) -> (u64, Ending) {
        let timing = self.spec.settings.apply;
        let replica = &mut self.replicas[r];
        let chance = |salt| mix(self.spec.seed, &[replica.spec.id.as_u64_pair().0, to, salt]);
        let mut ms = timing.base_ms + chance(1) % timing.spread_ms.max(1);
        if chance(2) % 1000 < timing.tail_permille.into() {
            ms += chance(3) % timing.tail_ms.max(1);
        }
        let mut ending = Ending::Whole;
        for condition in &replica.conditions {
            match condition.op {
                Op::ApplyLong { secs } => ms = secs.saturating_mul(1000),
                Op::ApplyAbort { state } => ending = Ending::Cut(state),
                Op::ApplyFail { code } => ending = Ending::Failed(code),
                _ => {}
            }
        }
        replica
            .conditions
            .retain(|c| !(matches!(c.op, Op::ApplyLong { .. }) && c.until.is_none()));
        (ms, ending)
    }

    pub(super) fn apply_step(&mut self, id: Uuid) -> Result<(), SiteError> {
        let Some(r) = self.jobs.get(&id).map(|job| job.replica) else {
            return Ok(());
        };
        let now = self.now;
        let replica = &mut self.replicas[r];
        let Some(apply) = replica.applying.as_mut().filter(|apply| apply.job == id) else {
            return Ok(());
        };
        if apply.is_at_its_end() {
            let (to, ending) = (apply.to, apply.ending);
            return self.apply_end(r, id, to, ending);
        }
        if apply.due() > now {
            // Stretched since this step was planned.
            self.queue.plan(apply.due(), Event::ApplyStep(id));
            return Ok(());
        }
        if let Some(write) = apply.writes.get(apply.next).copied() {
            self.bank.write(self.spec.seed, &replica.spec, write)?;
        }
        apply.next += 1;
        let (due, percent) = (apply.due(), apply.next * 100 / (apply.writes.len() + 1));
        self.queue.plan(due.max(now), Event::ApplyStep(id));
        if let Some(job) = self.jobs.get_mut(&id) {
            job.percent = u16::try_from(percent).unwrap_or(99);
        }
        Ok(())
    }

    fn apply_end(&mut self, r: usize, job: Uuid, to: u64, ending: Ending) -> Result<(), SiteError> {
        let replica = &mut self.replicas[r];
        replica.applying = None;
        let host = replica.host;
        self.hosts[host].applying = self.hosts[host].applying.saturating_sub(1);
        match ending {
            Ending::Whole => {
                replica.applied = to;
                // A redo after a crash may be ahead of what the primary is known to have sent.
                replica.received = replica.received.max(to);
                replica.last_apply = Some(self.now);
                replica.bad_apply = None;
                self.job_end(job, job_state::COMPLETED, 0, None);
            }
            Ending::Cut(state) => {
                replica.bad_apply = Some(state);
                let text = "Operation aborted (0x80004004)".to_owned();
                self.job_end(job, state, 0, Some(text));
            }
            Ending::Failed(code) => {
                replica.bad_apply = Some(job_state::EXCEPTION);
                let text = "The replication log could not be applied (0x80070570)".to_owned();
                self.job_end(job, job_state::EXCEPTION, code, Some(text));
            }
        }
        let ended = match ending {
            Ending::Whole => "whole",
            Ending::Cut(_) => "cut",
            Ending::Failed(_) => "failed",
        };
        self.record_apply(r, "apply-ended", Some(ended));
        self.save_replica(r)?;
        self.next_waiting(host)?;
        // After a bad end the next log is the next try.
        if ending == Ending::Whole {
            self.apply_try(r)
        } else {
            Ok(())
        }
    }

    fn next_waiting(&mut self, host: usize) -> Result<(), SiteError> {
        while self.hosts[host].applying < self.hosts[host].spec.apply_limit {
            let Some(r) = self.hosts[host].waiting.pop_front() else {
                break;
            };
            self.replicas[r].queued = false;
            if self.replicas[r].host == host {
                self.apply_try(r)?;
            }
        }
        Ok(())
    }

    /// A running apply, however long or bad it was to be, ends well within a second.
    pub(super) fn apply_mend(&mut self, r: usize) {
        let now = self.now;
        if let Some(apply) = &mut self.replicas[r].applying {
            apply.ending = Ending::Whole;
            apply.stretch(now, MEND_MS);
            // The step planned before may be years away; two planned steps do no harm.
            self.queue.plan(apply.due().max(now), Event::ApplyStep(apply.job));
        }
    }

    /// Forgets a running apply because the VM is about to leave the host; it is done again there.
    pub(super) fn apply_leave(&mut self, r: usize) {
        let replica = &mut self.replicas[r];
        if let Some(apply) = replica.applying.take() {
            let host = replica.host;
            replica.bad_apply = Some(job_state::KILLED);
            self.hosts[host].applying = self.hosts[host].applying.saturating_sub(1);
            self.record_apply(r, "apply-ended", Some("cut"));
            self.job_end(apply.job, job_state::KILLED, 0, None);
        }
    }
}
