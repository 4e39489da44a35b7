//! Hosts: up or down, what they apply, who asks them.

use super::job::{Job, job_state};
use super::{Event, HostSpec, LogEntry, Protection, RequestCount, Site, SiteError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Host {
    pub(super) spec: HostSpec,
    /// World time, as all times in here.
    pub(super) booted_at: DateTime<Utc>,
    pub(super) service_started_at: DateTime<Utc>,
    /// Powered off until then.
    pub(super) down_until: Option<DateTime<Utc>>,
    /// Running, and nobody gets through until then.
    pub(super) cut_until: Option<DateTime<Utc>>,
    pub(super) applying: usize,
    /// Replicas whose next log waits for a place.
    pub(super) waiting: VecDeque<usize>,
    pub(super) requests: RequestCount,
}

/// A management service is back after a restart within this time.
const SERVICE_RESTART_MS: u64 = 5_000;

impl Host {
    pub(super) fn new(spec: HostSpec, booted_at: DateTime<Utc>) -> Self {
        Self {
            spec,
            booted_at,
            service_started_at: booted_at + TimeDelta::seconds(25),
            down_until: None,
            cut_until: None,
            applying: 0,
            waiting: VecDeque::new(),
            requests: RequestCount::default(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.down_until.is_none()
    }

    pub(super) fn protects(&self) -> bool {
        self.spec.protection == Protection::Protected
    }

    /// The host's clock at a world instant.
    pub(super) fn clock(&self, world: DateTime<Utc>) -> DateTime<Utc> {
        world + TimeDelta::milliseconds(self.spec.skew_ms)
    }
}

impl Site {
    pub(super) fn host_index(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.spec.name == name)
    }

    /// Counts a request of a client; false when the host does not answer.
    pub fn request(&mut self, host: &str, action: &str) -> bool {
        let now = self.now;
        if let Some(p) = self.primary_index(host) {
            let primary = &mut self.primaries[p];
            primary.requests.count(now, action);
            return primary.reachable(now);
        }
        let Some(host) = self.host_index(host).and_then(|h| self.hosts.get_mut(h)) else {
            return false;
        };
        host.requests.count(now, action);
        host.is_up() && host.cut_until.is_none_or(|until| until <= now)
    }

    /// Requests that a host has seen so far.
    #[must_use]
    pub fn requests(&self, host: &str) -> Option<&RequestCount> {
        let primary = self.primary_index(host).map(|p| &self.primaries[p].requests);
        primary.or_else(|| self.host_index(host).map(|h| &self.hosts[h].requests))
    }

    pub(super) fn service_restart(&mut self, host: usize) -> Result<(), SiteError> {
        self.hosts[host].service_started_at = self.now;
        self.cut_off(host)?;
        let again = self.after(SERVICE_RESTART_MS);
        self.retry_all(host, again);
        Ok(())
    }

    pub(super) fn host_down(&mut self, host: usize, secs: u64) -> Result<(), SiteError> {
        let until = self.after(secs.saturating_mul(1000));
        self.hosts[host].down_until = Some(until);
        self.cut_off(host)?;
        self.queue.plan(until, Event::HostReturns(host));
        Ok(())
    }

    pub(super) fn host_returns(&mut self, host: usize) -> Result<(), SiteError> {
        let now = self.now;
        let state = &mut self.hosts[host];
        if state.down_until.is_none_or(|until| until > now) {
            return Ok(());
        }
        state.down_until = None;
        state.booted_at = now;
        state.service_started_at = now + TimeDelta::seconds(25);
        let again = self.after(SERVICE_RESTART_MS);
        self.retry_all(host, again);
        Ok(())
    }

    fn retry_all(&mut self, host: usize, at: DateTime<Utc>) {
        for r in 0..self.replicas.len() {
            if self.replicas[r].host == host {
                self.queue.plan(at, Event::ApplyRetry(r));
            }
        }
    }

    /// The job list is emptied; what ran is left as it was at this moment.
    fn cut_off(&mut self, host: usize) -> Result<(), SiteError> {
        let lost: Vec<Job> = self
            .jobs
            .values()
            .filter(|job| job.host == host)
            .cloned()
            .collect();
        for job in lost {
            if job.running() && job.of_client() {
                let mut entry = self.entry("job-lost", job.host, &job.owner);
                entry.job = Some(job.id);
                self.tell(self.about(entry, job.replica));
            }
            self.exports.remove(&job.id);
            self.jobs.remove(&job.id);
        }
        self.hosts[host].applying = 0;
        self.hosts[host].waiting.clear();
        for r in 0..self.replicas.len() {
            let replica = &mut self.replicas[r];
            if replica.host != host {
                continue;
            }
            replica.queued = false;
            replica.locks = 0;
            if replica.applying.take().is_some() {
                replica.bad_apply = Some(job_state::KILLED);
                self.record_apply(r, "apply-ended", Some("cut"));
                self.save_replica(r)?;
            }
        }
        Ok(())
    }

    /// An entry of the log, still about no replica.
    pub(super) fn entry(&self, event: &str, host: usize, client: &str) -> LogEntry {
        LogEntry::new(self.now, event, &self.hosts[host].spec.name, client)
    }

    pub(super) fn about(&self, entry: LogEntry, replica: usize) -> LogEntry {
        let replica = &self.replicas[replica];
        LogEntry {
            vm: Some(replica.spec.vm),
            replica: Some(format!("{}/{}", replica.spec.tenant, replica.spec.name)),
            lab_id: Some(replica.spec.id),
            generation: Some(replica.applied),
            applying: replica.applying.as_ref().map(|apply| apply.to),
            ..entry
        }
    }

    pub(super) fn tell(&mut self, entry: LogEntry) {
        self.journal.append(entry);
    }
}
